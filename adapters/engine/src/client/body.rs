//! The body of a response, read from its connection as it is asked for; at its
//! end the connection goes back to where it was lent.
//! Holds no bytes but the piece at hand; framing and limits are the machine's.

use super::errand::Errand;
use super::raw::Raw;
use super::runtime::{Awaited, Runtime, Waits};
use super::socket::Clock;
use bytes::{Buf, Bytes};
use purlin_core::exchange::{Answer, Cause, Error};
use purlin_core::{BodyLength, Fields, Mono, Phase};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, Read};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The body of a response.
pub struct Body<R: Runtime> {
    /// Without its connection once the body has ended.
    errand: Box<Errand<R>>,
    about: Arc<Answer>,
    /// Bytes that came but did not fit into the reader's room.
    rest: Bytes,
    trailers: Option<Fields>,
    ended: Option<Mono>,
    /// It failed, and is not at its end.
    broken: bool,
}

impl<R: Runtime> Body<R> {
    pub(super) fn new(mut errand: Box<Errand<R>>, about: Arc<Answer>) -> Body<R> {
        errand.begin_reading(&about);
        let rest = Bytes::new();
        let mut body = Body { errand, about, rest, trailers: None, ended: None, broken: false };
        body.end_if_whole();
        body
    }

    fn named(&self, error: Error) -> Error {
        error.during(Phase::Receive).of(&self.about.method, &self.about.url)
    }

    /// A body whose bytes have all been read is at its end: its connection is free at once.
    fn end_if_whole(&mut self) {
        let length = match self.about.body {
            BodyLength::Empty if self.about.is_upgraded() => return,
            BodyLength::Empty => 0,
            BodyLength::Known(length) => length,
            BodyLength::Unknown => return,
        };
        if let Some(trailers) = self.errand.whole(length) {
            self.end(trailers);
        }
    }

    fn end(&mut self, trailers: Option<Fields>) {
        self.trailers = trailers;
        self.ended = Some(self.errand.clock.last().mono);
        self.errand.go_home();
    }

    fn is_open(&self) -> bool {
        self.errand.in_flight.lease.is_some()
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// It breaks a rule or a limit, comes too slowly, or not to its end. Asked
    /// again, it says so again ([`Cause::BrokenOff`]).
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        if !self.is_open() {
            return Poll::Ready(if self.broken {
                Err(self.named(Error::new(Cause::BrokenOff)))
            } else {
                Ok(None)
            });
        }
        Poll::Ready(match ready!(self.errand.poll_next(cx)) {
            Ok(Ok(piece)) => {
                self.end_if_whole();
                Ok(Some(piece))
            }
            Ok(Err(trailers)) => {
                self.end(trailers);
                Ok(None)
            }
            Err(error) => {
                let error = error.after(self.errand.reading.came, self.about.body);
                Err(self.fail(error))
            }
        })
    }

    /// It is read no further, for this reason.
    pub fn fail(&mut self, error: Error) -> Error {
        self.errand.leave();
        self.broken = true;
        self.named(error)
    }

    /// Fills this room, as far as there is something; nothing at the end.
    ///
    /// # Errors
    /// As [`Body::poll_chunk`].
    pub fn poll_read(&mut self, room: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.rest.is_empty() && !room.is_empty() {
            match ready!(self.poll_chunk(cx))? {
                Some(piece) => self.rest = piece,
                None => return Poll::Ready(Ok(0)),
            }
        }
        Poll::Ready((&mut self.rest).reader().read(room))
    }

    /// All that is left of it, for who awaits.
    ///
    /// # Errors
    /// As [`Body::poll_chunk`].
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        let mut all = Gathered::default();
        while let Some(piece) = poll_fn(|cx| self.poll_chunk(cx)).await? {
            all.push(piece);
        }
        Ok(all.finish())
    }

    /// What was read of it, as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self, read: Bytes) -> Result<String, Error> {
        String::from_utf8(read.into()).map_err(|error| {
            Error::new(Cause::NotText(error.utf8_error())).of(&self.about.method, &self.about.url)
        })
    }

    /// The trailer fields, once it has been read to its end.
    pub fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_ref()
    }

    /// Whether all of it has been read.
    pub fn is_end(&self) -> bool {
        !self.is_open() && self.rest.is_empty() && !self.broken
    }

    /// When its end had been read.
    pub fn ended(&self) -> Option<Mono> {
        self.ended
    }

    /// What it is read from, to be read and written as raw bytes.
    pub fn into_raw(mut self) -> Option<Raw<R>> {
        let Errand { in_flight, clock, .. } = &mut *self.errand;
        let lease = in_flight.lease.take()?;
        Some(Raw::new(lease, in_flight.id(), clock.clone(), self.about.clone()))
    }
}

impl<R: Runtime> Awaited<R> for Body<R> {
    fn waits(&mut self) -> Waits<'_, R> {
        self.errand.waits()
    }
}

impl<R: Runtime> Drop for Body<R> {
    fn drop(&mut self) {
        self.errand.leave();
    }
}

impl<R: Runtime> fmt::Debug for Body<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_end() { "Body(ended)" } else { "Body" })
    }
}

/// A body that is gathered. One that comes in one piece is not copied.
#[derive(Debug, Default)]
pub struct Gathered {
    first: Bytes,
    all: Vec<u8>,
}

impl Gathered {
    /// One piece more.
    pub fn push(&mut self, piece: Bytes) {
        if !self.all.is_empty() {
            self.all.extend_from_slice(&piece);
        } else if self.first.is_empty() {
            self.first = piece;
        } else {
            self.all.reserve(2 * (self.first.len() + piece.len()));
            self.all.extend_from_slice(&self.first);
            self.all.extend_from_slice(&piece);
        }
    }

    /// All of it.
    pub fn finish(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.into() }
    }
}
