//! Connections that wait, without a thread: until their socket is ready, or
//! their machine's deadline comes.
//! Parks them and finds them again; it reads and writes nothing.
//!
//! ```text
//!   worker --- park ---> here --- ready, due ---> worker
//!                |         \----- expired -----> closed
//!                '--> given back: its socket became ready meanwhile
//! ```
//!
//! A parked connection stays registered when a worker takes it up, so that
//! parking it again costs no system call; what its socket tells meanwhile is
//! noted. A worker that is going to wait for the socket itself takes the
//! connection out, so that nobody else is woken.

mod parked;

use crate::server::conn::{Conn, NEVER};
use crate::server::line::Line;
use parked::{Parked, Parking, Phase, Told};
use purlin_core::Mono;
use purlin_net::{ENDED, Readiness};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many connections may do so at a time: a few that are busy save the work
/// to get new ones, and ten thousand that are not hold none.
const MOST_WARM: usize = 64;

/// Where connections wait.
#[derive(Debug)]
pub(crate) struct Poller {
    readiness: Readiness,
    parked: Mutex<Parked<Box<Conn>>>,
    /// Connections that wait with their buffers.
    warm: AtomicUsize,
}

/// Where a connection waits, or would. Its owner changes that, or whom it is lent to, under
/// the lock of what is served.
#[derive(Debug)]
pub(crate) struct Place {
    slot: AtomicUsize,
    /// It is watched for room to write, too.
    writable: AtomicBool,
}

/// No slot.
const NONE: usize = usize::MAX;

impl Default for Place {
    fn default() -> Place {
        Place { slot: AtomicUsize::new(NONE), writable: AtomicBool::new(false) }
    }
}

impl Place {
    pub(crate) fn is_taken(&self) -> bool {
        self.slot.load(Relaxed) != NONE
    }
}

impl Poller {
    /// A poller in which nobody waits.
    pub(crate) fn new(readiness: Readiness) -> Poller {
        Poller { readiness, parked: Mutex::default(), warm: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Parked<Box<Conn>>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes a thread that waits here.
    pub(crate) fn nudge(&self) {
        self.readiness.nudge();
    }

    /// Waits until sockets are ready: their tokens, at most so many.
    pub(crate) fn wait(
        &self,
        ready: &mut Vec<u64>,
        most: usize,
        time: Option<Duration>,
    ) -> io::Result<()> {
        self.readiness.wait(ready, most, time)
    }

    /// Parks a connection that rests until something happens to it; gives it back if
    /// something has happened already.
    pub(crate) fn park(&self, mut conn: Box<Conn>) -> Option<Box<Conn>> {
        let rest = conn.own.rest;
        let Some(token) = self.watch(conn.line(), rest.writable) else {
            conn.lose();
            return Some(conn);
        };
        let mut parked = self.lock();
        let closed = match parked.phase {
            Phase::Open => false,
            Phase::Stopping => !rest.told,
            Phase::Ended => true,
        };
        if closed {
            return Some(conn);
        }
        let alarm = Arc::clone(&conn.line().common.alarm);
        let idle = Some(rest.idle).filter(|since| *since != NEVER);
        match parked.park(token, conn, Some(rest.due), idle) {
            Parking::Here { wake } => {
                drop(parked);
                if wake {
                    alarm.ring();
                }
                None
            }
            Parking::Ready(mut conn, told) => {
                conn.hear(told.ended);
                Some(conn)
            }
        }
    }

    /// Whether one connection more may wait with its buffers.
    pub(crate) fn keeps_warm(&self) -> bool {
        let room = self.warm.fetch_add(1, Relaxed) < MOST_WARM;
        if !room {
            self.cool();
        }
        room
    }

    /// One that kept its buffers waits no longer.
    pub(crate) fn cool(&self) {
        self.warm.fetch_sub(1, Relaxed);
    }

    /// Has the connection's socket watched for what it waits for; gives its slot.
    fn watch(&self, line: &Line, writable: bool) -> Option<usize> {
        let (socket, place) = (line.stream()?, &line.place);
        let (slot, watched) = match place.slot.load(Relaxed) {
            NONE => {
                let slot = self.lock().take();
                (slot, self.readiness.watch(socket, slot as u64, writable))
            }
            slot if place.writable.load(Relaxed) == writable => return Some(slot),
            slot => (slot, self.readiness.watch_again(socket, slot as u64, writable)),
        };
        place.slot.store(slot, Relaxed);
        place.writable.store(writable, Relaxed);
        if watched.is_err() {
            self.forget(place);
            return None;
        }
        Some(slot)
    }

    /// No longer watches the connection's socket: whoever has it waits for it itself.
    pub(crate) fn leave(&self, line: &Line) {
        if !line.place.is_taken() {
            return;
        }
        if let Some(stream) = line.stream() {
            // A socket that cannot be taken out wakes somebody in vain.
            let _ = self.readiness.forget(stream);
        }
        self.forget(&line.place);
    }

    /// The connection is closed, and its socket with it.
    pub(crate) fn forget(&self, place: &Place) {
        let slot = place.slot.swap(NONE, Relaxed);
        if slot != NONE {
            self.lock().give_back(slot);
        }
    }

    /// A socket is ready: the connection that waits for it, if one does.
    pub(crate) fn ready(&self, token: u64) -> Option<Box<Conn>> {
        let told = Told { ended: token & ENDED != 0 };
        let mut conn = self.lock().ready(usize::try_from(token & !ENDED).ok()?, told)?;
        conn.hear(told.ended);
        Some(conn)
    }

    /// The connection that waits here, though its socket told nothing; who has it hears of it.
    pub(crate) fn rouse(&self, place: &Place) -> Option<Box<Conn>> {
        match place.slot.load(Relaxed) {
            NONE => None,
            slot => self.lock().ready(slot, Told::default()),
        }
    }

    /// What a connection waits for comes sooner than was said when it was parked, or it has
    /// become idle; says whether the timekeeper has to be woken.
    pub(crate) fn hasten(&self, place: &Place, due: Mono, idle: Option<Mono>) -> bool {
        match place.slot.load(Relaxed) {
            NONE => false,
            slot => self.lock().hasten(slot, due, idle),
        }
    }

    /// Sees to it that the connection has a place, and that its socket is watched for room,
    /// too. One that cannot be watched is lost when it is parked.
    pub(crate) fn prepare(&self, line: &Line) {
        let _ = self.watch(line, true);
    }

    /// Deadlines that have passed: the connections they are of.
    pub(crate) fn expired(&self, now: Mono) -> Vec<Box<Conn>> {
        let mut parked = self.lock();
        std::iter::from_fn(|| parked.expired(now)).collect()
    }

    /// The server stops: everyone who waits, to be told. Who has been told, or is
    /// too young for that, may still come to wait.
    pub(crate) fn stop(&self) -> Vec<Box<Conn>> {
        self.lock().close(Phase::Stopping)
    }

    /// The server has ended: everyone who waits. Nobody may come to wait any more.
    pub(crate) fn end(&self) -> Vec<Box<Conn>> {
        self.lock().close(Phase::Ended)
    }

    /// The one that has been idle longest.
    pub(crate) fn take_idlest(&self) -> Option<Box<Conn>> {
        self.lock().take_idlest()
    }

    /// The timekeeper is going to sleep: until when at the latest.
    pub(crate) fn begin_waiting(&self) -> Option<Mono> {
        self.lock().begin_waiting()
    }

    /// It is awake.
    pub(crate) fn end_waiting(&self) {
        self.lock().end_waiting();
    }
}
