//! What a connection's driver, its request bodies and its response writers share.
//! Holds the machine behind a lock, and who waits for what; the machine decides.

use crate::Error;
use crate::clock;
use crate::writer::ResponseWriter;
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Close, CloseReason, Fields, Id, Machine, Misuse, Now, ResponseHead, ServerConfig,
    ServerMachine, Status,
};
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

/// How far the open exchange is with being answered.
#[derive(Default)]
pub(crate) struct Turn {
    pub(crate) id: Id,
    /// Its handler has returned.
    pub(crate) handled: bool,
    /// Somebody took a writer for it.
    pub(crate) taken: bool,
    /// The writer was dropped: this is still to be sent.
    pub(crate) rest: Option<Box<Rest>>,
    /// `rest` is complete, and goes out as room comes.
    pub(crate) ending: bool,
}

/// The end of a response, as its writer left it.
pub(crate) struct Rest {
    /// Not sent yet.
    pub(crate) head: Option<ResponseHead>,
    pub(crate) data: Bytes,
    pub(crate) trailers: Fields,
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
            turn: Turn::default(),
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

    /// The writer of the open exchange's response.
    pub(crate) fn writer(&mut self, shared: &Arc<Shared>, id: Id) -> ResponseWriter {
        self.turn.taken |= self.turn.id == id;
        ResponseWriter::new(shared.clone(), id)
    }

    /// A new exchange begins.
    pub(crate) fn begin(&mut self, id: Id) {
        self.turn = Turn { id, ..Turn::default() };
        self.cancelled = false;
    }

    /// A misuse, or what is behind it if the connection is gone.
    pub(crate) fn error(&self, misuse: Misuse) -> Error {
        match (misuse, self.closed) {
            (Misuse::NoSuchExchange, Some(reason)) => Error::Closed(reason),
            _ => Error::Misuse(misuse),
        }
    }

    /// Ends a response whose writer is gone.
    pub(crate) fn complete(&mut self, id: Id, rest: Box<Rest>, now: Now) {
        self.turn.rest = Some(rest);
        self.turn.ending = true;
        self.send_rest(id, now);
    }

    /// Sends as much of a writer's rest as there is room for, and then its end.
    pub(crate) fn send_rest(&mut self, id: Id, now: Now) {
        let Some(mut rest) = self.turn.rest.take().filter(|_| self.turn.ending) else {
            return;
        };
        match rest.send(&mut self.machine, id, now) {
            Ok(true) => self.turn.ending = false,
            Ok(false) => self.turn.rest = Some(rest),
            Err(_) => {
                self.turn.ending = false;
                self.fail(id, now);
            }
        }
    }

    /// Answers 500; if that comes too late, gives the exchange up so that the peer can tell.
    pub(crate) fn fail(&mut self, id: Id, now: Now) {
        let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
        if self.machine.respond(id, &head, Body::Empty, now).is_err() {
            // What cannot be given up has ended already.
            let _ = self.machine.reset(id, now);
        }
    }

    /// A writer was dropped before its response was whole.
    pub(crate) fn writer_dropped(&mut self, id: Id, rest: Box<Rest>) {
        if self.turn.id != id {
            return;
        }
        if self.turn.handled {
            self.complete_or_fail(id, rest);
        } else {
            // It ends with its handler, which may yet fail.
            self.turn.rest = Some(rest);
        }
    }

    /// The handler has returned, so the writer was elsewhere: nobody else ends the response.
    fn complete_or_fail(&mut self, id: Id, rest: Box<Rest>) {
        let now = clock::now();
        if std::thread::panicking() {
            self.fail(id, now);
        } else {
            self.complete(id, rest, now);
        }
        self.poke();
    }

    /// Ends the raw bytes of an upgraded exchange, after these.
    pub(crate) fn end_raw(&mut self, id: Id, data: Bytes, now: Now) {
        if self.turn.id == id {
            self.complete(id, Box::new(Rest { head: None, data, trailers: Fields::new() }), now);
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

    /// The handler has returned: what its writer left ends the response. If it
    /// took none, the response is empty; if the writer is elsewhere, that ends it.
    pub(crate) fn end_written(&mut self, id: Id, now: Now) {
        if self.turn.id != id || self.turn.ending {
            return;
        }
        if let Some(rest) = self.turn.rest.take() {
            self.complete(id, rest, now);
        } else if !self.turn.taken {
            let head = ResponseHead::new(Status::OK);
            // One that is answered or over needs no answer.
            let _ = self.machine.respond(id, &head, Body::Empty, now);
        }
    }

    /// Forgets what a writer left, if its head has not gone; says whether that was so.
    pub(crate) fn take_unsent(&mut self, id: Id) -> bool {
        if self.turn.id != id {
            return false;
        }
        let unsent =
            !self.turn.taken || self.turn.rest.as_ref().is_some_and(|rest| rest.head.is_some());
        if unsent {
            self.turn.rest = None;
        }
        unsent
    }

    pub(crate) fn forget_rest(&mut self, id: Id) {
        if self.turn.id == id {
            self.turn.rest = None;
            self.turn.ending = false;
        }
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

impl Rest {
    /// Says whether that was all.
    fn send(&mut self, machine: &mut Connection, id: Id, now: Now) -> Result<bool, Misuse> {
        if let Some(head) = self.head.take() {
            if self.trailers.is_empty() {
                let data = std::mem::take(&mut self.data);
                let body = if data.is_empty() { Body::Empty } else { Body::Full(data) };
                machine.respond(id, &head, body, now)?;
                return Ok(true);
            }
            machine.respond(id, &head, Body::Stream, now)?;
        }
        machine.send(id, &mut self.data, now)?;
        if !self.data.is_empty() {
            return Ok(false);
        }
        machine.finish(id, Some(&self.trailers), now)?;
        Ok(true)
    }
}

/// Notes who waits, without a clone if it is known already.
pub(crate) fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
