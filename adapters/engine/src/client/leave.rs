//! A response that nobody wants: its rest is read out as far as that is cheaper than a new
//! connection. Who waits for that, and whether, an adapter says.

use super::socket::{Beside, Clock, Socket};
use crate::lease::Lease;
use crate::line::Turn;
use crate::wire::ReadReady;
use purlin_core::{Id, Mono, Now, Reuse};
use std::fmt;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How long what is left of a body that nobody reads may take, to keep the connection.
const PATIENCE: Duration = Duration::from_millis(50);

/// A response that nobody wants, read out as far as that is cheaper than a new connection.
/// Its connection is given back, or closed, when this is dropped.
pub struct Leaving<S: ReadReady + Send + 'static> {
    lease: Option<Lease<S>>,
    until: Mono,
    now: Now,
}

impl<S: ReadReady + Send + 'static> Leaving<S> {
    /// Wants no more of a response; none if there is nothing to read out.
    pub(super) fn new(mut lease: Lease<S>, id: Id, now: Now) -> Option<Leaving<S>> {
        if lease.machine().discard(id, now).is_err() {
            lease.give_back(now);
            return None;
        }
        Some(Leaving { lease: Some(lease), until: now.mono + PATIENCE, now })
    }

    /// Its connection.
    #[expect(clippy::missing_panics_doc, reason = "it is there until it is dropped")]
    pub fn lease(&mut self) -> &mut Lease<S> {
        self.lease.as_mut().expect("it is there until it is dropped")
    }

    /// Whether there is more to read that is worth it.
    pub fn goes_on(&mut self, now: Now) -> bool {
        self.now = now;
        let machine = self.lease().machine();
        while machine.poll_event(now).is_some() {}
        machine.reuse() == Reuse::Later && machine.want().close.is_none()
    }

    /// Reads it out, for a while at the most.
    pub fn poll<C: Clock>(&mut self, clock: &mut C, cx: &mut Context<'_>) -> Poll<()>
    where
        S: Socket<C>,
    {
        while self.goes_on(clock.last()) {
            let until = Some(self.until);
            let turn = self.lease().poll_turn(Beside::Nothing, until, clock, cx);
            if ready!(turn) != Turn::Moved {
                break;
            }
        }
        self.now = clock.last();
        Poll::Ready(())
    }
}

impl<S: ReadReady + Send + 'static> Drop for Leaving<S> {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back(self.now);
        }
    }
}

impl<S: ReadReady + Send + 'static> fmt::Debug for Leaving<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaving({:?})", self.lease)
    }
}
