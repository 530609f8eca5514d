//! The reading side: heads, bodies, what is thrown away, and what nobody asked for.
//! Which bytes mean what is in `h1::response`, `decide` and `body`; this keeps the state.

use super::Connection;
use super::came::Came;
use super::decide::{self, Answer, Length};
use super::states::{ReadStep, Reader, WriteStep, Writer};
use crate::body::framing::Framing;
use crate::error::{CloseReason, Fault, PeerError, Phase, Retry};
use crate::h1::inbound::{Drained, Found, cut_by};
use crate::h1::notices::Notice;
use crate::head::{ResponseHead, Status};
use crate::machine::{BodyLength, Eof, Event, Recv};
use crate::time::{Now, Why};

/// What the next head came to.
pub(super) enum Turn {
    /// It is not there, or none is due.
    Nothing,
    /// A response for the application.
    Told(Event),
    /// There will be no response.
    Failed,
}

impl Connection {
    /// Whether input would be of use, if there is room for it.
    #[inline]
    pub(super) fn wants_input(&self) -> bool {
        let used =
            self.ending.is_none() && !self.inbound.is_unread() && self.reader != Reader::Broken;
        used && self.eof.is_none()
    }

    pub(super) fn take_input(&mut self, n: usize, now: Now) {
        let n = self.input.filled(n);
        if n == 0 {
            return;
        }
        if self.ending.is_some() {
            self.input.clear();
            return;
        }
        match self.reader {
            Reader::Idle => self.begin_unasked(now),
            // RFC 9112 §9.2: it cannot be a response to what has not been sent.
            Reader::Wait if !self.begun => self.fail(Fault::UnaskedBytes, now),
            Reader::Wait => self.begin_head(now),
            Reader::Body | Reader::Drain => {
                if self.inbound.moved(n, &self.timers, now.mono) {
                    self.watch_body(now);
                }
                self.wake_recv();
            }
            Reader::Raw => self.wake_recv(),
            _ => {}
        }
    }

    fn begin_head(&mut self, now: Now) {
        self.timers.clear(Why::FirstByte);
        self.timers.set(Why::Head, now.mono + self.config.timeouts.head);
        self.head_due = false;
        self.read_step(ReadStep::FirstByte);
        self.trace.first_byte = Some(now.mono);
        self.notices.set(Notice::Begun, self.config.trace);
    }

    /// The first byte of the next head is waited for, once the request is out.
    pub(super) fn watch_answer(&mut self, now: Now) {
        let due = self.reader == Reader::Wait && self.writer == Writer::End && self.out.is_empty();
        if due && !self.timers.is_set(Why::FirstByte) {
            self.timers.set(Why::FirstByte, now.mono + self.patience);
        }
    }

    pub(super) fn wake_recv(&mut self) {
        if self.inbound.wake() {
            self.notices.tell(Notice::Readable);
        }
    }

    /// Bytes came that no request asked for.
    pub(super) fn begin_unasked(&mut self, now: Now) {
        self.read_step(ReadStep::FirstByte);
        self.timers.set(Why::Head, now.mono + self.config.timeouts.head);
    }

    /// Bytes that nobody asked for end the connection (RFC 9112 §9.2). A whole 408
    /// says no more than that the server closes it (RFC 9110 §15.5.9).
    pub(super) fn judge_unasked(&mut self, now: Now) {
        let bytes = self.input.bytes();
        if may_be_timeout(bytes) {
            match self.head.read(bytes, &self.config.limits) {
                Ok(None) if self.eof.is_none() => return,
                Ok(Some((head, _))) if head.status() == Status::REQUEST_TIMEOUT => {
                    return self.close(CloseReason::PeerClosed, now);
                }
                _ => {}
            }
        }
        self.close(CloseReason::Fault(Fault::UnaskedBytes), now);
    }

    /// Reads the next head, if it is whole and a response is due.
    pub(super) fn read_head(&mut self, now: Now) -> Turn {
        if self.reader != Reader::Head {
            return Turn::Nothing;
        }
        let fault = match self.head.read(self.input.bytes(), &self.config.limits) {
            Ok(Some((head, length))) => {
                self.input.consume(length);
                match self.take_head(head, length, now) {
                    Ok(event) => return Turn::Told(event),
                    Err(fault) => fault,
                }
            }
            Ok(None) if self.is_left_over() => Fault::UnaskedBytes,
            Ok(None) => match self.eof {
                None if self.head_due => Fault::HeadTimeout,
                None => return Turn::Nothing,
                Some(how) => cut_by(how),
            },
            Err(fault) => {
                self.came = Came::of(self.input.bytes(), fault);
                if self.is_left_over() { Fault::UnaskedBytes } else { fault }
            }
        };
        self.fail(fault, now);
        Turn::Failed
    }

    /// Whether what came is no answer but what the last one left behind, such as the
    /// body of a response that has none (RFC 9112 §6.3): on a connection that was used
    /// before, what does not begin as a status line does.
    fn is_left_over(&self) -> bool {
        let begins = b"HTTP/".iter().zip(self.input.bytes()).all(|(of, byte)| byte == of);
        self.id > 1 && !self.told && !begins
    }

    fn take_head(
        &mut self,
        mut head: ResponseHead,
        length: usize,
        now: Now,
    ) -> Result<Event, Fault> {
        let whole = self.writer == Writer::End;
        let leniency = self.config.limits.leniency;
        let answer = decide::response(&self.asked, &self.protocols, &head, whole, leniency)?;
        self.trace.head = Some(now.mono);
        match answer {
            Answer::Interim(persists) => {
                self.persists = self.persists.and(persists);
                self.take_interim(head, length, now)
            }
            // Nothing can be sent into it any more.
            Answer::Upgrade if self.eof == Some(Eof::Reset) => Err(Fault::Reset),
            Answer::Upgrade => Ok(self.take_upgrade(head)),
            Answer::Final(framing, persists, length) => {
                self.persists = self.persists.and(persists);
                if length != Length::Keep {
                    length.settle(head.fields_mut(), framing);
                }
                Ok(self.take_final(head, framing, now))
            }
        }
    }

    fn take_interim(
        &mut self,
        head: ResponseHead,
        length: usize,
        now: Now,
    ) -> Result<Event, Fault> {
        let most = self.config.limits.interim_bytes;
        if !self.interims.takes(length, most, now.mono) {
            return Err(Fault::TooManyInterims);
        }
        self.told = true;
        self.timers.clear(Why::Head);
        self.read_step(ReadStep::Interim);
        let waited = self.out.is_empty() && !self.timers.is_set(Why::Expect);
        if head.status() == Status::CONTINUE || waited {
            self.go_ahead();
        }
        if self.input.is_empty() {
            self.watch_answer(now);
        } else {
            self.begin_head(now);
        }
        Ok(Event::Interim { id: self.id, head })
    }

    /// 101, or 2xx to CONNECT: what follows is not ours.
    fn take_upgrade(&mut self, head: ResponseHead) -> Event {
        self.answered(&head);
        self.stop_sending();
        self.write_step(WriteStep::Upgrade);
        self.read_step(ReadStep::Upgrade);
        // HTTP's limits end with HTTP.
        self.outbound.become_raw(&mut self.timers);
        self.inbound.become_raw();
        self.notices.tell(Notice::Upgraded);
        Event::Response { id: self.id, head, body: BodyLength::Empty }
    }

    fn take_final(&mut self, head: ResponseHead, framing: Framing, now: Now) -> Event {
        self.answered(&head);
        self.go_on_sending(head.status());
        let body = self.inbound.begin(framing);
        let step =
            if body == BodyLength::Empty { ReadStep::HeadAlone } else { ReadStep::HeadThenBody };
        self.read_step(step);
        let id = self.id;
        if self.unwanted {
            self.discard_body(now);
        }
        self.advance(now);
        Event::Response { id, head, body }
    }

    fn answered(&mut self, head: &ResponseHead) {
        self.timers.clear(Why::Head);
        self.trace.status = Some(head.status());
        self.wake_recv();
    }

    /// The final response begins: what is not sent yet of the request goes on, or stops.
    fn go_on_sending(&mut self, status: Status) {
        let whole = self.writer == Writer::End && self.out.is_empty();
        // Who is answered in place of 100 (Continue) is not asked for the body.
        let possible = self.writer != Writer::Held && self.eof.is_none();
        if whole || !possible || decide::refuses_rest(status, self.persists) {
            return self.stop_sending();
        }
        self.beside = true;
        // From here on the body's time watches over both directions.
        self.timers.clear(Why::Write);
        self.outbound.restart();
    }

    pub(super) fn recv_body(&mut self, now: Now) -> Recv {
        match self.reader {
            Reader::Wait | Reader::Head => {
                self.inbound.wait();
                Recv::Pending
            }
            Reader::Body | Reader::Raw => self.recv_more(now),
            _ => self.recv_nothing(),
        }
    }

    /// What `recv` says when nothing will come any more.
    pub(super) fn recv_nothing(&self) -> Recv {
        match self.failure {
            _ if self.inbound.is_told() => Recv::End(None),
            Some(error) => Recv::Failed(error),
            // What was thrown away is not an end.
            None => Recv::Failed(broken(Fault::Truncated)),
        }
    }

    /// Takes in body for a later `recv`; says whether there is nothing to wait for.
    pub(super) fn prefetch_body(&mut self, most: usize, now: Now) -> bool {
        let ready = match self.reader {
            _ if self.eof.is_some() => true,
            Reader::Wait | Reader::Head => false,
            Reader::Body => self.inbound.prefetch(&self.input, &self.config.limits, most),
            _ => true,
        };
        if ready {
            self.rest_body(now);
        } else {
            self.inbound.wait();
            if self.reader == Reader::Body {
                self.watch_body(now);
            }
        }
        ready
    }

    fn recv_more(&mut self, now: Now) -> Recv {
        match self.inbound.take(&mut self.input, &self.config.limits, self.eof) {
            Found::Data(data) => {
                self.rest_body(now);
                Recv::Data(data)
            }
            Found::End(trailers) => {
                self.rest_body(now);
                self.read_step(ReadStep::LastByte);
                self.advance(now);
                Recv::End(trailers)
            }
            Found::Nothing => {
                self.inbound.wait();
                if self.reader == Reader::Body {
                    self.watch_body(now);
                }
                Recv::Pending
            }
            Found::Broken(fault) => self.break_body(fault, now),
        }
    }

    pub(super) fn break_body(&mut self, fault: Fault, now: Now) -> Recv {
        self.rest_body(now);
        self.read_step(ReadStep::Fault);
        let error = broken(fault);
        self.failure = Some(error);
        self.advance(now);
        Recv::Failed(error)
    }

    /// The peer is waited for: its time runs, unless it waits for us.
    pub(super) fn watch_body(&mut self, now: Now) {
        if self.sends_beside() && self.writer == Writer::Body && self.out.is_empty() {
            self.inbound.suspend(&mut self.timers, now.mono);
        } else {
            self.inbound.watch(&mut self.timers, now.mono);
        }
    }

    fn rest_body(&mut self, now: Now) {
        self.inbound.rest(&mut self.timers, now.mono);
    }

    /// The application reads no further, and so it does not send any more either.
    pub(super) fn discard_body(&mut self, now: Now) {
        if self.sends_beside() {
            self.stop_sending();
            self.beside = false;
        }
        match self.reader {
            Reader::Wait | Reader::Head => self.unwanted = true,
            Reader::Body => {
                self.inbound.wake();
                self.read_step(ReadStep::Discard);
                self.drain(now);
            }
            Reader::Raw => {
                self.read_step(ReadStep::LastByte);
                self.input.clear();
            }
            _ => {}
        }
    }

    /// Throws away what has come of a body that nobody reads, as long as that is
    /// cheaper than a new connection, and saves one.
    pub(super) fn drain(&mut self, now: Now) {
        let most = self.config.limits.discard_bytes;
        let too_much = self.inbound.left().is_some_and(|left| left > most);
        if self.inbound.is_unread() || too_much || self.lasts().is_err() {
            return self.inbound.leave(&mut self.timers);
        }
        match self.inbound.drain(&mut self.input, &self.config.limits, &mut self.timers) {
            Drained::All => self.read_step(ReadStep::LastByte),
            Drained::Broken(fault) => self.drain_failed(fault),
            Drained::Part if !self.timers.is_set(Why::Body) => self.watch_body(now),
            Drained::Part | Drained::TooMuch => {}
        }
    }

    pub(super) fn drain_failed(&mut self, fault: Fault) {
        self.timers.clear(Why::Body);
        self.read_step(ReadStep::Fault);
        self.failure = Some(broken(fault));
    }
}

/// A fault in the body of a response: the request must not be sent again.
pub(super) fn broken(fault: Fault) -> PeerError {
    PeerError::of_response(fault, Retry::Never, Phase::Receive)
}

/// Whether these bytes are, or may become, a response of status 408.
fn may_be_timeout(bytes: &[u8]) -> bool {
    let line = b"HTTP/1.? 408";
    bytes.iter().zip(line).all(|(byte, of)| byte == of || *of == b'?')
}
