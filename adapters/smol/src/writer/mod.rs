//! Writing a response piece by piece, as Go's `ResponseWriter` does.
//! Waits for room; what a response is, its draft decides, and the machine how it is framed.

mod pump;
mod raw;
#[cfg(feature = "tower")]
mod service;

use crate::clock;
use crate::{Error, Response};
use bytes::Bytes;
use futures_lite::{AsyncWrite, future};
use purlin_core::{Fields, ResponseHead, Status};
use purlin_engine::served::Writer;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The writer of a response: status and fields first, then the body, then trailers.
///
/// The head is settled by the first byte of body, and goes out with the first
/// [`flush`](ResponseWriter::flush), or once more than 2 KiB are written; a
/// response that ends before is sent whole, with its length. A head without
/// Content-Type is given one guessed from the body. Small writes are gathered,
/// and a write waits while the peer does not take what was written before.
/// It implements [`AsyncWrite`]; what extension traits of that name `write`, `write_all`
/// and `flush` its own methods do, with errors that say more.
///
/// A dropped writer ends its response as soon as the handler returns; nothing
/// written means 200 without a body. If the handler panics or returns an error,
/// it is 500 or the error's own answer before the head has gone, and a visible
/// abort after.
///
/// ```
/// use purlin_smol::{Request, ResponseWriter, Result, Status, streaming};
/// let handler = streaming(async |_: Request, mut writer: ResponseWriter| -> Result<()> {
///     writer.status(Status::ACCEPTED);
///     writer.write(b"working\n").await?;
///     writer.flush().await?; // the peer sees it now
///     writer.write_all(b"done\n").await
/// });
/// # purlin_smol::Server::new(handler);
/// ```
pub struct ResponseWriter(Writer);

impl ResponseWriter {
    pub(crate) fn new(writer: Writer) -> ResponseWriter {
        ResponseWriter(writer)
    }

    /// Sets the status; 200 if it is not set. Without effect once body has been written.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.status(purlin_smol::Status::CREATED);
    /// # }
    /// ```
    pub fn status(&mut self, status: Status) -> &mut ResponseWriter {
        self.0.draft_mut().set_status(status);
        self
    }

    /// The fields of the head. Without effect once body has been written.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.fields_mut().append("Content-Type", "text/event-stream").unwrap();
    /// # }
    /// ```
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.0.draft_mut().fields_mut()
    }

    /// Whether a head without Content-Type is given one guessed from the body; it is by default.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.sniffing(false);
    /// # }
    /// ```
    pub fn sniffing(&mut self, on: bool) -> &mut ResponseWriter {
        self.0.draft_mut().set_sniffing(on);
        self
    }

    /// The trailer fields, sent at the end where the peer can read them.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.trailers_mut().append("Checksum", "97").unwrap();
    /// # }
    /// ```
    pub fn trailers_mut(&mut self) -> &mut Fields {
        self.0.draft_mut().trailers_mut()
    }

    /// Writes all of `data`, and says how much that was; waits while the peer takes nothing.
    ///
    /// ```
    /// # async fn example(writer: &mut purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// writer.write(b"some bytes").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Closed`] if the peer is gone, [`Error::Unwanted`] behind the head of a
    /// response to HEAD, [`Error::Misuse`] if the response may not have a body, or not
    /// that much.
    pub async fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.write_all(data).await?;
        Ok(data.len())
    }

    /// Writes all of `data` as [`ResponseWriter::write`] does.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub async fn write_all(&mut self, mut data: &[u8]) -> Result<(), Error> {
        self.0.check_wanted()?;
        while !data.is_empty() {
            let taken = future::poll_fn(|cx| self.0.poll_write(cx, data, clock::now()));
            data = &data[taken.await?..];
        }
        Ok(())
    }

    /// Writes `data` without copying it, unless it is small.
    ///
    /// ```
    /// # async fn example(writer: &mut purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// writer.write_bytes(purlin_smol::Bytes::from_static(&[0; 65536])).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub async fn write_bytes(&mut self, mut data: Bytes) -> Result<(), Error> {
        self.0.check_wanted()?;
        if data.is_empty() || self.0.draft_mut().gather(&data)? {
            return Ok(());
        }
        future::poll_fn(|cx| self.0.poll_write_bytes(cx, &mut data, clock::now())).await
    }

    /// Sends what has been written, the head too, and waits until the socket has it.
    ///
    /// ```
    /// # async fn example(writer: &mut purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// writer.write(b"data: now\n\n").await?;
    /// writer.flush().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        future::poll_fn(|cx| self.0.poll_flush(cx, clock::now())).await
    }

    /// Sends an interim response (1xx), such as 103 (Early Hints). It leaves when the handler next waits.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// use purlin_smol::{ResponseHead, Status};
    /// let hints = ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>; rel=preload");
    /// writer.interim(&hints.unwrap())?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] if it is no interim status, or the head has gone.
    pub fn interim(&mut self, head: &ResponseHead) -> Result<(), Error> {
        self.0.interim(head, clock::now())
    }

    /// Sends a response that is a value instead. Fields set here are added to
    /// its own, unless it has some of that name; no media type is guessed.
    ///
    /// ```
    /// # async fn example(writer: purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// writer.respond(purlin_smol::Response::text("all of it\n")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResponseWriter::write`], and the error of the response's [`Source`](crate::Source).
    pub async fn respond(mut self, response: Response) -> Result<(), Error> {
        let sent = self.send(response).await;
        if let Err(error) = &sent {
            self.fail(error);
        }
        sent
    }

    /// Ends the response, with its trailers if it has any.
    ///
    /// ```
    /// # async fn example(mut writer: purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// writer.write(b"the end\n").await?;
    /// writer.finish().await?;
    /// // the response is whole; the handler may go on
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResponseWriter::write`]; less than was declared is a misuse too.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.end().await
    }

    /// Gives the response up, in a way that the peer can tell from its end.
    ///
    /// ```
    /// # fn example(writer: purlin_smol::ResponseWriter) {
    /// writer.abort();
    /// # }
    /// ```
    pub fn abort(mut self) {
        self.0.abort(clock::now());
    }

    /// Whether the peer has gone, or has ended its sending half: a half close
    /// is advice, and an answer may still reach it. Behind the head of a response to HEAD
    /// it is true, too: nobody waits for more.
    ///
    /// ```
    /// # fn example(writer: &purlin_smol::ResponseWriter) -> bool {
    /// writer.is_cancelled()
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Ends once [`ResponseWriter::is_cancelled`] is true. It borrows nothing,
    /// so that it can run beside a write.
    ///
    /// ```
    /// use futures_lite::FutureExt;
    /// # async fn work() -> bool { true }
    /// # async fn example(writer: &purlin_smol::ResponseWriter) {
    /// let gone = writer.cancelled();
    /// let done = work().or(async { gone.await; false }).await;
    /// # let _ = done; }
    /// ```
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + use<> {
        self.0.cancelled()
    }

    /// Gives the machine everything that has been written, the head too.
    async fn give(&mut self) -> Result<(), Error> {
        future::poll_fn(|cx| self.0.poll_give(cx, clock::now())).await
    }

    /// What the response was to be cannot be sent: this is the answer, or the end.
    fn fail(&mut self, error: &Error) {
        self.0.fail(error, clock::now());
    }

    async fn end(&mut self) -> Result<(), Error> {
        future::poll_fn(|cx| self.0.poll_end(cx, clock::now())).await
    }
}

impl AsyncWrite for ResponseWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.check_wanted()?;
        self.0.poll_write(cx, data, clock::now()).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(cx, clock::now()).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_end(cx, clock::now()).map_err(io::Error::from)
    }
}

impl fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseWriter").field("draft", self.0.draft()).finish_non_exhaustive()
    }
}
