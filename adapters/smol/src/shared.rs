//! What a connection's driver, its request bodies and its response writers share.
//! Holds the machine behind a lock, and who waits for what; the machine decides.

use crate::Error;
use crate::clock;
use crate::turn::Turn;
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{
    Close, CloseReason, Fault, Id, Machine, Method, Misuse, Mono, Now, PeerError, Recv,
};
use purlin_engine::UNTOUCHED;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// One connection. The lock is never held while anyone else's code runs.
pub(crate) struct Shared(Mutex<Inner>);

pub(crate) struct Inner {
    pub(crate) machine: Connection,
    /// The connection's own task.
    pub(crate) driver: Option<Waker>,
    /// The driver is polling a handler and looks at the machine afterwards by itself.
    pub(crate) driving: bool,
    pub(crate) waits: Waits,
    /// The peer has sent its last byte, is gone, or waits for no more of the answer.
    pub(crate) cancelled: bool,
    pub(crate) closed: Option<CloseReason>,
    pub(crate) stop: Stop,
    /// Since when it may be closed for somebody else who wants its place.
    pub(crate) idle: Option<Mono>,
    /// It keeps its buffers while it waits.
    pub(crate) warm: bool,
    pub(crate) turn: Turn,
    /// Why a response did not become what it was to be: not told yet.
    pub(crate) trouble: Option<Trouble>,
}

/// Who waits for the open exchange.
#[derive(Default)]
pub(crate) struct Waits {
    /// For body bytes.
    pub(crate) read: Option<Waker>,
    /// For room to send.
    pub(crate) write: Option<Waker>,
    /// For the output to be written.
    pub(crate) flush: Option<Waker>,
    /// For the peer to go.
    pub(crate) cancel: Vec<Waker>,
}

/// What observers are told of a response.
pub(crate) enum Trouble {
    Misused(Misuse),
    Failed(Box<str>),
}

/// How far a stop is. It only goes forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    No,
    /// A graceful one: the driver has to tell the machine.
    Asked,
    Told,
    /// The driver has to end at once.
    Cut,
}

impl Shared {
    /// What is spoken by this machine.
    pub(crate) fn over(machine: Connection) -> Arc<Shared> {
        let now = clock::now();
        Arc::new(Shared(Mutex::new(Inner {
            machine,
            driver: None,
            driving: false,
            waits: Waits::default(),
            cancelled: false,
            closed: None,
            stop: Stop::No,
            idle: Some(now.mono + UNTOUCHED),
            warm: false,
            turn: Turn::new(0, Method::GET),
            trouble: None,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the driver end the connection in this way.
    pub(crate) fn stop(&self, how: Stop) {
        self.lock().stop(how);
    }

    /// Since when it has been idle, if it has.
    pub(crate) fn idle_since(&self, now: Mono) -> Option<Mono> {
        // Who holds the lock has something to do.
        let inner = self.0.try_lock().ok()?;
        inner.idle.filter(|since| *since <= now && inner.stop == Stop::No)
    }

    /// Has it end, if it has been idle since then; says whether it has.
    pub(crate) fn evict(&self, since: Mono) -> bool {
        let Ok(mut inner) = self.0.try_lock() else { return false };
        let idle = inner.idle == Some(since) && inner.stop == Stop::No;
        if idle {
            inner.stop(Stop::Asked);
        }
        idle
    }
}

impl Inner {
    /// The machine was given a command: the driver must look at it.
    pub(crate) fn poke(&self) {
        if self.driving {
            return;
        }
        if let Some(driver) = &self.driver {
            driver.wake_by_ref();
        }
    }

    fn stop(&mut self, how: Stop) {
        if self.stop < how {
            self.stop = how;
            // Also one that is driving: it looks at this only when it is woken.
            self.driver.iter().for_each(Waker::wake_by_ref);
        }
    }

    /// A misuse, or what is behind it if the connection is gone.
    pub(crate) fn error(&self, misuse: Misuse) -> Error {
        match (misuse, self.closed) {
            (Misuse::NoSuchExchange, Some(reason)) => Error::Closed(reason),
            _ => Error::Misuse(misuse),
        }
    }

    /// Takes more of the body of this exchange's request.
    pub(crate) fn recv(&mut self, id: Id, now: Now) -> Result<Recv, Error> {
        let received = self.machine.recv(id, now);
        self.poke();
        match received {
            Recv::Failed(error) => Err(self.why_broken(id, error, now)),
            received => Ok(received),
        }
    }

    /// Why nothing more comes: what the peer did, or that it is over on this side.
    fn why_broken(&mut self, id: Id, error: PeerError, now: Now) -> Error {
        match (error.kind, self.closed) {
            // Nobody but this side cuts a connection and calls it a shutdown.
            (Fault::Reset, Some(reason @ CloseReason::Shutdown)) => Error::Closed(reason),
            (Fault::Truncated, closed) if self.is_answered(id, now) => match closed {
                Some(reason) => Error::Closed(reason),
                None => Error::Misuse(Misuse::AlreadyFinished),
            },
            _ => error.into(),
        }
    }

    /// Whether the response of this exchange is complete.
    fn is_answered(&mut self, id: Id, now: Now) -> bool {
        let probed = self.machine.send(id, &mut Bytes::new(), now);
        matches!(probed, Err(Misuse::NoSuchExchange | Misuse::AlreadyFinished))
    }

    pub(crate) fn is_cancelled(&self, id: Id) -> bool {
        self.cancelled || self.closed.is_some() || self.turn.id != id
    }

    /// Nobody waits for more of this exchange's answer: whoever is to be woken for that.
    #[must_use]
    pub(crate) fn cancel(&mut self, id: Id) -> Vec<Waker> {
        if self.turn.id != id {
            return Vec::new();
        }
        self.cancelled = true;
        std::mem::take(&mut self.waits.cancel)
    }

    pub(crate) fn poll_cancelled(&mut self, id: Id, cx: &Context<'_>) -> Poll<()> {
        if self.is_cancelled(id) {
            return Poll::Ready(());
        }
        if !self.waits.cancel.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.waits.cancel.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Ready once the socket has all that was given to the exchange.
    pub(crate) fn poll_flushed(&mut self, id: Id, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(reason) = self.closed {
            return Poll::Ready(Err(Error::Closed(reason)));
        }
        if self.machine.is_flushed(id) {
            return Poll::Ready(Ok(()));
        }
        park(&mut self.waits.flush, cx);
        self.poke();
        Poll::Pending
    }

    /// Whether the connection ended in a way that leaves nobody to answer.
    pub(crate) fn is_lost(&self) -> bool {
        self.machine.want().close == Some(Close::Abort) && self.closed != Some(CloseReason::Aborted)
    }

    /// Everybody who waits, to be woken: nothing more will happen here.
    pub(crate) fn release(&mut self) -> Vec<Waker> {
        let waits = std::mem::take(&mut self.waits);
        let single = [waits.read, waits.write, waits.flush];
        single.into_iter().flatten().chain(waits.cancel).collect()
    }
}

/// Notes who waits, without a clone if it is known already.
pub(crate) fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
