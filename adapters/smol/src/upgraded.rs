//! A connection that carries raw bytes both ways.
//! Knows nothing of what they mean, nor of what lies below them.

use crate::clock;
use futures_lite::{AsyncRead, AsyncWrite};
use purlin_engine::served::Raw;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

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
pub struct Upgraded(Raw);

impl Upgraded {
    pub(crate) fn new(raw: Raw) -> Upgraded {
        Upgraded(raw)
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf, clock::now()).map_err(io::Error::from)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, data, clock::now()).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.close(clock::now()).map_err(io::Error::from))
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upgraded").field(&self.0).finish()
    }
}
