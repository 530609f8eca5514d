//! The listeners, and who waits before them.
//! Accepts in turns; whether there is room, and what a connection is, others say.

use purlin_core::Mono;
use purlin_net::{Accepted, Backoff, Clock, ENDED, Listener, Readiness};
use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections that are accepted before others get their turn.
const BURST: usize = 64;
/// Tokens from here on are not connections.
const FIRST: u64 = 1 << 62;
/// How long to wait before looking again whether there is room for one more.
const PAUSE: Duration = Duration::from_millis(10);

/// The listeners of a server.
#[derive(Debug)]
pub(crate) struct Doors(Vec<Mutex<Door>>);

/// A listener, and what is known of it.
#[derive(Debug)]
struct Door {
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
pub(crate) enum Accepting {
    /// Everyone is in; the system tells of the next.
    Done,
    /// Somebody still waits.
    Later,
    /// It failed, and may succeed after this time; without one it will not.
    Failed(io::Error, Option<Duration>),
}

impl Doors {
    /// Watches these listeners.
    ///
    /// # Errors
    /// One cannot be watched.
    pub(crate) fn open(listeners: Vec<Listener>, readiness: &Readiness) -> io::Result<Doors> {
        let mut doors = Vec::new();
        for (listener, token) in listeners.into_iter().zip(FIRST..) {
            readiness.watch(&listener, token, false)?;
            let backoff = Backoff::default();
            let door = Door { listener: Some(listener), backoff, again: None, held: None };
            doors.push(Mutex::new(door));
        }
        Ok(Doors(doors))
    }

    fn lock(&self, door: usize) -> MutexGuard<'_, Door> {
        self.0[door].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The door that this token is of.
    pub(crate) fn knocked(&self, token: u64) -> Option<usize> {
        let door = usize::try_from((token & !ENDED).checked_sub(FIRST)?).ok()?;
        (door < self.0.len()).then_some(door)
    }

    /// When to try again to let somebody in.
    pub(crate) fn due(&self) -> Option<Mono> {
        (0..self.0.len()).filter_map(|door| self.lock(door).again).min()
    }

    /// The doors at which to try again.
    pub(crate) fn overdue(&self, now: Mono) -> Vec<usize> {
        let is_overdue = |door: &usize| self.lock(*door).again.is_some_and(|again| again <= now);
        (0..self.0.len()).filter(is_overdue).collect()
    }

    /// Lets in who waits, as many as a turn allows and there is room for.
    pub(crate) fn accept(
        &self,
        door: usize,
        has_room: impl Fn() -> bool,
        mut let_in: impl FnMut(Accepted),
    ) -> Accepting {
        let mut door = self.lock(door);
        if door.again.is_some_and(|again| again > Clock::new().last().mono) {
            // The timekeeper looks after it in time.
            return Accepting::Done;
        }
        for _ in 0..BURST {
            match door.next() {
                Ok(Some(accepted)) if has_room() => {
                    door.backoff.reset();
                    let_in(accepted);
                }
                Ok(Some(accepted)) => {
                    door.held = Some(accepted);
                    return door.later(PAUSE);
                }
                Ok(None) => {
                    door.again = None;
                    return Accepting::Done;
                }
                Err(error) => {
                    let pause = door.backoff.wait(&error);
                    door.later(pause.unwrap_or_default());
                    return Accepting::Failed(error, pause);
                }
            }
        }
        door.later(Duration::ZERO)
    }

    /// Closes the doors. What the system has accepted is let in before, as far
    /// as there is room, so that it is answered or closed in order.
    pub(crate) fn close(&self, has_room: impl Fn() -> bool, mut let_in: impl FnMut(Accepted)) {
        for door in 0..self.0.len() {
            self.lock(door).again = None;
            // What cannot be accepted now will not be.
            while let Accepting::Later = self.accept(door, &has_room, &mut let_in) {
                if self.lock(door).held.is_some() {
                    break;
                }
            }
            let mut door = self.lock(door);
            (door.listener, door.held, door.again) = (None, None, None);
        }
    }
}

impl Door {
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
