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

mod seats;

use crate::conn::Conn;
use purlin_core::Mono;
use purlin_net::{ENDED, Readiness};
use seats::{Parked, Phase, Seats, Told};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection keeps its buffers while it waits.
const WARM: Duration = Duration::from_secs(1);
/// How many connections may do so at a time: a few that are busy save the work
/// to get new ones, and ten thousand that are not hold none.
const MOST_WARM: usize = 64;

/// Where connections wait.
#[derive(Debug)]
pub(crate) struct Poller {
    readiness: Readiness,
    seats: Mutex<Seats<Box<Conn>>>,
    /// Connections that wait with their buffers.
    warm: AtomicUsize,
}

/// Where a connection waits, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    seat: Option<usize>,
    /// It is watched for room to write, too.
    writable: bool,
}

impl Poller {
    /// A poller in which nobody waits.
    pub(crate) fn new(readiness: Readiness) -> Poller {
        Poller { readiness, seats: Mutex::default(), warm: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Seats<Box<Conn>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Parks a connection until something happens to it; gives it back if
    /// something has happened already.
    pub(crate) fn park(&self, mut conn: Box<Conn>) -> Option<Box<Conn>> {
        let Some(token) = self.watch(&mut conn) else {
            conn.lose();
            return Some(conn);
        };
        conn.keep_warm(|| {
            let room = self.warm.fetch_add(1, Relaxed) < MOST_WARM;
            if !room {
                self.cool();
            }
            room
        });
        let (due, idle) = (conn.due(WARM), conn.idle_since());
        let mut seats = self.lock();
        let closed = match seats.phase {
            Phase::Open => false,
            Phase::Stopping => !conn.is_told() && !conn.is_young(),
            Phase::Ended => true,
        };
        if closed {
            return Some(conn);
        }
        let alarm = Arc::clone(&conn.hub.alarm);
        match seats.park(token, conn, due, idle) {
            Parked::Here { wake } => {
                drop(seats);
                if wake {
                    alarm.ring();
                }
                None
            }
            Parked::Ready(mut conn, told) => {
                conn.hear(told.ended);
                Some(conn)
            }
        }
    }

    /// One that kept its buffers waits no longer.
    pub(crate) fn cool(&self) {
        self.warm.fetch_sub(1, Relaxed);
    }

    /// Has the connection's socket watched for what it waits for; gives its seat.
    fn watch(&self, conn: &mut Conn) -> Option<usize> {
        let writable = conn.waits_for_room();
        let socket = conn.socket().stream()?;
        let place = conn.place;
        let (seat, watched) = match place.seat {
            Some(seat) if place.writable == writable => return Some(seat),
            Some(seat) => (seat, self.readiness.watch_again(socket, seat as u64, writable)),
            None => {
                let seat = self.lock().take();
                (seat, self.readiness.watch(socket, seat as u64, writable))
            }
        };
        conn.place = Place { seat: Some(seat), writable };
        if watched.is_err() {
            self.forget(&mut conn.place);
            return None;
        }
        Some(seat)
    }

    /// No longer watches the connection's socket: whoever has it waits for it itself.
    pub(crate) fn leave(&self, conn: &mut Conn) {
        if conn.place.seat.is_none() {
            return;
        }
        if let Some(stream) = conn.socket().stream() {
            // A socket that cannot be taken out wakes somebody in vain.
            let _ = self.readiness.forget(stream);
        }
        self.forget(&mut conn.place);
    }

    /// The connection is closed, and its socket with it.
    pub(crate) fn forget(&self, place: &mut Place) {
        if let Some(seat) = place.seat.take() {
            self.lock().give_back(seat);
        }
    }

    /// A socket is ready: the connection that waits for it, if one does.
    pub(crate) fn ready(&self, token: u64) -> Option<Box<Conn>> {
        let told = Told { ended: token & ENDED != 0 };
        let mut conn = self.lock().ready(usize::try_from(token & !ENDED).ok()?, told)?;
        conn.hear(told.ended);
        Some(conn)
    }

    /// Deadlines that have passed: the connections they are of.
    pub(crate) fn expired(&self, now: Mono) -> Vec<Box<Conn>> {
        let mut seats = self.lock();
        std::iter::from_fn(|| seats.expired(now)).collect()
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
