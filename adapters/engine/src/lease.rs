//! A connection that is lent out and given back, and where to.
//! Which connection is lent, its lender says.

use crate::client::{Beside, Clock, Socket};
use crate::line::Turn;
use crate::link::{Lender, Link, Plug, SharedLink};
use crate::sync::{Mutex, MutexGuard};
use crate::wire::ReadReady;
use purlin_core::exchange::{Cause, Error, Route};
use purlin_core::policy::pool::{Checked, Kept};
use purlin_core::{ClientMachine, CloseReason, Method, Mono, Now, ResponseHead, Reuse};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

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
    /// The route it counts for; none once it was given back, and for a seat.
    counts: Option<Route>,
    /// It is not known yet whether it is shared.
    undecided: bool,
}

impl<S: ReadReady + Send + 'static> Lease<S> {
    /// A connection that goes back to there.
    pub fn new(link: Box<Link<S>>, lender: Arc<dyn Lender<S>>) -> Lease<S> {
        let counts = Some(link.route().clone());
        let guard = Guard { lender, counts, undecided: false };
        Lease { link, kept: None, settles: None, guard }
    }

    /// A seat on a shared connection.
    pub(crate) fn on_seat(shared: &Arc<SharedLink<S>>, lender: Arc<dyn Lender<S>>) -> Lease<S> {
        let guard = Guard { lender, counts: None, undecided: false };
        Lease { link: shared.sit(), kept: None, settles: None, guard }
    }

    /// It is not known yet whether it is shared, which its lender is to be told.
    pub(crate) fn undecided(mut self) -> Lease<S> {
        self.guard.undecided = true;
        self
    }

    /// Whether that is not known yet.
    pub(crate) fn is_undecided(&self) -> bool {
        self.guard.undecided
    }

    /// It is not shared.
    pub(crate) fn is_alone(&mut self) {
        self.guard.undecided = false;
    }

    /// Its connection, to be shared, and what that was like when it was taken.
    pub(crate) fn into_shared(mut self) -> (Box<Link<S>>, Option<Kept>) {
        (self.guard.counts, self.guard.undecided) = (None, false);
        (self.link, self.kept)
    }

    /// A loan of a connection that was idle, or comes right from another exchange.
    pub fn kept(checked: Checked<Box<Link<S>>>, lender: Arc<dyn Lender<S>>, now: Now) -> Lease<S> {
        let (kept, settles, undecided) =
            (Some(checked.kept(now.mono)), checked.settles, checked.shared);
        let lease = Lease { kept, settles, ..Lease::new(checked.conn, lender) };
        if undecided { lease.undecided() } else { lease }
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

    /// Whether it is a seat on a connection that others use too.
    pub fn is_shared(&self) -> bool {
        matches!(self.link.socket, Plug::Seat(_))
    }

    /// Its socket and its machine; none for a seat on a connection that others use too.
    pub fn parts(&mut self) -> Option<(&mut S, &mut (dyn ClientMachine + Send + 'static))> {
        match &mut self.link.socket {
            Plug::Whole(socket) => Some((socket, &mut *self.link.machine)),
            Plug::Seat(_) => None,
        }
    }

    /// Has one who blocks look at the socket and the machine of a shared connection, if this
    /// is a seat on one and leads it: what it waits for, or that this came.
    pub fn lead<T>(
        &mut self,
        look: impl FnOnce(&mut S, &mut (dyn ClientMachine + Send)) -> T,
    ) -> Option<T> {
        match &mut self.link.socket {
            Plug::Seat(seat) => seat.lead(look),
            Plug::Whole(_) => None,
        }
    }

    /// Until when one who has a seat waits, if it does.
    pub fn waits_until(&self) -> Option<Mono> {
        match &self.link.socket {
            Plug::Seat(seat) => seat.until(),
            Plug::Whole(_) => None,
        }
    }

    /// A turn of its socket, or of the connection that it has a seat on.
    pub fn poll_turn<C: Clock>(
        &mut self,
        beside: Beside,
        until: Option<Mono>,
        clock: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<Turn>
    where
        S: Socket<C>,
    {
        match &mut self.link.socket {
            Plug::Whole(socket) => {
                socket.poll_turn(&mut *self.link.machine, beside, until, clock, cx)
            }
            Plug::Seat(seat) => seat.poll_turn(beside, until, clock, cx),
        }
    }

    /// Writes what there is, as far as the socket takes it.
    pub fn flush(&mut self, now: Now) {
        match &mut self.link.socket {
            Plug::Whole(socket) => socket.flush(&mut *self.link.machine, now),
            Plug::Seat(seat) => seat.flush(now),
        }
    }

    /// Whether a write has failed.
    pub fn is_lost(&self) -> bool {
        self.link.is_lost()
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
        if matches!(self.link.socket, Plug::Seat(_)) {
            return;
        }
        let Lease { mut link, mut guard, kept, .. } = self;
        let mut again = link.is_reusable(now);
        if !again && link.machine.carries_many() {
            // What is still to be written is about the connection: it goes out now.
            link.flush(now);
            again = link.is_reusable(now);
        }
        if again {
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
            if self.undecided {
                self.lender.ended_early(&route);
            }
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
