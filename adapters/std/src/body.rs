//! The body of a request, read from the connection as it is asked for.
//! Holds no bytes but the piece at hand; limits and framing are the machine's.

use crate::Error;
use crate::shared::{Piece, Shared};
use bytes::{Buf, Bytes, BytesMut};
use purlin_core::{Fields, Id, Misuse};
use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Weak};

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
    /// None once the body has ended. Weak, so that a body somebody keeps does
    /// not keep the socket open.
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
        Body::here(Bytes::new(), None)
    }

    /// A body that is here already.
    pub(crate) fn here(bytes: Bytes, trailers: Option<Fields>) -> Body {
        Body { shared: None, id: 0, rest: bytes, trailers }
    }

    pub(crate) fn of(shared: &Arc<Shared>, id: Id) -> Body {
        Body { shared: Some(Arc::downgrade(shared)), id, rest: Bytes::new(), trailers: None }
    }

    /// Whether it is read from this connection.
    pub(crate) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        self.shared.as_ref().is_some_and(|own| own.as_ptr() == Arc::as_ptr(shared))
    }

    /// The next piece, once it has come; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Peer`] if the body breaks a rule or a limit, is cut, or comes
    /// too slowly; [`Error::Misuse`] once the response is complete.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        let Some(shared) = &self.shared else {
            return Ok(None);
        };
        let shared = shared.upgrade().ok_or(Misuse::AlreadyFinished)?;
        match shared.recv(self.id)? {
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

    /// All of it, or what is left.
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

    /// All of it, or what is left, as text.
    ///
    /// # Errors
    /// As [`Body::chunk`], and [`Error::NotText`] if it is not UTF-8.
    pub fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes.into()).map_err(|error| Error::NotText(error.utf8_error()))
    }

    /// The trailer fields, once the end has been read and if there were any.
    pub fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_ref()
    }

    /// Changes how many bytes this body may have, before it is read: more is
    /// answered with 413 (Content Too Large). Without effect once the response is complete.
    ///
    /// ```
    /// use purlin_std::{Error, Request};
    ///
    /// fn upload(mut request: Request) -> Result<String, Error> {
    ///     request.body_mut().set_limit(1 << 30);
    ///     Ok(format!("{} bytes\n", request.body_mut().bytes()?.len()))
    /// }
    /// ```
    pub fn set_limit(&mut self, bytes: u64) {
        let Some(shared) = self.shared.as_ref().and_then(Weak::upgrade) else {
            return;
        };
        // An exchange that is over has no body to limit.
        let _ = shared.with(self.id, |to| to.machine.limit_body(to.id, bytes));
    }

    /// Whether there is nothing to read: no body, or its end was reached.
    pub fn is_end(&self) -> bool {
        self.shared.is_none() && self.rest.is_empty()
    }
}

impl Read for Body {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !room.is_empty() {
            match self.chunk()? {
                Some(piece) => self.rest = piece,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(room.len());
        room[..count].copy_from_slice(&self.rest[..count]);
        self.rest.advance(count);
        Ok(count)
    }
}

impl Drop for Body {
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
