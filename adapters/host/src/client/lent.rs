//! A connection that is lent out and given back, and where to.
//! Which connection is lent, its home says.

use super::link::{Link, ReadReady};
use purlin_core::exchange::{Cause, Route};
use purlin_core::{ClientMachine, CloseReason, Now};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where connections are lent from and given back to.
pub trait Home<S>: Send + Sync {
    /// One comes back, to be used again.
    fn put(&self, link: Box<Link<S>>, now: Now);

    /// One that leads there has ended, or is used for something else from now on.
    fn closed(&self, route: &Route);
}

/// A connection that is lent to one exchange. Dropped, it is closed, and its
/// home told.
pub struct Lent<S> {
    link: Box<Link<S>>,
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
        Lent { link, guard: Guard { home, counts } }
    }

    /// Its socket and its machine.
    pub fn parts(&mut self) -> (&mut S, &mut (dyn ClientMachine + Send + 'static)) {
        (&mut self.link.socket, &mut *self.link.machine)
    }

    /// As [`Link::is_alive`].
    pub fn is_alive(&mut self, now: Now) -> bool {
        self.link.is_alive(now)
    }

    /// Its machine.
    pub fn machine(&mut self) -> &mut (dyn ClientMachine + Send + 'static) {
        &mut *self.link.machine
    }

    /// Gives it back, to be used again if it can be; else it is closed.
    pub fn give_back(self, now: Now) {
        let Lent { mut link, mut guard } = self;
        if link.is_reusable(now) {
            guard.counts = None;
            guard.home.put(link, now);
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
    pub fn take(&self) -> Result<Lent<S>, Cause> {
        let mut held = self.lock();
        match std::mem::replace(&mut *held, Held::LentOut) {
            Held::Here(link) => Ok(Lent::new(link, Arc::new(self.clone()))),
            Held::LentOut => Err(Cause::Busy),
            Held::Ended => {
                *held = Held::Ended;
                Err(Cause::Closed(CloseReason::PeerClosed))
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
    fn put(&self, link: Box<Link<S>>, _now: Now) {
        *self.lock() = Held::Here(link);
    }

    fn closed(&self, _route: &Route) {
        *self.lock() = Held::Ended;
    }
}
