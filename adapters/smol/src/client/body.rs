//! The body of a response, as a task reads it.

use super::Error;
use super::runtime::Polling;
use bytes::Bytes;
use futures_lite::{AsyncRead, future};
use purlin_engine as engine;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of a response.
///
/// It is read from the connection as it is asked for, so a slow reader slows
/// the server. Read to its end it gives the connection back for the next
/// request. Dropped before, it reads up to 256 KiB to that end, if they have
/// come already; else it closes the connection.
///
/// A response may begin before its request is sent whole: the rest goes out while
/// this is read, and is given up when this is dropped. Behind a status of success
/// the end of this is also the end of the request.
///
/// ```no_run
/// use futures_lite::AsyncReadExt;
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// let mut body = purlin_smol::get("http://127.0.0.1:8080/large").await?.into_body();
/// let mut start = [0; 16];
/// body.read_exact(&mut start).await?;
/// # Ok(()) }
/// ```
pub struct Body(pub(super) engine::Body<Polling>);

impl Body {
    /// The next piece; none at the end.
    ///
    /// ```no_run
    /// # async fn show() -> purlin_smol::client::Result<()> {
    /// let mut body = purlin_smol::get("http://127.0.0.1:8080/").await?.into_body();
    /// while let Some(piece) = body.chunk().await? {
    ///     println!("{} bytes", piece.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// It breaks a rule or a limit, comes too slowly, or not to its end. Asked
    /// again, it says so again ([`Cause::BrokenOff`](super::Cause::BrokenOff)).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        future::poll_fn(|cx| self.0.poll_chunk(cx)).await
    }
}

purlin_engine::body_api! { (async) (.await) }

impl AsyncRead for Body {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(room, cx)
    }
}
