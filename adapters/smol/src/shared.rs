//! What a connection's driver, its request bodies and its response writers share.
//! Holds the machine behind a lock, and who waits for what; the machine decides.

use crate::Error;
use crate::clock;
use crate::turn::Turn;
use purlin_core::server::Connection;
use purlin_core::{Close, CloseReason, Id, Machine, Method, Misuse, ServerConfig};
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
    /// The peer has sent its last byte, or is gone.
    pub(crate) cancelled: bool,
    pub(crate) closed: Option<CloseReason>,
    pub(crate) stop: Stop,
    /// It keeps its buffers while it waits.
    pub(crate) warm: bool,
    pub(crate) turn: Turn,
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

/// How far a graceful stop is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    No,
    /// The driver has to tell the machine.
    Asked,
    Told,
}

impl Shared {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Arc<Shared> {
        Arc::new(Shared(Mutex::new(Inner {
            machine: Connection::new(config, clock::now()),
            driver: None,
            driving: false,
            waits: Waits::default(),
            cancelled: false,
            closed: None,
            stop: Stop::No,
            warm: false,
            turn: Turn::new(0, Method::GET),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the driver end the connection gracefully.
    pub(crate) fn stop(&self) {
        let mut inner = self.lock();
        if inner.stop == Stop::No {
            inner.stop = Stop::Asked;
            inner.poke();
        }
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

    /// A misuse, or what is behind it if the connection is gone.
    pub(crate) fn error(&self, misuse: Misuse) -> Error {
        match (misuse, self.closed) {
            (Misuse::NoSuchExchange, Some(reason)) => Error::Closed(reason),
            _ => Error::Misuse(misuse),
        }
    }

    pub(crate) fn is_cancelled(&self, id: Id) -> bool {
        self.cancelled || self.closed.is_some() || self.turn.id != id
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

    /// Ready once the socket has all output.
    pub(crate) fn poll_written(&mut self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(reason) = self.closed {
            return Poll::Ready(Err(Error::Closed(reason)));
        }
        if !self.machine.want().write {
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
