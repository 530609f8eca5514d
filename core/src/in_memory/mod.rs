//! An exchange without a wire: a machine whose other side is this process too.
//! Holds one request and its answer as values; parses and writes nothing.
//!
//! ```text
//!   supply, supply_end                        poll_event, recv
//!   host ------------------> request body ------------------> handler
//!   take_interim, take_head, take              respond, send, finish
//!   host <---------------------- answer <-------------------- handler
//! ```
//!
//! It is for handlers that answer somebody else's requests: those of a test,
//! or of another HTTP library. What may be answered is what a connection
//! allows: the rules are the same functions. A handler that takes the exchange
//! over as a raw stream finds nothing to read in it; what it writes is the body.

mod machine;

use crate::config::Limits;
use crate::error::{CloseReason, Fault, PeerError};
use crate::h1::control::ControlFields;
use crate::h1::decide::{Asked, Sent};
use crate::h1::protocols::Protocols;
use crate::head::{Fields, Method, RequestHead, ResponseHead, Status, Version, names};
use crate::machine::{BodyLength, Id, Machine, Recv};
use crate::target::Form;
use bytes::Bytes;
use std::collections::VecDeque;

/// The one exchange.
const ID: Id = 1;

/// One request, answered in memory.
///
/// ```
/// use purlin_core::{Body, BodyLength, InMemory, Event, Machine, Method, Now, Recv};
/// use purlin_core::{RequestHead, ResponseHead, ServerMachine, Status};
///
/// let head = RequestHead::new(Method::GET, "/hello").unwrap();
/// let mut exchange = InMemory::new(head, BodyLength::Empty);
/// let now = Now::default();
/// let Some(Event::Request { id, .. }) = exchange.poll_event(now) else { unreachable!() };
/// exchange.respond(id, &ResponseHead::new(Status::OK), Body::Full("hello".into()), now)?;
///
/// assert_eq!(exchange.take_head().unwrap().status(), Status::OK);
/// assert_eq!(exchange.take(), Recv::Data("hello".into()));
/// assert_eq!(exchange.take(), Recv::End(None));
/// # Ok::<(), purlin_core::Misuse>(())
/// ```
#[derive(Debug)]
pub struct InMemory {
    request: Option<(RequestHead, BodyLength)>,
    asked: Asked,
    /// What it asks to be switched to.
    protocols: Protocols,
    input: Input,
    writer: Writer,
    interim: VecDeque<ResponseHead>,
    head: Option<ResponseHead>,
    sent: Sent,
    /// Bytes of body that are declared and not sent yet.
    to_send: u64,
    outgoing: VecDeque<Bytes>,
    queued: usize,
    /// Bytes of body that the handler has given.
    given: u64,
    room: usize,
    send_waits: bool,
    trailers: Option<Fields>,
    raw: Raw,
    notices: Notices,
    followed: Option<Followed>,
}

/// What is told of an exchange that is followed.
#[derive(Debug, Default)]
struct Followed {
    /// The head that is to be told.
    answered: Option<ResponseHead>,
    status: Option<Status>,
    /// Its end has been told.
    over: bool,
}

/// Whether the exchange may be, or has been, taken over as a raw stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Raw {
    Refused,
    Allowed,
    /// By an answer.
    Upgraded,
    /// As it was.
    Hijacked,
}

/// The request's body.
#[derive(Debug)]
struct Input {
    pieces: VecDeque<Bytes>,
    /// Bytes in the pieces.
    held: usize,
    taken: u64,
    limit: u64,
    end: Option<Option<Fields>>,
    fault: Option<Fault>,
    told: bool,
    waits: bool,
    discarded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Owed,
    Body,
    Raw,
    End,
    /// The application gave up.
    Reset,
}

#[derive(Debug, Default)]
struct Notices {
    input_closed: bool,
    upgraded: bool,
    readable: bool,
    writable: bool,
    closed: Option<CloseReason>,
}

impl InMemory {
    /// An exchange of this request, its body still to be supplied.
    pub fn new(head: RequestHead, length: BodyLength) -> InMemory {
        let control = ControlFields::of(head.fields());
        let asked = Asked {
            version: Version::Http11,
            head: *head.method() == Method::HEAD,
            connect: head.form() == Form::Authority,
            upgrade: control.upgrade && control.upgrade_option,
            ..Asked::NOTHING
        };
        let limits = Limits::default();
        InMemory {
            asked,
            protocols: Protocols::of(head.fields(), asked.upgrade),
            input: Input {
                pieces: VecDeque::new(),
                held: 0,
                taken: 0,
                limit: limits.body_bytes,
                end: (length == BodyLength::Empty).then_some(None),
                fault: None,
                told: length == BodyLength::Empty,
                waits: false,
                discarded: false,
            },
            request: Some((head, length)),
            writer: Writer::Owed,
            interim: VecDeque::new(),
            head: None,
            sent: Sent::None,
            to_send: 0,
            outgoing: VecDeque::new(),
            queued: 0,
            room: limits.output_bytes,
            send_waits: false,
            trailers: None,
            raw: Raw::Allowed,
            notices: Notices::default(),
            followed: None,
            given: 0,
        }
    }

    /// This exchange in a host that has no raw stream to give: an upgrade and a
    /// hijack are [`Misuse::NotUpgradable`](crate::Misuse::NotUpgradable).
    #[must_use]
    pub fn without_raw(mut self) -> InMemory {
        self.raw = Raw::Refused;
        self
    }

    /// This exchange with room for an answer of any size: whoever takes it waits for its end.
    #[must_use]
    pub fn with_unlimited_room(mut self) -> InMemory {
        self.room = usize::MAX;
        self
    }

    /// Whether the request's body is waited for: whoever supplies no more than
    /// that is no faster than the handler.
    pub fn wants_body(&self) -> bool {
        let open = self.input.end.is_none() && self.input.fault.is_none();
        open && !self.input.discarded && self.input.waits
    }

    /// Supplies a piece of the request's body.
    pub fn supply(&mut self, piece: Bytes) {
        if piece.is_empty() || self.input.end.is_some() || self.input.discarded {
            return;
        }
        self.input.held += piece.len();
        self.input.pieces.push_back(piece);
        self.wake();
    }

    /// The request's body has ended.
    pub fn supply_end(&mut self, trailers: Option<Fields>) {
        self.input.end.get_or_insert(trailers);
        self.wake();
    }

    /// The request's body will not come to its end.
    pub fn cut(&mut self, fault: Fault) {
        if self.input.end.is_none() {
            self.input.fault.get_or_insert(fault);
            self.wake();
        }
    }

    /// Nobody waits for the answer any more.
    pub fn abandon(&mut self) {
        self.notices.input_closed = self.in_exchange();
        self.end(Fault::Reset);
    }

    fn end(&mut self, fault: Fault) {
        self.cut(fault);
        if self.in_exchange() {
            self.writer = Writer::Reset;
            self.notices.closed = Some(CloseReason::Fault(fault));
        }
        self.outgoing.clear();
        self.queued = 0;
    }

    fn wake(&mut self) {
        self.notices.readable |= std::mem::take(&mut self.input.waits);
    }

    /// The next interim response.
    pub fn take_interim(&mut self) -> Option<ResponseHead> {
        self.interim.pop_front()
    }

    /// The final head, once. Behind a HEAD, it tells the length of what is left out.
    pub fn take_head(&mut self) -> Option<ResponseHead> {
        let mut head = self.head.take()?;
        if let Sent::Omitted(Some(length)) = self.sent {
            if !head.fields().contains(names::CONTENT_LENGTH) {
                head.fields_mut().push(names::CONTENT_LENGTH, length.to_string().as_bytes());
            }
        }
        Some(head)
    }

    /// Whether an answer, 101 or 2xx to CONNECT, made the exchange a raw stream.
    pub fn is_upgraded(&self) -> bool {
        self.raw == Raw::Upgraded
    }

    /// Whether the exchange was made a raw stream as it was.
    pub fn is_hijacked(&self) -> bool {
        self.raw == Raw::Hijacked
    }

    /// How long the answer's body is, where that is known before its end; behind
    /// a HEAD there is none.
    pub fn answer_length(&self) -> Option<u64> {
        match self.sent {
            Sent::Length(length) => Some(length),
            Sent::None | Sent::Omitted(_) => Some(0),
            Sent::Chunked | Sent::UntilClose | Sent::Upgrade => None,
        }
    }

    /// Takes the next piece of the answer's body.
    pub fn take(&mut self) -> Recv {
        if let Some(piece) = self.outgoing.pop_front() {
            self.queued -= piece.len();
            if self.send_waits && self.queued <= self.room / 2 {
                self.send_waits = false;
                self.notices.writable = true;
            }
            return Recv::Data(piece);
        }
        match self.writer {
            Writer::End => Recv::End(self.trailers.take()),
            Writer::Reset => Recv::Failed(PeerError::of_request(Fault::Truncated)),
            Writer::Owed | Writer::Body | Writer::Raw => Recv::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
