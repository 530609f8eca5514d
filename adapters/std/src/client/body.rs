//! The body of a response, read from its connection as it is asked for; at its
//! end the connection goes home.
//! Holds no bytes but the piece at hand; framing and limits are the machine's.

use super::feed::Feed;
use super::run::{feed, turn};
use super::socket::Socket;
use super::{Cause, Error, Upgraded};
use bytes::{Buf, Bytes, BytesMut};
use purlin_core::exchange::Answer;
use purlin_core::{BodyLength, Fields, Id, Mono, Now, Phase, Recv, Reuse};
use purlin_engine::{Inflate, Lent, Pulled, Rest, Turn};
use purlin_net::Clock;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

/// How long what is left of a body that nobody reads may take, to keep the connection.
const PATIENCE: Duration = Duration::from_millis(50);

/// The body of a response.
///
/// It is read from the connection as it is asked for, so a slow reader slows
/// the server. Read to its end it gives the connection back for the next
/// request. Dropped before, it reads up to 256 KiB to that end, if they come
/// within 50 ms; else it closes the connection.
///
/// A response may begin before its request is sent whole: the rest goes out while
/// this is read, and is given up when this is dropped. Behind a status of success
/// the end of this is also the end of the request.
///
/// ```no_run
/// use std::io::Read;
/// let mut body = purlin_std::get("http://127.0.0.1:8080/large")?.into_body();
/// let mut start = [0; 16];
/// body.read_exact(&mut start)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Body {
    /// None once it has ended.
    from: Option<Reading>,
    about: Arc<Answer>,
    /// Bytes that came but did not fit into the reader's room.
    rest: Bytes,
    trailers: Option<Fields>,
    ended: Option<Mono>,
    /// It failed, and is not at its end.
    broken: bool,
}

/// A body that is being read.
pub(super) struct Reading {
    from: Rest<Socket, Feed>,
    /// Bytes that have been transferred.
    came: u64,
    clock: Clock,
    until: Option<(Mono, Duration)>,
    inflate: Option<Box<Inflate>>,
    /// The end, and what came with it, while the rest of the request goes out.
    end: Option<Option<Fields>>,
}

impl Reading {
    pub(super) fn new(from: Rest<Socket, Feed>, clock: Clock, answer: &Answer) -> Reading {
        let inflate = Inflate::of(answer);
        Reading { from, came: 0, clock, until: answer.until, inflate, end: None }
    }

    /// The next piece as it was transferred, or the end. What is still to be sent
    /// of the request goes out meanwhile.
    fn receive(&mut self) -> Result<Piece, Error> {
        // The caller may have taken its time, which is not the server's.
        self.clock.look();
        loop {
            let Rest { lent: Some(lent), id, upload } = &mut self.from else {
                return Err(Error::ended());
            };
            if let Some(piece) = receive(lent, *id, &mut self.end, self.clock.last()) {
                if let Ok(Ok(data)) = &piece {
                    self.came += data.len() as u64;
                }
                return piece;
            }
            let (socket, machine) = lent.parts();
            feed(upload, socket, machine, *id, self.clock.last(), || ())?;
            let until = self.until.map(|(at, _)| at);
            match turn(upload, socket, machine, until, &mut self.clock) {
                Turn::Moved => {}
                Turn::Late => {
                    let limit = self.until.map(|(_, limit)| limit).unwrap_or_default();
                    return Err(Error::new(Cause::TotalTimeout(limit)));
                }
                // It may have told by that why.
                Turn::Stuck => {
                    let told = receive(lent, *id, &mut self.end, self.clock.last());
                    let ended = self.end.take().map(|trailers| Ok(Err(trailers)));
                    return told.or(ended).unwrap_or_else(|| Err(Error::ended()));
                }
            }
        }
    }

    /// The next piece of the content, or the end.
    fn next(&mut self) -> Result<Piece, Error> {
        let Some(mut inflate) = self.inflate.take() else {
            return self.receive();
        };
        let mut trailers = None;
        let next = loop {
            match inflate.pull().map_err(Error::new)? {
                Pulled::Data(piece) => break Ok(piece),
                Pulled::More => match self.receive()? {
                    Ok(piece) => inflate.push(piece),
                    Err(last) => {
                        trailers = last;
                        inflate.end();
                    }
                },
                Pulled::End => break Err(self.after(trailers)?),
            }
        };
        self.inflate = Some(inflate);
        Ok(next)
    }

    /// What follows the coded content: its transfer must end as well.
    fn after(&mut self, trailers: Option<Fields>) -> Result<Option<Fields>, Error> {
        if trailers.is_some() {
            return Ok(trailers);
        }
        loop {
            if let Err(trailers) = self.receive()? {
                return Ok(trailers);
            }
        }
    }
}

/// A piece of the body, or its end.
type Piece = Result<Bytes, Option<Fields>>;

/// What the machine has of the body: none if it has to be waited for. Its end
/// waits in `end` until the request is out as well.
fn receive(
    lent: &mut Lent<Socket>,
    id: Id,
    end: &mut Option<Option<Fields>>,
    now: Now,
) -> Option<Result<Piece, Error>> {
    let machine = lent.machine();
    if end.is_none() {
        match machine.recv(id, now) {
            Recv::Data(data) => return Some(Ok(Ok(data))),
            Recv::Failed(error) => return Some(Err(Error::new(error))),
            Recv::End(trailers) => *end = Some(trailers),
            Recv::Pending => {}
        }
    }
    // What it tells besides is told by `recv` too.
    while machine.poll_event(now).is_some() {}
    if machine.in_exchange() {
        return None;
    }
    end.take().map(|trailers| Ok(Err(trailers)))
}

impl Body {
    pub(super) fn new(reading: Reading, about: Arc<Answer>) -> Body {
        let from = Some(reading);
        let rest = Bytes::new();
        let mut body = Body { from, about, rest, trailers: None, ended: None, broken: false };
        body.end_if_empty();
        body
    }

    fn named(&self, error: Error) -> Error {
        error.during(Phase::Receive).of(&self.about.method, &self.about.url)
    }

    /// A body without bytes is at its end: its connection is free at once.
    fn end_if_empty(&mut self) {
        let Some(reading) = &mut self.from else { return };
        let Rest { lent: Some(lent), id, .. } = &mut reading.from else { return };
        if self.about.body == BodyLength::Empty && !self.about.is_upgraded() {
            let now = reading.clock.last();
            if let Some(Ok(Err(trailers))) = receive(lent, *id, &mut reading.end, now) {
                self.end(trailers);
            }
        }
    }

    fn end(&mut self, trailers: Option<Fields>) {
        self.trailers = trailers;
        if let Some(mut reading) = self.from.take() {
            let now = reading.clock.last();
            self.ended = Some(now.mono);
            if let Some(lent) = reading.from.lent.take() {
                lent.give_back(now);
            }
        }
    }

    /// The next piece; none at the end.
    ///
    /// ```no_run
    /// # fn main() -> purlin_std::client::Result<()> {
    /// let mut body = purlin_std::get("http://127.0.0.1:8080/")?.into_body();
    /// while let Some(piece) = body.chunk()? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// It breaks a rule or a limit, comes too slowly, or not to its end. Asked
    /// again, it says so again ([`Cause::BrokenOff`]).
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        let Some(reading) = &mut self.from else {
            return if self.broken {
                Err(self.named(Error::new(Cause::BrokenOff)))
            } else {
                Ok(None)
            };
        };
        match reading.next() {
            Ok(Ok(piece)) => Ok(Some(piece)),
            Ok(Err(trailers)) => {
                self.end(trailers);
                Ok(None)
            }
            Err(error) => {
                let error = error.after(reading.came, self.about.body);
                self.from = None;
                self.broken = true;
                Err(self.named(error))
            }
        }
    }

    /// All that is left of it.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub fn bytes(&mut self) -> Result<Bytes, Error> {
        let Some(first) = self.chunk()? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk()? else {
            return Ok(first);
        };
        let mut all = BytesMut::with_capacity(2 * (first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.chunk()? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// All that is left of it, as text.
    ///
    /// # Errors
    /// As [`Body::chunk`], and if it is not UTF-8.
    pub fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes.into()).map_err(|error| {
            Error::new(Cause::NotText(error.utf8_error())).of(&self.about.method, &self.about.url)
        })
    }

    /// The trailer fields, once it has been read to its end.
    pub fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_ref()
    }

    /// Whether all of it has been read.
    pub fn is_end(&self) -> bool {
        self.from.is_none() && self.rest.is_empty() && !self.broken
    }

    /// What it is read from, to be read and written as raw bytes.
    pub(super) fn into_upgraded(mut self) -> Option<Upgraded> {
        let mut reading = self.from.take()?;
        let clock = reading.clock;
        let lent = reading.from.lent.take()?;
        Some(Upgraded::new(lent, reading.from.id, clock, self.about.clone()))
    }

    /// When its end had been read.
    pub(super) fn ended(&self) -> Option<Mono> {
        self.ended
    }
}

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !room.is_empty() {
            match self.chunk()? {
                Some(piece) => self.rest = piece,
                None => return Ok(0),
            }
        }
        (&mut self.rest).reader().read(room)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(lent) = self.from.lent.take() {
            leave(lent, self.from.id, &mut self.clock);
        }
    }
}

/// Reads what is left of a body that nobody wants, as far as that is cheaper
/// than a new connection, and gives the connection back or closes it.
pub(super) fn leave(mut lent: Lent<Socket>, id: Id, clock: &mut Clock) {
    let now = clock.look();
    let until = now.mono + PATIENCE;
    let (socket, machine) = lent.parts();
    if machine.discard(id, now).is_err() {
        return lent.give_back(now);
    }
    loop {
        while machine.poll_event(clock.last()).is_some() {}
        if machine.reuse() != Reuse::Later || machine.want().close.is_some() {
            break;
        }
        if socket.turn(machine, Some(until), clock) != Turn::Moved {
            break;
        }
    }
    lent.give_back(clock.last());
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_end() { "Body(ended)" } else { "Body" })
    }
}
