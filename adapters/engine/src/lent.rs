//! A connection that is lent out and given back, and where to.
//! Which connection is lent, its home says.

use crate::link::{Link, ReadReady};
use crate::sync::{Mutex, MutexGuard};
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::pool::{Checked, Kept};
use purlin_core::{ClientMachine, CloseReason, Method, Mono, Now, ResponseHead, Reuse};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Where connections are lent from and given back to.
pub trait Home<S>: Send + Sync {
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
/// home told.
pub struct Lent<S> {
    link: Box<Link<S>>,
    /// None for a new one.
    kept: Option<Kept>,
    /// Until when it is to be seen whether something comes, before it is used.
    settles: Option<Mono>,
    guard: Guard<S>,
}

/// Tells the home that a connection is gone, unless it was given back.
struct Guard<S> {
    home: Arc<dyn Home<S>>,
    /// The route it counts for; none once it was given back.
    counts: Option<Route>,
}

impl<S: ReadReady + Send + 'static> Lent<S> {
    /// A connection that goes home to there.
    pub fn new(link: Box<Link<S>>, home: Arc<dyn Home<S>>) -> Lent<S> {
        let counts = Some(link.route().clone());
        Lent { link, kept: None, settles: None, guard: Guard { home, counts } }
    }

    /// A loan of a connection that was idle, or comes right from another exchange.
    pub fn kept(checked: Checked<Box<Link<S>>>, home: Arc<dyn Home<S>>, now: Now) -> Lent<S> {
        let (kept, settles) = (Some(checked.kept(now.mono)), checked.settles);
        Lent { kept, settles, ..Lent::new(checked.conn, home) }
    }

    /// How long it had been idle.
    pub fn idle(&self) -> Duration {
        self.kept.map_or(Duration::ZERO, |kept| kept.idle())
    }

    /// Until when it is still to be seen whether something comes, before it is used: take
    /// turns until then, and look whether it [is alive](Lent::is_alive).
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

    /// Whether the connection is alive, as [`Link::look`] finds. Its home learns of it if it is not.
    pub fn is_alive(&mut self, now: Now) -> bool {
        let why = self.link.look(now);
        let alive = why == Reuse::Now;
        if let Some(kept) = self.kept.filter(|_| !alive) {
            self.guard.home.found_unfit(self.link.route(), &kept, why);
        }
        alive
    }

    /// The connection took a request with it, of which no answer came. Its home learns of it.
    pub fn die(self) {
        if let Some(kept) = self.kept {
            self.guard.home.died(self.link.route(), &kept, self.link.machine.reuse());
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
        let Lent { mut link, mut guard, kept, .. } = self;
        if link.is_reusable(now) {
            guard.counts = None;
            guard.home.put(link, kept, now);
        } else {
            let why = link.machine.reuse();
            guard.home.not_kept(link.route(), link.back.bodiless, why, now);
        }
    }
}

impl<S> Drop for Guard<S> {
    fn drop(&mut self) {
        if let Some(route) = self.counts.take() {
            self.home.closed(&route);
        }
    }
}

impl<S> fmt::Debug for Lent<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lent({})", self.link.route())
    }
}

/// The one place of a connection outside any pool. Clones are the same place.
pub struct Slot<S>(Arc<Mutex<Held<S>>>);

impl<S> fmt::Debug for Slot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// What is in the place.
enum Held<S> {
    Here(Box<Link<S>>),
    LentOut,
    Ended,
}

impl<S: ReadReady + Send + 'static> Slot<S> {
    /// A place whose connection is lent out.
    pub fn lending(link: Box<Link<S>>) -> (Slot<S>, Lent<S>) {
        let slot = Slot(Arc::new(Mutex::new(Held::LentOut)));
        let lent = Lent::new(link, Arc::new(slot.clone()));
        (slot, lent)
    }

    /// The connection.
    ///
    /// # Errors
    /// It is lent out ([`Cause::Busy`]), or it has ended ([`Cause::Closed`]).
    pub fn take(&self) -> Result<Lent<S>, Error> {
        let mut held = self.lock();
        match std::mem::replace(&mut *held, Held::LentOut) {
            Held::Here(link) => Ok(Lent::new(link, Arc::new(self.clone()))),
            Held::LentOut => Err(Error::new(Cause::Busy)),
            Held::Ended => {
                *held = Held::Ended;
                Err(Error::new(CloseReason::PeerClosed))
            }
        }
    }
}

impl<S> Slot<S> {
    fn lock(&self) -> MutexGuard<'_, Held<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection is here.
    pub fn is_filled(&self) -> bool {
        matches!(*self.lock(), Held::Here(_))
    }
}

impl<S> Clone for Slot<S> {
    fn clone(&self) -> Slot<S> {
        Slot(self.0.clone())
    }
}

impl<S: Send> Home<S> for Slot<S> {
    fn put(&self, link: Box<Link<S>>, _kept: Option<Kept>, _now: Now) {
        *self.lock() = Held::Here(link);
    }

    fn closed(&self, _route: &Route) {
        *self.lock() = Held::Ended;
    }
}

#[cfg(test)]
mod tests;
