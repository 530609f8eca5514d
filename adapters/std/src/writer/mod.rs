//! The writer of a response, as in Go: a head that can be changed until the
//! first bytes go out, then pieces, then trailers.
//! How the response is framed, and what may be sent at all, is the machine's to say.

mod ending;
mod source;

use crate::shared::{Guard, Shared};
use crate::upgraded::Upgraded;
use crate::{Error, Request, Response};
use bytes::Bytes;
use purlin_core::{Body, Content, Fields, Id, Method, Misuse, ResponseHead, ServerMachine, Status};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// A response that ends within so many bytes tells its length.
const BUFFER: usize = 2048;

/// Writes one response.
///
/// Status and fields can be set until the head goes out: with the first
/// `flush`, or once more than 2048 bytes have been written. A response that
/// ends before that tells its length. It is complete when the writer is
/// finished or dropped; without a word written, that is an empty 200. Dropped by a
/// panic, the response becomes a 500, or breaks off so that the client can tell.
///
/// It implements [`Write`].
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
    draft: Draft,
}

/// What has been said of a response, and what of it has not gone out.
#[derive(Debug)]
pub(crate) struct Draft {
    head: ResponseHead,
    trailers: Fields,
    buffer: Vec<u8>,
    stage: Stage,
    /// The request asks for the head alone.
    head_only: bool,
    /// The request asks for a tunnel.
    connects: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The head has not gone out.
    Fresh,
    /// Body may follow.
    Open,
    /// The response is complete, or given up.
    Done,
}

impl Draft {
    fn new(method: &Method) -> Draft {
        Draft {
            head: ResponseHead::new(Status::OK),
            trailers: Fields::new(),
            buffer: Vec::new(),
            stage: Stage::Fresh,
            head_only: *method == Method::HEAD,
            connects: *method == Method::CONNECT,
        }
    }
}

impl ResponseWriter {
    pub(crate) fn new(shared: Arc<Shared>, id: Id, method: &Method) -> ResponseWriter {
        ResponseWriter { shared, id, draft: Draft::new(method) }
    }

    /// Sets the status; 200 without that. Without effect once the head is out.
    pub fn status(&mut self, status: Status) -> &mut ResponseWriter {
        self.draft.head.set_status(status);
        self
    }

    /// The fields of the head, to change them. Without effect once the head is out.
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.draft.head.fields_mut()
    }

    /// The trailer fields, sent when the response is finished.
    pub fn trailers_mut(&mut self) -> &mut Fields {
        &mut self.draft.trailers
    }

    /// Takes body bytes; they go out at the latest with `flush` or the end.
    ///
    /// # Errors
    /// [`Error::Closed`] if the connection has ended, [`Error::Misuse`] if there is
    /// more than the head declared or the response can have no body.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.draft.buffer.len() + bytes.len() <= BUFFER {
            if self.draft.buffer.capacity() == 0 {
                self.draft.buffer.reserve_exact(BUFFER);
            }
            self.draft.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        let slot = self.shared.enter(self.id)?;
        let slot = begin(&mut self.draft, slot, self.id)?;
        let slot = drain(&self.shared, &mut self.draft, slot, self.id)?;
        if bytes.len() < BUFFER {
            self.draft.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        drop(self.shared.send(slot, self.id, Bytes::copy_from_slice(bytes))?);
        Ok(())
    }

    /// Takes body bytes as [`ResponseWriter::write`] does, without copying many of them.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`].
    pub fn write_bytes(&mut self, bytes: Bytes) -> Result<(), Error> {
        if bytes.len() < BUFFER {
            return self.write(&bytes);
        }
        let slot = self.shared.enter(self.id)?;
        let slot = begin(&mut self.draft, slot, self.id)?;
        let slot = drain(&self.shared, &mut self.draft, slot, self.id)?;
        drop(self.shared.send(slot, self.id, bytes)?);
        Ok(())
    }

    /// Sends what has been written so far, the head first.
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
        let slot = self.shared.enter(self.id)?;
        let slot = begin(&mut self.draft, slot, self.id)?;
        let slot = drain(&self.shared, &mut self.draft, slot, self.id)?;
        let mut slot = self.shared.write_out(slot);
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
        let mut slot = self.shared.enter(self.id)?;
        let conn = slot.conn(self.id)?;
        let now = conn.clock.look();
        conn.machine.interim(self.id, head, now).map_err(|misuse| conn.explain(misuse))?;
        let mut slot = self.shared.write_out(slot);
        slot.conn(self.id)?.still_open()
    }

    /// Whether nobody waits for the response any more: the client is gone, or
    /// has said that it sends nothing more (which is advice: it may still read).
    ///
    /// Looks at the socket, which takes three system calls.
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
        let Ok(mut slot) = self.shared.enter(self.id) else {
            return true;
        };
        self.shared.look(&mut slot);
        slot.conn(self.id).map_or(true, |conn| conn.input_closed || conn.closed.is_some())
    }

    /// Answers with a whole value; a source in it is read to its end. Fields
    /// set here before are added to those of the response.
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
    /// As [`ResponseWriter::write`]; [`Error::Io`] if the source fails. If the
    /// head was not out, the answer is a 500 then; else it breaks off.
    pub fn respond(mut self, response: Response) -> Result<(), Error> {
        let (mut head, content) = response.into_parts();
        for field in self.draft.head.fields().iter() {
            if !head.fields().contains(field.name) {
                let added = head.fields_mut().append(field.name, field.value);
                debug_assert_eq!(added, Ok(()));
            }
        }
        self.draft.head = head;
        let sent = match content {
            Content::Empty => self.send_whole(Body::Empty),
            Content::Full(bytes) => self.send_whole(Body::Full(bytes)),
            Content::Length(length, source) => self.send_source(Body::Length(length), source),
            Content::Stream(source) => self.send_source(Body::Stream, source),
        };
        if sent.is_err() {
            self.fail();
        }
        sent
    }

    /// Completes the response and sends it.
    ///
    /// # Errors
    /// As [`ResponseWriter::write`]; [`Error::Misuse`] if there was less body than
    /// declared, or trailers cannot be sent. The response breaks off then.
    pub fn finish(mut self) -> Result<(), Error> {
        self.complete()?;
        drop(self.shared.write_out(self.shared.lock()));
        Ok(())
    }

    /// Gives up on the response, so that the client can tell: without a head it
    /// becomes a 500, else it breaks off.
    pub fn abort(mut self) {
        self.fail();
    }

    /// Makes the connection a raw stream: with 101 (Switching Protocols) if the
    /// client asked for that, or with 200 to a CONNECT request. [`Upgraded`] has an example.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the request cannot be upgraded; it is answered with 500 then.
    pub fn upgrade(mut self, head: ResponseHead) -> Result<Upgraded, Error> {
        match self.send_upgrade(&head) {
            Ok(()) => {
                self.draft.stage = Stage::Done;
                Ok(Upgraded::of(Arc::clone(&self.shared), self.id))
            }
            Err(error) => {
                self.fail();
                Err(error)
            }
        }
    }

    fn send_upgrade(&mut self, head: &ResponseHead) -> Result<(), Error> {
        let tunnel = self.draft.connects && head.status().is_success();
        if !tunnel && head.status() != Status::SWITCHING_PROTOCOLS {
            return Err(Misuse::WrongStatus.into());
        }
        let mut slot = self.shared.enter(self.id)?;
        let conn = slot.conn(self.id)?;
        let now = conn.clock.look();
        conn.machine
            .respond(self.id, head, Body::Empty, now)
            .map_err(|misuse| conn.explain(misuse))?;
        conn.note_events();
        slot.set_duplex(true);
        drop(self.shared.write_out(slot));
        Ok(())
    }

    /// The handler cannot use this writer while it reads the body.
    pub(crate) fn hold_while_reading(&self, request: &Request) {
        if !request.body().is_end() {
            self.shared.lock().hold();
        }
    }
}

/// Sends the head, with the body to come in pieces, unless it is out.
fn begin<'a>(draft: &mut Draft, mut slot: Guard<'a>, id: Id) -> Result<Guard<'a>, Error> {
    if draft.stage == Stage::Fresh {
        let conn = slot.conn(id)?;
        let now = conn.clock.look();
        conn.machine
            .respond(id, &draft.head, Body::Stream, now)
            .map_err(|misuse| conn.explain(misuse))?;
        draft.stage = Stage::Open;
    }
    Ok(slot)
}

/// Sends what is buffered.
fn drain<'a>(
    shared: &'a Shared,
    draft: &mut Draft,
    slot: Guard<'a>,
    id: Id,
) -> Result<Guard<'a>, Error> {
    if draft.buffer.is_empty() {
        return Ok(slot);
    }
    let bytes = Bytes::copy_from_slice(&draft.buffer);
    draft.buffer.clear();
    shared.send(slot, id, bytes)
}

impl Write for ResponseWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ResponseWriter::write(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(ResponseWriter::flush(self)?)
    }
}

impl fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseWriter({:?}, {:?})", self.draft.stage, self.draft.head)
    }
}
