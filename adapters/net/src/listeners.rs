//! The listeners of a server on one [`Readiness`], and who waits before them.
//! Accepts in turns; whether there is room, and what a connection is, others say.

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::listener::{Accepted, Listener};
use crate::readiness::{ENDED, Readiness};
use purlin_core::Mono;
use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections that are accepted before others get their turn.
const BURST: usize = 64;
/// Tokens from here on are not connections.
const FIRST: u64 = 1 << 62;
/// How long to wait before looking again whether there is room for one more.
const PAUSE: Duration = Duration::from_millis(10);

/// The listeners of a server whose threads wait on one [`Readiness`]; any of them accepts.
#[derive(Debug)]
pub struct Listeners(Vec<Mutex<Listening>>);

/// A listener, and what is known of it.
#[derive(Debug)]
struct Listening {
    /// `None` once it is closed.
    listener: Option<Listener>,
    backoff: Backoff,
    /// Somebody waits, and is not to be let in before this.
    again: Option<Mono>,
    /// It was accepted, and there is no room for it yet.
    held: Option<Accepted>,
}

/// What came of accepting.
#[derive(Debug)]
pub enum Accepting {
    /// Everyone is in; the system tells of the next.
    Done,
    /// Somebody still waits.
    Later,
    /// It failed, and may succeed after this time; without one it will not.
    Failed(io::Error, Option<Duration>),
}

impl Listeners {
    /// Watches these listeners.
    ///
    /// # Errors
    /// One cannot be watched.
    pub fn open(listeners: Vec<Listener>, readiness: &Readiness) -> io::Result<Listeners> {
        let mut all = Vec::new();
        for (listener, token) in listeners.into_iter().zip(FIRST..) {
            readiness.watch(&listener, token, false)?;
            let backoff = Backoff::default();
            let one = Listening { listener: Some(listener), backoff, again: None, held: None };
            all.push(Mutex::new(one));
        }
        Ok(Listeners(all))
    }

    fn lock(&self, which: usize) -> MutexGuard<'_, Listening> {
        self.0[which].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The listener that this token is of.
    pub fn knocked(&self, token: u64) -> Option<usize> {
        let which = usize::try_from((token & !ENDED).checked_sub(FIRST)?).ok()?;
        (which < self.0.len()).then_some(which)
    }

    /// When to try again to let somebody in.
    pub fn due(&self) -> Option<Mono> {
        (0..self.0.len()).filter_map(|which| self.lock(which).again).min()
    }

    /// The listeners at which to try again.
    pub fn overdue(&self, now: Mono) -> Vec<usize> {
        let is_overdue = |which: &usize| self.lock(*which).again.is_some_and(|again| again <= now);
        (0..self.0.len()).filter(is_overdue).collect()
    }

    /// Lets in who waits, as many as a turn allows and there is room for.
    pub fn accept(
        &self,
        which: usize,
        has_room: impl Fn() -> bool,
        mut let_in: impl FnMut(Accepted),
    ) -> Accepting {
        let mut one = self.lock(which);
        if one.again.is_some_and(|again| again > Clock::new().last().mono) {
            // The timekeeper looks after it in time.
            return Accepting::Done;
        }
        for _ in 0..BURST {
            match one.next() {
                Ok(Some(accepted)) if has_room() => {
                    one.backoff.reset();
                    let_in(accepted);
                }
                Ok(Some(accepted)) => {
                    one.held = Some(accepted);
                    return one.later(PAUSE);
                }
                Ok(None) => {
                    one.again = None;
                    return Accepting::Done;
                }
                Err(error) => {
                    let pause = one.backoff.wait(&error);
                    one.later(pause.unwrap_or_default());
                    return Accepting::Failed(error, pause);
                }
            }
        }
        one.later(Duration::ZERO)
    }

    /// Closes the listeners. What the system has accepted is let in before, as far
    /// as there is room, so that it is answered or closed in order.
    pub fn close(&self, has_room: impl Fn() -> bool, mut let_in: impl FnMut(Accepted)) {
        for which in 0..self.0.len() {
            self.lock(which).again = None;
            // What cannot be accepted now will not be.
            while let Accepting::Later = self.accept(which, &has_room, &mut let_in) {
                if self.lock(which).held.is_some() {
                    break;
                }
            }
            let mut one = self.lock(which);
            (one.listener, one.held, one.again) = (None, None, None);
        }
    }
}

impl Listening {
    /// The next who waits, if anybody does.
    fn next(&mut self) -> io::Result<Option<Accepted>> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        match self.listener.as_ref().map(Listener::accept).transpose() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            accepted => accepted,
        }
    }

    fn later(&mut self, pause: Duration) -> Accepting {
        self.again = Some(Clock::new().last().mono + pause);
        Accepting::Later
    }
}
