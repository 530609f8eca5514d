//! The body of a response, as a task reads it.

use super::Error;
use super::Upgraded;
use super::runtime::Polling;
use bytes::Bytes;
use futures_lite::{AsyncRead, future};
use purlin_core::{Fields, Mono};
use purlin_engine::{self as engine, Gathered};
use std::fmt;
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

    /// All that is left of it.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        let mut all = Gathered::default();
        while let Some(piece) = self.chunk().await? {
            all.push(piece);
        }
        Ok(all.finish())
    }

    /// All that is left of it, as text.
    ///
    /// # Errors
    /// As [`Body::chunk`], and if it is not UTF-8.
    pub async fn text(&mut self) -> Result<String, Error> {
        let read = self.bytes().await?;
        self.0.text(read)
    }

    /// The trailer fields, once it has been read to its end.
    pub fn trailers(&self) -> Option<&Fields> {
        self.0.trailers()
    }

    /// Whether all of it has been read.
    pub fn is_end(&self) -> bool {
        self.0.is_end()
    }

    /// What it is read from, to be read and written as raw bytes.
    pub(super) fn into_upgraded(self) -> Option<Upgraded> {
        self.0.into_raw().map(Upgraded)
    }

    /// When its end had been read.
    pub(super) fn ended(&self) -> Option<Mono> {
        self.0.ended()
    }
}

impl AsyncRead for Body {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(room, cx)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
