//! Leaving HTTP: an upgrade, a tunnel, or the connection as it is.
//! Whether that is allowed, the machine decides.

use super::ResponseWriter;
use crate::Error;
use crate::clock;
use crate::upgraded::Upgraded;
use futures_lite::future;
use purlin_core::ResponseHead;

impl ResponseWriter {
    /// Sends 101 (Switching Protocols), or 2xx to CONNECT; from there the
    /// connection carries raw bytes. The request's body must have been read.
    ///
    /// ```
    /// use purlin_smol::{ResponseHead, ResponseWriter, Result, Status};
    /// async fn echo(writer: ResponseWriter) -> Result<()> {
    ///     let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo");
    ///     let stream = writer.upgrade(head.unwrap())?;
    ///     let (reader, writer) = futures_lite::io::split(stream);
    ///     futures_lite::io::copy(reader, writer).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] if the peer did not ask for it, or body has been
    /// written; a request that can still be answered is answered with 500 then.
    pub fn upgrade(mut self, head: ResponseHead) -> Result<Upgraded, Error> {
        self.writer.upgrade(&head, clock::now()).map(Upgraded::new)
    }

    /// Takes the connection over as it is, behind what has been written, as Go's
    /// `Hijack` does: the client is told nothing that is not written to it. Body
    /// that has not been read is part of the stream.
    ///
    /// ```
    /// use futures_lite::AsyncWriteExt;
    /// # async fn example(writer: purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// let mut stream = writer.hijack().await?;
    /// stream.write_all(b"HTTP/1.1 200 as I like it\r\nConnection: close\r\n\r\n").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] if the exchange has no connection of its own.
    pub async fn hijack(mut self) -> Result<Upgraded, Error> {
        let raw = future::poll_fn(|cx| self.writer.poll_hijack(cx, clock::now())).await?;
        Ok(Upgraded::new(raw))
    }
}
