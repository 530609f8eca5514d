//! What is left of a connection when HTTP is over: raw bytes both ways.

use super::runtime::Polling;
use futures_lite::{AsyncRead, AsyncWrite};
use purlin_engine::Raw;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A connection that speaks another protocol after 101 (Switching Protocols),
/// or is a tunnel after a CONNECT; whatever lies around it, TLS say, stays.
///
/// ```no_run
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use purlin_smol::client::{Client, Request};
///
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// let request = Request::get("http://127.0.0.1:8080/echo")
///     .header("Connection", "upgrade")
///     .header("Upgrade", "echo");
/// let response = Client::new().send(request).await?;
/// if let Some(mut stream) = response.upgrade() {
///     stream.write_all(b"hello").await?;
///     stream.close().await?; // nothing more is written
///     let mut text = String::new();
///     stream.read_to_string(&mut text).await?;
/// }
/// # Ok(()) }
/// ```
pub struct Upgraded(Raw<Polling>);

impl Upgraded {
    pub(super) fn new(raw: Raw<Polling>) -> Upgraded {
        Upgraded(raw)
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(room, cx)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        piece: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(piece, cx).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx).map_err(io::Error::from)
    }

    /// Says that nothing more will be written; reading goes on.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_close(cx).map_err(io::Error::from)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}
