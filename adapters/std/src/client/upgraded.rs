//! What is left of a connection when HTTP is over: raw bytes both ways.

use super::runtime::Blocking;
use super::socket::Socket;
use super::{Cause, Error};
use bytes::{Buf, Bytes};
use purlin_core::exchange::Answer;
use purlin_core::{Eof, Id, Phase, Recv};
use purlin_engine::{Lent, Moved, Raw, Socket as _};
use purlin_net::client::{Idle, wait_for};
use purlin_net::{Clock, Stream};
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most that is handed to the machine by one write.
const PIECE: usize = 64 * 1024;

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
    line: Mutex<Line>,
    /// Of the one who reads.
    reader: Mutex<Reader>,
    /// A read gives up after a while.
    hurries: AtomicBool,
    about: Arc<Answer>,
}

/// The connection, which nobody holds on to while he waits.
struct Line {
    lent: Lent<Socket>,
    id: Id,
    clock: Clock,
}

/// What one who reads has at hand.
struct Reader {
    /// Bytes for the caller that did not fit into his room.
    rest: Bytes,
    /// Room for what comes, and how much of it the machine has not taken yet.
    room: Vec<u8>,
    came: std::ops::Range<usize>,
}

/// How much is read at a time.
const ROOM: usize = 16 * 1024;

impl Line {
    /// Writes what there is, as far as the socket takes it; says whether some is left.
    fn write_out(&mut self) -> bool {
        let now = self.clock.look();
        let (socket, machine) = self.lent.parts();
        socket.flush(machine, now);
        let want = machine.want();
        socket.half_close(want.close);
        want.write
    }

    /// Gives the machine what came, as far as it takes it, and takes what is for the caller.
    fn receive(&mut self, reader: &mut Reader) -> Recv {
        let now = self.clock.look();
        let (_, machine) = self.lent.parts();
        reader.came.start += machine.receive(&reader.room[reader.came.clone()], now);
        while machine.poll_event(now).is_some() {}
        machine.recv(self.id, now)
    }

    /// How long the machine lets one wait.
    fn patience(&mut self) -> Option<Duration> {
        let now = self.clock.look();
        self.lent.machine().deadline().map(|(at, _)| at.since(now.mono))
    }

    fn pass_time(&mut self) {
        let now = self.clock.look();
        self.lent.machine().tick(now);
    }

    /// The input ended; in order, if nothing was lost before.
    fn end(&mut self, how: Eof) {
        let now = self.clock.look();
        let (socket, machine) = self.lent.parts();
        machine.eof(if how == Eof::Clean { socket.end() } else { how }, now);
    }

    /// Whether a write has failed. Whoever reads goes on until that fails too.
    fn is_lost(&mut self) -> bool {
        self.lent.parts().0.is_lost()
    }
}

impl Upgraded {
    pub(super) fn new(raw: Raw<Blocking>) -> Upgraded {
        let Raw { mut lent, id, clock, about } = raw;
        let stream = lent.parts().0.stream();
        let reader = Reader { rest: Bytes::new(), room: Vec::new(), came: 0..0 };
        Upgraded {
            stream,
            line: Mutex::new(Line { lent, id, clock }),
            reader: Mutex::new(reader),
            hurries: AtomicBool::new(false),
            about,
        }
    }

    fn named(&self, error: Error) -> Error {
        error.of(&self.about.method, &self.about.url)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn receive(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = &mut *reader;
        while reader.rest.is_empty() {
            let before = reader.came.clone();
            let mut line = self.line();
            let received = line.receive(reader);
            line.write_out();
            drop(line);
            match received {
                Recv::Data(data) => reader.rest = data,
                Recv::End(_) => return Ok(0),
                Recv::Failed(error) => {
                    let error = Error::new(error).during(Phase::Receive);
                    return Err(self.named(error).into());
                }
                Recv::Pending if reader.came.is_empty() => self.wait(reader)?,
                Recv::Pending if reader.came == before => {
                    return Err(self.named(Error::ended()).into());
                }
                // The machine had no room for it before.
                Recv::Pending => {}
            }
        }
        (&mut reader.rest).reader().read(room)
    }

    /// Waits for more, while others may write.
    fn wait(&self, reader: &mut Reader) -> io::Result<()> {
        reader.room.resize(ROOM, 0);
        match self.stream.read(&mut reader.room) {
            Moved::Bytes(count) => reader.came = 0..count,
            Moved::End => self.line().end(Eof::Clean),
            Moved::Lost => self.line().end(Eof::Reset),
            Moved::Nothing if self.hurries.load(Ordering::Relaxed) => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Moved::Nothing => {}
        }
        Ok(())
    }

    fn send(&self, piece: &[u8]) -> Result<usize, Error> {
        let most = piece.len().min(PIECE);
        let mut data = Bytes::copy_from_slice(&piece[..most]);
        loop {
            let mut line = self.line();
            let (id, now) = (line.id, line.clock.look());
            let sent = line.lent.machine().send(id, &mut data, now);
            line.write_out();
            let lost = line.is_lost();
            drop(line);
            if lost {
                return Err(self.named(Error::ended().during(Phase::Send)));
            }
            sent.map_err(|misuse| self.named(Error::of_raw(misuse)))?;
            if data.len() < most {
                return Ok(most - data.len());
            }
            self.wait_for_room()?;
        }
    }

    fn write_out(&self) -> Result<(), Error> {
        while self.line().write_out() {
            if self.line().is_lost() {
                return Err(self.named(Error::ended().during(Phase::Send)));
            }
            self.wait_for_room()?;
        }
        Ok(())
    }

    fn wait_for_room(&self) -> Result<(), Error> {
        let wait = self.line().patience();
        let waited = wait_for(&[(self.stream.as_fd(), Idle::Writes)], wait);
        waited.map_err(|error| self.named(Error::new(Cause::Io(error)).during(Phase::Send)))?;
        self.line().pass_time();
        Ok(())
    }

    /// Says that nothing more will be written; reading goes on.
    ///
    /// # Errors
    /// The connection failed.
    pub fn finish(&self) -> Result<(), Error> {
        let mut line = self.line();
        let (id, now) = (line.id, line.clock.look());
        let finished = line.lent.machine().finish(id, None, now);
        drop(line);
        finished.map_err(|misuse| self.named(Error::of_raw(misuse)))?;
        self.write_out()
    }
}

impl Read for &Upgraded {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() { Ok(0) } else { self.receive(room) }
    }
}

impl Read for Upgraded {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (&*self).read(room)
    }
}

impl Write for &Upgraded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.is_empty() { Ok(0) } else { Ok(self.send(piece)?) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.write_out()?)
    }
}

impl Write for Upgraded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        (&*self).write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}
