//! The writer of a response, as in Go: a head that can be changed until the
//! first byte of body, then pieces, then trailers.
//! What is gathered and guessed, and how the response is framed, the core decides.

mod raw;

use crate::shared::{Guard, Shared};
use crate::{Error, Response, Source};
use bytes::Bytes;
use purlin_core::message::{Draft, Outlet, chain};
use purlin_core::{Body, Content, Fields, Id, Method, Misuse, ResponseHead, Status};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

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
    shared: Arc<Shared>,
    id: Id,
    /// Until it is left to somebody else.
    draft: Option<Box<Draft>>,
}

impl ResponseWriter {
    pub(crate) fn new(shared: Arc<Shared>, id: Id, method: &Method) -> ResponseWriter {
        ResponseWriter::of(shared, id, Box::new(Draft::new(method)))
    }

    pub(crate) fn of(shared: Arc<Shared>, id: Id, draft: Box<Draft>) -> ResponseWriter {
        ResponseWriter { shared, id, draft: Some(draft) }
    }

    fn draft(&mut self) -> &mut Draft {
        self.draft.get_or_insert_with(|| Box::new(Draft::new(&Method::GET)))
    }

    /// Sets the status; 200 without that. Without effect once body has been written.
    pub fn status(&mut self, status: Status) -> &mut ResponseWriter {
        self.draft().set_status(status);
        self
    }

    /// The fields of the head, to change them. Without effect once body has been written.
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.draft().fields_mut()
    }

    /// The trailer fields, sent when the response is finished.
    pub fn trailers_mut(&mut self) -> &mut Fields {
        self.draft().trailers_mut()
    }

    /// Whether a head without Content-Type is given one by what the body looks
    /// like; it is, without this.
    pub fn sniffing(&mut self, on: bool) -> &mut ResponseWriter {
        self.draft().set_sniffing(on);
        self
    }

    /// Takes body bytes, all of them, and says how many they were; they go out at the
    /// latest with `flush` or the end. It is [`Write::write`], with an error that says more.
    ///
    /// # Errors
    /// [`Error::Closed`] if the connection has ended, [`Error::Unwanted`] behind the head
    /// of a response to HEAD, [`Error::Misuse`] if there is more than the head declared
    /// or the response can have no body.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    /// Takes body bytes as [`ResponseWriter::write`] does. It is [`Write::write_all`], with
    /// an error that says more.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.check_wanted()?;
        if self.draft().gather(bytes)? {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let mut slot = shared.enter(self.id)?;
        while !bytes.is_empty() {
            let count = slot.act(self.id, |to| self.draft().write(to, bytes))?;
            bytes = &bytes[count..];
            if count == 0 {
                slot = shared.make_room(slot, self.id)?;
            }
        }
        Ok(())
    }

    /// Takes body bytes as [`ResponseWriter::write`] does, without copying many of them.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub fn write_bytes(&mut self, mut bytes: Bytes) -> Result<(), Error> {
        self.check_wanted()?;
        if self.draft().gather(&bytes)? {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let mut slot = shared.enter(self.id)?;
        loop {
            slot.act(self.id, |to| self.draft().write_bytes(to, &mut bytes))?;
            if bytes.is_empty() {
                return Ok(());
            }
            slot = shared.make_room(slot, self.id)?;
        }
    }

    /// Behind the head of a response to HEAD nobody waits for more, however much there is.
    fn check_wanted(&self) -> Result<(), Error> {
        if self.is_unwanted() { Err(Error::Unwanted) } else { Ok(()) }
    }

    fn is_unwanted(&self) -> bool {
        self.draft.as_deref().is_some_and(Draft::is_unwanted)
    }

    /// Has all of something given to the machine, making room as often as it says no.
    fn drive<'a>(
        &mut self,
        shared: &'a Shared,
        mut step: impl FnMut(&mut Draft, &mut Outlet<'_>) -> Result<bool, Misuse>,
    ) -> Result<Guard<'a>, Error> {
        let mut slot = shared.enter(self.id)?;
        while !slot.act(self.id, |to| step(self.draft(), to))? {
            slot = shared.make_room(slot, self.id)?;
        }
        Ok(slot)
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
        let shared = Arc::clone(&self.shared);
        let slot = self.drive(&shared, Draft::flush)?;
        let mut slot = shared.write_out(slot);
        slot.conn(self.id)?.still_open()
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
        let (slot, ()) = self.shared.with(self.id, |to| to.machine.interim(to.id, head, to.now))?;
        let mut slot = self.shared.write_out(slot);
        slot.conn(self.id)?.still_open()
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
        if self.is_unwanted() {
            return true;
        }
        let Ok(mut slot) = self.shared.enter(self.id) else {
            return true;
        };
        self.shared.look(&mut slot);
        slot.conn(self.id).map_or(true, |conn| conn.input_closed || conn.closed.is_some())
    }

    /// Answers with a whole value; a source in it is read to its end. Fields
    /// set here before are added to those of the response, unless it has some
    /// of that name.
    ///
    /// ```
    /// use purlin_std::Response;
    /// # fn example(mut writer: purlin_std::ResponseWriter) -> purlin_std::Result<()> {
    /// writer.fields_mut().append("X-Request-Id", "17").expect("valid");
    /// writer.respond(Response::text("hello\n"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ResponseWriter::write`], and the error of the response's
    /// [`Source`](crate::Source). If the head was not out, the answer is the
    /// status of the error then; else it breaks off.
    pub fn respond(mut self, response: Response) -> Result<(), Error> {
        let (head, content) = response.into_parts();
        let sent = match content {
            Content::Empty => self.send(head, Body::Empty),
            Content::Full(bytes) => self.send(head, Body::Full(bytes)),
            Content::Length(length, source) => self.send_source(head, Body::Length(length), source),
            Content::Stream(source) => self.send_source(head, Body::Stream, source),
        };
        if let Err(error) = &sent {
            self.fail(error.status());
        }
        sent
    }

    fn begin(&mut self, head: ResponseHead, body: Body) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        shared.with(self.id, |to| self.draft().respond(to, head, body)).map(drop)
    }

    fn send(&mut self, head: ResponseHead, body: Body) -> Result<(), Error> {
        self.begin(head, body)?;
        self.complete()
    }

    /// Sends what a source gives. The first piece is read before the head goes
    /// out, so that a source that fails at once can be answered with 500.
    fn send_source(
        &mut self,
        head: ResponseHead,
        body: Body,
        mut source: Source,
    ) -> Result<(), Error> {
        if self.draft().is_head_only() {
            return self.send(head, body);
        }
        let own = source.is_body_of(&self.shared);
        if own {
            // Whoever has both the body and the writer waits for nobody.
            self.shared.hold();
        }
        // What is still to come, if that is known: behind it the source is not asked.
        let mut left = if let Body::Length(length) = body { Some(length) } else { None };
        let known = left.is_some();
        let at_hand = source.is_at_hand();
        let mut next = if left == Some(0) { None } else { self.take_piece(&mut source)? };
        self.begin(head, body)?;
        let shared = Arc::clone(&self.shared);
        while let Some(piece) = next {
            left = left.map(|left| left.saturating_sub(piece.len() as u64));
            let slot = shared.send(shared.enter(self.id)?, self.id, piece)?;
            drop(match known {
                // Few large writes cost the system less than many.
                true if at_hand => slot,
                // The rest goes out at the latest before more is waited for.
                true if own => shared.write_ready(slot, self.id)?,
                // What is waited for elsewhere may be long in coming: the piece goes out before.
                _ => shared.make_room(slot, self.id)?,
            });
            next = if left == Some(0) { None } else { self.take_piece(&mut source)? };
        }
        self.complete()
    }

    /// Takes a piece of a source; that it failed is told, unless the peer failed.
    fn take_piece(&mut self, source: &mut Source) -> Result<Option<Bytes>, Error> {
        let taken = source.next();
        if let Err(error @ Error::Io(_)) = &taken {
            // A connection that has ended has nobody to tell.
            let mut slot = self.shared.lock();
            if let Ok(conn) = slot.conn(self.id) {
                conn.failed(&chain(error));
            }
        }
        taken
    }

    /// Completes the response and sends it.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`]; [`Error::Misuse`] if there was less body than
    /// declared, or trailers cannot be sent. The response breaks off then.
    pub fn finish(mut self) -> Result<(), Error> {
        let done = self.complete();
        if let Err(error) = &done {
            self.fail(error.status());
        }
        done?;
        drop(self.shared.write_out(self.shared.lock()));
        Ok(())
    }

    /// The response ends with what has been written.
    fn complete(&mut self) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let mut slot = self.drive(&shared, Draft::finish)?;
        shared.done(&mut slot);
        Ok(())
    }

    /// Gives the response up, in a way that the peer can tell from its end.
    ///
    /// ```
    /// # fn example(writer: purlin_std::ResponseWriter) {
    /// writer.abort();
    /// # }
    /// ```
    pub fn abort(mut self) {
        self.draft = None;
        // An exchange that is over cannot be given up.
        if let Ok((mut slot, ())) = self.shared.with(self.id, |to| to.machine.reset(to.id, to.now))
        {
            self.shared.done(&mut slot);
        }
    }

    fn fail(&mut self, status: Status) {
        self.fail_as(Response::new(status));
    }

    /// Answers this if the head is not out, and else breaks the response off.
    pub(crate) fn fail_with(mut self, response: Response) {
        self.fail_as(response);
    }

    fn fail_as(&mut self, response: Response) {
        let Some(mut draft) = self.draft.take() else {
            return;
        };
        let (head, content) = response.into_parts();
        let body = match content {
            Content::Full(bytes) => Body::Full(bytes),
            // What stands for an error has no source.
            _ => Body::Empty,
        };
        let failed = self.shared.with(self.id, |to| {
            draft.fail(to, &head, body);
            Ok(())
        });
        if let Ok((mut slot, ())) = failed {
            self.shared.done(&mut slot);
        }
    }
}

impl Write for ResponseWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(ResponseWriter::write(self, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(ResponseWriter::flush(self)?)
    }
}

impl Drop for ResponseWriter {
    fn drop(&mut self) {
        let Some(draft) = self.draft.take().filter(|draft| !draft.is_done()) else {
            return;
        };
        if std::thread::panicking() {
            self.draft = Some(draft);
            self.fail(Status::INTERNAL_SERVER_ERROR);
        } else if let Some(draft) = self.shared.leave(self.id, draft) {
            self.draft = Some(draft);
            if let Err(error) = self.complete() {
                self.fail(error.status());
            }
            self.draft = None;
        }
    }
}

impl fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseWriter({:?})", self.draft)
    }
}
