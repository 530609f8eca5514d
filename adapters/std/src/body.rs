//! The body of a request, read from the connection as it is asked for.
//! Holds no bytes but the piece at hand; limits and framing are the machine's.

use crate::Error;
use crate::shared::{Piece, Shared};
use bytes::{Buf, Bytes, BytesMut};
use purlin_core::message::Attended;
use purlin_core::{Fields, Id, Misuse};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Weak};
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
    incoming: Option<Box<Incoming>>,
    /// Where the request comes from. Weak, so that a body somebody keeps does not keep the
    /// socket open.
    client: Option<Weak<Shared>>,
}

struct Incoming {
    /// None once the body has ended.
    shared: Option<Weak<Shared>>,
    id: Id,
    /// Bytes that came but did not fit into the reader's room.
    rest: Bytes,
    trailers: Option<Fields>,
}

impl Body {
    /// A body without bytes, for requests that come from no connection.
    ///
    /// ```
    /// let mut body = purlin_std::Body::empty();
    /// assert_eq!(body.text().unwrap(), "");
    /// ```
    pub fn empty() -> Body {
        Body { incoming: None, client: None }
    }

    /// A body that is here already.
    pub(crate) fn here(rest: Bytes, trailers: Option<Fields>) -> Body {
        let incoming = Incoming { shared: None, id: 0, rest, trailers };
        Body { incoming: Some(Box::new(incoming)), client: None }
    }

    /// The body of a request of this connection; that of this exchange, if it has bytes.
    pub(crate) fn of(shared: &Arc<Shared>, id: Option<Id>) -> Body {
        let client = Arc::downgrade(shared);
        let incoming = id.map(|id| {
            let shared = Some(client.clone());
            Box::new(Incoming { shared, id, rest: Bytes::new(), trailers: None })
        });
        Body { incoming, client: Some(client) }
    }

    /// Whether it is read from this connection.
    pub(crate) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        let own = self.incoming.as_ref().and_then(|incoming| incoming.shared.as_ref());
        own.is_some_and(|own| own.as_ptr() == Arc::as_ptr(shared))
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
    /// [`Error::Misuse`] once the response is complete.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.incoming.as_mut().map_or(Ok(None), |incoming| incoming.chunk())
    }

    /// All that is left of it, up to the limit of [`Body::set_limit`].
    ///
    /// ```
    /// # fn store(mut request: purlin_std::Request) -> purlin_std::Result<()> {
    /// let bytes = request.body_mut().bytes()?;
    /// # drop(bytes); Ok(()) }
    /// ```
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
    /// ```
    /// # fn name(mut request: purlin_std::Request) -> purlin_std::Result<String> {
    /// let name = request.body_mut().text()?;
    /// # Ok(name) }
    /// ```
    ///
    /// # Errors
    /// As [`Body::chunk`], and [`Error::NotText`] if it is not UTF-8.
    pub fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes.into()).map_err(|error| Error::NotText(error.utf8_error()))
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
        self.incoming.as_ref()?.trailers.as_ref()
    }

    /// Changes how many bytes the body may have. To be called before the first read.
    ///
    /// ```
    /// # fn upload(mut request: purlin_std::Request) -> purlin_std::Result<()> {
    /// request.body_mut().set_limit(4 << 30);
    /// # Ok(()) }
    /// ```
    pub fn set_limit(&mut self, bytes: u64) {
        let Some(incoming) = &self.incoming else { return };
        let Some(shared) = incoming.shared.as_ref().and_then(Weak::upgrade) else { return };
        // An exchange that is over has no body to limit.
        let _ = shared.with(incoming.id, |to| to.machine.limit_body(to.id, bytes));
    }

    /// Whether there is nothing to read: no body, or its end was reached.
    ///
    /// ```
    /// assert!(purlin_std::Body::empty().is_end());
    /// ```
    pub fn is_end(&self) -> bool {
        let ended = |incoming: &Incoming| incoming.shared.is_none() && incoming.rest.is_empty();
        self.incoming.as_deref().is_none_or(ended)
    }
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
pub struct Cancelled(Option<Weak<Shared>>);

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
            Some(shared) => shared.upgrade().is_none_or(|shared| shared.has_left(time)),
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

impl Incoming {
    fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        let Some(shared) = &self.shared else {
            return Ok(None);
        };
        let shared = shared.upgrade().ok_or(Misuse::AlreadyFinished)?;
        match shared.recv(self.id, None)? {
            Piece::Data(data) => Ok(Some(data)),
            Piece::End(trailers) => {
                self.trailers = trailers;
                if let Ok(mut slot) = shared.enter(self.id) {
                    slot.set_duplex(false);
                }
                self.shared = None;
                Ok(None)
            }
        }
    }
}

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(incoming) = &mut self.incoming else { return Ok(0) };
        if incoming.rest.is_empty() && !room.is_empty() {
            match incoming.chunk()? {
                Some(piece) => incoming.rest = piece,
                None => return Ok(0),
            }
        }
        (&mut incoming.rest).reader().read(room)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take().and_then(|shared| shared.upgrade()) else {
            return;
        };
        if let Ok(mut slot) = shared.enter(self.id) {
            slot.set_duplex(false);
            // An exchange that is over needs no telling.
            let _ = slot.act(self.id, |to| to.machine.discard(to.id, to.now));
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_end() { "Body(ended)" } else { "Body" })
    }
}
