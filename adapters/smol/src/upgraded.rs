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
use std::task::{Context, Poll};

/// The most that one write takes over: as much as there is room for once there is some again.
const PIECE: usize = 32 * 1024;

/// The raw stream behind an upgrade or CONNECT, or of a connection that was
/// taken over, given by [`ResponseWriter::upgrade`](crate::ResponseWriter::upgrade)
/// and [`ResponseWriter::hijack`](crate::ResponseWriter::hijack).
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
    closed: bool,
}

impl Upgraded {
    pub(crate) fn new(shared: Arc<Shared>, id: Id) -> Upgraded {
        Upgraded { shared, id, rest: Bytes::new(), closed: false }
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
            match inner.recv(this.id, clock::now()).map_err(io::Error::from)? {
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
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.shared.lock();
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // Who waits for room and has not been woken finds none.
        if inner.waits.write.is_none() {
            let mut piece = Bytes::copy_from_slice(&data[..data.len().min(PIECE)]);
            let offered = piece.len();
            let sent = inner.machine.send(self.id, &mut piece, clock::now());
            inner.poke();
            sent.map_err(|misuse| inner.error(misuse))?;
            if piece.len() < offered {
                return Poll::Ready(Ok(offered - piece.len()));
            }
        }
        park(&mut inner.waits.write, cx);
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.lock().poll_flushed(self.id, cx).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        if !self.closed {
            let _ = inner.machine.finish(self.id, None, now);
        }
        inner.poke();
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("closed", &self.closed).finish_non_exhaustive()
    }
}
