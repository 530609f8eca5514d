//! The body of a request, piece by piece, and who is told that its client has gone.
//! Keeps no bytes but the rest of a piece: they wait in the machine until asked for.

use super::{For, Served};
use bytes::{Buf, Bytes};
use purlin_core::message::Error;
use purlin_core::{BodyLength, Fields, Id, Machine, Now, Recv};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The body of a request, as its handler reads it.
///
/// Where it is dropped, what nobody will read is thrown away, or the connection ended,
/// whichever is cheaper.
pub struct Reader {
    /// Where the request comes from.
    from: Option<(Arc<Served>, Id)>,
    /// There is nothing more to come.
    ended: bool,
    /// What was taken from the machine and not read yet.
    rest: Bytes,
    /// What is still to be taken from the machine, if that is known.
    coming: Option<u64>,
    trailers: Option<Box<Fields>>,
}

impl Reader {
    /// A body that is here already.
    pub fn of(bytes: Bytes, trailers: Option<Fields>) -> Reader {
        let trailers = trailers.map(Box::new);
        Reader { from: None, ended: true, rest: bytes, coming: Some(0), trailers }
    }

    /// The body of this exchange's request.
    pub fn new(served: Arc<Served>, id: Id, length: BodyLength) -> Reader {
        let coming = match length {
            BodyLength::Empty => Some(0),
            BodyLength::Known(bytes) => Some(bytes),
            BodyLength::Unknown => None,
        };
        let ended = length == BodyLength::Empty;
        Reader { from: Some((served, id)), ended, rest: Bytes::new(), coming, trailers: None }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Peer`] if the body breaks a rule or a limit, comes too slowly or not to its end;
    /// [`Error::Misuse`] or [`Error::Closed`] once the response is complete.
    pub fn poll_chunk(&mut self, cx: &Context<'_>, now: Now) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        let Some((served, id)) = self.from.as_ref().filter(|_| !self.ended) else {
            return Poll::Ready(Ok(None));
        };
        let mut state = served.lock();
        match state.recv(*id, now)? {
            Recv::Data(data) => {
                let count = data.len() as u64;
                self.coming = self.coming.map(|bytes| bytes.saturating_sub(count));
                Poll::Ready(Ok(Some(data)))
            }
            Recv::Pending => {
                state.rows.park(*id, For::Input, cx);
                Poll::Pending
            }
            Recv::Failed(error) => Poll::Ready(Err(error.into())),
            Recv::End(trailers) => {
                drop(state);
                self.trailers = trailers.map(Box::new);
                (self.ended, self.coming) = (true, Some(0));
                Poll::Ready(Ok(None))
            }
        }
    }

    /// Reads what is there into `buf`, 0 bytes at the end.
    ///
    /// # Errors
    /// As [`Reader::poll_chunk`].
    pub fn poll_read(
        &mut self,
        cx: &Context<'_>,
        buf: &mut [u8],
        now: Now,
    ) -> Poll<Result<usize, Error>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let Some(piece) = ready!(self.poll_chunk(cx, now))? else {
            return Poll::Ready(Ok(0));
        };
        self.rest = piece;
        let count = self.rest.len().min(buf.len());
        self.rest.copy_to_slice(&mut buf[..count]);
        Poll::Ready(Ok(count))
    }

    /// The trailer fields, once the body has been read to its end.
    pub fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_deref()
    }

    /// Takes the trailer fields out.
    pub fn take_trailers(&mut self) -> Option<Box<Fields>> {
        self.trailers.take()
    }

    /// Changes how many bytes the body may have. To be called before the first read.
    pub fn set_limit(&mut self, bytes: u64) {
        if let Some((served, id)) = self.source() {
            // An exchange that is over has no limit to change.
            let _ = served.lock().machine.limit_body(*id, bytes);
        }
    }

    /// Whether there is nothing to read: no body, or its end was reached.
    pub fn is_end(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// How many bytes are still to be read, where that is known before the end.
    pub fn remaining(&self) -> Option<u64> {
        self.coming.map(|bytes| bytes + self.rest.len() as u64)
    }

    /// Whether the client has gone, or has ended its half of the connection.
    pub fn is_cancelled(&self) -> bool {
        self.from.as_ref().is_some_and(|(served, id)| served.lock().is_cancelled(*id))
    }

    /// A future that ends once [`Reader::is_cancelled`] is true.
    pub fn cancelled(&self) -> Cancelled {
        Cancelled(self.from.clone())
    }

    /// Where more of it comes from.
    fn source(&self) -> Option<&(Arc<Served>, Id)> {
        self.from.as_ref().filter(|_| !self.ended)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some((served, id)) = self.source() {
            served.lock().drop_reader(*id);
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// A future that ends once the client of a request has gone, or has ended its half of
/// the connection; never, for a request that comes from none. It borrows nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Cancelled(pub(super) Option<(Arc<Served>, Id)>);

impl Future for Cancelled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Some((served, id)) => served.lock().poll_cancelled(*id, cx),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancelled")
    }
}
