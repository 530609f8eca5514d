//! A response in the making, as Go's `ResponseWriter` has it: a head that may
//! be changed until the first byte of body, then pieces, then trailers.
//! Gathers, guesses the media type and counts; moves nothing. How the response
//! is framed is the machine's to decide.

mod body;
mod instead;

use crate::head::{Fields, Method, ResponseHead, Status, names};
use crate::machine::{Id, ServerMachine};
use crate::time::Now;
use bytes::Bytes;
use std::fmt;

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
/// use purlin_core::message::{PendingResponse, Outlet};
/// use purlin_core::{Event, Machine, Method, Now, server};
///
/// let now = Now::default();
/// let mut machine = server::Connection::new(Default::default(), now);
/// machine.receive(b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n", now);
/// let Some(Event::Request { id, .. }) = machine.poll_event(now) else { unreachable!() };
///
/// let mut draft = PendingResponse::new(&Method::GET);
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
pub struct PendingResponse {
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

impl PendingResponse {
    /// A draft of an answer to a request of this method: 200, and nothing in it.
    pub fn new(method: &Method) -> PendingResponse {
        PendingResponse {
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
}

#[cfg(test)]
mod tests;
