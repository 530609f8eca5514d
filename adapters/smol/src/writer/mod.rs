//! Writing a response piece by piece, as Go's `ResponseWriter` does.
//! Gathers small pieces; framing and order are the machine's.

mod sending;

use crate::Error;
use crate::clock;
use crate::shared::{Rest, Shared};
use crate::upgraded::Upgraded;
use crate::{Content, Response};
use bytes::Bytes;
use futures_lite::{AsyncWrite, future};
use purlin_core::{Body, Fields, Id, Machine, ResponseHead, ServerMachine, Status};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What is gathered before it is sent. A response that ends within it is sent whole.
const BUFFER: usize = 2048;

/// The most that one write takes over.
const PIECE: usize = 64 * 1024;

/// Writes a response: status and fields first, then the body, then trailers.
///
/// The head goes out with the first [`flush`](ResponseWriter::flush), or once
/// more than 2 KiB are written; a response that ends before is sent whole, with
/// its length. Small writes are gathered, and a write waits while the peer does
/// not take what was written before. A dropped writer ends its response as soon
/// as the handler returns; nothing written means 200 without a body. If the
/// handler panics or returns an error, it is 500 or the error's own answer
/// before the head has gone, and a visible abort after.
///
/// ```
/// use purlin_smol::{Request, ResponseWriter, Result, Status, streaming};
/// let handler = streaming(async |_: Request, mut writer: ResponseWriter| -> Result<()> {
///     writer.status(Status::ACCEPTED);
///     writer.write(b"working\n").await?;
///     writer.flush().await?; // the peer sees it now
///     writer.write(b"done\n").await
/// });
/// # purlin_smol::Server::new(handler);
/// ```
pub struct ResponseWriter {
    shared: Arc<Shared>,
    id: Id,
    head: ResponseHead,
    /// The head is with the machine.
    sent: bool,
    /// The whole response is.
    done: bool,
    buffer: Vec<u8>,
    /// What the machine had no room for yet; it goes before the buffer.
    outgoing: Bytes,
    trailers: Fields,
}

impl ResponseWriter {
    pub(crate) fn new(shared: Arc<Shared>, id: Id) -> ResponseWriter {
        ResponseWriter {
            shared,
            id,
            head: ResponseHead::new(Status::OK),
            sent: false,
            done: false,
            buffer: Vec::new(),
            outgoing: Bytes::new(),
            trailers: Fields::new(),
        }
    }

    /// Sets the status; 200 if it is not set. Without effect once the head has gone.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.status(purlin_smol::Status::CREATED);
    /// # }
    /// ```
    pub fn status(&mut self, status: Status) -> &mut ResponseWriter {
        self.head.set_status(status);
        self
    }

    /// The fields of the head. Without effect once the head has gone.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.fields_mut().append("Content-Type", "text/event-stream").unwrap();
    /// # }
    /// ```
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.head.fields_mut()
    }

    /// The trailer fields, sent at the end where the peer can read them.
    ///
    /// ```
    /// # fn example(writer: &mut purlin_smol::ResponseWriter) {
    /// writer.trailers_mut().append("Checksum", "97").unwrap();
    /// # }
    /// ```
    pub fn trailers_mut(&mut self) -> &mut Fields {
        &mut self.trailers
    }

    /// Writes all of `data`; waits while the peer takes nothing.
    ///
    /// ```
    /// # async fn example(writer: &mut purlin_smol::ResponseWriter) -> purlin_smol::Result<()> {
    /// writer.write(b"some bytes").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Closed`] if the peer is gone, [`Error::Misuse`] if the response
    /// may not have a body, or not that much.
    pub async fn write(&mut self, mut data: &[u8]) -> Result<(), Error> {
        while !data.is_empty() {
            let count = future::poll_fn(|cx| self.poll_take(cx, data)).await?;
            data = &data[count..];
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
    pub async fn write_bytes(&mut self, data: Bytes) -> Result<(), Error> {
        self.push().await?;
        if self.buffer.len() + data.len() <= BUFFER {
            self.buffer.extend_from_slice(&data);
            return Ok(());
        }
        self.stage()?;
        self.push().await?;
        self.outgoing = data;
        self.push().await
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
        future::poll_fn(|cx| self.poll_flushed(cx)).await
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
        let mut inner = self.shared.lock();
        let sent = inner.machine.interim(self.id, head, clock::now());
        inner.poke();
        sent.map_err(|misuse| inner.error(misuse))
    }

    /// Sends a whole response instead. Fields set here come after its own.
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
        let (mut head, content) = response.into_parts();
        for field in self.head.fields().iter() {
            // It was valid there, so it is here.
            let _ = head.fields_mut().append(field.name, field.value);
        }
        self.head = head;
        match content {
            Content::Empty => {}
            Content::Full(data) => self.outgoing = data,
            Content::Stream(source) => return self.pump(source, None).await,
            Content::Length(length, source) => return self.pump(source, Some(length)).await,
        }
        self.finish().await
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
        future::poll_fn(|cx| self.poll_finish(cx)).await
    }

    /// Gives the response up, in a way that the peer can tell from its end.
    ///
    /// ```
    /// # fn example(writer: purlin_smol::ResponseWriter) {
    /// writer.abort();
    /// # }
    /// ```
    pub fn abort(mut self) {
        self.done = true;
        let mut inner = self.shared.lock();
        // An exchange that is over cannot be given up.
        let _ = inner.machine.reset(self.id, clock::now());
        inner.poke();
    }

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
    /// [`Error::Misuse`] if the peer did not ask for it.
    pub fn upgrade(mut self, head: ResponseHead) -> Result<Upgraded, Error> {
        self.head = head;
        self.send_head(Body::Empty)?;
        self.done = true;
        Ok(Upgraded::new(self.shared.clone(), self.id))
    }

    /// Whether the peer has gone, or has ended its sending half: a half close
    /// is advice, and an answer may still reach it.
    ///
    /// ```
    /// # fn example(writer: &purlin_smol::ResponseWriter) -> bool {
    /// writer.is_cancelled()
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.shared.lock().is_cancelled(self.id)
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
        let (shared, id) = (self.shared.clone(), self.id);
        future::poll_fn(move |cx| shared.lock().poll_cancelled(id, cx))
    }
}

impl AsyncWrite for ResponseWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_take(cx, data).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flushed(cx).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_finish(cx).map_err(io::Error::from)
    }
}

impl Drop for ResponseWriter {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let data = self.unsent();
        let head = (!self.sent).then(|| self.head.clone());
        let rest = Rest { head, data, trailers: std::mem::take(&mut self.trailers) };
        self.shared.lock().writer_dropped(self.id, Box::new(rest));
    }
}

impl fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseWriter")
            .field("head", &self.head)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
