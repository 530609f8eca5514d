//! Readiness by mio, where there is no epoll: one thread waits, and the others for it.

use super::{ENDED, NUDGE};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The waker's token.
const WAKER: usize = usize::MAX;

/// Sockets that are watched, and the threads that wait for them.
#[derive(Debug)]
pub struct Readiness {
    registry: Registry,
    waker: Waker,
    turn: Mutex<Poll>,
}

impl Readiness {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// The system gives no more descriptors.
    pub fn new() -> io::Result<Readiness> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, Token(WAKER))?;
        Ok(Readiness { registry, waker, turn: Mutex::new(poll) })
    }

    /// Watches a socket for input, and for room to write if that is wanted, and
    /// tells of it by this token. What is ready already is told at once.
    ///
    /// # Errors
    /// The system has no room for more, or the socket is watched already.
    pub fn watch(&self, socket: impl AsFd, token: u64, writable: bool) -> io::Result<()> {
        let fd = socket.as_fd().as_raw_fd();
        self.registry.register(&mut SourceFd(&fd), self::token(token), interest(writable))
    }

    /// Watches a socket for nothing but that it is lost; that it can be read is told, too.
    ///
    /// # Errors
    /// As [`Readiness::watch`].
    pub fn watch_end(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        self.watch(socket, token, false)
    }

    /// Watches a socket for something else from now on.
    ///
    /// # Errors
    /// The socket is not watched.
    pub fn watch_again(&self, socket: impl AsFd, token: u64, writable: bool) -> io::Result<()> {
        let fd = socket.as_fd().as_raw_fd();
        self.registry.reregister(&mut SourceFd(&fd), self::token(token), interest(writable))
    }

    /// No longer watches a socket. One that is closed needs no telling.
    ///
    /// # Errors
    /// The socket is not watched.
    pub fn forget(&self, socket: impl AsFd) -> io::Result<()> {
        self.registry.deregister(&mut SourceFd(&socket.as_fd().as_raw_fd()))
    }

    /// Wakes one thread that waits; it is told [`NUDGE`].
    pub fn nudge(&self) {
        // What cannot be woken wakes at its own time.
        let _ = self.waker.wake();
    }

    /// Waits until something is ready, and takes at most so many tokens of it,
    /// with [`ENDED`] in some; none if the time is over.
    ///
    /// # Errors
    /// What the system says; a signal is no error.
    pub fn wait(
        &self,
        ready: &mut Vec<u64>,
        most: usize,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let mut events = Events::with_capacity(most.max(1));
        let mut poll = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        ready.extend(events.iter().map(|event| match event.token() {
            Token(WAKER) => NUDGE,
            Token(token) if event.is_read_closed() => token as u64 | ENDED,
            Token(token) => token as u64,
        }));
        Ok(())
    }
}

fn token(token: u64) -> Token {
    Token(usize::try_from(token).unwrap_or(WAKER))
}

fn interest(writable: bool) -> Interest {
    if writable { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
}
