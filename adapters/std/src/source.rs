//! What gives the bytes of a response that is not whole yet.
//! Holds a reader or a body; when its bytes are taken, the writer decides.

use crate::server::line::Line;
use crate::{Body, Error};
use bytes::{Bytes, BytesMut};
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// What a reader is asked for first, and at most: the room grows as it is filled.
const ROOM: (usize, usize) = (8 * 1024, 64 * 1024);

/// A source of a response's bytes, piece by piece: anything that reads, or
/// the body of a request.
///
/// What one `read` gives is sent at once, so a source may be live; up to 64 KiB are asked for.
///
/// ```
/// use purlin_std::{Response, Source};
/// let zeros = std::io::Read::take(std::io::repeat(0), 1 << 20);
/// let response = Response::stream(Source::reader(zeros));
/// # let _ = response;
/// ```
pub struct Source(Kind);

enum Kind {
    Reader(Box<Reading<dyn Read + Send>>),
    Pieces(Box<dyn Iterator<Item = io::Result<Bytes>> + Send>),
    Body(Body),
}

struct Reading<R: ?Sized> {
    room: BytesMut,
    size: usize,
    reader: R,
}

impl Source {
    /// The bytes of a reader, to its end.
    ///
    /// ```
    /// use purlin_std::{Content, Response, Source, Status};
    /// let response = Response::new(Status::OK)
    ///     .with_content(Content::Length(11, Source::reader(&b"eleven byte"[..])));
    /// # let _ = response;
    /// ```
    pub fn reader(reader: impl Read + Send + 'static) -> Source {
        Source(Kind::Reader(Box::new(Reading { room: BytesMut::new(), size: ROOM.0, reader })))
    }

    /// The pieces of an iterator, uncopied. An error in it gives the response up,
    /// so that the peer can tell.
    ///
    /// In a response of known length they are taken to be at hand: as many as
    /// [`Limits::output_bytes`](crate::Limits) are gathered before they are sent.
    /// In one of unknown length each piece is sent before the next is asked for.
    ///
    /// ```
    /// use purlin_std::{Bytes, Response, Source};
    /// let pieces = ["a", "b"].map(|text| Ok(Bytes::from(text)));
    /// let response = Response::stream(Source::pieces(pieces));
    /// # let _ = response;
    /// ```
    pub fn pieces<I>(pieces: I) -> Source
    where
        I: IntoIterator<Item = io::Result<Bytes>>,
        I::IntoIter: Send + 'static,
    {
        Source(Kind::Pieces(Box::new(pieces.into_iter())))
    }

    /// Whether it is the body of a request of this connection.
    pub(crate) fn is_body_of(&self, line: &Arc<Line>) -> bool {
        matches!(&self.0, Kind::Body(body) if body.is_of(line))
    }

    /// Whether it need not be waited for.
    pub(crate) fn is_at_hand(&self) -> bool {
        matches!(self.0, Kind::Pieces(_))
    }

    /// The next piece; `None` at the end.
    ///
    /// # Panics
    /// If what gives the bytes does. It is dropped before that goes on: if it panicked
    /// again meanwhile, the process would end.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Error> {
        catch_unwind(AssertUnwindSafe(|| self.0.next())).unwrap_or_else(|payload| {
            let spent = std::mem::replace(&mut self.0, Kind::Body(Body::empty()));
            let _ = catch_unwind(AssertUnwindSafe(|| drop(spent)));
            resume_unwind(payload)
        })
    }
}

impl Kind {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self {
            Kind::Body(body) => body.chunk(),
            Kind::Pieces(pieces) => Ok(pieces.next().transpose()?),
            Kind::Reader(reading) => Ok(reading.next()?),
        }
    }
}

impl<R: Read + ?Sized> Reading<R> {
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Reading { room, size, reader } = self;
        loop {
            // Where the last piece has been let go of, its room is used again.
            if !room.try_reclaim(*size) {
                *room = BytesMut::with_capacity(*size);
            }
            room.resize(*size, 0);
            match reader.read(room) {
                Ok(0) => return Ok(None),
                Ok(count) => {
                    if count == *size {
                        *size = (*size * 4).min(ROOM.1);
                    }
                    let piece = room.split_to(count).freeze();
                    room.clear();
                    return Ok(Some(piece));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What came as a request goes out as a response, unchanged and uncopied.
///
/// ```
/// use purlin_std::{Request, Response, Source, full_duplex};
/// let echo = full_duplex(|request: Request| Response::stream(Source::from(request.into_body())));
/// # let _ = echo;
/// ```
impl From<Body> for Source {
    fn from(body: Body) -> Source {
        Source(Kind::Body(body))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Reader(_) => "Source::reader",
            Kind::Pieces(_) => "Source::pieces",
            Kind::Body(_) => "Source::from(Body)",
        })
    }
}

#[cfg(test)]
mod tests;
