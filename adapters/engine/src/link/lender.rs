//! Where a connection is lent from, and what is told there of it.
//! Decides nothing; the pool does, or whoever else lends.

use super::{Link, SharedLink};
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Capacity, Kept};
use purlin_core::{Now, Reuse};
use std::sync::Arc;

/// Where connections are lent from and given back to.
pub trait Lender<S>: Send + Sync {
    /// A connection comes back, to be used again, that was lent as this.
    fn put(&self, link: Box<Link<S>>, kept: Option<Kept>, now: Now);

    /// A connection that leads there has ended, or is used for something else from now on.
    fn closed(&self, route: &Route);

    /// A connection that was lent as this was looked at, and is not fit for this reason.
    /// It is closed next.
    fn found_unfit(&self, _route: &Route, _kept: &Kept, _why: Reuse) {}

    /// A connection was to come back, and is not fit for this reason; whether its last
    /// answer was one without a body. It is closed next.
    fn not_kept(&self, _route: &Route, _bodiless: bool, _why: Reuse, _now: Now) {}

    /// A connection that was lent as this took a request with it, and is of no use for this
    /// reason. It is closed next.
    fn died(&self, _route: &Route, _kept: &Kept, _why: Reuse) {}

    /// A connection that leads there ends before it was known whether it is shared. It is
    /// closed next.
    fn ended_early(&self, _route: &Route) {}

    /// A seat on a shared connection is free again; `refused` if its server did not take the
    /// exchange.
    fn left(&self, _shared: &SharedLink<S>, _refused: bool) {}

    /// A shared connection carries so many from now on.
    fn carries(&self, _shared: &SharedLink<S>, _capacity: Capacity) {}

    /// A server asked for the older protocol.
    fn demand_older(&self, _route: &Route, _now: Now) {}

    /// Somebody is to see to it that a shared connection is moved, for a while.
    fn watch(&self, _shared: &Arc<SharedLink<S>>) {}
}
