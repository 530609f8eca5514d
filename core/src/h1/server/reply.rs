//! The writing side: heads, bodies, interim responses, and error replies.
//! What a response may be is in `decide`, its text in `write`; this keeps the state.

use super::Connection;
use crate::error::{CloseReason, Fault, Misuse, PeerError};
use crate::h1::decide::{self, Asked, BodyLeft, Circumstances, Declared, Sent};
use crate::h1::notices::Notice;
use crate::h1::request::is_head;
use crate::h1::states::{ReadStep, Reader, WriteStep, Writer};
use crate::h1::write::{self, Extra};
use crate::head::{Fields, ResponseHead, Status, Version, names};
use crate::machine::{Body, Close};
use crate::time::{Now, Why};
use bytes::Bytes;

/// So much output is queued ahead of a peer that has taken nothing of the response yet:
/// what one request can have held is this and what the system takes.
pub(super) const FIRST_QUEUED: usize = 64 * 1024;

impl Connection {
    /// The final head, and the whole body if it is given with it.
    pub(super) fn send_head(
        &mut self,
        head: &ResponseHead,
        body: Body,
        now: Now,
    ) -> Result<(), Misuse> {
        if self.writer != Writer::Owed {
            return Err(Misuse::SecondResponse);
        }
        let declared = Declared::of(head)?;
        let sent = decide::response(&self.asked, head.status(), declared.length, &body)?;
        if sent == Sent::Upgrade {
            return self.send_upgrade(head, now);
        }
        let whole = matches!(body, Body::Empty | Body::Full(_));
        self.application_closes = declared.close;
        self.outbound.begin(sent);
        let fate = self.fate(whole);
        self.announced = fate.err();
        let connection = match fate {
            Err(_) => Some("close"),
            // HTTP/1.0 needs the word; who says it in HTTP/1.1 may wait for it, too.
            Ok(()) if self.asked.keep_alive => Some("keep-alive"),
            Ok(()) => None,
        };
        self.write_head(head, connection, now);
        if whole {
            let body = match (body, sent) {
                (Body::Full(bytes), Sent::Length(_)) => bytes,
                _ => Bytes::new(),
            };
            self.outbound.is_whole(body.len() as u64);
            self.out.push(body);
            self.write_step(WriteStep::Whole);
            self.response_ended(now);
        } else {
            self.write_step(WriteStep::Head);
        }
        Ok(())
    }

    /// 101, or 2xx to CONNECT: what follows is not ours.
    fn send_upgrade(&mut self, head: &ResponseHead, now: Now) -> Result<(), Misuse> {
        if self.reader != Reader::End {
            return Err(Misuse::NotUpgradable);
        }
        if head.status() == Status::SWITCHING_PROTOCOLS {
            self.protocols.check(head.fields())?;
        }
        self.outbound.begin(Sent::Upgrade);
        self.write_head(head, None, now);
        self.turn_raw();
        Ok(())
    }

    /// What follows is not ours, whatever has been said so far.
    pub(super) fn become_raw(&mut self) -> Result<(), Misuse> {
        let (reads, writes) =
            (self.reader.after(ReadStep::Upgrade), self.writer.after(WriteStep::Upgrade));
        if reads.is_none() || writes.is_none() {
            return Err(Misuse::NotUpgradable);
        }
        self.timers.clear(Why::Body);
        self.turn_raw();
        Ok(())
    }

    fn turn_raw(&mut self) {
        // HTTP's limits end with HTTP.
        self.timers.clear(Why::HalfClosed);
        self.outbound.become_raw(&mut self.timers);
        self.write_step(WriteStep::Upgrade);
        self.read_step(ReadStep::Upgrade);
        self.inbound.become_raw();
        self.notices.tell(Notice::Upgraded);
        self.wake_recv();
    }

    fn write_head(&mut self, head: &ResponseHead, connection: Option<&'static str>, now: Now) {
        self.trace.status = Some(head.status());
        if self.trace.followed {
            self.trace.answered = Some(Box::new(head.clone()));
        }
        let date = self.config.date.then(|| self.date.line(now.unix));
        let (version, sent) = (self.asked.version, self.outbound.sent());
        let extra = Extra { version, sent, connection, date, expects: true };
        self.out.write(|text| write::head(text, head, &extra));
    }

    /// Whether the connection outlives the exchange; `done` if the application
    /// will not read any more of the request.
    pub(super) fn fate(&self, done: bool) -> Result<(), CloseReason> {
        decide::keep_alive(&Circumstances {
            asked: self.asked,
            application_closes: self.application_closes,
            close_delimited: self.outbound.sent() == Sent::UntilClose,
            keep_alive: self.config.keep_alive,
            shutdown: self.shutdown,
            body: self.body_left(done),
        })
    }

    fn body_left(&self, done: bool) -> BodyLeft {
        let most = self.config.limits.discard_bytes;
        match self.reader {
            Reader::Broken => BodyLeft::Broken(self.fault.unwrap_or(Fault::Truncated)),
            Reader::Body if !done && !self.asked.expects_continue => BodyLeft::Nothing,
            Reader::Body | Reader::Drain => {
                let (too_much, left) = (self.inbound.is_unread(), self.inbound.left());
                BodyLeft::unread(self.asked.expects_continue, too_much, left, most)
            }
            _ => BodyLeft::Nothing,
        }
    }

    pub(super) fn send_interim(&mut self, head: &ResponseHead, _now: Now) -> Result<(), Misuse> {
        let status = head.status();
        if !status.is_informational() || status == Status::SWITCHING_PROTOCOLS {
            return Err(Misuse::WrongStatus);
        }
        if self.writer != Writer::Owed {
            return Err(Misuse::SecondResponse);
        }
        self.write_step(WriteStep::Interim);
        // RFC 9110 §15.2: no 1xx to a client of HTTP/1.0.
        if self.asked.version == Version::Http11 {
            if status == Status::CONTINUE {
                self.asked.expects_continue = false;
            }
            self.out.write(|text| write::interim(text, head));
        }
        Ok(())
    }

    /// 100 (Continue), if the peer waits for it and no final head has gone out (RFC 9110 §10.1.1).
    pub(super) fn send_continue(&mut self, now: Now) {
        if self.asked.expects_continue && self.writer == Writer::Owed {
            self.asked.expects_continue = false;
            let sent = self.send_interim(&ResponseHead::new(Status::CONTINUE), now);
            debug_assert_eq!(sent, Ok(()));
        }
    }

    pub(super) fn send_data(&mut self, data: &mut Bytes, _now: Now) -> Result<(), Misuse> {
        match self.writer {
            Writer::Body | Writer::Raw => {}
            Writer::Owed => return Err(Misuse::NoResponseYet),
            _ => return Err(Misuse::AlreadyFinished),
        }
        if data.is_empty() {
            return Ok(());
        }
        match self.outbound.sent() {
            Sent::Omitted(_) if self.asked.head => {
                data.clear();
                return Ok(());
            }
            Sent::None | Sent::Omitted(_) => return Err(Misuse::BodyNotAllowed),
            Sent::Length(_) if self.outbound.is_too_much(data) => return Err(Misuse::TooMuchBody),
            _ => {}
        }
        let most = self.most_out();
        self.outbound.give(data, &mut self.out, most);
        Ok(())
    }

    pub(super) fn finish_response(
        &mut self,
        trailers: Option<&Fields>,
        now: Now,
    ) -> Result<(), Misuse> {
        match self.writer {
            Writer::Body => {}
            Writer::Raw => {
                self.write_step(WriteStep::Finish);
                self.advance(now);
                return Ok(());
            }
            Writer::Owed => return Err(Misuse::NoResponseYet),
            _ => return Err(Misuse::AlreadyFinished),
        }
        self.outbound.end(trailers, &mut self.out)?;
        self.write_step(WriteStep::Finish);
        self.response_ended(now);
        Ok(())
    }

    /// The response is whole: nobody reads the rest of the request.
    fn response_ended(&mut self, now: Now) {
        self.discard_body(now);
        self.advance(now);
    }

    /// Gives up on the exchange, so that the peer can tell.
    pub(super) fn give_up(&mut self, now: Now) {
        // A message of known or chunked length is seen to be cut by its early
        // end; one that only the close delimits needs a reset.
        let how = match (self.writer, self.outbound.sent()) {
            (Writer::Raw | Writer::RawEnd, _) | (Writer::Body, Sent::UntilClose) => Close::Abort,
            _ => Close::Graceful,
        };
        self.end(CloseReason::Aborted, super::Ending::Done(how), now);
    }

    /// Answers a fault in the head that the input begins with.
    pub(super) fn refuse_head(&mut self, fault: Fault, now: Now) {
        let is_head = is_head(self.input.bytes());
        self.refuse(fault, is_head, now);
    }

    /// Answers a fault in a head and ends the connection, lingering so that the
    /// peer can read the answer (RFC 9112 §9.6).
    pub(super) fn refuse(&mut self, fault: Fault, is_head: bool, now: Now) {
        let error = PeerError::of_request(fault);
        if let Some(status) = error.answer {
            self.asked = Asked { head: is_head, ..Asked::NOTHING };
            let answer = self.config.fault_answer.as_ref();
            let made = answer.map_or(Ok(None), |answer| answer.make(&error));
            let made = made.unwrap_or_else(|message| {
                self.notices.panicked(message);
                None
            });
            if !made.is_some_and(|(head, body)| self.answer_fault(&head, body, now)) {
                let (head, body) = plain_answer(status, fault);
                let sent = self.answer_fault(&head, body, now);
                debug_assert!(sent);
            }
        }
        self.notices.failed(None, error);
        self.close(CloseReason::Fault(fault), now);
    }

    /// Writes the answer to a fault; says whether it is one that can be written.
    fn answer_fault(&mut self, head: &ResponseHead, body: Bytes, now: Now) -> bool {
        let framed = Declared::of(head).and_then(|declared| {
            let full = Body::Full(body.clone());
            decide::response(&self.asked, head.status(), declared.length, &full)
        });
        let Ok(sent @ (Sent::Length(_) | Sent::Omitted(_))) = framed else {
            return false;
        };
        self.outbound.begin(sent);
        self.write_head(head, Some("close"), now);
        if let Sent::Length(_) = sent {
            self.out.push(body);
        }
        true
    }
}

/// Fixed text: no byte of the peer is in it.
fn plain_answer(status: Status, fault: Fault) -> (ResponseHead, Bytes) {
    let mut head = ResponseHead::new(status);
    head.fields_mut().push(names::CONTENT_TYPE, b"text/plain; charset=utf-8");
    (head, Bytes::from(format!("{} {}: {}\n", status.code(), status.reason(), fault.text())))
}
