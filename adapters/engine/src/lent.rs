//! A connection that is lent out and given back, and where to.
//! Which connection is lent, its home says.

use crate::link::{Link, ReadReady};
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::pool::idle_limit;
use purlin_core::{ClientMachine, CloseReason, Mono, Now, ResponseHead, Reuse};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where connections are lent from and given back to.
pub trait Home<S>: Send + Sync {
    /// A connection comes back, to be used again, that was lent as this.
    fn put(&self, link: Box<Link<S>>, kept: Option<Kept>, now: Now);

    /// A connection that leads there has ended, or is used for something else from now on.
    fn closed(&self, route: &Route);

    /// A connection that was lent as this had ended: it was looked at, or was to come
    /// back. It is closed next.
    fn found_ended(&self, _route: &Route, _kept: Kept) {}

    /// A connection that was lent as this took a request with it. It is closed next.
    fn died(&self, _route: &Route, _kept: Kept) {}
}

/// How long a connection was idle that is no new one.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Since when.
    pub since: Mono,
    /// When it was lent.
    pub taken: Mono,
}

/// A connection that is lent to one exchange. Dropped, it is closed, and its
/// home told.
pub struct Lent<S> {
    link: Box<Link<S>>,
    /// None for a new one.
    kept: Option<Kept>,
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
        Lent { link, kept: None, guard: Guard { home, counts } }
    }

    /// A loan of a connection that was idle, or comes right from another exchange.
    pub fn kept(link: Box<Link<S>>, home: Arc<dyn Home<S>>, kept: Kept) -> Lent<S> {
        Lent { kept: Some(kept), ..Lent::new(link, home) }
    }

    /// Its socket and its machine.
    pub fn parts(&mut self) -> (&mut S, &mut (dyn ClientMachine + Send + 'static)) {
        (&mut self.link.socket, &mut *self.link.machine)
    }

    /// Whether the connection is alive, as [`Link::is_alive`]. Its home learns of it if it is not.
    pub fn is_alive(&mut self, now: Now) -> bool {
        let alive = self.link.is_alive(now);
        if let Some(kept) = self.kept.filter(|_| !alive) {
            self.guard.home.found_ended(self.link.route(), kept);
        }
        alive
    }

    /// The connection took a request with it, of which no answer came. Its home learns of it.
    pub fn die(self) {
        if let Some(kept) = self.kept {
            self.guard.home.died(self.link.route(), kept);
        }
    }

    /// Its machine.
    pub fn machine(&mut self) -> &mut (dyn ClientMachine + Send + 'static) {
        &mut *self.link.machine
    }

    /// What the head of a response says of how long the server keeps the connection.
    pub(crate) fn heed(&mut self, head: &ResponseHead) {
        self.link.limit = idle_limit(head.fields());
    }

    /// Gives it back, to be used again if it can be; else it is closed.
    pub fn give_back(self, now: Now) {
        let Lent { mut link, mut guard, kept } = self;
        if link.is_reusable(now) {
            guard.counts = None;
            guard.home.put(link, kept, now);
        } else if link.machine.reuse() == Reuse::Never(CloseReason::PeerClosed) {
            // It was to be kept, and has been ended behind its answer.
            let now = now.mono;
            guard.home.found_ended(link.route(), Kept { since: now, taken: now });
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
