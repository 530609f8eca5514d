//! The handler's side of an exchange without a wire: the verbs and commands of
//! every machine.
//! Asks the same decisions as a connection; what is left of the verbs is events and bodies.

use super::{Followed, ID, InMemory, Raw, Writer};
use crate::error::{CloseReason, Fault, Misuse, PeerError};
use crate::h1::decide::{self, Declared, Sent};
use crate::head::{Fields, ResponseHead, Status};
use crate::machine::{Body, Close, Eof, Event, Facts, Id, Machine, Recv, ServerMachine, Want};
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::io::IoSlice;

impl InMemory {
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

    /// What is to be told of an exchange that is followed.
    fn followed_event(&mut self, now: Now) -> Option<Event> {
        let over = !self.in_exchange();
        let followed = self.followed.as_mut()?;
        if let Some(head) = followed.answered.take() {
            return Some(Event::Answered { id: ID, head });
        }
        if !over || std::mem::replace(&mut followed.over, true) {
            return None;
        }
        // Nothing here takes time.
        let (first_byte, head, end) = (now.mono, now.mono, now.mono);
        let (status, received, sent) = (followed.status, self.input.taken, self.given);
        let facts = Facts { status, first_byte, head, end, received, sent, keep_alive: false };
        Some(Event::Done { id: ID, facts })
    }

    fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.queued += piece.len();
            self.given += piece.len() as u64;
            self.outgoing.push_back(piece);
        }
    }
}

/// There are no bytes to move, and nothing takes time: what is left of the
/// verbs is events and bodies.
impl Machine for InMemory {
    fn read_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn filled(&mut self, _n: usize, _now: Now) {}

    fn eof(&mut self, how: Eof, _now: Now) {
        if how != Eof::Clean {
            self.end(Fault::Reset);
        }
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        if let Some((head, body)) = self.request.take() {
            return Some(Event::Request { id: ID, head, body, expects_continue: false });
        }
        if let Some(event) = self.followed_event(now) {
            return Some(event);
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

impl ServerMachine for InMemory {
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
        if sent == Sent::Upgrade && self.raw == Raw::Refused {
            return Err(Misuse::NotUpgradable);
        }
        if head.status() == Status::SWITCHING_PROTOCOLS {
            self.protocols.check(head.fields())?;
        }
        self.sent = sent;
        self.head = Some(head.clone());
        if let Some(followed) = &mut self.followed {
            followed.status = Some(head.status());
            followed.answered = Some(head.clone());
        }
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

    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        self.check(id)?;
        let status = self.head.as_ref().map(ResponseHead::status);
        self.followed.get_or_insert_with(|| Followed { status, ..Followed::default() });
        Ok(())
    }
}
