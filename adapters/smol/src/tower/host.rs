//! The answer of a handler, as a host polls it: first its head, then its body.
//! Drives the handler meanwhile; frames nothing.

use crate::{CloseReason, Error};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, response};
use http_body::{Frame, SizeHint};
use purlin_core::{Fields, Recv, ResponseHead};
use purlin_engine::InMemoryAnswer;
use purlin_engine::served::Served;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A handler at work.
pub(crate) type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The future of a [`HandlerService`](super::HandlerService): the answer's head, its body still to come.
pub struct Answering(State);

enum State {
    Refused(StatusCode),
    Open(Option<InMemoryAnswer<Run>>),
}

impl Answering {
    pub(super) fn new(shared: Arc<Served>, run: Run) -> Answering {
        Answering(State::Open(Some(InMemoryAnswer::new(shared, run))))
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
        let Some(answer) = slot else { return Poll::Pending };
        let head = ready!(answer.poll_head(cx));
        let body = slot.take().map_or(Rest::Ended, Rest::Open);
        Poll::Ready(Ok(match head {
            Some(head) => translate(&head, AnswerBody(body)),
            // Given up without a head: the host is to break it off, too.
            None => plain(StatusCode::INTERNAL_SERVER_ERROR, AnswerBody(Rest::Aborted)),
        }))
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
    Open(InMemoryAnswer<Run>),
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let came = match &mut this.0 {
            Rest::Open(answer) => ready!(answer.poll_body(cx)),
            Rest::Ended => return Poll::Ready(None),
            Rest::Aborted => None,
        };
        if let Some(Recv::Data(piece)) = came {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        this.0 = Rest::Ended;
        Poll::Ready(match came {
            Some(Recv::End(trailers)) => trailers.map(|trailers| last(&trailers)),
            _ => Some(Err(Error::Closed(CloseReason::Aborted))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        let left = match &self.0 {
            Rest::Ended => Some(0),
            Rest::Open(answer) => answer.left(),
            Rest::Aborted => None,
        };
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
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
