//! Stopping a server: what was asked for, and who waits for it.
//! Holds the phase; whoever serves carries it out.

use crate::sync::{Mutex, MutexGuard};
use crate::system::Work;
use purlin_core::Mono;
use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

/// What a server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It serves, or will.
    Serving,
    /// It ends what it has begun.
    Draining,
    /// It ends now.
    Closing,
    /// It has ended, or will never begin.
    Ended,
}

const PHASES: [Phase; 4] = [Phase::Serving, Phase::Draining, Phase::Closing, Phase::Ended];

/// A reason of a server to end that nobody asked for.
#[derive(Debug)]
pub enum Failure {
    /// No connection can be accepted any more.
    Accept(io::Error),
    /// Something panicked that nobody could be told of otherwise.
    Panic(Box<dyn Any + Send>),
}

/// The phase of a server, which only goes forward, and who waits for it.
pub struct Control {
    phase: AtomicU8,
    state: Mutex<State>,
    aside: fn(Work),
}

struct State {
    /// When draining gives up.
    until: Mono,
    /// Connections that had to be cut.
    cut: usize,
    failure: Option<Failure>,
    /// What runs when it begins to stop.
    hooks: Vec<Work>,
    waiting: Vec<Waker>,
}

/// Whoever holds it serves, or will; without it nothing is left to stop.
#[derive(Debug)]
pub struct Ending<C: AsRef<Control> = Control>(pub Arc<C>);

impl<C: AsRef<Control>> Drop for Ending<C> {
    fn drop(&mut self) {
        (*self.0).as_ref().advance(Phase::Ended);
    }
}

impl AsRef<Control> for Control {
    fn as_ref(&self) -> &Control {
        self
    }
}

impl Control {
    /// The control of a server that has not begun, and what runs, each by `aside`, when it
    /// begins to stop.
    pub fn new(hooks: Vec<Work>, aside: fn(Work)) -> Control {
        let (until, waiting) = (Mono::ZERO, Vec::new());
        let state = Mutex::new(State { until, cut: 0, failure: None, hooks, waiting });
        Control { phase: AtomicU8::new(Phase::Serving as u8), state, aside }
    }

    /// Whether the server has come to this phase, or a later one: what a connection asks at
    /// each request.
    #[inline]
    pub fn has_come_to(&self, phase: Phase) -> bool {
        self.phase.load(SeqCst) >= phase as u8
    }

    /// What the server is doing.
    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(SeqCst)) % PHASES.len()]
    }

    /// When draining gives up, if draining is what was asked for.
    pub fn drains_until(&self) -> Option<Mono> {
        let state = self.lock();
        (self.phase() == Phase::Draining).then_some(state.until)
    }

    /// Stops the server gracefully, for so long.
    pub fn drain(&self, until: Mono) {
        let mut state = self.lock();
        if self.phase() == Phase::Serving {
            state.until = until;
        }
        self.go_on(state, Phase::Draining);
    }

    /// Goes forward to this phase, if it is not there yet.
    pub fn advance(&self, phase: Phase) {
        self.go_on(self.lock(), phase);
    }

    fn go_on(&self, mut state: MutexGuard<'_, State>, phase: Phase) {
        if self.has_come_to(phase) {
            return;
        }
        self.phase.store(phase as u8, SeqCst);
        let waiting = std::mem::take(&mut state.waiting);
        let hooks = std::mem::take(&mut state.hooks);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        if phase != Phase::Ended {
            hooks.into_iter().for_each(self.aside);
        }
    }

    /// Stops the server at once, for this; the first one counts.
    pub fn fail(&self, failure: Failure) {
        self.lock().failure.get_or_insert(failure);
        self.advance(Phase::Closing);
    }

    /// Why it ended without being asked to.
    pub fn failure(&self) -> Option<Failure> {
        self.lock().failure.take()
    }

    /// So many connections are cut off now.
    pub fn cutting(&self, connections: usize) {
        self.lock().cut = connections;
    }

    /// How many connections were cut off.
    pub fn cut(&self) -> usize {
        self.lock().cut
    }

    /// Whether the server has come to this phase; wakes when one more has begun.
    pub fn poll_phase(&self, phase: Phase, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if self.has_come_to(phase) {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits for this phase, or a later one.
    pub async fn reached(&self, phase: Phase) {
        poll_fn(|cx| self.poll_phase(phase, cx)).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:?})", self.phase())
    }
}
