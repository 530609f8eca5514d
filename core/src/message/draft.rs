//! A response in the making, as Go's `ResponseWriter` has it: a head that may
//! be changed until the first byte of body, then pieces, then trailers.
//! Gathers, guesses the media type and counts; moves nothing. How the response
//! is framed is the machine's to decide.

use crate::content::sniff;
use crate::error::Misuse;
use crate::head::{Fields, Method, ResponseHead, Status, names};
use crate::machine::{Body, Id, ServerMachine};
use crate::time::Now;
use bytes::Bytes;
use std::fmt;

/// A response that ends within so many bytes is sent whole, with its length.
const BUFFER: usize = 2048;
/// The most that one write takes over.
const PIECE: usize = 64 * 1024;

/// Where a response goes: an exchange of a machine, and the time.
pub struct Outlet<'a> {
    /// The machine.
    pub machine: &'a mut dyn ServerMachine,
    /// The exchange.
    pub id: Id,
    /// The time.
    pub now: Now,
}

impl fmt::Debug for Outlet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outlet({})", self.id)
    }
}

/// A response in the making: what a writer has said of it, and what of that has
/// not reached the machine.
///
/// Every method that gives something to the machine says whether it took all;
/// if not, the rest is kept, and the call is to be made again once
/// [`Event::Writable`](crate::Event::Writable) has come.
///
/// ```
/// use purlin_core::message::{Draft, Outlet};
/// use purlin_core::{Event, Machine, Method, Now, server};
///
/// let now = Now::default();
/// let mut machine = server::Connection::new(Default::default(), now);
/// machine.receive(b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", now);
/// let Some(Event::Request { id, .. }) = machine.poll_event(now) else { unreachable!() };
///
/// let mut draft = Draft::new(&Method::GET);
/// draft.fields_mut().append("X-Answer", "42").unwrap();
/// let mut to = Outlet { machine: &mut machine, id, now };
/// assert_eq!(draft.write(&mut to, b"<p>hello")?, 8);
/// assert!(draft.finish(&mut to)?);
///
/// let mut out = Vec::new();
/// machine.transmit(&mut out, usize::MAX, now);
/// let text = String::from_utf8(out).unwrap();
/// assert!(text.contains("Content-Length: 8\r\n") && text.contains("Content-Type: text/html"));
/// # Ok::<(), purlin_core::Misuse>(())
/// ```
#[derive(Debug)]
pub struct Draft {
    head: ResponseHead,
    /// The head as it goes out: what is changed after the first byte of body has no effect.
    fixed: Option<Box<ResponseHead>>,
    trailers: Fields,
    buffer: Vec<u8>,
    /// What the machine had no room for; it goes before the buffer.
    outgoing: Bytes,
    stage: Stage,
    /// Body bytes that are still to come, if the head declares their number.
    left: Option<u64>,
    /// The body's length is told before its end.
    measured: bool,
    /// More was written than the head declares.
    overrun: bool,
    sniffs: bool,
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
    /// A draft of an answer to a request of this method: 200, and nothing in it.
    pub fn new(method: &Method) -> Draft {
        Draft {
            head: ResponseHead::new(Status::OK),
            fixed: None,
            trailers: Fields::new(),
            buffer: Vec::new(),
            outgoing: Bytes::new(),
            stage: Stage::Fresh,
            left: None,
            measured: false,
            overrun: false,
            sniffs: true,
            head_only: *method == Method::HEAD,
            connects: *method == Method::CONNECT,
        }
    }

    /// Sets the status. Without effect once body has been written.
    pub fn set_status(&mut self, status: Status) {
        self.head.set_status(status);
    }

    /// The fields of the head. Without effect once body has been written.
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.head.fields_mut()
    }

    /// The trailer fields, sent at the end where the peer can read them.
    pub fn trailers_mut(&mut self) -> &mut Fields {
        &mut self.trailers
    }

    /// Adds trailer fields where the response has room for them: none fit behind
    /// a body whose length is told before (RFC 9112 §7.1.2), and they are left out.
    pub fn offer_trailers(&mut self, trailers: &Fields) {
        if !self.measured && !self.head().fields().contains(names::CONTENT_LENGTH) {
            trailers.iter().for_each(|field| self.trailers.push(field.name, field.value));
        }
    }

    /// Whether a head without Content-Type is given one guessed from the body; it is by default.
    pub fn set_sniffing(&mut self, on: bool) {
        self.sniffs = on;
    }

    /// The head as it stands.
    pub fn head(&self) -> &ResponseHead {
        self.fixed.as_deref().unwrap_or(&self.head)
    }

    /// Whether the response is complete or given up.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Whether the head has gone out.
    pub fn is_begun(&self) -> bool {
        self.stage != Stage::Fresh
    }

    /// Whether nobody waits for more of it, though it may not be ended yet: behind the
    /// head of a response to HEAD nothing goes out (RFC 9110 §9.3.2), however long its
    /// writer goes on. What fails then takes nothing from it: it may be finished.
    pub fn is_unwanted(&self) -> bool {
        self.head_only && self.stage != Stage::Fresh
    }

    /// The request wants the head alone: no body need be made.
    pub fn is_head_only(&self) -> bool {
        self.head_only
    }

    /// Takes body bytes without the machine, if they are few; says whether it took them.
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub fn gather(&mut self, data: &[u8]) -> Result<bool, Misuse> {
        self.check(data.len())?;
        let fits = self.outgoing.is_empty() && self.buffer.len() + data.len() <= BUFFER;
        if fits {
            self.keep(data);
        }
        Ok(fits)
    }

    /// Takes body bytes and says how many: at least one, unless the machine has no room.
    ///
    /// # Errors
    /// [`Misuse::TooMuchBody`] if the head declares less, [`Misuse::BodyNotAllowed`]
    /// if its status has none; nothing is taken then.
    pub fn write(&mut self, to: &mut Outlet<'_>, data: &[u8]) -> Result<usize, Misuse> {
        if self.gather(data)? {
            return Ok(data.len());
        }
        if !self.push(to)? {
            return Ok(0);
        }
        if self.stage == Stage::Fresh || !self.buffer.is_empty() {
            // Fills the buffer first: the more is there, the better is the guess.
            let count = data.len().min(BUFFER - self.buffer.len());
            self.keep(&data[..count]);
            if !self.drain(to)? || count > 0 {
                return Ok(count);
            }
        }
        let count = data.len().min(PIECE);
        self.count(count);
        self.outgoing = Bytes::copy_from_slice(&data[..count]);
        self.push(to)?;
        Ok(count)
    }

    /// Takes body bytes as [`Draft::write`] does, without copying many of them;
    /// leaves in `data` what there is no room for.
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub fn write_bytes(&mut self, to: &mut Outlet<'_>, data: &mut Bytes) -> Result<(), Misuse> {
        if self.gather(data)? {
            data.clear();
            return Ok(());
        }
        if !self.push(to)? {
            return Ok(());
        }
        if !self.buffer.is_empty() {
            let first = data.split_to(data.len().min(BUFFER - self.buffer.len()));
            self.keep(&first);
            if !self.drain(to)? || data.is_empty() {
                return Ok(());
            }
        }
        self.count(data.len());
        self.outgoing = std::mem::take(data);
        self.push(to)?;
        Ok(())
    }

    /// Gives the machine everything that has been written, the head first; says
    /// whether it took all.
    ///
    /// # Errors
    /// What [`ServerMachine::respond`] and [`crate::Machine::send`] give.
    pub fn flush(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        Ok(self.stage == Stage::Done || (self.push(to)? && self.drain(to)?))
    }

    /// Ends the response; says whether the machine took all that was left of it.
    ///
    /// A response that got less body than its head declares, or was to get more,
    /// is broken off, so that the peer can tell.
    ///
    /// # Errors
    /// As [`Draft::flush`], and what [`crate::Machine::finish`] gives;
    /// [`Misuse::TooLittleBody`] or [`Misuse::TooMuchBody`] if it was broken off.
    pub fn finish(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        if self.stage == Stage::Done {
            return Ok(true);
        }
        self.fix();
        let wrong = self.wrong_length();
        if self.stage == Stage::Fresh && wrong.is_none() && self.is_whole() {
            return self.send_whole(to);
        }
        if !self.flush(to)? {
            return Ok(false);
        }
        if let Some(misuse) = wrong {
            self.stage = Stage::Done;
            to.machine.reset(to.id, to.now)?;
            return Err(misuse);
        }
        to.machine.finish(to.id, Some(&self.trailers), to.now)?;
        if self.connects && self.head().status().is_success() {
            // Nobody reads what comes through the tunnel; it may be over already.
            let _ = to.machine.discard(to.id, to.now);
        }
        self.stage = Stage::Done;
        Ok(true)
    }

    /// How the body written and the length declared disagree.
    fn wrong_length(&self) -> Option<Misuse> {
        let short = self.left.is_some_and(|left| left > 0);
        match (self.overrun, short) {
            _ if self.is_bodiless() || self.head_only => None,
            (true, _) => Some(Misuse::TooMuchBody),
            (false, true) => Some(Misuse::TooLittleBody),
            (false, false) => None,
        }
    }

    /// Sends head and body in one; nothing has gone out before.
    fn send_whole(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        self.guess();
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        // Behind a HEAD, what the head declares counts, and not what was written.
        let empty = bytes.is_empty() || (self.head_only && self.left.is_some());
        let body = if empty { Body::Empty } else { Body::Full(bytes) };
        to.machine.answer(to.id, self.head(), body, to.now)?;
        self.stage = Stage::Done;
        Ok(true)
    }

    /// Takes this head instead, its body still to be written. Fields set here
    /// before are added to it, unless it has some of that name. No media type is
    /// guessed.
    ///
    /// # Errors
    /// [`Misuse::SecondResponse`] once body has been written.
    pub fn adopt(&mut self, head: ResponseHead) -> Result<(), Misuse> {
        if self.stage != Stage::Fresh || self.fixed.is_some() {
            return Err(Misuse::SecondResponse);
        }
        self.head = self.merged(head);
        self.sniffs = false;
        Ok(())
    }

    /// This head with the fields that were set here before.
    fn merged(&self, mut head: ResponseHead) -> ResponseHead {
        for field in self.head.fields().iter() {
            if field.is(names::SET_COOKIE) || !head.fields().contains(field.name) {
                head.fields_mut().push(field.name, field.value);
            }
        }
        head
    }

    /// Sends this head instead, with a body that is whole, or still to be
    /// written; [`Draft::finish`] follows. Fields set here before are added to
    /// the head, unless it has some of that name. No media type is guessed.
    ///
    /// # Errors
    /// What [`ServerMachine::respond`] gives; [`Misuse::SecondResponse`] once body has been written.
    pub fn respond(
        &mut self,
        to: &mut Outlet<'_>,
        head: ResponseHead,
        body: Body,
    ) -> Result<(), Misuse> {
        if self.stage != Stage::Fresh || self.fixed.is_some() {
            return Err(Misuse::SecondResponse);
        }
        let head = self.merged(head);
        self.measured = matches!(body, Body::Length(_));
        let whole = matches!(body, Body::Empty | Body::Full(_));
        if whole && !self.trailers.is_empty() {
            // Trailers need a body in pieces.
            to.machine.respond(to.id, &head, Body::Stream, to.now)?;
            self.stage = Stage::Open;
            if let Body::Full(bytes) = body {
                self.outgoing = bytes;
            }
        } else if whole {
            to.machine.answer(to.id, &head, body, to.now)?;
            self.stage = Stage::Done;
        } else {
            to.machine.respond(to.id, &head, body, to.now)?;
            self.stage = Stage::Open;
        }
        self.fixed = Some(Box::new(head));
        Ok(())
    }

    /// Makes the exchange a raw stream: with 101 (Switching Protocols), or with
    /// 2xx where the request was CONNECT (RFC 9110 §7.8, §9.3.6).
    ///
    /// # Errors
    /// [`Misuse::WrongStatus`] if it is neither, and what [`ServerMachine::respond`] gives.
    pub fn upgrade(&mut self, to: &mut Outlet<'_>, head: &ResponseHead) -> Result<(), Misuse> {
        let tunnel = self.connects && head.status().is_success();
        if !tunnel && head.status() != Status::SWITCHING_PROTOCOLS {
            return Err(Misuse::WrongStatus);
        }
        if self.stage != Stage::Fresh || self.fixed.is_some() {
            return Err(Misuse::SecondResponse);
        }
        to.machine.respond(to.id, head, Body::Empty, to.now)?;
        self.stage = Stage::Done;
        Ok(())
    }

    /// Makes the exchange a raw stream as it is, behind what has been written;
    /// says whether the machine took all of that.
    ///
    /// # Errors
    /// What [`ServerMachine::hijack`] gives.
    pub fn hijack(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        if self.fixed.is_some() && !self.flush(to)? {
            return Ok(false);
        }
        to.machine.hijack(to.id, to.now)?;
        self.stage = Stage::Done;
        Ok(true)
    }

    /// Gives up on the response: this is the answer if no head has gone out,
    /// else it is broken off so that the peer can tell.
    pub fn fail(&mut self, to: &mut Outlet<'_>, head: &ResponseHead, body: Body) {
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        let answered = match stage {
            Stage::Fresh => to.machine.respond(to.id, head, body, to.now).is_ok(),
            Stage::Open => false,
            Stage::Done => true,
        };
        if !answered {
            // An exchange that is over cannot be given up.
            let _ = to.machine.reset(to.id, to.now);
        }
    }

    /// From here on the head is what goes out.
    fn fix(&mut self) {
        if self.fixed.is_some() {
            return;
        }
        let head = std::mem::replace(&mut self.head, ResponseHead::new(Status::OK));
        // One that is no number is the machine's to refuse.
        self.left = head.fields().get(names::CONTENT_LENGTH).and_then(|value| value.parse().ok());
        self.fixed = Some(Box::new(head));
    }

    /// Whether so many bytes of body may be written.
    fn check(&mut self, count: usize) -> Result<(), Misuse> {
        if self.stage == Stage::Done {
            return Err(Misuse::AlreadyFinished);
        }
        self.fix();
        if count > 0 && self.is_bodiless() {
            return Err(Misuse::BodyNotAllowed);
        }
        self.overrun |= self.left.is_some_and(|left| count as u64 > left);
        if self.overrun { Err(Misuse::TooMuchBody) } else { Ok(()) }
    }

    fn count(&mut self, count: usize) {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(count as u64);
        }
    }

    fn keep(&mut self, data: &[u8]) {
        self.count(data.len());
        if self.buffer.capacity() == 0 && !data.is_empty() {
            self.buffer.reserve_exact(BUFFER);
        }
        self.buffer.extend_from_slice(data);
    }

    fn is_bodiless(&self) -> bool {
        self.head().status().is_bodiless()
    }

    /// Whether the body that is here is all there is, so that its length can be told.
    fn is_whole(&self) -> bool {
        // Nobody wrote the body that is left out behind a HEAD; trailers that are
        // announced need a body in pieces, though none came.
        let known = !self.head_only || !self.buffer.is_empty() || self.left.is_some();
        known && self.trailers.is_empty() && !self.announces_trailers()
    }

    fn announces_trailers(&self) -> bool {
        self.left.is_none() && self.head().fields().contains(names::TRAILER)
    }

    /// Gives the head a Content-Type if it has none and the body tells one.
    fn guess(&mut self) {
        let data = if self.buffer.is_empty() { &self.outgoing[..] } else { &self.buffer[..] };
        let Some(head) = &mut self.fixed else {
            return;
        };
        let fields = head.fields_mut();
        if self.sniffs
            && !data.is_empty()
            && !fields.contains(names::CONTENT_TYPE)
            && fields.get_bytes(names::CONTENT_ENCODING).is_none_or(<[u8]>::is_empty)
        {
            fields.push(names::CONTENT_TYPE, sniff(data).as_bytes());
        }
    }

    /// Sends the head, with the body to come in pieces, unless it is out.
    fn begin(&mut self, to: &mut Outlet<'_>) -> Result<(), Misuse> {
        if self.stage == Stage::Fresh {
            self.fix();
            self.guess();
            to.machine.respond(to.id, self.head(), Body::Stream, to.now)?;
            self.stage = Stage::Open;
        }
        Ok(())
    }

    /// Gives the machine what is outgoing; says whether it took all.
    fn push(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        if self.outgoing.is_empty() {
            return Ok(true);
        }
        self.begin(to)?;
        to.machine.send(to.id, &mut self.outgoing, to.now)?;
        Ok(self.outgoing.is_empty())
    }

    /// Gives the machine the head and what was gathered, behind what is outgoing;
    /// says whether it took all.
    fn drain(&mut self, to: &mut Outlet<'_>) -> Result<bool, Misuse> {
        debug_assert!(self.outgoing.is_empty());
        self.begin(to)?;
        self.outgoing = Bytes::from(std::mem::take(&mut self.buffer));
        self.push(to)
    }
}

#[cfg(test)]
mod tests;
