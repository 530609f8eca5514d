//! The server's commands: heads of responses, final and interim, and what it says itself.
//! What a response may be `h1::decide` says for both protocols; content is sent by `send`.

use super::Connection;
use super::stream::Application;
use crate::error::{Fault, Misuse, PeerError};
use crate::h1::decide::{self, Asked, Declared, Sent};
use crate::h2::frame::write;
use crate::h2::head::outgoing;
use crate::head::{ResponseHead, Status};
use crate::machine::{Body, Event, Id, ServerMachine};
use crate::time::Now;
use bytes::Bytes;

impl ServerMachine for Connection {
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        let (number, _) = self.open(id)?;
        self.send_head(number, head, body, now)
    }

    /// HTTP/2 has no way to make a connection something else (RFC 9113 §8.6).
    fn hijack(&mut self, id: Id, _now: Now) -> Result<(), Misuse> {
        self.open(id)?;
        Err(Misuse::NotUpgradable)
    }

    fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse> {
        let (number, _) = self.open(id)?;
        self.send_interim(number, head, now)
    }

    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        self.open(id)?.1.trace.followed = true;
        Ok(())
    }
}

impl Connection {
    /// The final head, and the whole content if it is given with it.
    pub(super) fn send_head(
        &mut self,
        id: u32,
        head: &ResponseHead,
        body: Body,
        now: Now,
    ) -> Result<(), Misuse> {
        let Some(stream) = self.streams.get_mut(id) else { return Err(Misuse::NoSuchExchange) };
        if stream.application != Application::Owes {
            return Err(Misuse::SecondResponse);
        }
        let declared = Declared::of(head)?;
        let asked = Asked { head: stream.is_head, connect: stream.is_connect, ..Asked::NOTHING };
        let sent = decide::response(&asked, head.status(), declared.length, &body)?;
        let whole = matches!(body, Body::Empty | Body::Full(_)) && sent != Sent::Upgrade;
        let content = match (body, sent) {
            (Body::Full(bytes), Sent::Length(_)) => bytes,
            _ => Bytes::new(),
        };
        let none = matches!(sent, Sent::None | Sent::Omitted(_));
        let ends = none || (whole && content.is_empty());
        stream.outbox.sent = sent;
        stream.outbox.left = match sent {
            Sent::Length(length) if !whole => Some(length),
            _ => None,
        };
        stream.application = if whole { Application::Done } else { Application::Sends };
        stream.trace.status = Some(head.status());
        if stream.trace.followed {
            let (id, head) = (Id::from(id), head.clone());
            self.events.push_back(Event::Answered { id, head });
        }
        stream.tell.upgraded = sent == Sent::Upgrade;
        if stream.tell.upgraded {
            self.tell(id);
        }
        if self.streams.state(id).can_send() {
            self.write_head(id, head, sent, ends, now);
            if ends {
                self.has_ended(id, now);
            } else if whole && self.has_room_for(id, content.len()) {
                self.send_at_once(id, content, now);
            } else if whole {
                self.queue(id, content, now);
                self.finish_content(id, now);
            }
        }
        if declared.close {
            self.begin_shutdown(now);
        }
        self.tidy(id, now);
        self.pump(now);
        self.settle(now);
        Ok(())
    }

    /// Writes a final head, with what a message of its kind says besides.
    fn write_head(&mut self, id: u32, head: &ResponseHead, sent: Sent, ends: bool, now: Now) {
        let length = match sent {
            Sent::Length(length) | Sent::Omitted(Some(length)) => Some(length),
            _ => None,
        };
        let mut dated = self.role.server().is_some_and(|config| config.date);
        if self.is_lost() {
            return;
        }
        let (all, used, room) = head.fields().stored();
        // With these, the fields are the same.
        let shape = u64::from(head.status().code()) << 48
            | u64::from(used.min(0xff_ffff)) << 24
            | u64::from(room.min(0xff_ffff));
        let Connection { out, encoder, date, theirs, .. } = self;
        out.write(|text| {
            write::headers_of(text, id, ends, theirs.max_frame_size, |text| {
                encoder.begin(text);
                encoder.repeat(all, [shape, now.unix], text, |encoder, text| {
                    encoder.field(b":status", &head.status().digits(), text);
                    for (name, value) in outgoing(head.fields()) {
                        if name.eq_ignore_ascii_case(b"content-length") {
                            continue;
                        }
                        dated &= !name.eq_ignore_ascii_case(b"date");
                        encoder.field(name, value, text);
                    }
                    if dated {
                        encoder.field(b"date", date.value(now.unix), text);
                    }
                });
                if let Some(length) = length {
                    encoder.content_length(length, text);
                }
            });
        });
    }

    /// 100 (Continue), if the peer waits for it.
    pub(super) fn send_continue(&mut self, id: u32, now: Now) {
        let waits = self.streams.get_mut(id).is_some_and(|stream| {
            stream.application == Application::Owes && std::mem::take(&mut stream.inbox.expects)
        });
        if waits {
            let head = ResponseHead::new(Status::CONTINUE);
            let sent = self.send_interim(id, &head, now);
            debug_assert_eq!(sent, Ok(()));
        }
    }

    pub(super) fn send_interim(
        &mut self,
        id: u32,
        head: &ResponseHead,
        _now: Now,
    ) -> Result<(), Misuse> {
        let Some(stream) = self.streams.get_mut(id) else { return Err(Misuse::NoSuchExchange) };
        if stream.application != Application::Owes {
            return Err(Misuse::SecondResponse);
        }
        if !head.status().is_informational() || head.status() == Status::SWITCHING_PROTOCOLS {
            return Err(Misuse::WrongStatus);
        }
        if head.status() == Status::CONTINUE {
            stream.inbox.expects = false;
        }
        if self.streams.state(id).can_send() {
            let status = head.status().digits();
            let fields = outgoing(head.fields())
                .filter(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
            self.write_fields(
                id,
                [(&b":status"[..], &status[..])].into_iter().chain(fields),
                false,
            );
        }
        Ok(())
    }

    /// What the server says itself to a request that it does not take: what the
    /// configuration makes of the fault, or plain text.
    pub(super) fn answer_fault(&mut self, id: u32, fault: Fault, now: Now) {
        let error = PeerError::of_request(fault);
        let Some(status) = error.answer else { return };
        if let Some(stream) = self.streams.get_mut(id) {
            stream.application = Application::Owes;
        }
        // Of a list that is too large nothing is known: it may have been a HEAD.
        let body = |text: Bytes| match fault {
            Fault::HeadTooLarge => Body::Empty,
            _ => Body::Full(text),
        };
        let answer = self.role.server().and_then(|config| config.fault_answer.as_ref());
        let made = answer.map_or(Ok(None), |answer| answer.make(&error));
        let made = made.unwrap_or_else(|message| {
            self.events.push_back(Event::Panicked(message));
            None
        });
        if let Some((head, text)) = made {
            if self.send_head(id, &head, body(text), now).is_ok() {
                return;
            }
        }
        let text = format!("{}\n", fault.text());
        let head = ResponseHead::new(status).with_static("Content-Type", "text/plain");
        let answered = self.send_head(id, &head, body(text.into()), now);
        debug_assert_eq!(answered, Ok(()));
    }
}
