//! What is left of a connection when HTTP is over: raw bytes both ways.

use super::beside::BesideOthers;
use super::runtime::Blocking;
use super::{Cause, Error};
use crate::duplex::duplex;
use purlin_core::Phase;
use purlin_engine::{Moved, Raw};
use purlin_net::client::{Idle, Nudge, wait_for};
use purlin_net::{Clock, Stream};
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// A connection that speaks another protocol after 101 (Switching Protocols),
/// or is a tunnel after a CONNECT; whatever lies around it, TLS say, stays.
///
/// Like a `TcpStream` it can be read by one thread while another writes: `&Upgraded`
/// does both.
///
/// ```no_run
/// use purlin_std::client::{Client, Request};
/// use std::io::{Read, Write};
///
/// let request = Request::get("http://127.0.0.1:8080/echo")
///     .header("Connection", "upgrade")
///     .header("Upgrade", "echo");
/// let response = Client::new().send(request)?;
/// if let Some(mut stream) = response.upgrade() {
///     stream.write_all(b"hello")?;
///     stream.finish()?;
///     let mut text = String::new();
///     stream.read_to_string(&mut text)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Upgraded {
    /// What is waited for, apart from the lock; none where others use the connection too.
    stream: Option<Arc<Stream>>,
    /// The connection, which nobody holds on to while he waits.
    raw: Mutex<Raw<Blocking>>,
    /// Of the one who reads.
    reader: Mutex<Reader>,
    /// A read gives up after a while.
    hurries: AtomicBool,
    /// How long it takes, where others use the connection too.
    limit: Mutex<Option<Duration>>,
}

/// Room for what comes, and how much of it the machine has not taken yet.
#[derive(Default)]
struct Reader {
    room: Vec<u8>,
    came: std::ops::Range<usize>,
}

/// How much is read at a time.
const ROOM: usize = 16 * 1024;

impl Upgraded {
    pub(super) fn new(mut raw: Raw<Blocking>) -> Upgraded {
        let stream = raw.parts().0.parts().map(|(socket, _)| socket.stream());
        let (reader, hurries) = (Mutex::default(), AtomicBool::new(false));
        Upgraded { stream, raw: Mutex::new(raw), reader, hurries, limit: Mutex::default() }
    }

    fn raw(&self) -> MutexGuard<'_, Raw<Blocking>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has reads give up after this time, with [`io::ErrorKind::WouldBlock`]; without
    /// one they wait without end.
    ///
    /// # Errors
    /// The socket cannot be set.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.hurries.store(limit.is_some(), Ordering::Relaxed);
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
        self.stream.as_ref().map_or(Ok(()), |stream| stream.set_read_timeout(limit))
    }

    /// Polls until it is ready, on a connection that others use too.
    fn block<T>(
        &self,
        limit: Option<Duration>,
        mut poll: impl FnMut(&mut Raw<Blocking>, &mut Context<'_>) -> Poll<T>,
    ) -> io::Result<T> {
        let (nudge, mut clock) = (Nudge::new()?, Clock::of_thread());
        let until = limit.map(|limit| clock.look().mono + limit);
        loop {
            let mut raw = self.raw();
            let polled = poll(&mut raw, &mut Context::from_waker(nudge.waker()));
            if let Poll::Ready(done) = polled {
                return Ok(done);
            }
            let left = until.map(|until| until.since(clock.look().mono));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let beside = BesideOthers::of(raw.parts().0);
            drop(raw);
            let came = beside.wait(&nudge, left, &mut clock)?;
            let mut raw = self.raw();
            let (lease, now) = raw.parts();
            lease.lead(|socket, machine| socket.waited(machine, came, now));
        }
    }

    fn read_some(&self, room: &mut [u8]) -> io::Result<usize> {
        match &self.stream {
            _ if room.is_empty() => Ok(0),
            Some(stream) => self.receive(stream, room),
            None => {
                let limit = *self.limit.lock().unwrap_or_else(PoisonError::into_inner);
                self.block(limit, |raw, cx| raw.poll_read(room, cx))?
            }
        }
    }

    fn receive(&self, stream: &Stream, room: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let before = reader.came.len();
            let mut raw = self.raw();
            let (lease, now) = raw.parts();
            let taken = lease.machine().receive(&reader.room[reader.came.clone()], now);
            reader.came.start += taken;
            let read = raw.read(room);
            // What came may have to be answered, as in TLS.
            let (lease, now) = raw.parts();
            lease.flush(now);
            if let Some(count) = read? {
                return Ok(count);
            }
            if before == 0 {
                drop(raw);
                self.wait(stream, &mut reader)?;
            } else if taken == 0 {
                return Err(raw.named(Error::ended()).into());
            }
        }
    }

    /// Waits for more, while others may write.
    fn wait(&self, stream: &Stream, reader: &mut Reader) -> io::Result<()> {
        reader.room.resize(ROOM, 0);
        match stream.read(&mut reader.room) {
            Moved::Bytes(count) => reader.came = 0..count,
            Moved::Nothing if self.hurries.load(Ordering::Relaxed) => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            moved => {
                let mut raw = self.raw();
                let (lease, now) = raw.parts();
                if let Some((socket, machine)) = lease.parts() {
                    socket.tell(machine, moved, now);
                }
            }
        }
        Ok(())
    }

    fn write_some(&self, data: &[u8]) -> io::Result<usize> {
        let Some(stream) = &self.stream else {
            return Ok(self.block(None, |raw, cx| raw.poll_write(data, cx))??);
        };
        let mut piece = Raw::<Blocking>::piece(data);
        let offered = piece.len();
        while !piece.is_empty() && !self.raw().write(&mut piece)? {
            self.wait_for_room(stream)?;
        }
        Ok(offered - piece.len())
    }

    fn flush_all(&self) -> io::Result<()> {
        Ok(self.write_out()?)
    }

    fn write_out(&self) -> Result<(), Error> {
        let Some(stream) = &self.stream else {
            return self
                .block(None, Raw::poll_flush)
                .unwrap_or_else(|error| Err(Error::new(Cause::Io(error)).during(Phase::Send)));
        };
        while self.raw().flush()? {
            self.wait_for_room(stream)?;
        }
        Ok(())
    }

    fn wait_for_room(&self, stream: &Stream) -> Result<(), Error> {
        let mut raw = self.raw();
        let (lease, now) = raw.parts();
        let wait = lease.machine().deadline().map(|(at, _)| at.since(now.mono));
        drop(raw);
        let waited = wait_for(&[(stream.as_fd(), Idle::Writes)], wait);
        let mut raw = self.raw();
        waited.map_err(|error| raw.named(Error::new(Cause::Io(error)).during(Phase::Send)))?;
        let (lease, now) = raw.parts();
        lease.machine().tick(now);
        Ok(())
    }

    /// Says that nothing more will be written; reading goes on.
    ///
    /// # Errors
    /// The connection failed.
    pub fn finish(&self) -> Result<(), Error> {
        self.raw().finish()?;
        self.write_out()
    }
}

duplex! { Upgraded }
