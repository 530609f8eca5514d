//! The writer of a response, as in Go: a head that can be changed until the
//! first byte of body, then pieces, then trailers.
//! What is gathered and guessed, and how the response is framed, the core decides.

mod pump;
mod raw;

use crate::server::line::Line;
use crate::server::waiting::{For, now};
use crate::{Error, Response};
use bytes::Bytes;
use purlin_core::{Now, ResponseHead};
use purlin_engine::served::Writer;
use std::io::{self, Write};
use std::sync::Arc;
use std::task::{Context, Poll};

/// The writer of one response.
///
/// Status and fields can be set until the first byte of body is written. The
/// head goes out with the first `flush`, or once more than 2048 bytes have been
/// written. A response that ends before that tells its length; one without a
/// Content-Type is given one by what its first bytes look like. It is complete
/// when the writer is finished, or when it is dropped and the handler has
/// returned; without a word written, that is an empty 200. Dropped by a panic,
/// the response becomes a 500, or breaks off so that the client can tell.
///
/// It implements [`Write`]; methods of its own that have the same names do the same.
///
/// ```
/// use purlin_std::{Error, ResponseWriter, Status};
/// use std::io::Write;
///
/// fn report(mut writer: ResponseWriter) -> Result<(), Error> {
///     writer.status(Status::OK);
///     writer.fields_mut().append("Content-Type", "text/plain").expect("valid");
///     writeln!(writer, "first line")?;
///     writer.flush()?;
///     writeln!(writer, "second line")?;
///     writer.trailers_mut().append("Checksum", "none").expect("valid");
///     writer.finish()
/// }
/// ```
pub struct ResponseWriter {
    writer: Writer,
    line: Arc<Line>,
}

impl ResponseWriter {
    pub(crate) fn new(writer: Writer, line: Arc<Line>) -> ResponseWriter {
        ResponseWriter { writer, line }
    }

    /// Waits for room, as often as there is none.
    fn wait<T>(
        &mut self,
        mut poll: impl FnMut(&mut Writer, &Context<'_>, Now) -> Poll<Result<T, Error>>,
    ) -> Result<T, Error> {
        self.line.wait(For::Room, |cx, now| poll(&mut self.writer, cx, now))
    }

    /// Takes body bytes as [`ResponseWriter::write`] does. It is [`Write::write_all`], with
    /// an error that says more.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.writer.check_wanted()?;
        if self.writer.draft_mut().gather(bytes)? {
            return Ok(());
        }
        while !bytes.is_empty() {
            let count = self.wait(|writer, cx, now| writer.poll_write(cx, bytes, now))?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Takes body bytes as [`ResponseWriter::write`] does, without copying many of them.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub fn write_bytes(&mut self, mut bytes: Bytes) -> Result<(), Error> {
        self.writer.check_wanted()?;
        if self.writer.draft_mut().gather(&bytes)? {
            return Ok(());
        }
        self.give_bytes(&mut bytes)
    }

    fn give_bytes(&mut self, bytes: &mut Bytes) -> Result<(), Error> {
        self.wait(|writer, cx, now| writer.poll_write_bytes(cx, bytes, now))
    }

    /// Sends what has been written so far, the head first. It is [`Write::flush`], with an
    /// error that says more.
    ///
    /// ```
    /// # fn example(mut writer: purlin_std::ResponseWriter) -> purlin_std::Result<()> {
    /// writer.write(b"ready\n")?;
    /// writer.flush()?; // the client has it now
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.wait(Writer::poll_flush)
    }

    /// Sends an interim response, such as 103 (Early Hints), at once.
    ///
    /// ```
    /// use purlin_std::{ResponseHead, Status};
    /// # fn example(mut writer: purlin_std::ResponseWriter) -> purlin_std::Result<()> {
    /// let hints = ResponseHead::new(Status::EARLY_HINTS).with("Link", "</style.css>; rel=preload");
    /// writer.interim(&hints.expect("valid"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] if the status is not 1xx, is 101, or the head is out.
    pub fn interim(&mut self, head: &ResponseHead) -> Result<(), Error> {
        self.writer.interim(head, now())?;
        self.wait(|writer, cx, _| writer.poll_flushed(cx))
    }

    /// Whether nobody waits for the response any more: the client is gone, or
    /// has said that it sends nothing more (which is advice: it may still read), or the
    /// request was HEAD and the response's head is out.
    ///
    /// Looks at the socket, which takes a system call.
    ///
    /// ```
    /// # fn next_step() -> bool { false }
    /// # fn example(writer: &purlin_std::ResponseWriter) {
    /// while next_step() {
    ///     if writer.is_cancelled() {
    ///         return;
    ///     }
    /// }
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.line.look();
        self.writer.is_cancelled()
    }

    /// Completes the response and sends it.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`]; [`Error::Misuse`] if there was less body than
    /// declared, or trailers cannot be sent. The response breaks off then.
    pub fn finish(mut self) -> Result<(), Error> {
        let done = self.end();
        if let Err(error) = &done {
            self.fail(error);
        }
        done?;
        // What is complete is so, whoever is gone.
        let _ = self.wait(|writer, cx, _| writer.poll_flushed(cx));
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        self.wait(Writer::poll_end)
    }

    /// Gives the response up, in a way that the peer can tell from its end.
    ///
    /// ```
    /// # fn example(writer: purlin_std::ResponseWriter) {
    /// writer.abort();
    /// # }
    /// ```
    pub fn abort(mut self) {
        self.writer.abort(now());
    }

    /// What the response was to be cannot be sent: this is the answer, or the end.
    fn fail(&mut self, error: &Error) {
        self.writer.fail(error, now());
    }
}

purlin_engine::writer_api! {
    () ()
    example "# use purlin_std::{ResponseWriter, Result, Status};
# fn example(mut writer: ResponseWriter) -> Result<()> {"
}

impl Write for ResponseWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(ResponseWriter::write(self, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(ResponseWriter::flush(self)?)
    }
}
