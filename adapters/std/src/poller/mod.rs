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
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token, Waker};
use purlin_core::Mono;
use seats::{Parked, Phase, Seats};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection keeps its buffers while it waits.
const WARM: Duration = Duration::from_secs(1);

/// Where connections wait.
#[derive(Debug)]
pub(crate) struct Poller {
    registry: Registry,
    waker: Waker,
    seats: Mutex<Seats<Box<Conn>>>,
}

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    token: Option<usize>,
    /// It is watched for room to write, too.
    writable: bool,
}

impl Poller {
    /// A poller on this registry, with this to wake the thread that polls it.
    pub(crate) fn new(registry: Registry, waker: Waker) -> Poller {
        Poller { registry, waker, seats: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Seats<Box<Conn>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread that polls.
    pub(crate) fn wake(&self) {
        // What cannot be woken is at work, or wakes by its own deadline.
        let _ = self.waker.wake();
    }

    /// Parks a connection until something happens to it; gives it back if
    /// something has happened already.
    pub(crate) fn park(&self, mut conn: Box<Conn>) -> Option<Box<Conn>> {
        let Some(token) = self.watch(&mut conn) else {
            conn.lose();
            return Some(conn);
        };
        let (due, idle) = (conn.due(WARM), conn.idle_since());
        let mut seats = self.lock();
        let closed = match seats.phase {
            Phase::Open => false,
            Phase::Stopping => !conn.is_told(),
            Phase::Ended => true,
        };
        if closed {
            return Some(conn);
        }
        match seats.park(token, conn, due, idle) {
            Parked::Here { wake } => {
                drop(seats);
                if wake {
                    self.wake();
                }
                None
            }
            Parked::Ready(conn) => Some(conn),
        }
    }

    /// Has the connection's socket watched for what it waits for; gives its seat.
    fn watch(&self, conn: &mut Conn) -> Option<usize> {
        let writable = conn.waits_for_room();
        let interest =
            if writable { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let fd = conn.socket().stream()?.as_raw_fd();
        let place = conn.place;
        let (token, watched) = match place.token {
            Some(token) if place.writable == writable => return Some(token),
            Some(token) => {
                (token, self.registry.reregister(&mut SourceFd(&fd), Token(token), interest))
            }
            None => {
                let token = self.lock().take();
                (token, self.registry.register(&mut SourceFd(&fd), Token(token), interest))
            }
        };
        conn.place = Place { token: Some(token), writable };
        if watched.is_err() {
            self.forget(&mut conn.place);
            return None;
        }
        Some(token)
    }

    /// No longer watches the connection's socket: whoever has it waits for it itself.
    pub(crate) fn leave(&self, conn: &mut Conn) {
        if conn.place.token.is_none() {
            return;
        }
        if let Some(stream) = conn.socket().stream() {
            // A socket that cannot be taken out wakes the poller in vain.
            let _ = self.registry.deregister(&mut SourceFd(&stream.as_raw_fd()));
        }
        self.forget(&mut conn.place);
    }

    /// The connection is closed, and its socket with it.
    pub(crate) fn forget(&self, place: &mut Place) {
        if let Some(token) = place.token.take() {
            self.lock().give_back(token);
        }
    }

    /// Sockets that are ready: the connections that wait for them.
    pub(crate) fn ready(&self, tokens: impl Iterator<Item = usize>, found: &mut Vec<Box<Conn>>) {
        let mut seats = self.lock();
        found.extend(tokens.filter_map(|token| seats.ready(token)));
    }

    /// Deadlines that have passed: the connections they are of.
    pub(crate) fn expired(&self, now: Mono, found: &mut Vec<Box<Conn>>) {
        let mut seats = self.lock();
        while let Some(conn) = seats.expired(now) {
            found.push(conn);
        }
    }

    /// The server stops: everyone who waits, to be told. Who has been told may
    /// still come to wait.
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

    /// The polling thread is going to wait: until when at the latest.
    pub(crate) fn begin_waiting(&self) -> Option<Mono> {
        self.lock().begin_waiting()
    }

    /// It waits no longer.
    pub(crate) fn end_waiting(&self) {
        self.lock().end_waiting();
    }
}

/// A registry for a server that moves no bytes yet, and its waker's token.
pub(crate) fn poller(poll: &mio::Poll, waker: usize) -> io::Result<Poller> {
    let registry = poll.registry().try_clone()?;
    let waker = Waker::new(&registry, Token(waker))?;
    Ok(Poller::new(registry, waker))
}
