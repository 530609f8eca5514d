//! A connection that carries raw bytes both ways.
//! Knows nothing of what they mean, nor of what lies below them.

use crate::Error;
use crate::clock;
use crate::shared::{Shared, park};
use bytes::{Buf, Bytes};
use futures_lite::{AsyncRead, AsyncWrite};
use purlin_core::{Id, Machine, Recv};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The most that one write takes over.
const PIECE: usize = 64 * 1024;

/// The raw stream behind an upgrade or CONNECT, given by
/// [`ResponseWriter::upgrade`](crate::ResponseWriter::upgrade).
///
/// Bytes that came with the request are read first. Closing it ends the
/// sending half alone; dropping it ends both.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// async fn greet(mut stream: purlin_smol::Upgraded) -> std::io::Result<()> {
///     let mut name = [0; 64];
///     let count = stream.read(&mut name).await?;
///     stream.write_all(&name[..count]).await?;
///     stream.close().await
/// }
/// ```
pub struct Upgraded {
    shared: Arc<Shared>,
    id: Id,
    /// Taken from the machine and not read yet.
    rest: Bytes,
    /// What the machine had no room for yet.
    outgoing: Bytes,
    closed: bool,
}

impl Upgraded {
    pub(crate) fn new(shared: Arc<Shared>, id: Id) -> Upgraded {
        Upgraded { shared, id, rest: Bytes::new(), outgoing: Bytes::new(), closed: false }
    }

    fn poll_push(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut inner = self.shared.lock();
        let sent = inner.machine.send(self.id, &mut self.outgoing, clock::now());
        inner.poke();
        sent.map_err(|misuse| inner.error(misuse))?;
        if self.outgoing.is_empty() {
            return Poll::Ready(Ok(()));
        }
        park(&mut inner.waits.write, cx);
        Poll::Pending
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.rest.is_empty() && !buf.is_empty() {
            let mut inner = this.shared.lock();
            let received = inner.machine.recv(this.id, clock::now());
            inner.poke();
            match received {
                Recv::Data(data) => this.rest = data,
                Recv::End(_) => return Poll::Ready(Ok(0)),
                Recv::Failed(error) => return Poll::Ready(Err(Error::from(error).into())),
                Recv::Pending => {
                    park(&mut inner.waits.read, cx);
                    return Poll::Pending;
                }
            }
        }
        let count = this.rest.len().min(buf.len());
        this.rest.copy_to_slice(&mut buf[..count]);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_push(cx))?;
        let count = data.len().min(PIECE);
        self.outgoing = Bytes::copy_from_slice(&data[..count]);
        match self.poll_push(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(count)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_push(cx))?;
        self.shared.lock().poll_written(cx).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_push(cx))?;
        if !self.closed {
            let mut inner = self.shared.lock();
            let done = inner.machine.finish(self.id, None, clock::now());
            inner.poke();
            done.map_err(|misuse| inner.error(misuse))?;
            drop(inner);
            self.closed = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        let now = clock::now();
        // What has ended by itself need not be ended here.
        let _ = inner.machine.discard(self.id, now);
        let data = std::mem::take(&mut self.outgoing);
        if !self.closed {
            inner.end_raw(self.id, data, now);
        }
        inner.poke();
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("closed", &self.closed).finish_non_exhaustive()
    }
}
