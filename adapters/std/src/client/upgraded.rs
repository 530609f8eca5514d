//! What is left of a connection when HTTP is over: raw bytes both ways.

use super::runtime::Blocking;
use super::{Cause, Error};
use crate::duplex::duplex;
use purlin_core::Phase;
use purlin_engine::{Moved, Raw, Socket as _};
use purlin_net::Stream;
use purlin_net::client::{Idle, wait_for};
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// What is waited for, apart from the lock.
    stream: Arc<Stream>,
    /// The connection, which nobody holds on to while he waits.
    raw: Mutex<Raw<Blocking>>,
    /// Of the one who reads.
    reader: Mutex<Reader>,
    /// A read gives up after a while.
    hurries: AtomicBool,
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
        let stream = raw.parts().0.stream();
        let (reader, hurries) = (Mutex::default(), AtomicBool::new(false));
        Upgraded { stream, raw: Mutex::new(raw), reader, hurries }
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
        self.stream.set_read_timeout(limit)
    }

    fn read_some(&self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let before = reader.came.len();
            let mut raw = self.raw();
            let (_, machine, now) = raw.parts();
            let taken = machine.receive(&reader.room[reader.came.clone()], now);
            reader.came.start += taken;
            let read = raw.read(room);
            // What came may have to be answered, as in TLS.
            let (socket, machine, now) = raw.parts();
            socket.flush(machine, now);
            if let Some(count) = read? {
                return Ok(count);
            }
            if before == 0 {
                drop(raw);
                self.wait(&mut reader)?;
            } else if taken == 0 {
                return Err(raw.named(Error::ended()).into());
            }
        }
    }

    /// Waits for more, while others may write.
    fn wait(&self, reader: &mut Reader) -> io::Result<()> {
        reader.room.resize(ROOM, 0);
        match self.stream.read(&mut reader.room) {
            Moved::Bytes(count) => reader.came = 0..count,
            Moved::Nothing if self.hurries.load(Ordering::Relaxed) => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            moved => {
                let mut raw = self.raw();
                let (socket, machine, now) = raw.parts();
                socket.tell(machine, moved, now);
            }
        }
        Ok(())
    }

    fn write_some(&self, data: &[u8]) -> io::Result<usize> {
        let mut piece = Raw::<Blocking>::piece(data);
        let offered = piece.len();
        while !piece.is_empty() && !self.raw().write(&mut piece)? {
            self.wait_for_room()?;
        }
        Ok(offered - piece.len())
    }

    fn flush_all(&self) -> io::Result<()> {
        Ok(self.write_out()?)
    }

    fn write_out(&self) -> Result<(), Error> {
        while self.raw().flush()? {
            self.wait_for_room()?;
        }
        Ok(())
    }

    fn wait_for_room(&self) -> Result<(), Error> {
        let mut raw = self.raw();
        let (_, machine, now) = raw.parts();
        let wait = machine.deadline().map(|(at, _)| at.since(now.mono));
        drop(raw);
        let waited = wait_for(&[(self.stream.as_fd(), Idle::Writes)], wait);
        let mut raw = self.raw();
        waited.map_err(|error| raw.named(Error::new(Cause::Io(error)).during(Phase::Send)))?;
        let (_, machine, now) = raw.parts();
        machine.tick(now);
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
