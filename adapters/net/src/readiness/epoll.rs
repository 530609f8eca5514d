//! Readiness by epoll, edge-triggered: it tells of a socket when that becomes ready.

use super::{ENDED, NUDGE};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Sockets that are watched, and the threads that wait for them.
///
/// ```
/// use purlin_net::Readiness;
/// use std::io::Write;
/// use std::os::unix::net::UnixStream;
///
/// let readiness = Readiness::new()?;
/// let (watched, mut other) = UnixStream::pair()?;
/// readiness.watch(&watched, 7, false)?;
/// other.write_all(b"x")?;
/// let mut ready = Vec::new();
/// readiness.wait(&mut ready, 1, None)?;
/// assert_eq!(ready, [7]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Readiness {
    epoll: OwnedFd,
    nudge: OwnedFd,
}

impl Readiness {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// The system gives no more descriptors.
    pub fn new() -> io::Result<Readiness> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let nudge = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &nudge, EventData::new_u64(NUDGE), flags)?;
        Ok(Readiness { epoll, nudge })
    }

    /// Watches a socket for input, and for room to write if that is wanted, and
    /// tells of it by this token. What is ready already is told at once.
    ///
    /// # Errors
    /// The system has no room for more, or the socket is watched already.
    pub fn watch(&self, socket: impl AsFd, token: u64, writable: bool) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token), flags(writable))?)
    }

    /// Watches a socket for nothing but that it is lost: a reset, or the end of both directions.
    ///
    /// # Errors
    /// As [`Readiness::watch`].
    pub fn watch_end(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        // Errors and hang-ups are told also if they are not asked for.
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token), EventFlags::ET)?)
    }

    /// Watches a socket for something else from now on.
    ///
    /// # Errors
    /// The socket is not watched.
    pub fn watch_again(&self, socket: impl AsFd, token: u64, writable: bool) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, socket, EventData::new_u64(token), flags(writable))?)
    }

    /// No longer watches a socket. One that is closed needs no telling.
    ///
    /// # Errors
    /// The socket is not watched.
    pub fn forget(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Wakes one thread that waits; it is told [`NUDGE`].
    pub fn nudge(&self) {
        // Only a counter that is full refuses, and then it has been woken often.
        let _ = rustix::io::write(&self.nudge, &1_u64.to_ne_bytes());
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
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut events = Vec::with_capacity(most.max(1));
        match epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        ready.extend(events.iter().map(token));
        Ok(())
    }
}

fn token(event: &epoll::Event) -> u64 {
    // Their fields are not aligned.
    let (flags, token) = (event.flags, event.data.u64());
    let ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
    if ended { token | ENDED } else { token }
}

fn flags(writable: bool) -> EventFlags {
    let room = if writable { EventFlags::OUT } else { EventFlags::empty() };
    EventFlags::IN | EventFlags::RDHUP | EventFlags::ET | room
}
