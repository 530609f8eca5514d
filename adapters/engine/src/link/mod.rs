//! A connection of a client's: socket, machine and where it leads. It may be a seat on one that
//! several share. Moves nothing; the adapter does.

mod lender;
mod shared;

pub use lender::Lender;
pub use shared::SharedLink;

use crate::wire::ReadReady;
use purlin_core::exchange::Route;
use purlin_core::policy::pool::Back;
use purlin_core::{ClientMachine, Machine, Now, Reuse, Want};
use shared::Seat;
use std::fmt;

/// Bytes of buffers that a connection may keep when it comes back: the next
/// request may come at once, and then they are of use.
const KEPT: usize = 256 * 1024;

/// The machine of a client's connection, with whatever layers are around it.
pub type BoxMachine = Box<dyn ClientMachine + Send>;

/// A connection, or a seat on one that others use too.
pub struct Link<S> {
    /// What bytes move through.
    pub(crate) socket: Plug<S>,
    /// What decides.
    pub machine: BoxMachine,
    /// What its lender is to know of it when it comes back.
    pub back: Back,
    route: Route,
}

impl<S> fmt::Debug for Link<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.route)
    }
}

/// What bytes move through.
pub(crate) enum Plug<S> {
    /// A socket of its own.
    Whole(S),
    /// A seat on a shared connection.
    Seat(Seat<S>),
}

impl<S: ReadReady> Link<S> {
    /// Gives the machine what has come already.
    pub(crate) fn read_ready(&mut self, now: Now) {
        // What comes for a seat, whoever leads reads.
        if let Plug::Whole(socket) = &mut self.socket {
            socket.read_ready(&mut *self.machine, now);
        }
    }

    /// Writes what there is, as far as the socket takes it.
    pub(crate) fn flush(&mut self, now: Now) {
        if let Plug::Whole(socket) = &mut self.socket {
            socket.flush(&mut *self.machine, now);
        }
    }

    /// Whether a write has failed.
    pub(crate) fn is_lost(&self) -> bool {
        match &self.socket {
            Plug::Whole(socket) => socket.is_lost(),
            Plug::Seat(_) => false,
        }
    }

    /// Whether one that is idle can still be used: it may have ended, or
    /// something may have come that nobody asked for. What its peer waits for is answered.
    pub fn look(&mut self, now: Now) -> Reuse {
        self.read_ready(now);
        while self.machine.poll_event(now).is_some() {}
        if self.machine.want().write {
            self.flush(now);
        }
        self.machine.reuse()
    }
}

impl<S> Link<S> {
    /// A connection made now.
    pub fn new(socket: S, machine: BoxMachine, route: Route, now: Now) -> Link<S> {
        let back = Back { born: now.mono, ..Back::default() };
        Link { socket: Plug::Whole(socket), machine, back, route }
    }

    /// A seat, used as if it were a connection.
    pub(crate) fn on_seat(seat: Seat<S>, machine: BoxMachine, route: Route, now: Now) -> Link<S> {
        let back = Back { born: now.mono, ..Back::default() };
        Link { socket: Plug::Seat(seat), machine, back, route }
    }

    /// Its exchange is over: whether it can carry another. What it still has to
    /// tell is of no exchange any more.
    pub(crate) fn is_reusable(&mut self, now: Now) -> bool {
        while self.machine.poll_event(now).is_some() {}
        if !carries_another(self.machine.reuse(), self.machine.want()) {
            return false;
        }
        if self.machine.held() > KEPT {
            self.rest(now);
        }
        true
    }

    /// Gives back what it holds while nothing is asked of it.
    pub fn rest(&mut self, now: Now) {
        self.machine.trim(now);
    }

    /// Where it leads.
    pub fn route(&self) -> &Route {
        &self.route
    }
}

/// Whether a machine that says this can carry another exchange. What is still to be
/// written belongs to the last one: the server does not take it, or not yet.
fn carries_another(reuse: Reuse, want: Want) -> bool {
    reuse == Reuse::Now && !want.write
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_core::CloseReason;

    #[test]
    fn a_connection_with_output_queued_is_not_used_again() {
        let never = Reuse::Never(CloseReason::PeerAsked);
        for (reuse, write, again) in [
            (Reuse::Now, false, true),
            (Reuse::Now, true, false),
            (Reuse::Later, false, false),
            (never, false, false),
        ] {
            let want = Want { read: true, write, close: None };
            assert_eq!(carries_another(reuse, want), again, "{reuse:?}, {write}");
        }
    }
}
