//! What a client moves bytes with: a socket that takes its turns, the clock they are told by,
//! and what gives the bytes of a request. Connects nothing.

use crate::line::Turn;
use crate::wire::ReadReady;
use bytes::Bytes;
use purlin_core::exchange::Error;
use purlin_core::{ClientMachine, Mono, Now};
use std::convert::Infallible;
use std::task::{Context, Poll};

/// The time, looked at when something may have taken some.
pub trait Clock: Clone + Send {
    /// The time now.
    fn look(&mut self) -> Now;

    /// The time of the last look.
    fn last(&self) -> Now;
}

/// The clock of whichever thread a task is on: a function that tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    now: fn() -> Now,
    last: Now,
}

impl Ticks {
    /// A clock that has looked just now.
    pub fn new(now: fn() -> Now) -> Ticks {
        Ticks { now, last: now() }
    }
}

impl Clock for Ticks {
    fn look(&mut self) -> Now {
        self.last = (self.now)();
        self.last
    }

    fn last(&self) -> Now {
        self.last
    }
}

/// What there is besides what a socket brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Something that the machine takes once it has room.
    More,
    /// Something that comes; the waker is told.
    Comes,
}

/// A connected socket of a client's.
pub trait Socket<C>: ReadReady + Send + 'static {
    /// Writes what there is, then waits for input, for room, or for the first deadline,
    /// the machine's or this one. The clock is looked at once that took time.
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<Turn>;
}

/// What gives a request's body.
pub trait Pieces: Send {
    /// Whether asking for a piece never takes time, so that several may go out at once. Else
    /// each is sent before the next is asked for.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// It failed: [`Error::of_source`].
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>>;
}

/// No pieces: for a client whose requests have no bodies but those that are whole.
impl Pieces for Infallible {
    fn poll_piece(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        match *self {}
    }
}
