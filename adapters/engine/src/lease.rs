//! A connection that is lent out and given back, and where to.
//! Which connection is lent, its lender says.

use crate::link::{Link, ReadReady};
use crate::sync::{Mutex, MutexGuard};
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::pool::{Checked, Kept};
use purlin_core::{ClientMachine, CloseReason, Method, Mono, Now, ResponseHead, Reuse};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

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
}

/// A connection that is lent to one exchange. Dropped, it is closed, and its
/// lender told.
pub struct Lease<S> {
    link: Box<Link<S>>,
    /// None for a new one.
    kept: Option<Kept>,
    /// Until when it is to be seen whether something comes, before it is used.
    settles: Option<Mono>,
    guard: Guard<S>,
}

/// Tells the lender that a connection is gone, unless it was given back.
struct Guard<S> {
    lender: Arc<dyn Lender<S>>,
    /// The route it counts for; none once it was given back.
    counts: Option<Route>,
}

impl<S: ReadReady + Send + 'static> Lease<S> {
    /// A connection that goes back to there.
    pub fn new(link: Box<Link<S>>, lender: Arc<dyn Lender<S>>) -> Lease<S> {
        let counts = Some(link.route().clone());
        Lease { link, kept: None, settles: None, guard: Guard { lender, counts } }
    }

    /// A loan of a connection that was idle, or comes right from another exchange.
    pub fn kept(checked: Checked<Box<Link<S>>>, lender: Arc<dyn Lender<S>>, now: Now) -> Lease<S> {
        let (kept, settles) = (Some(checked.kept(now.mono)), checked.settles);
        Lease { kept, settles, ..Lease::new(checked.conn, lender) }
    }

    /// How long it had been idle.
    pub fn idle(&self) -> Duration {
        self.kept.map_or(Duration::ZERO, |kept| kept.idle())
    }

    /// Until when it is still to be seen whether something comes, before it is used: take
    /// turns until then, and look whether it [is alive](Lease::is_alive).
    pub fn settles(&self, now: Now) -> Option<Mono> {
        self.settles.filter(|until| now.mono < *until)
    }

    /// Where it leads.
    pub fn route(&self) -> &Route {
        self.link.route()
    }

    /// Its socket and its machine.
    pub fn parts(&mut self) -> (&mut S, &mut (dyn ClientMachine + Send + 'static)) {
        (&mut self.link.socket, &mut *self.link.machine)
    }

    /// Whether the connection is alive, as [`Link::look`] finds. Its lender learns of it if it is not.
    pub fn is_alive(&mut self, now: Now) -> bool {
        let why = self.link.look(now);
        let alive = why == Reuse::Now;
        if let Some(kept) = self.kept.filter(|_| !alive) {
            self.guard.lender.found_unfit(self.link.route(), &kept, why);
        }
        alive
    }

    /// The connection took a request with it, of which no answer came. Its lender learns of it.
    pub fn die(self) {
        if let Some(kept) = self.kept {
            self.guard.lender.died(self.link.route(), &kept, self.link.machine.reuse());
        }
    }

    /// Its machine.
    pub fn machine(&mut self) -> &mut (dyn ClientMachine + Send + 'static) {
        &mut *self.link.machine
    }

    /// What the head of a response to a request of this method says of the connection.
    pub(crate) fn heed(&mut self, method: &Method, head: &ResponseHead) {
        self.link.back.answered(method, head);
    }

    /// Gives it back, to be used again if it can be; else it is closed.
    pub fn give_back(self, now: Now) {
        let Lease { mut link, mut guard, kept, .. } = self;
        if link.is_reusable(now) {
            guard.counts = None;
            guard.lender.put(link, kept, now);
        } else {
            let why = link.machine.reuse();
            guard.lender.not_kept(link.route(), link.back.bodiless, why, now);
        }
    }
}

impl<S> Drop for Guard<S> {
    fn drop(&mut self) {
        if let Some(route) = self.counts.take() {
            self.lender.closed(&route);
        }
    }
}

impl<S> fmt::Debug for Lease<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.link.route())
    }
}

/// The one place of a connection outside any pool. Clones are the same place.
pub struct PoolOfOne<S>(Arc<Mutex<Held<S>>>);

impl<S> fmt::Debug for PoolOfOne<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolOfOne")
    }
}

/// What is in the place.
enum Held<S> {
    Here(Box<Link<S>>),
    LentOut,
    Ended,
}

impl<S: ReadReady + Send + 'static> PoolOfOne<S> {
    /// A place whose connection is lent out.
    pub fn lending(link: Box<Link<S>>) -> (PoolOfOne<S>, Lease<S>) {
        let slot = PoolOfOne(Arc::new(Mutex::new(Held::LentOut)));
        let lease = Lease::new(link, Arc::new(slot.clone()));
        (slot, lease)
    }

    /// The connection.
    ///
    /// # Errors
    /// It is lent out ([`Cause::Busy`]), or it has ended ([`Cause::Closed`]).
    pub fn take(&self) -> Result<Lease<S>, Error> {
        let mut held = self.lock();
        match std::mem::replace(&mut *held, Held::LentOut) {
            Held::Here(link) => Ok(Lease::new(link, Arc::new(self.clone()))),
            Held::LentOut => Err(Error::new(Cause::Busy)),
            Held::Ended => {
                *held = Held::Ended;
                Err(Error::new(CloseReason::PeerClosed))
            }
        }
    }
}

impl<S> PoolOfOne<S> {
    fn lock(&self) -> MutexGuard<'_, Held<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection is here.
    pub fn is_filled(&self) -> bool {
        matches!(*self.lock(), Held::Here(_))
    }
}

impl<S> Clone for PoolOfOne<S> {
    fn clone(&self) -> PoolOfOne<S> {
        PoolOfOne(self.0.clone())
    }
}

impl<S: Send> Lender<S> for PoolOfOne<S> {
    fn put(&self, link: Box<Link<S>>, _kept: Option<Kept>, _now: Now) {
        *self.lock() = Held::Here(link);
    }

    fn closed(&self, _route: &Route) {
        *self.lock() = Held::Ended;
    }
}

#[cfg(test)]
mod tests;
