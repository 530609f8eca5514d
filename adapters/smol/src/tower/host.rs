//! The answer of a handler, as a host polls it: first its head, then its body.
//! Drives the handler meanwhile; frames nothing.

use crate::{CloseReason, Error};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, response};
use http_body::{Frame, SizeHint};
use purlin_core::{Fields, InMemory, Machine, Recv, ResponseHead};
use purlin_engine::served::Served;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A handler at work.
pub(crate) type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An exchange, and who works on it.
struct Exchange {
    shared: Arc<Served>,
    /// Until its handler has returned and the answer is whole.
    run: Option<Run>,
}

impl Exchange {
    /// Has the handler go on.
    fn advance(&mut self, cx: &mut Context<'_>) {
        if self.run.as_mut().is_some_and(|run| run.as_mut().poll(cx).is_ready()) {
            self.run = None;
        }
    }

    fn in_memory<T>(&self, take: impl FnOnce(&mut InMemory) -> T) -> Option<T> {
        self.shared.in_memory(take)
    }
}

/// The future of a [`HandlerService`](super::HandlerService): the answer's head, its body still to come.
pub struct Answering(State);

enum State {
    Refused(StatusCode),
    Open(Option<Exchange>),
}

impl Answering {
    pub(super) fn new(shared: Arc<Served>, run: Run) -> Answering {
        Answering(State::Open(Some(Exchange { shared, run: Some(run) })))
    }

    /// An answer without the handler.
    pub(super) fn refused(status: StatusCode) -> Answering {
        Answering(State::Refused(status))
    }
}

impl Future for Answering {
    type Output = Result<http::Response<AnswerBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = match &mut self.get_mut().0 {
            State::Refused(status) => {
                return Poll::Ready(Ok(plain(*status, AnswerBody(Rest::Ended))));
            }
            State::Open(slot) => slot,
        };
        let Some(exchange) = slot else { return Poll::Pending };
        exchange.advance(cx);
        let taken = exchange.in_memory(|direct| (direct.take_head(), direct.in_exchange()));
        match taken {
            Some((Some(head), _)) => {
                let length = exchange.in_memory(|direct| direct.answer_length()).flatten();
                let body = slot.take().map_or(Rest::Ended, |open| Rest::Open(open, length));
                Poll::Ready(Ok(translate(&head, AnswerBody(body))))
            }
            Some((None, true)) => Poll::Pending,
            // Given up without a head: the host is to break it off, too.
            _ => {
                *slot = None;
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Poll::Ready(Ok(plain(status, AnswerBody(Rest::Aborted))))
            }
        }
    }
}

fn plain(status: StatusCode, body: AnswerBody) -> http::Response<AnswerBody> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    response
}

fn translate(head: &ResponseHead, body: AnswerBody) -> http::Response<AnswerBody> {
    match response::Parts::try_from(head) {
        Ok(parts) => http::Response::from_parts(parts, body),
        // A name too long for `http`, or too many of them.
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, AnswerBody(Rest::Ended)),
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
    }
}

/// The body of an answer that a handler is making. Its error says that the
/// handler gave the answer up. Dropped early, the handler is dropped where it waits.
pub struct AnswerBody(Rest);

/// What is left of an answer.
enum Rest {
    Ended,
    Aborted,
    /// So many bytes, if that is known.
    Open(Exchange, Option<u64>),
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let (exchange, left) = match &mut this.0 {
            Rest::Open(exchange, left) => (exchange, left),
            Rest::Ended => return Poll::Ready(None),
            Rest::Aborted => {
                this.0 = Rest::Ended;
                return Poll::Ready(Some(Err(Error::Closed(CloseReason::Aborted))));
            }
        };
        let mut taken = exchange.in_memory(InMemory::take);
        if matches!(taken, Some(Recv::Pending)) {
            exchange.advance(cx);
            taken = exchange.in_memory(InMemory::take);
        }
        match taken {
            Some(Recv::Pending) => Poll::Pending,
            Some(Recv::Data(piece)) => {
                *left = left.map(|bytes| bytes.saturating_sub(piece.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Some(Recv::End(trailers)) => {
                this.0 = Rest::Ended;
                Poll::Ready(trailers.map(|trailers| last(&trailers)))
            }
            Some(Recv::Failed(_)) | None => {
                this.0 = Rest::Ended;
                Poll::Ready(Some(Err(Error::Closed(CloseReason::Aborted))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Rest::Ended | Rest::Open(_, Some(0)))
    }

    fn size_hint(&self) -> SizeHint {
        match self.0 {
            Rest::Ended => SizeHint::with_exact(0),
            Rest::Open(_, Some(bytes)) => SizeHint::with_exact(bytes),
            Rest::Open(_, None) | Rest::Aborted => SizeHint::default(),
        }
    }
}

fn last(trailers: &Fields) -> Result<Frame<Bytes>, Error> {
    Ok(Frame::trailers(HeaderMap::try_from(trailers).map_err(io::Error::other)?))
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerBody")
    }
}
