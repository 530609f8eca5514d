//! What gives the bytes of a response that is not whole yet.
//! Holds a reader or a stream; when its bytes are taken, the writer decides.

use crate::Error;
use crate::body::Body;
use bytes::Bytes;
use futures_lite::{AsyncRead, Stream, future};
use purlin_core::Fields;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// How much is read from a reader at once.
const PIECE: usize = 64 * 1024;

/// A source of a response's bytes, piece by piece.
///
/// ```
/// use purlin_smol::{Response, Source};
/// let file = futures_lite::io::Cursor::new("from a reader");
/// let response = Response::stream(Source::reader(file));
/// # let _ = response;
/// ```
pub struct Source(Kind);

/// What a response's bytes come from, piece by piece.
pub(crate) trait ResponsePieces {
    /// Whether its first piece is waited for before the head goes out.
    fn comes_first(&self) -> bool {
        false
    }

    /// The next piece; `None` at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>>;

    /// What came behind the last one.
    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }

    /// The next piece, waited for.
    async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        future::poll_fn(|cx| self.poll_next(cx)).await
    }
}

enum Kind {
    Reader(Pin<Box<dyn AsyncRead + Send>>, Vec<u8>),
    Stream(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>),
    Body(Box<Body>),
}

impl Source {
    /// The bytes of a reader, to its end.
    ///
    /// ```
    /// use purlin_smol::{Content, Response, Source, Status};
    /// let reader = futures_lite::io::Cursor::new("eleven byte");
    /// let response = Response::new(Status::OK)
    ///     .with_content(Content::Length(11, Source::reader(reader)));
    /// # let _ = response;
    /// ```
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Source {
        Source(Kind::Reader(Box::pin(reader), Vec::new()))
    }

    /// The pieces of a stream. An error in it gives the response up, so that
    /// the peer can tell.
    ///
    /// ```
    /// use futures_lite::stream;
    /// use purlin_smol::{Bytes, Response, Source};
    /// let pieces = stream::iter(["a", "b"]).map(|text| Ok(Bytes::from(text)));
    /// # use futures_lite::StreamExt;
    /// let response = Response::stream(Source::stream(pieces));
    /// # let _ = response;
    /// ```
    pub fn stream(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Source {
        Source(Kind::Stream(Box::pin(stream)))
    }
}

impl ResponsePieces for Source {
    /// The peer of a request body may wait to be asked for it, which nobody can
    /// do behind a final head, and what is wrong with it should choose the status.
    fn comes_first(&self) -> bool {
        matches!(self.0, Kind::Body(_))
    }

    /// # Panics
    /// If what gives the bytes does. It is dropped before that goes on: if it panicked
    /// again meanwhile, the process would end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.poll_next(cx)));
        polled.unwrap_or_else(|payload| {
            let spent = std::mem::replace(&mut self.0, Kind::Body(Box::new(Body::empty())));
            let _ = catch_unwind(AssertUnwindSafe(|| drop(spent)));
            resume_unwind(payload)
        })
    }
}

impl Kind {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        match self {
            Kind::Stream(stream) => stream
                .as_mut()
                .poll_next(cx)
                .map(|item| item.map(|piece| piece.map_err(Into::into))),
            Kind::Body(body) => body.poll_chunk(cx).map(Result::transpose),
            Kind::Reader(reader, store) => {
                if store.is_empty() {
                    *store = vec![0; PIECE];
                }
                reader.as_mut().poll_read(cx, store).map(|count| match count {
                    Ok(0) => None,
                    Ok(count) => Some(Ok(Bytes::copy_from_slice(&store[..count]))),
                    Err(error) => Some(Err(error.into())),
                })
            }
        }
    }
}

/// What came as a request goes out as a response, unchanged.
impl From<Body> for Source {
    fn from(body: Body) -> Source {
        Source(Kind::Body(Box::new(body)))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Reader(..) => "Source::reader",
            Kind::Stream(_) => "Source::stream",
            Kind::Body(_) => "Source::from(Body)",
        })
    }
}
