//! What is left of a connection when HTTP is over: raw bytes both ways.

use super::Error;
use super::socket::{Socket, Turn};
use bytes::{Buf, Bytes};
use purlin_core::exchange::Answer;
use purlin_core::{Id, Phase, Recv};
use purlin_host::Clock;
use purlin_host::client::Lent;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// The most that is handed to the machine by one write.
const PIECE: usize = 64 * 1024;

/// A connection that speaks another protocol after 101 (Switching Protocols),
/// or is a tunnel after a CONNECT; whatever lies around it, TLS say, stays.
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
    lent: Lent<Socket>,
    id: Id,
    clock: Clock,
    about: Arc<Answer>,
    /// Bytes that came but did not fit into the reader's room.
    rest: Bytes,
}

impl Upgraded {
    fn named(&self, error: Error) -> Error {
        error.of(&self.about.method, &self.about.url)
    }

    pub(super) fn new(lent: Lent<Socket>, id: Id, clock: Clock, about: Arc<Answer>) -> Upgraded {
        Upgraded { lent, id, clock, about, rest: Bytes::new() }
    }

    fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let (_, machine) = self.lent.parts();
            match machine.recv(self.id, self.clock.look()) {
                Recv::Data(data) => return Ok(Some(data)),
                Recv::End(_) => return Ok(None),
                Recv::Failed(error) => {
                    return Err(self.named(Error::new(error).during(Phase::Receive)));
                }
                Recv::Pending => self.turn(false)?,
            }
        }
    }

    /// Moves something, either way; does not wait to read while one `writes`.
    fn turn(&mut self, writes: bool) -> Result<(), Error> {
        let (socket, machine) = self.lent.parts();
        while machine.poll_event(self.clock.last()).is_some() {}
        self.clock.look();
        match socket.turn(machine, writes, None, &mut self.clock) {
            Turn::Moved => Ok(()),
            Turn::Late | Turn::Stuck => Err(self.named(Error::ended())),
        }
    }

    fn send(&mut self, piece: &[u8]) -> Result<usize, Error> {
        let most = piece.len().min(PIECE);
        let mut data = Bytes::copy_from_slice(&piece[..most]);
        loop {
            let now = self.clock.look();
            let (socket, machine) = self.lent.parts();
            let sent = machine.send(self.id, &mut data, now);
            socket.flush(machine, now);
            sent.map_err(|misuse| self.named(Error::of_raw(misuse)))?;
            if data.len() < most {
                return Ok(most - data.len());
            }
            self.turn(true)?;
        }
    }

    fn write_out(&mut self) -> Result<(), Error> {
        while self.lent.machine().want().write {
            self.turn(true)?;
        }
        Ok(())
    }

    /// Says that nothing more will be written; reading goes on.
    ///
    /// # Errors
    /// The connection failed.
    pub fn finish(&mut self) -> Result<(), Error> {
        let now = self.clock.look();
        let finished = self.lent.machine().finish(self.id, None, now);
        finished.map_err(|misuse| self.named(Error::of_raw(misuse)))?;
        self.write_out()?;
        let (socket, machine) = self.lent.parts();
        socket.flush(machine, now);
        Ok(())
    }
}

impl Read for Upgraded {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !room.is_empty() {
            match self.receive()? {
                Some(piece) => self.rest = piece,
                None => return Ok(0),
            }
        }
        (&mut self.rest).reader().read(room)
    }
}

impl Write for Upgraded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.is_empty() { Ok(0) } else { Ok(self.send(piece)?) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(self.write_out()?)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}
