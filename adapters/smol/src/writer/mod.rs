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
use purlin_core::ResponseHead;
use purlin_engine::served::Writer;
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
pub struct ResponseWriter {
    writer: Writer,
}

impl ResponseWriter {
    pub(crate) fn new(writer: Writer) -> ResponseWriter {
        ResponseWriter { writer }
    }

    /// Writes all of `data` as [`ResponseWriter::write`] does.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub async fn write_all(&mut self, mut data: &[u8]) -> Result<(), Error> {
        self.writer.check_wanted()?;
        while !data.is_empty() {
            let taken = future::poll_fn(|cx| self.writer.poll_write(cx, data, clock::now()));
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
        self.writer.check_wanted()?;
        if data.is_empty() || self.writer.draft_mut().gather(&data)? {
            return Ok(());
        }
        future::poll_fn(|cx| self.writer.poll_write_bytes(cx, &mut data, clock::now())).await
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
        future::poll_fn(|cx| self.writer.poll_flush(cx, clock::now())).await
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
        self.writer.interim(head, clock::now())
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
        self.writer.abort(clock::now());
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
        self.writer.is_cancelled()
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
        self.writer.cancelled()
    }

    /// Gives the machine everything that has been written, the head too.
    async fn give(&mut self) -> Result<(), Error> {
        future::poll_fn(|cx| self.writer.poll_give(cx, clock::now())).await
    }

    /// What the response was to be cannot be sent: this is the answer, or the end.
    fn fail(&mut self, error: &Error) {
        self.writer.fail(error, clock::now());
    }

    async fn end(&mut self) -> Result<(), Error> {
        future::poll_fn(|cx| self.writer.poll_end(cx, clock::now())).await
    }
}

purlin_engine::writer_api! {
    (async) (.await)
    example "# use purlin_smol::{ResponseWriter, Result, Status};
# fn example(mut writer: ResponseWriter) -> Result<()> {"
}

impl AsyncWrite for ResponseWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writer.check_wanted()?;
        self.writer.poll_write(cx, data, clock::now()).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.poll_flush(cx, clock::now()).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.poll_end(cx, clock::now()).map_err(io::Error::from)
    }
}
