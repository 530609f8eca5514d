//! Stopping a server: what was asked for, and who waits for it.
//! Holds the phase; the serving future carries it out.

use super::executor::Payload;
use futures_lite::future;
use purlin_net::{Hook, run_aside};
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What a server is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    /// Ends what it has begun.
    Draining,
    /// Ends now.
    Closing,
    Ended,
}

pub(crate) struct Control(Mutex<State>);

/// What a server ends of.
pub(crate) enum Failure {
    /// No connection can be accepted any more.
    Accept(io::Error),
    /// Something panicked that nobody could be told of otherwise.
    Panic(Payload),
}

struct State {
    phase: Phase,
    /// When draining gives up; `None` is never.
    until: Option<Instant>,
    /// Connections that had to be cut.
    cut: usize,
    /// Why it stopped without being told to.
    failure: Option<Failure>,
    /// What runs when it begins to stop.
    hooks: Vec<Hook>,
    waiting: Vec<Waker>,
}

/// Whoever holds it serves, or will; without it nothing is left to stop.
pub(crate) struct Ending(pub(crate) Arc<Control>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Control {
    pub(crate) fn new(hooks: Vec<Hook>) -> Arc<Control> {
        Arc::new(Control(Mutex::new(State {
            phase: Phase::Serving,
            until: None,
            cut: 0,
            failure: None,
            hooks,
            waiting: Vec::new(),
        })))
    }

    pub(crate) fn handle(self: &Arc<Control>) -> Handle {
        Handle(self.clone())
    }

    pub(crate) async fn stopped(&self) {
        future::poll_fn(|cx| self.poll_phase(Phase::Draining, cx)).await;
    }

    pub(crate) async fn closed(&self) {
        future::poll_fn(|cx| self.poll_phase(Phase::Closing, cx)).await;
    }

    /// When draining gives up, if draining is what was asked for.
    pub(crate) fn drains_until(&self) -> Option<Option<Instant>> {
        let state = self.lock();
        (state.phase == Phase::Draining).then_some(state.until)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.lock().phase == Phase::Draining
    }

    /// Stops the server at once, for this; the first one counts.
    pub(crate) fn fail(&self, failure: Failure) {
        self.lock().failure.get_or_insert(failure);
        self.advance(Phase::Closing, None);
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.lock().failure.take()
    }

    /// The server has served long enough.
    pub(crate) fn close(&self) {
        self.advance(Phase::Closing, None);
    }

    /// The server has ended, or will never begin.
    pub(crate) fn end(&self) {
        self.advance(Phase::Ended, None);
    }

    /// So many connections are cut off now.
    pub(crate) fn cutting(&self, connections: usize) {
        self.lock().cut = connections;
    }

    fn poll_phase(&self, phase: Phase, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.phase >= phase {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Phases only go forward.
    fn advance(&self, phase: Phase, until: Option<Instant>) {
        let mut state = self.lock();
        if state.phase >= phase {
            return;
        }
        (state.phase, state.until) = (phase, until);
        let waiting = std::mem::take(&mut state.waiting);
        let hooks = std::mem::take(&mut state.hooks);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        if phase != Phase::Ended {
            hooks.into_iter().for_each(run_aside);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle that stops a server, from anywhere; given by [`Bound::handle`](crate::Bound::handle).
///
/// ```
/// # use purlin_smol::{Request, Server};
/// # smol::block_on(async {
/// let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
/// let (one, other) = (bound.handle(), bound.handle());
/// one.close();
/// other.close(); // once is enough, twice does no harm
/// bound.serve().await?;
/// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Control>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl Handle {
    /// Stops gracefully, beginning now: nothing is accepted any more, idle
    /// connections close, requests that have begun are answered. Connections
    /// that are left at the deadline are cut. The future ends when the server
    /// has, and says how many those were.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # use std::time::Duration;
    /// # smol::block_on(async {
    /// # let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
    /// # let handle = bound.handle();
    /// # let serving = smol::spawn(bound.serve());
    /// let cut = handle.shutdown(Duration::from_secs(10)).await;
    /// assert_eq!(cut, 0);
    /// # serving.await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn shutdown(&self, deadline: Duration) -> impl Future<Output = usize> + Send + use<> {
        self.0.advance(Phase::Draining, Instant::now().checked_add(deadline));
        let control = self.0.clone();
        future::poll_fn(move |cx| control.poll_phase(Phase::Ended, cx).map(|()| control.lock().cut))
    }

    /// Stops at once: connections are cut, handlers dropped.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # smol::block_on(async {
    /// # let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
    /// bound.handle().close();
    /// bound.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn close(&self) {
        self.0.close();
    }
}
