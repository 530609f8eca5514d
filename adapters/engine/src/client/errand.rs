//! A request and the reading of its response, in one place in memory from the beginning to the
//! end: what passes them on passes a pointer.
//! What the response is, says its body.

use super::feed::{TURNS, feed};
use super::leave::Leaving;
use super::runtime::{Runtime, Waits};
use super::socket::Clock;
use crate::in_flight::InFlight;
use crate::inflate::{Inflate, Pulled};
use crate::lease::Lease;
use crate::line::Turn;
use crate::wire::ReadReady;
use bytes::Bytes;
use purlin_core::exchange::{Answer, Cause, Error};
use purlin_core::{Fields, Id, Mono, Now, Recv};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A request on its way, and then what is left of it while its response is read.
pub(super) struct Errand<R: Runtime> {
    pub(super) in_flight: InFlight<R::Socket, R::Source>,
    pub(super) clock: R::Clock,
    pub(super) reading: Reading,
}

/// How far a response's body has been read.
#[derive(Default)]
pub(super) struct Reading {
    /// Bytes that have been transferred.
    pub(super) came: u64,
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
pub(super) type Piece = Result<Bytes, Option<Fields>>;

impl<R: Runtime> Errand<R> {
    /// An errand that begins.
    pub(super) fn new(
        in_flight: InFlight<R::Socket, R::Source>,
        clock: R::Clock,
    ) -> Box<Errand<R>> {
        Box::new(Errand { in_flight, clock, reading: Reading::default() })
    }

    /// The body of this answer is to be read.
    pub(super) fn begin_reading(&mut self, answer: &Answer) {
        (self.reading.inflate, self.reading.until) = (Inflate::of(answer), answer.until);
    }

    /// The next piece as it was transferred, or the end. What is still to be sent
    /// of the request goes out meanwhile.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, Error>> {
        // The caller may have taken its time, which is not the server's.
        self.clock.look();
        for _ in 0..TURNS {
            let id = self.in_flight.id();
            let Errand { in_flight, clock, reading } = self;
            let InFlight { lease: Some(lease), upload, .. } = in_flight else {
                return Poll::Ready(Err(Error::ended()));
            };
            if !reading.turning {
                if let Some(piece) = receive(lease, id, &mut reading.end, clock.last()) {
                    if let Ok(Ok(data)) = &piece {
                        reading.came += data.len() as u64;
                    }
                    return Poll::Ready(piece);
                }
            }
            let beside = feed(upload, lease, id, clock, || (), cx)?;
            let until = reading.until.map(|(at, _)| at);
            let turn = lease.poll_turn(beside, until, clock, cx);
            reading.turning = turn.is_pending();
            if reading.turning && reading.end.is_some() {
                // What was written may have been the last of the request.
                if let Some(end) = receive(lease, id, &mut reading.end, clock.last()) {
                    return Poll::Ready(end);
                }
            }
            match ready!(turn) {
                Turn::Moved => {}
                Turn::Late => {
                    let limit = reading.until.map(|(_, limit)| limit).unwrap_or_default();
                    return Poll::Ready(Err(Error::new(Cause::TotalTimeout(limit))));
                }
                // It may have told by that why.
                Turn::Stuck => {
                    let told = receive(lease, id, &mut reading.end, clock.last());
                    let ended = reading.end.take().map(|trailers| Ok(Err(trailers)));
                    return Poll::Ready(told.or(ended).unwrap_or_else(|| Err(Error::ended())));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The next piece of the content, or the end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, Error>> {
        let Some(mut inflate) = self.reading.inflate.take() else {
            return self.poll_receive(cx);
        };
        let next = self.poll_inflate(&mut inflate, cx);
        self.reading.inflate = Some(inflate);
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
                        self.reading.trailers = trailers;
                        inflate.end();
                    }
                },
                // The transfer must end as well.
                Pulled::End => loop {
                    if let Some(trailers) = self.reading.trailers.take() {
                        return Poll::Ready(Ok(Err(Some(trailers))));
                    }
                    if let Err(trailers) = ready!(self.poll_receive(cx))? {
                        return Poll::Ready(Ok(Err(trailers)));
                    }
                },
            }
        }
    }

    /// The end of a body of which so much was to come, if all of that has.
    pub(super) fn whole(&mut self, length: u64) -> Option<Option<Fields>> {
        let id = self.in_flight.id();
        let Errand { in_flight: InFlight { lease, .. }, clock, reading } = self;
        if reading.came != length || reading.inflate.is_some() {
            return None;
        }
        match receive(lease.as_mut()?, id, &mut reading.end, clock.last()) {
            Some(Ok(Err(trailers))) => Some(trailers),
            _ => None,
        }
    }

    /// The body has been read to its end: the connection goes home.
    pub(super) fn go_home(&mut self) {
        let now = self.clock.last();
        if let Some(lease) = self.let_go() {
            lease.give_back(now);
        }
    }

    /// The body is read no further.
    pub(super) fn leave(&mut self) {
        let id = self.in_flight.id();
        if let Some(lease) = self.let_go() {
            let now = self.clock.look();
            if let Some(leaving) = Leaving::new(lease, id, now) {
                R::leave(leaving, &mut self.clock);
            }
        }
    }

    /// The connection, without what is still to be sent and read.
    fn let_go(&mut self) -> Option<Lease<R::Socket>> {
        let lease = self.in_flight.lease.take()?;
        (self.in_flight.upload, self.reading.inflate) = (None, None);
        Some(lease)
    }

    /// What is waited for while it is read.
    pub(super) fn waits(&mut self) -> Waits<'_, R> {
        let Errand { in_flight: InFlight { lease, upload, .. }, clock, .. } = self;
        match lease {
            Some(lease) => Waits::line(lease, clock, upload.is_some()),
            None => Waits::Nothing,
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
        if end.is_some() {
            // Whoever writes the rest of the request has it told.
            machine.flush(id);
        }
        return None;
    }
    end.take().map(|trailers| Ok(Err(trailers)))
}
