//! The writing side: requests, and the bodies that wait to be asked for.
//! How a request is framed is in `decide`, its text in `h1::write`; this keeps the state.

use super::decide::{self, Bucket};
use super::states::{ReadStep, Reader, WriteStep, Writer};
use super::{Connection, Trace};
use crate::error::Misuse;
use crate::h1;
use crate::h1::decide::Sent;
use crate::h1::notices::Notice;
use crate::h1::protocols::Protocols;
use crate::h1::write::{self, Extra};
use crate::head::{Fields, RequestHead, Version};
use crate::machine::{Body, Id, Machine};
use crate::time::{Now, Why};
use bytes::Bytes;

impl Connection {
    /// Sends a head, and the whole body if it is given with it.
    pub(super) fn begin_exchange(&mut self, head: &RequestHead, body: Body) -> Result<Id, Misuse> {
        if self.in_exchange() {
            return Err(Misuse::Busy);
        }
        if !self.is_free() {
            return Err(Misuse::NotReusable);
        }
        self.asked = decide::request(head, head.version(), &body)?;
        self.protocols = Protocols::of(head.fields(), self.asked.upgrade);
        self.forget_last();
        self.write_head(head);
        self.read_step(ReadStep::Request);
        let sent = self.asked.sent;
        self.outbound.begin(sent);
        let nothing = matches!(sent, Sent::None | Sent::Length(0));
        let whole = match body {
            Body::Empty => Some(Bytes::new()),
            Body::Full(bytes) => Some(bytes),
            // It ends where it begins; the application may say so.
            Body::Length(_) | Body::Stream if nothing => {
                self.ended = true;
                Some(Bytes::new())
            }
            Body::Length(_) | Body::Stream => None,
        };
        if let Some(bytes) = &whole {
            self.outbound.is_whole(bytes.len() as u64);
        }
        match whole {
            whole if self.asked.expects => {
                self.held = whole;
                self.write_step(WriteStep::Hold);
            }
            Some(bytes) => {
                self.out.push(bytes);
                self.write_step(WriteStep::Whole);
            }
            None => self.write_step(WriteStep::Head),
        }
        Ok(self.id)
    }

    /// Makes room for the next exchange.
    fn forget_last(&mut self) {
        self.id += 1;
        self.persists = Ok(());
        self.beside = false;
        self.ended = false;
        (self.told, self.interims) = (false, Bucket::default());
        self.inbound.await_message(self.config.limits.body_bytes);
        self.patience = self.config.timeouts.first_byte;
        self.unwanted = false;
        self.begun = false;
        self.outbound.await_message();
        self.outbound.restart();
        self.trace = Trace::default();
        self.notices.set(Notice::Readable, false);
        self.notices.set(Notice::Writable, false);
    }

    fn write_head(&mut self, head: &RequestHead) {
        let asked = &self.asked;
        let connection = if asked.close || !self.config.keep_alive {
            Some("close")
        } else if asked.version == Version::Http10 && asked.keep_alive {
            Some("keep-alive")
        } else {
            None
        };
        let extra = Extra {
            version: asked.version,
            sent: asked.sent,
            connection,
            date: None,
            expects: !asked.expects_nothing,
        };
        self.out.write(|text| write::request(text, head, &extra));
    }

    pub(super) fn send_data(&mut self, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        match self.writer {
            Writer::Body | Writer::Raw => {}
            // Nothing is left to be sent, and anything is too much.
            Writer::End if self.ended && !data.is_empty() => {}
            Writer::Held if self.held.is_none() => {}
            Writer::Stopped => return Err(Misuse::Answered),
            _ => return Err(Misuse::AlreadyFinished),
        }
        if data.is_empty() {
            return Ok(());
        }
        if self.outbound.is_too_much(data) {
            return Err(Misuse::TooMuchBody);
        }
        if self.writer == Writer::Held {
            self.outbound.wait();
        }
        let before = self.outbound.count();
        self.outbound.give(data, &mut self.out, self.config.limits.output_bytes);
        if self.outbound.count() > before {
            self.given(now);
        }
        Ok(())
    }

    /// A body of known length is at its end when nothing is left of it: whoever
    /// gives it may know that late, and the answer is there by then.
    fn given(&mut self, now: Now) {
        let counted = matches!(self.outbound.sent(), Sent::Length(_));
        if counted && self.outbound.left() == 0 && self.writer == Writer::Body {
            self.ended = true;
            self.write_step(WriteStep::Finish);
        }
        self.watch_both(now);
    }

    /// The end of a body that has ended by itself.
    pub(super) fn finish_again(&mut self, trailers: Option<&Fields>) -> Result<(), Misuse> {
        let trailers = trailers.filter(|trailers| !trailers.is_empty());
        h1::decide::trailers(Sent::Length(0), trailers)?;
        self.ended = false;
        Ok(())
    }

    pub(super) fn finish_request(
        &mut self,
        trailers: Option<&Fields>,
        now: Now,
    ) -> Result<(), Misuse> {
        match self.writer {
            Writer::Body => {}
            Writer::Held if self.held.is_none() => {}
            Writer::Raw => {
                self.write_step(WriteStep::Finish);
                self.advance(now);
                return Ok(());
            }
            Writer::Stopped => return Err(Misuse::Answered),
            _ => return Err(Misuse::AlreadyFinished),
        }
        self.outbound.end(trailers, &mut self.out)?;
        // An empty body has nothing to wait with.
        self.timers.clear(Why::Expect);
        self.write_step(WriteStep::Finish);
        self.watch_both(now);
        Ok(())
    }

    /// The body may go: the server asked for it, or has been waited for long enough.
    pub(super) fn go_ahead(&mut self) {
        if self.writer != Writer::Held {
            return;
        }
        self.timers.clear(Why::Expect);
        match self.held.take() {
            Some(body) => {
                self.out.push(body);
                self.write_step(WriteStep::Whole);
            }
            None => self.write_step(WriteStep::GoAhead),
        }
        self.wake_send();
    }

    /// What the request still lacks is not wanted any more.
    pub(super) fn stop_sending(&mut self) {
        self.timers.clear(Why::Expect);
        self.timers.clear(Why::Write);
        self.held = None;
        self.write_step(WriteStep::Stop);
        self.wake_send();
    }

    /// Whether the request is being sent beside its response.
    pub(super) fn sends_beside(&self) -> bool {
        self.beside && matches!(self.writer, Writer::Body | Writer::End)
    }

    /// Beside a response one time runs for both directions, and only while the
    /// server has something to do: not while we owe it more of the request.
    fn watch_both(&mut self, now: Now) {
        if self.sends_beside() && self.reader == Reader::Body && self.inbound.waits() {
            self.watch_body(now);
        }
    }

    pub(super) fn wake_send(&mut self) {
        if self.outbound.wake() {
            self.notices.tell(Notice::Writable);
        }
    }

    /// Whether HTTP is over, and what is sent and received is the application's affair.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.writer, Writer::Raw | Writer::RawEnd)
    }

    /// The peer is to take output: its time runs, unless HTTP is over.
    pub(super) fn watch_writing(&mut self, now: Now) {
        if self.is_answered() || self.is_raw() {
            return;
        }
        self.outbound.watch(&mut self.timers, now.mono);
    }

    /// The server has not taken so much of what was written. While it takes what
    /// is left of the request, it need not answer, nor go on with its answer.
    pub(super) fn output_untaken(&mut self, bytes: usize, now: Now) {
        let earned = self.outbound.untaken(bytes, now.mono);
        if self.timers.is_set(Why::Write) {
            self.watch_writing(now);
        }
        self.timers.prolong(Why::FirstByte, now.mono + self.patience.min(earned));
        let stall = self.config.timeouts.body.burst;
        self.inbound.grant(stall.min(earned), &mut self.timers, now.mono);
    }

    pub(super) fn output_written(&mut self, n: usize, now: Now) {
        if n == 0 || self.out.is_empty() {
            return;
        }
        self.begun = true;
        self.out.consume(n);
        self.outbound.wrote(n, self.out.is_empty(), &mut self.timers, now.mono);
        if self.out.is_empty() {
            if self.ending.is_some() {
                self.timers.clear(Why::Drain);
            }
            self.request_written(now);
        } else {
            self.watch_writing(now);
        }
        if self.beside {
            self.inbound.moved(n, &self.timers, now.mono);
            self.watch_both(now);
            self.advance(now);
        }
        if self.outbound.is_awaited() {
            self.tell_who_waits();
        }
    }

    /// Output has gone: tells who waited for that.
    fn tell_who_waits(&mut self) {
        if self.out.is_empty() {
            self.outbound.flushed(&mut self.notices);
        }
        if self.writer != Writer::Held && self.out.len() <= self.config.limits.output_bytes / 2 {
            self.wake_send();
        }
    }

    /// What there is of the request has been written.
    fn request_written(&mut self, now: Now) {
        match self.writer {
            Writer::Held if !self.timers.is_set(Why::Expect) => {
                self.timers.set(Why::Expect, now.mono + self.config.timeouts.expect);
            }
            Writer::End => {
                let told = std::mem::replace(&mut self.trace.written, true);
                if self.config.trace && !told {
                    self.notices.tell(Notice::Sent);
                }
                self.watch_answer(now);
            }
            _ => {}
        }
    }
}
