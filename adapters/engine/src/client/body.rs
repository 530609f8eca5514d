//! The body of a response, read from its connection as it is asked for; at its
//! end the connection goes back to where it was lent.
//! Holds no bytes but the piece at hand; framing and limits are the machine's.

use super::feed::{TURNS, feed};
use super::leave::Leaving;
use super::raw::Raw;
use super::runtime::{Awaited, Runtime, Waits};
use super::socket::Clock;
use crate::in_flight::Rest;
use crate::inflate::{Inflate, Pulled};
use crate::lease::Lease;
use crate::line::Turn;
use crate::link::ReadReady;
use bytes::{Buf, Bytes};
use purlin_core::exchange::{Answer, Cause, Error};
use purlin_core::{BodyLength, Fields, Id, Mono, Now, Phase, Recv};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, Read};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The body of a response.
pub struct Body<R: Runtime> {
    /// None once it has ended. In a place of its own, since responses are passed on.
    from: Option<Box<Reading<R>>>,
    about: Arc<Answer>,
    /// Bytes that came but did not fit into the reader's room.
    rest: Bytes,
    trailers: Option<Fields>,
    ended: Option<Mono>,
    /// It failed, and is not at its end.
    broken: bool,
}

/// A body that is being read.
struct Reading<R: Runtime> {
    from: Rest<R::Socket, R::Source>,
    /// Bytes that have been transferred.
    came: u64,
    clock: R::Clock,
    until: Option<(Mono, Duration)>,
    inflate: Option<Box<Inflate>>,
    /// What came behind the coded content.
    trailers: Option<Fields>,
    /// The end, and what came with it, while the rest of the request goes out.
    end: Option<Option<Fields>>,
    /// A turn is under way.
    turning: bool,
}

/// A piece of the body, or its end.
type Piece = Result<Bytes, Option<Fields>>;

impl<R: Runtime> Reading<R> {
    /// The next piece as it was transferred, or the end. What is still to be sent
    /// of the request goes out meanwhile.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, Error>> {
        // The caller may have taken its time, which is not the server's.
        self.clock.look();
        for _ in 0..TURNS {
            let Rest { lease: Some(lease), id, upload } = &mut self.from else {
                return Poll::Ready(Err(Error::ended()));
            };
            if !self.turning {
                if let Some(piece) = receive(lease, *id, &mut self.end, self.clock.last()) {
                    if let Ok(Ok(data)) = &piece {
                        self.came += data.len() as u64;
                    }
                    return Poll::Ready(piece);
                }
            }
            let beside = feed(upload, lease, *id, &mut self.clock, || (), cx)?;
            let until = self.until.map(|(at, _)| at);
            let turn = lease.poll_turn(beside, until, &mut self.clock, cx);
            self.turning = turn.is_pending();
            if self.turning && self.end.is_some() {
                // What was written may have been the last of the request.
                if let Some(end) = receive(lease, *id, &mut self.end, self.clock.last()) {
                    return Poll::Ready(end);
                }
            }
            match ready!(turn) {
                Turn::Moved => {}
                Turn::Late => {
                    let limit = self.until.map(|(_, limit)| limit).unwrap_or_default();
                    return Poll::Ready(Err(Error::new(Cause::TotalTimeout(limit))));
                }
                // It may have told by that why.
                Turn::Stuck => {
                    let told = receive(lease, *id, &mut self.end, self.clock.last());
                    let ended = self.end.take().map(|trailers| Ok(Err(trailers)));
                    return Poll::Ready(told.or(ended).unwrap_or_else(|| Err(Error::ended())));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The next piece of the content, or the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, Error>> {
        let Some(mut inflate) = self.inflate.take() else {
            return self.poll_receive(cx);
        };
        let next = self.poll_inflate(&mut inflate, cx);
        self.inflate = Some(inflate);
        next
    }

    fn poll_inflate(
        &mut self,
        inflate: &mut Inflate,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Piece, Error>> {
        loop {
            match inflate.pull().map_err(Error::new)? {
                Pulled::Data(piece) => return Poll::Ready(Ok(Ok(piece))),
                Pulled::More => match ready!(self.poll_receive(cx))? {
                    Ok(piece) => inflate.push(piece),
                    Err(trailers) => {
                        self.trailers = trailers;
                        inflate.end();
                    }
                },
                // The transfer must end as well.
                Pulled::End => loop {
                    if let Some(trailers) = self.trailers.take() {
                        return Poll::Ready(Ok(Err(Some(trailers))));
                    }
                    if let Err(trailers) = ready!(self.poll_receive(cx))? {
                        return Poll::Ready(Ok(Err(trailers)));
                    }
                },
            }
        }
    }
}

/// What the machine has of the body: none if it has to be waited for. Its end
/// waits in `end` until the request is out as well.
fn receive<S: ReadReady + Send + 'static>(
    lease: &mut Lease<S>,
    id: Id,
    end: &mut Option<Option<Fields>>,
    now: Now,
) -> Option<Result<Piece, Error>> {
    let machine = lease.machine();
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

impl<R: Runtime> Body<R> {
    pub(super) fn new(
        from: Rest<R::Socket, R::Source>,
        clock: R::Clock,
        about: Arc<Answer>,
    ) -> Body<R> {
        let (inflate, until) = (Inflate::of(&about), about.until);
        let (came, trailers, end, turning) = (0, None, None, false);
        let reading = Reading { from, came, clock, until, inflate, trailers, end, turning };
        let from = Some(Box::new(reading));
        let rest = Bytes::new();
        let mut body = Body { from, about, rest, trailers: None, ended: None, broken: false };
        body.end_if_whole();
        body
    }

    fn named(&self, error: Error) -> Error {
        error.during(Phase::Receive).of(&self.about.method, &self.about.url)
    }

    /// A body whose bytes have all been read is at its end: its connection is free at once.
    fn end_if_whole(&mut self) {
        let Some(reading) = &mut self.from else { return };
        let whole = match self.about.body {
            BodyLength::Empty => !self.about.is_upgraded(),
            BodyLength::Known(length) => reading.came == length && reading.inflate.is_none(),
            BodyLength::Unknown => false,
        };
        let Rest { lease: Some(lease), id, .. } = &mut reading.from else { return };
        if whole {
            let now = reading.clock.last();
            if let Some(Ok(Err(trailers))) = receive(lease, *id, &mut reading.end, now) {
                self.end(trailers);
            }
        }
    }

    fn end(&mut self, trailers: Option<Fields>) {
        self.trailers = trailers;
        if let Some(mut reading) = self.from.take() {
            let now = reading.clock.last();
            self.ended = Some(now.mono);
            if let Some(lease) = reading.from.lease.take() {
                lease.give_back(now);
            }
        }
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
        let Some(reading) = &mut self.from else {
            return Poll::Ready(if self.broken {
                Err(self.named(Error::new(Cause::BrokenOff)))
            } else {
                Ok(None)
            });
        };
        Poll::Ready(match ready!(reading.poll_next(cx)) {
            Ok(Ok(piece)) => {
                self.end_if_whole();
                Ok(Some(piece))
            }
            Ok(Err(trailers)) => {
                self.end(trailers);
                Ok(None)
            }
            Err(error) => {
                let error = error.after(reading.came, self.about.body);
                Err(self.fail(error))
            }
        })
    }

    /// It is read no further, for this reason.
    pub fn fail(&mut self, error: Error) -> Error {
        self.from = None;
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
        self.from.is_none() && self.rest.is_empty() && !self.broken
    }

    /// When its end had been read.
    pub fn ended(&self) -> Option<Mono> {
        self.ended
    }

    /// What it is read from, to be read and written as raw bytes.
    pub fn into_raw(mut self) -> Option<Raw<R>> {
        let mut reading = self.from.take()?;
        let (clock, id) = (reading.clock.clone(), reading.from.id);
        Some(Raw::new(reading.from.lease.take()?, id, clock, self.about))
    }
}

impl<R: Runtime> Awaited<R> for Body<R> {
    fn waits(&mut self) -> Waits<'_, R> {
        let Some(reading) = &mut self.from else { return Waits::Nothing };
        let Reading { from, clock, .. } = &mut **reading;
        match &mut from.lease {
            Some(lease) => Waits::line(lease, clock, from.upload.is_some()),
            None => Waits::Nothing,
        }
    }
}

impl<R: Runtime> Drop for Reading<R> {
    fn drop(&mut self) {
        if let Some(lease) = self.from.lease.take() {
            let now = self.clock.look();
            if let Some(leaving) = Leaving::new(lease, self.from.id, now) {
                R::leave(leaving, &mut self.clock);
            }
        }
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
