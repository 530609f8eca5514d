//! The body of a request, read from the connection as it is asked for.
//! Holds no bytes but the piece at hand; limits and framing are the machine's.

use crate::handler::Exchange;
use crate::server::line::Line;
use crate::server::waiting::{For, now};
use crate::{BodyLength, Error};
use bytes::Bytes;
use purlin_core::message::Attended;
use purlin_core::{Fields, Id, Misuse, Now};
use purlin_engine::served::Reader;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The body of a request.
///
/// It is read from the connection as it is asked for, so a slow reader slows
/// the sender. It may be moved to another thread. Dropping it says that
/// nobody will read the rest.
///
/// ```
/// use purlin_std::{Error, Request};
///
/// fn count(mut request: Request) -> Result<String, Error> {
///     let mut bytes = 0;
///     while let Some(piece) = request.body_mut().chunk()? {
///         bytes += piece.len();
///     }
///     Ok(format!("{bytes} bytes\n"))
/// }
/// ```
pub struct Body {
    /// None for one that had no bytes from the beginning.
    reader: Option<Box<Reader>>,
    /// Where the request comes from. Weak, so that a body somebody keeps does not keep the
    /// socket open.
    client: Option<(Weak<Line>, Id)>,
}

impl Body {
    /// A body without bytes, for requests that come from no connection.
    ///
    /// ```
    /// let mut body = purlin_std::Body::empty();
    /// assert_eq!(body.text().unwrap(), "");
    /// ```
    pub fn empty() -> Body {
        Body { reader: None, client: None }
    }

    /// A body that is here already.
    pub(crate) fn here(bytes: Bytes, trailers: Option<Fields>) -> Body {
        Body { reader: Some(Box::new(Reader::of(bytes, trailers))), client: None }
    }

    /// The body of a request that begins this exchange.
    pub(crate) fn of(exchange: &Exchange, length: BodyLength) -> Body {
        let (line, id) = (&exchange.line, exchange.id.get());
        let has_bytes = length != BodyLength::Empty;
        let reader = has_bytes.then(|| Box::new(Reader::new(line.served.clone(), id, length)));
        Body { reader, client: Some((Arc::downgrade(line), id)) }
    }

    /// Whether it is read from this connection.
    pub(crate) fn is_of(&self, line: &Arc<Line>) -> bool {
        let own = self.client.as_ref().is_some_and(|(own, _)| own.as_ptr() == Arc::as_ptr(line));
        own && !self.is_end()
    }

    /// Waits for something of its bytes.
    fn wait<T>(
        &mut self,
        mut poll: impl FnMut(&mut Reader, &Context<'_>, Now) -> Poll<Result<T, Error>>,
    ) -> Option<Result<T, Error>> {
        let reader = self.reader.as_deref_mut()?;
        if let Some(line) = self.client.as_ref().and_then(|(line, _)| line.upgrade()) {
            return Some(line.wait(For::Input, |cx, now| poll(reader, cx, now)));
        }
        match poll(reader, &Context::from_waker(Waker::noop()), now()) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => Some(Err(Misuse::AlreadyFinished.into())),
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// ```
    /// # fn count(mut request: purlin_std::Request) -> purlin_std::Result<usize> {
    /// let mut length = 0;
    /// while let Some(piece) = request.body_mut().chunk()? {
    ///     length += piece.len();
    /// }
    /// # Ok(length) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Peer`] if the body breaks a rule or a limit, comes too slowly or not to its end;
    /// [`Error::Misuse`] or [`Error::Closed`] once the response is complete.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.wait(Reader::poll_chunk).unwrap_or(Ok(None))
    }

    /// The trailer fields, once the body has been read to its end.
    ///
    /// ```
    /// # fn sum(mut request: purlin_std::Request) -> purlin_std::Result<()> {
    /// request.body_mut().bytes()?;
    /// let sum = request.body().trailers().and_then(|fields| fields.get("Checksum"));
    /// # let _ = sum; Ok(()) }
    /// ```
    pub fn trailers(&self) -> Option<&Fields> {
        self.reader.as_ref()?.trailers()
    }

    /// Changes how many bytes the body may have. To be called before the first read.
    ///
    /// ```
    /// # fn upload(mut request: purlin_std::Request) -> purlin_std::Result<()> {
    /// request.body_mut().set_limit(4 << 30);
    /// # Ok(()) }
    /// ```
    pub fn set_limit(&mut self, bytes: u64) {
        if let Some(reader) = &mut self.reader {
            reader.set_limit(bytes);
        }
    }

    /// Whether there is nothing to read: no body, or its end was reached.
    ///
    /// ```
    /// assert!(purlin_std::Body::empty().is_end());
    /// ```
    pub fn is_end(&self) -> bool {
        self.reader.as_ref().is_none_or(|reader| reader.is_end())
    }
}

purlin_engine::request_body_api! {
    () ()
    bytes "# fn store(mut request: purlin_std::Request) -> purlin_std::Result<()> {
let bytes = request.body_mut().bytes()?;
# drop(bytes); Ok(()) }"
    text "# fn name(mut request: purlin_std::Request) -> purlin_std::Result<String> {
let name = request.body_mut().text()?;
# Ok(name) }"
}

/// A handle that tells whether the client of a request still waits, from any thread and behind the
/// request's handler too; given by [`Request::cancelled`](purlin_core::Request::cancelled).
///
/// ```
/// use purlin_std::Request;
/// use std::time::Duration;
///
/// fn poll(request: Request) -> &'static str {
///     let cancelled = request.cancelled();
///     while !cancelled.wait(Duration::from_millis(500)) {
///         // Is there news?
/// #       return "news\n";
///     }
///     "nobody waits"
/// }
/// # let _ = poll;
/// ```
#[derive(Clone, Debug)]
pub struct Cancelled(Option<(Weak<Line>, Id)>);

impl Cancelled {
    /// Whether the client has gone, or has ended its half of the connection. Asks the
    /// system, and reads nothing.
    pub fn is_cancelled(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Whether the client has gone, waited for as long as this.
    pub fn wait(&self, time: Duration) -> bool {
        match &self.0 {
            None => {
                std::thread::sleep(time);
                false
            }
            Some((line, id)) => line.upgrade().is_none_or(|line| line.has_left(*id, time)),
        }
    }
}

impl Attended for Body {
    type Cancelled = Cancelled;

    fn is_cancelled(&self) -> bool {
        self.cancelled().is_cancelled()
    }

    fn cancelled(&self) -> Cancelled {
        Cancelled(self.client.clone())
    }
}

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.wait(|reader, cx, now| reader.poll_read(cx, room, now));
        Ok(read.unwrap_or(Ok(0))?)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_end() { "Body(ended)" } else { "Body" })
    }
}
