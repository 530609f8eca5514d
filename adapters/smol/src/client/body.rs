//! The body of a response, read from its connection as it is asked for; at its
//! end the connection goes home.
//! Holds no bytes but the piece at hand; framing and limits are the machine's.

use super::run::poll_feed;
use super::socket::Socket;
use super::{Cause, Error, Upgraded};
use crate::clock;
use crate::source::Source;
use bytes::{Buf, Bytes};
use futures_lite::{AsyncRead, future};
use purlin_core::exchange::Answer;
use purlin_core::{BodyLength, Fields, Id, Mono, Now, Phase, Recv, Reuse};
use purlin_engine::Moved;
use purlin_engine::{Inflate, Lent, Pulled, Rest, Turn};
use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How long what is left of a response that leads on may take, to keep the connection.
const PATIENCE: Duration = Duration::from_millis(50);

/// The body of a response.
///
/// It is read from the connection as it is asked for, so a slow reader slows
/// the server. Read to its end it gives the connection back for the next
/// request. Dropped before, it reads up to 256 KiB to that end, if they have
/// come already; else it closes the connection.
///
/// A response may begin before its request is sent whole: the rest goes out while
/// this is read, and is given up when this is dropped. Behind a status of success
/// the end of this is also the end of the request.
///
/// ```no_run
/// use futures_lite::AsyncReadExt;
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// let mut body = purlin_smol::get("http://127.0.0.1:8080/large").await?.into_body();
/// let mut start = [0; 16];
/// body.read_exact(&mut start).await?;
/// # Ok(()) }
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
    from: Rest<Socket, Source>,
    /// Bytes that have been transferred.
    came: u64,
    /// The time of the last look.
    now: Now,
    until: Option<(Mono, Duration)>,
    inflate: Option<Box<Inflate>>,
    /// What came behind the coded content.
    trailers: Option<Fields>,
    /// The end, and what came with it, while the rest of the request goes out.
    end: Option<Option<Fields>>,
}

impl Reading {
    pub(super) fn new(from: Rest<Socket, Source>, now: Now, answer: &Answer) -> Reading {
        let inflate = Inflate::of(answer);
        Reading { from, came: 0, now, until: answer.until, inflate, trailers: None, end: None }
    }

    /// The next piece as it was transferred, or the end. What is still to be sent
    /// of the request goes out meanwhile.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, Error>> {
        // The caller may have taken its time, which is not the server's.
        self.now = clock::now();
        for _ in 0..TURNS {
            let Rest { lent: Some(lent), id, upload } = &mut self.from else {
                return Poll::Ready(Err(Error::ended()));
            };
            if let Some(piece) = receive(lent, *id, &mut self.end, self.now) {
                if let Ok(Ok(data)) = &piece {
                    self.came += data.len() as u64;
                }
                return Poll::Ready(piece);
            }
            let fed = poll_feed(upload, lent, *id, || (), cx)?;
            let more = upload.is_some() && fed.is_ready();
            let until = self.until.map(|(at, _)| at);
            let (socket, machine) = lent.parts();
            match ready!(socket.poll_turn(machine, more, until, &mut self.now, cx)) {
                Turn::Moved => {}
                Turn::Late => {
                    let limit = self.until.map(|(_, limit)| limit).unwrap_or_default();
                    return Poll::Ready(Err(Error::new(Cause::TotalTimeout(limit))));
                }
                // It may have told by that why.
                Turn::Stuck => {
                    let told = receive(lent, *id, &mut self.end, self.now);
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
                    if let Err(trailers) = ready!(self.poll_receive(cx))? {
                        return Poll::Ready(Ok(Err(trailers.or(self.trailers.take()))));
                    }
                },
            }
        }
    }
}

/// Turns of a response's bytes, and the request's, before other tasks get theirs.
const TURNS: u32 = 32;

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

/// A piece of the body, or its end.
type Piece = Result<Bytes, Option<Fields>>;

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
            if let Some(Ok(Err(trailers))) = receive(lent, *id, &mut reading.end, reading.now) {
                self.end(trailers);
            }
        }
    }

    fn end(&mut self, trailers: Option<Fields>) {
        self.trailers = trailers;
        if let Some(mut reading) = self.from.take() {
            let now = reading.now;
            self.ended = Some(now.mono);
            if let Some(lent) = reading.from.lent.take() {
                lent.give_back(now);
            }
        }
    }

    /// The next piece; none at the end.
    ///
    /// ```no_run
    /// # async fn show() -> purlin_smol::client::Result<()> {
    /// let mut body = purlin_smol::get("http://127.0.0.1:8080/").await?.into_body();
    /// while let Some(piece) = body.chunk().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// It breaks a rule or a limit, comes too slowly, or not to its end. Asked
    /// again, it says so again ([`Cause::BrokenOff`]).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        let Some(reading) = &mut self.from else {
            return if self.broken {
                Poll::Ready(Err(self.named(Error::new(Cause::BrokenOff))))
            } else {
                Poll::Ready(Ok(None))
            };
        };
        Poll::Ready(match ready!(reading.poll_next(cx)) {
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
        })
    }

    /// All that is left of it.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        let mut all = Vec::with_capacity(2 * (first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }

    /// All that is left of it, as text.
    ///
    /// # Errors
    /// As [`Body::chunk`], and if it is not UTF-8.
    pub async fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes().await?;
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
        let lent = reading.from.lent.take()?;
        Some(Upgraded::new(lent, reading.from.id, self.about.clone()))
    }

    /// When its end had been read.
    pub(super) fn ended(&self) -> Option<Mono> {
        self.ended
    }
}

impl AsyncRead for Body {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.rest.is_empty() && !room.is_empty() {
            match ready!(self.poll_chunk(cx))? {
                Some(piece) => self.rest = piece,
                None => return Poll::Ready(Ok(0)),
            }
        }
        Poll::Ready((&mut self.rest).reader().read(room))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(lent) = self.from.lent.take() {
            leave(lent, self.from.id);
        }
    }
}

/// Reads what has come of a body that nobody wants, as far as that is cheaper
/// than a new connection, and gives the connection back or closes it.
pub(super) fn leave(mut lent: Lent<Socket>, id: Id) {
    let now = clock::now();
    let (socket, machine) = lent.parts();
    if machine.discard(id, now).is_err() {
        return lent.give_back(now);
    }
    loop {
        while machine.poll_event(now).is_some() {}
        let open = machine.reuse() == Reuse::Later && machine.want().close.is_none();
        if !open || !matches!(socket.read_ready(machine, now), Moved::Bytes(_)) {
            break;
        }
    }
    lent.give_back(now);
}

/// The same, for who can wait for what has not come yet.
pub(super) async fn read_out(mut lent: Lent<Socket>, id: Id) {
    let now = clock::now();
    let (socket, machine) = lent.parts();
    if machine.discard(id, now).is_err() {
        return lent.give_back(now);
    }
    loop {
        while machine.poll_event(clock::now()).is_some() {}
        let open = machine.reuse() == Reuse::Later && machine.want().close.is_none();
        if !open || socket.turn(machine, Some(now.mono + PATIENCE)).await != Turn::Moved {
            break;
        }
    }
    lent.give_back(clock::now());
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_end() { "Body(ended)" } else { "Body" })
    }
}
