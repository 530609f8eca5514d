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

use crate::config::Limits;
use crate::error::{CloseReason, Fault, Misuse, PeerError};
use crate::h1::decide::{self, Asked, Declared, Sent};
use crate::h1::request::Ruling;
use crate::head::{Fields, Method, RequestHead, ResponseHead, Status, Version, names};
use crate::machine::{Body, BodyLength, Close, Eof, Event, Id, Machine, Recv, ServerMachine, Want};
use crate::target::Form;
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::IoSlice;

/// The one exchange.
const ID: Id = 1;

/// One request, answered in memory.
///
/// ```
/// use purlin_core::{Body, BodyLength, Direct, Event, Machine, Method, Now, Recv};
/// use purlin_core::{RequestHead, ResponseHead, ServerMachine, Status};
///
/// let head = RequestHead::new(Method::GET, "/hello").unwrap();
/// let mut exchange = Direct::new(head, BodyLength::Empty);
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
pub struct Direct {
    request: Option<(RequestHead, BodyLength)>,
    asked: Asked,
    input: Input,
    writer: Writer,
    interim: VecDeque<ResponseHead>,
    head: Option<ResponseHead>,
    sent: Sent,
    /// Bytes of body that are declared and not sent yet.
    to_send: u64,
    outgoing: VecDeque<Bytes>,
    queued: usize,
    room: usize,
    send_waits: bool,
    trailers: Option<Fields>,
    raw: Raw,
    notices: Notices,
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

impl Direct {
    /// An exchange of this request, its body still to be supplied.
    pub fn new(head: RequestHead, length: BodyLength) -> Direct {
        let ruling = Ruling::of(&head);
        let asked = Asked {
            version: Version::Http11,
            head: *head.method() == Method::HEAD,
            connect: head.form() == Form::Authority,
            upgrade: ruling.upgrade && ruling.upgrade_option,
            ..Asked::NOTHING
        };
        let limits = Limits::default();
        Direct {
            asked,
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
        }
    }

    /// The same for a host that has no raw stream to give: an upgrade and a
    /// hijack are [`Misuse::NotUpgradable`].
    #[must_use]
    pub fn without_raw(mut self) -> Direct {
        self.raw = Raw::Refused;
        self
    }

    /// The same with room for an answer of any size: whoever takes it waits for its end.
    #[must_use]
    pub fn with_unlimited_room(mut self) -> Direct {
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

    fn check(&self, id: Id) -> Result<(), Misuse> {
        if id == ID && self.in_exchange() { Ok(()) } else { Err(Misuse::NoSuchExchange) }
    }

    fn recv_body(&mut self) -> Recv {
        let input = &mut self.input;
        if let Some(piece) = input.pieces.front() {
            if input.taken + piece.len() as u64 > input.limit {
                return Recv::Failed(PeerError::of_request(Fault::BodyTooLarge));
            }
        }
        if let Some(piece) = input.pieces.pop_front() {
            input.held -= piece.len();
            input.taken += piece.len() as u64;
            return Recv::Data(piece);
        }
        match (input.fault, &mut input.end) {
            (Some(fault), _) => Recv::Failed(PeerError::of_request(fault)),
            (None, Some(trailers)) => {
                input.told = true;
                Recv::End(trailers.take())
            }
            (None, None) => {
                input.waits = true;
                Recv::Pending
            }
        }
    }

    fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.queued += piece.len();
            self.outgoing.push_back(piece);
        }
    }
}

/// There are no bytes to move, and nothing takes time: what is left of the
/// verbs is events and bodies.
impl Machine for Direct {
    fn read_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn filled(&mut self, _n: usize, _now: Now) {}

    fn eof(&mut self, how: Eof, _now: Now) {
        if how != Eof::Clean {
            self.end(Fault::Reset);
        }
    }

    fn poll_event(&mut self, _now: Now) -> Option<Event> {
        if let Some((head, body)) = self.request.take() {
            return Some(Event::Request { id: ID, head, body, expects_continue: false });
        }
        let notices = &mut self.notices;
        if std::mem::take(&mut notices.input_closed) {
            return Some(Event::InputClosed);
        }
        if std::mem::take(&mut notices.upgraded) {
            return Some(Event::Upgraded { id: ID });
        }
        if std::mem::take(&mut notices.readable) {
            return Some(Event::Readable { id: ID });
        }
        if std::mem::take(&mut notices.writable) {
            return Some(Event::Writable { id: ID });
        }
        notices.closed.take().map(Event::Closed)
    }

    fn output<'a>(&'a mut self, _slices: &mut [IoSlice<'a>], _now: Now) -> usize {
        0
    }

    fn wrote(&mut self, _n: usize, _now: Now) {}

    fn deadline(&self) -> Option<(Mono, Why)> {
        None
    }

    fn tick(&mut self, _now: Now) {}

    fn want(&self) -> Want {
        let close = (!self.in_exchange()).then_some(Close::Graceful);
        Want { read: false, write: false, close }
    }

    fn trim(&mut self, _now: Now) {}

    fn in_exchange(&self) -> bool {
        !matches!(self.writer, Writer::End | Writer::Reset)
    }

    fn held(&self) -> usize {
        0
    }

    fn send(&mut self, id: Id, data: &mut Bytes, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        match (self.writer, self.sent) {
            (Writer::Owed, _) => return Err(Misuse::NoResponseYet),
            _ if data.is_empty() => return Ok(()),
            (_, Sent::Omitted(_)) if self.asked.head => {
                data.clear();
                return Ok(());
            }
            (_, Sent::None | Sent::Omitted(_)) => return Err(Misuse::BodyNotAllowed),
            (_, Sent::Length(_)) if data.len() as u64 > self.to_send => {
                return Err(Misuse::TooMuchBody);
            }
            _ => {}
        }
        let room = self.room.saturating_sub(self.queued).max(usize::from(self.queued == 0));
        let piece = data.split_to(room.min(data.len()));
        self.to_send = self.to_send.saturating_sub(piece.len() as u64);
        self.send_waits = !data.is_empty();
        self.push(piece);
        Ok(())
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        match self.writer {
            Writer::Owed => return Err(Misuse::NoResponseYet),
            _ if self.to_send > 0 => return Err(Misuse::TooLittleBody),
            _ => {}
        }
        let trailers = trailers.filter(|trailers| !trailers.is_empty());
        // On a raw stream there are none, as on a wire.
        if self.writer != Writer::Raw {
            decide::trailers(self.sent, trailers)?;
        }
        if self.sent == Sent::Chunked {
            self.trailers = trailers.cloned();
        }
        self.writer = Writer::End;
        Ok(())
    }

    fn recv(&mut self, id: Id, _now: Now) -> Recv {
        if self.input.told {
            return Recv::End(None);
        }
        match self.check(id) {
            Ok(()) => self.recv_body(),
            Err(_) => Recv::Failed(PeerError::of_request(Fault::Truncated)),
        }
    }

    fn prefetch(&mut self, _id: Id, _most: usize, _now: Now) -> bool {
        true
    }

    fn discard(&mut self, id: Id, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.input.discarded = true;
        self.input.pieces.clear();
        self.input.held = 0;
        Ok(())
    }

    fn reset(&mut self, id: Id, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        self.writer = Writer::Reset;
        self.notices.closed = Some(CloseReason::Aborted);
        Ok(())
    }

    fn shutdown(&mut self, _now: Now) {}

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.check(id)?;
        self.input.limit = bytes;
        Ok(())
    }
}

impl ServerMachine for Direct {
    fn respond(
        &mut self,
        id: Id,
        head: &ResponseHead,
        body: Body,
        _now: Now,
    ) -> Result<(), Misuse> {
        self.check(id)?;
        if self.writer != Writer::Owed {
            return Err(Misuse::SecondResponse);
        }
        let declared = Declared::of(head)?;
        let sent = decide::response(&self.asked, head.status(), declared.length, &body)?;
        let switching = head.status() == Status::SWITCHING_PROTOCOLS;
        let refused = self.raw == Raw::Refused || (switching && !declared.upgrade);
        if sent == Sent::Upgrade && refused {
            return Err(Misuse::NotUpgradable);
        }
        self.sent = sent;
        self.head = Some(head.clone());
        let whole = matches!(body, Body::Empty | Body::Full(_));
        self.to_send = match sent {
            Sent::Length(length) if !whole => length,
            _ => 0,
        };
        self.writer = match sent {
            Sent::Upgrade => Writer::Raw,
            _ if whole => Writer::End,
            _ => Writer::Body,
        };
        if sent == Sent::Upgrade {
            self.raw = Raw::Upgraded;
            self.notices.upgraded = true;
        }
        if let (Body::Full(bytes), Sent::Length(_)) = (body, sent) {
            self.push(bytes);
        }
        Ok(())
    }

    fn hijack(&mut self, id: Id, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        if self.raw != Raw::Allowed {
            return Err(Misuse::NotUpgradable);
        }
        self.raw = Raw::Hijacked;
        self.writer = Writer::Raw;
        self.sent = Sent::Upgrade;
        self.to_send = 0;
        self.notices.upgraded = true;
        Ok(())
    }

    fn interim(&mut self, id: Id, head: &ResponseHead, _now: Now) -> Result<(), Misuse> {
        self.check(id)?;
        let status = head.status();
        if !status.is_informational() || status == Status::SWITCHING_PROTOCOLS {
            return Err(Misuse::WrongStatus);
        }
        if self.writer != Writer::Owed {
            return Err(Misuse::SecondResponse);
        }
        self.interim.push_back(head.clone());
        Ok(())
    }
}
