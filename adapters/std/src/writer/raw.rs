//! Leaving HTTP: an upgrade, a tunnel, or the connection as it is.
//! Whether that is allowed, the machine decides.

use super::ResponseWriter;
use crate::Error;
use crate::server::waiting::now;
use crate::upgraded::Upgraded;
use purlin_core::ResponseHead;
use purlin_engine::served::{Raw, Writer};
use std::sync::Arc;

impl ResponseWriter {
    /// Sends 101 (Switching Protocols), or 2xx to CONNECT; from there the
    /// connection carries raw bytes. The request's body must have been read.
    ///
    /// ```
    /// use purlin_std::{ResponseHead, ResponseWriter, Result, Status};
    /// fn echo(writer: ResponseWriter) -> Result<()> {
    ///     let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo");
    ///     let stream = writer.upgrade(head.unwrap())?;
    ///     std::io::copy(&mut &stream, &mut &stream)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] if the peer did not ask for it, or body has been
    /// written; a request that can still be answered is answered with 500 then.
    pub fn upgrade(mut self, head: ResponseHead) -> Result<Upgraded, Error> {
        let raw = self.writer.upgrade(&head, now())?;
        self.take_over(raw)
    }

    /// Takes the connection over as it is, behind what has been written, as Go's
    /// `Hijack` does: the client is told nothing that is not written to it. Body
    /// that has not been read is part of the stream.
    ///
    /// ```
    /// use std::io::Write;
    /// # fn example(writer: purlin_std::ResponseWriter) -> purlin_std::Result<()> {
    /// let mut stream = writer.hijack()?;
    /// stream.write_all(b"HTTP/1.1 200 as I like it\r\nConnection: close\r\n\r\n")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] if the exchange has no connection of its own.
    pub fn hijack(mut self) -> Result<Upgraded, Error> {
        let raw = self.wait(Writer::poll_hijack)?;
        self.take_over(raw)
    }

    /// What was written before goes out.
    fn take_over(&mut self, raw: Raw) -> Result<Upgraded, Error> {
        let stream = Upgraded::new(raw, Arc::clone(&self.line));
        self.wait(|writer, cx, _| writer.poll_flushed(cx))?;
        Ok(stream)
    }
}
