//! A connection of a client's: socket, machine and where it leads, lent out
//! and given back.
//! Moves nothing; the adapter does.

use super::keep::Keep;
use purlin_core::exchange::Route;
use purlin_core::{ClientMachine, Machine, Mono, Now, Reuse};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of buffers that a connection may keep when it comes back: the next
/// request may come at once, and then they are of use.
const KEPT: usize = 256 * 1024;

/// The machine of a client's connection, with whatever layers are around it.
pub type BoxMachine = Box<dyn ClientMachine + Send>;

/// A connection.
pub struct Link<S> {
    /// What bytes move through.
    pub socket: S,
    /// What decides.
    pub machine: BoxMachine,
    /// When it was made.
    pub born: Mono,
    route: Route,
}

/// A socket that can be read without waiting.
pub trait ReadReady {
    /// Gives the machine what has come already.
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now);
}

impl<S: ReadReady> Link<S> {
    /// Whether one that is idle can still be used: it may have ended, or
    /// something may have come that nobody asked for.
    pub fn is_alive(&mut self, now: Now) -> bool {
        self.socket.read_ready(&mut *self.machine, now);
        while self.machine.poll_event(now).is_some() {}
        self.machine.reuse() == Reuse::Now
    }
}

impl<S> Link<S> {
    /// A connection made now.
    pub fn new(socket: S, machine: BoxMachine, route: Route, now: Now) -> Link<S> {
        Link { socket, machine, born: now.mono, route }
    }

    /// Gives back what it holds while nothing is asked of it.
    pub(super) fn rest(&mut self, now: Now) {
        self.machine.trim(now);
    }

    /// Where it leads.
    pub fn route(&self) -> &Route {
        &self.route
    }
}

/// A connection that is lent to one exchange. Dropped, it is closed, and its
/// pool told.
pub struct Lent<S> {
    link: Box<Link<S>>,
    guard: Guard<S>,
}

/// Tells the pool that a connection is gone, unless it was given back.
struct Guard<S> {
    home: Home<S>,
    /// The route it counts for; none once it was given back.
    counts: Option<Route>,
}

/// Where a connection is given back to.
pub enum Home<S> {
    /// A pool.
    Pool(Keep<S>),
    /// The one place of a connection outside any pool.
    Slot(Slot<S>),
}

/// The place of a connection outside any pool.
pub type Slot<S> = Arc<Mutex<Option<Box<Link<S>>>>>;

impl<S: ReadReady + Send + 'static> Lent<S> {
    /// A connection that goes home to there.
    pub fn new(link: Box<Link<S>>, home: Home<S>) -> Lent<S> {
        let counts = Some(link.route.clone());
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
        // What it still has to tell is of no exchange any more.
        while link.machine.poll_event(now).is_some() {}
        if link.machine.reuse() != Reuse::Now || link.machine.want().write {
            return;
        }
        if link.machine.held() > KEPT {
            link.machine.trim(now);
        }
        guard.counts = None;
        match &guard.home {
            Home::Pool(keep) => keep.put(link, now),
            Home::Slot(slot) => *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(link),
        }
    }
}

impl<S> Drop for Guard<S> {
    fn drop(&mut self) {
        if let (Some(route), Home::Pool(keep)) = (self.counts.take(), &self.home) {
            keep.closed(&route);
        }
    }
}

impl<S> fmt::Debug for Lent<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lent({})", self.link.route)
    }
}
