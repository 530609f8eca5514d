//! A connection that is served, as all share it who have a part in it: its driver, bodies
//! of requests, writers of responses. Holds the machine behind a lock, and who waits for
//! what; the machine decides.

mod alarms;
mod backlog;
mod beside;
mod body;
mod crowd;
mod driver;
mod events;
mod in_memory;
mod link;
mod raw;
mod registry;
mod released;
mod routes;
mod rows;
mod turn;
mod waits;
mod warm;
mod work;
mod writer;

pub use alarms::{Alarm, Alarms};
pub use body::{Cancelled, Reader};
pub use driver::{Driver, Place};
pub use events::{Asked, Heard, obey, overhear, tell_closed, tell_last};
pub use in_memory::{Fed, Feed, InMemoryRun, Supplied};
pub use raw::Raw;
pub use registry::{Entry, Registry};
pub use routes::{Answering, Route, Routes};
pub use turn::Rest;
pub use warm::Warm;
pub use work::{Open, Service, Work, serve};
pub use writer::Writer;

use crate::UNTOUCHED;
use crate::sync::{Mutex, MutexGuard};
use backlog::Backlog;
use bytes::Bytes;
use purlin_core::message::Error;
use purlin_core::observe::Watch;
use purlin_core::server::Connection;
use purlin_core::{
    Close, CloseReason, Fault, Id, InMemory, Machine, Misuse, Mono, Now, PeerError, Recv,
};
use rows::Rows;
use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use waits::For;

/// What a panic leaves behind.
pub type Payload = Box<dyn Any + Send>;

/// One connection. The lock is never held while anyone else's code runs.
pub struct Served(Mutex<State>);

/// What is behind the lock.
pub struct State {
    /// What decides.
    pub machine: Connection,
    /// The connection's own task.
    pub driver: Option<Waker>,
    /// The driver is polling a handler and looks at the machine afterwards by itself.
    pub driving: bool,
    /// The driver is away, and whoever has a part in the open exchange moves its bytes.
    pub lent: bool,
    /// Why it has ended, once it has.
    pub closed: Option<CloseReason>,
    /// Whether it is to end.
    pub stop: Stop,
    /// Since when it may be closed for somebody else who wants its place.
    pub idle: Option<Mono>,
    /// It keeps its buffers while it waits.
    pub warm: bool,
    rows: Rows,
    backlog: Backlog,
    /// Whoever watches the connection, unless they are being told of something.
    pub watch: Option<Box<Watch>>,
    /// Somebody takes events and tells of them; nobody else does meanwhile.
    telling: bool,
    /// A request that came to another than the driver.
    asked: Option<Box<Asked>>,
}

/// What observers are told of a response.
#[derive(Debug)]
pub enum Trouble {
    /// It was none that could be sent.
    Misused(Misuse),
    /// What it was to be made of failed with this.
    Failed(Box<str>),
    /// Its handler panicked, or what it was to be made of.
    Panicked(Payload),
}

/// How far a stop is. It only goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It goes on.
    No,
    /// A graceful one: the driver has to tell the machine.
    Asked,
    /// The machine knows of it.
    Told,
    /// The driver has to end at once.
    Cut,
}

impl Served {
    /// What is spoken by this machine.
    pub fn over(machine: Connection, now: Now) -> Arc<Served> {
        Arc::new(Served(Mutex::new(State {
            machine,
            driver: None,
            driving: false,
            lent: false,
            closed: None,
            stop: Stop::No,
            idle: Some(now.mono + UNTOUCHED),
            warm: false,
            rows: Rows::new(),
            backlog: Backlog::default(),
            watch: None,
            telling: false,
            asked: None,
        })))
    }

    /// The machine, and who waits for what. Nobody else's code may run while it is held.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the answer of an exchange without a wire is taken from; `None` if there is a wire.
    pub fn in_memory<T>(&self, take: impl FnOnce(&mut InMemory) -> T) -> Option<T> {
        self.lock().machine.as_in_memory().map(take)
    }

    /// Has the driver end the connection in this way.
    pub fn stop(&self, how: Stop) {
        self.lock().stop(how);
    }

    /// Since when it has been idle, if it has.
    pub fn idle_since(&self, now: Mono) -> Option<Mono> {
        // Who holds the lock has something to do.
        let inner = self.0.try_lock().ok()?;
        inner.idle.filter(|since| *since <= now && inner.stop == Stop::No)
    }

    /// Has it end, if it has been idle since then; says whether it has.
    pub fn evict(&self, since: Mono) -> bool {
        let Ok(mut inner) = self.0.try_lock() else { return false };
        let idle = inner.idle == Some(since) && inner.stop == Stop::No;
        if idle {
            inner.stop(Stop::Asked);
        }
        idle
    }
}

impl State {
    /// The machine was given a command: the driver must look at it.
    pub fn poke(&self) {
        if self.driving || self.lent {
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

    /// Whether somebody tells of events just now.
    pub fn is_telling(&self) -> bool {
        self.telling
    }

    /// A response did not become what it was to be, which whoever watches is told of.
    pub fn report(&mut self, trouble: Trouble) {
        self.backlog.tell(trouble);
    }

    /// A misuse, or what is behind it if the connection is gone.
    pub fn error(&self, misuse: Misuse) -> Error {
        match (misuse, self.closed) {
            (Misuse::NoSuchExchange | Misuse::AlreadyFinished, Some(reason)) => {
                Error::Closed(reason)
            }
            _ => Error::Misuse(misuse),
        }
    }

    /// Takes more of the body of this exchange's request.
    pub fn recv(&mut self, id: Id, now: Now) -> Result<Recv, Error> {
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

    /// Whether the peer of this exchange has gone, or waits for no more of its answer.
    pub fn is_cancelled(&self, id: Id) -> bool {
        self.closed.is_some() || self.rows.get(id).is_none_or(|row| row.marks.cancelled)
    }

    /// Nobody waits for more of this exchange's answer: whoever is to be woken for that.
    #[must_use]
    pub fn cancel(&mut self, id: Id) -> Vec<Waker> {
        let Some(row) = self.rows.get_mut(id) else { return Vec::new() };
        row.marks.cancelled = true;
        row.waits.take_cancel()
    }

    /// Ready once [`State::is_cancelled`] is true.
    pub fn poll_cancelled(&mut self, id: Id, cx: &Context<'_>) -> Poll<()> {
        if self.is_cancelled(id) {
            return Poll::Ready(());
        }
        self.rows.park(id, For::Cancel, cx);
        Poll::Pending
    }

    /// Ready once the socket has all that was given to the exchange.
    pub fn poll_flushed(&mut self, id: Id, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(reason) = self.closed {
            return Poll::Ready(Err(Error::Closed(reason)));
        }
        if self.machine.flush(id) {
            return Poll::Ready(Ok(()));
        }
        self.rows.park(id, For::Flush, cx);
        self.poke();
        Poll::Pending
    }

    /// Whether the connection ended in a way that leaves nobody to answer.
    pub fn is_lost(&self) -> bool {
        let cut = self.machine.want().close == Some(Close::Abort);
        // What is carried beside others ends with the connection, in whatever way that goes.
        let failed = matches!(self.closed, Some(CloseReason::Fault(_) | CloseReason::Timeout(_)));
        (cut && self.closed != Some(CloseReason::Aborted))
            || (failed && self.machine.carries_many())
    }

    /// Everybody who waits, to be woken: nothing more will happen here.
    pub fn release(&mut self) -> Vec<Waker> {
        self.rows.release()
    }

    /// Gives back memory that holds nothing.
    pub fn trim(&mut self, now: Now) {
        self.machine.trim(now);
        self.rows.trim();
    }
}

/// Notes who waits, without a clone if it is known already.
pub(crate) fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Served")
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("State");
        shown.field("closed", &self.closed).field("stop", &self.stop).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
