//! The reading side: heads, bodies, and what is thrown away.
//! Which bytes mean what is in `request`, `lines` and `body`; this keeps the state.

use super::reply::FIRST_QUEUED;
use super::share::SHARE;
use super::{Connection, Ending, Trace};
use crate::error::{CloseReason, Fault, PeerError};
use crate::h1::decide;
use crate::h1::inbound::{Drained, Found};
use crate::h1::notices::Notice;
use crate::h1::protocols::Protocols;
use crate::h1::states::{ReadStep, Reader, WriteStep, Writer};
use crate::head::{Method, RequestHead, ResponseHead, Status};
use crate::machine::{Body, BodyLength, Event, Recv};
use crate::target::Form;
use crate::time::{Now, Why};

/// What the next head came to.
pub(super) enum Turn {
    /// It is not there, or its turn has not come.
    Nothing,
    /// A request for the application.
    Request(Event),
    /// It was answered, or refused.
    Answered,
}

impl Connection {
    /// Whether input would be of use, if there is room for it.
    #[inline]
    pub(super) fn wants_input(&self) -> bool {
        let used = match self.ending {
            Ending::Open => {
                !matches!(self.reader, Reader::Broken | Reader::Closed) && !self.inbound.is_unread()
            }
            Ending::Linger => true,
            Ending::Done(_) => false,
        };
        used && self.eof.is_none()
    }

    pub(super) fn take_input(&mut self, n: usize, now: Now) {
        let here = self.input.len();
        // There is room for a share in any case.
        let n = if n <= SHARE - here.min(SHARE) {
            n
        } else {
            n.min(self.most_ahead().saturating_sub(here))
        };
        self.took(n, now);
    }

    /// So many bytes came, into room that was there.
    #[inline]
    pub(super) fn took(&mut self, n: usize, now: Now) {
        let n = self.input.filled(n);
        if n == 0 {
            return;
        }
        if self.ending != Ending::Open {
            self.input.clear();
            return;
        }
        match self.reader {
            Reader::Idle => self.begin_head(now),
            Reader::Body | Reader::Drain => {
                if self.asked.expects_continue {
                    self.ask_for_no_more();
                }
                if self.inbound.moved(n, &self.timers, now.mono) {
                    self.watch_body(now);
                }
            }
            _ => {}
        }
        self.wake_recv();
    }

    pub(super) fn begin_head(&mut self, now: Now) {
        self.timers.clear(Why::Idle);
        self.read_step(ReadStep::FirstByte);
        self.trace.began = now.mono;
        self.notices.set(Notice::Begun, self.config.trace);
        // The first head's time runs since the connection began.
        self.watch_next_request(now);
    }

    pub(super) fn wake_recv(&mut self) {
        if self.inbound.wake() {
            self.notices.tell(Notice::Readable);
        }
    }

    /// Leaves 100 (Continue) out once the whole body is here. A part of it says
    /// nothing: some send the first bytes with the head, and wait for the 100
    /// before they send the rest (RFC 9110 §10.1.1).
    #[cold]
    fn ask_for_no_more(&mut self) {
        if self.inbound.is_here(&self.input, &self.config.limits) {
            self.asked.expects_continue = false;
        }
    }

    /// Reads the next head, if it is whole and its turn has come.
    pub(super) fn read_head(&mut self, now: Now) -> Turn {
        let turn = self.reader == Reader::Head && self.writer == Writer::Idle;
        if !turn || self.is_full() {
            return Turn::Nothing;
        }
        match self.head.read(self.input.bytes(), &self.config) {
            Ok(Some((head, length))) => {
                self.input.consume(length);
                self.begin_exchange(head, now)
            }
            Ok(None) if self.head_due => {
                self.refuse_head(Fault::HeadTimeout, now);
                Turn::Answered
            }
            Ok(None) if self.eof.is_none() => Turn::Nothing,
            Ok(None) => {
                self.end_in_head(now);
                Turn::Answered
            }
            Err(fault) => {
                self.refuse_head(fault, now);
                Turn::Answered
            }
        }
    }

    fn begin_exchange(&mut self, head: RequestHead, now: Now) -> Turn {
        let asked = match decide::examine(&head) {
            Ok(asked) => asked,
            Err(fault) => {
                self.refuse(fault, *head.method() == Method::HEAD, now);
                return Turn::Answered;
            }
        };
        let expects_continue = asked.expects_continue;
        self.timers.clear(Why::Head);
        self.head_due = false;
        self.id += 1;
        self.asked = asked;
        self.protocols = Protocols::of(head.fields(), asked.upgrade);
        self.inbound.await_message(self.config.limits.body_bytes);
        let body = self.inbound.begin(asked.framing);
        if expects_continue && !self.input.is_empty() {
            self.ask_for_no_more();
        }
        self.application_closes = false;
        self.announced = None;
        self.outbound.await_message();
        if self.out.is_empty() {
            self.outbound.restart();
            self.most_queued = FIRST_QUEUED.min(self.config.limits.output_bytes);
        }
        self.trace = Trace {
            began: self.trace.began,
            first_byte: self.trace.began,
            head: now.mono,
            ..Trace::default()
        };
        let step =
            if body == BodyLength::Empty { ReadStep::HeadAlone } else { ReadStep::HeadThenBody };
        self.read_step(step);
        self.write_step(WriteStep::Request);
        if self.config.general_options && head.form() == Form::Asterisk {
            self.answer_options(now);
            return Turn::Answered;
        }
        if self.eof.is_some() {
            self.notices.tell(Notice::InputClosed);
            self.watch_half_closed(now);
        }
        Turn::Request(Event::Request { id: self.id, head, body, expects_continue })
    }

    /// `OPTIONS *` asks about the server as a whole (RFC 9110 §9.3.7).
    fn answer_options(&mut self, now: Now) {
        let answered = self.send_head(&ResponseHead::new(Status::OK), Body::Empty, now);
        debug_assert_eq!(answered, Ok(()));
    }

    /// The input ended inside a head: a beginning that is wrong already is
    /// answered, one that might have become a request is not.
    fn end_in_head(&mut self, now: Now) {
        match self.head.wrong_beginning(self.input.bytes(), &self.config.limits) {
            Some(fault) => self.refuse_head(fault, now),
            None => self.close(CloseReason::Fault(Fault::Truncated), now),
        }
    }

    pub(super) fn recv_body(&mut self, now: Now) -> Recv {
        match self.reader {
            Reader::Body | Reader::Raw => self.recv_more(now),
            _ => self.recv_nothing(),
        }
    }

    /// What `recv` says when nothing will come any more.
    pub(super) fn recv_nothing(&self) -> Recv {
        match self.fault {
            _ if self.inbound.is_told() => Recv::End(None),
            Some(fault) => Recv::Failed(PeerError::of_request(fault)),
            // What was thrown away is not an end.
            None => Recv::Failed(PeerError::of_request(Fault::Truncated)),
        }
    }

    /// Takes in body for a later `recv`; says whether there is nothing to wait for.
    pub(super) fn prefetch_body(&mut self, most: usize, now: Now) -> bool {
        let waits = self.reader == Reader::Body && self.asked.expects_continue;
        if waits
            && self.eof.is_none()
            && decide::asks_ahead(self.inbound.left(), self.inbound.limit(), most)
        {
            self.send_continue(now);
        }
        let ready = self.reader != Reader::Body
            || self.eof.is_some()
            || self.asked.expects_continue
            || self.inbound.prefetch(&self.input, &self.config.limits, most)
            || !self.has_room_if_asked();
        if ready {
            self.rest_body(now);
        } else {
            self.inbound.wait();
            self.watch_body(now);
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
                self.send_continue(now);
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
        self.fault = Some(fault);
        self.advance(now);
        Recv::Failed(PeerError::of_request(fault))
    }

    /// The peer is waited for: its time runs.
    pub(super) fn watch_body(&mut self, now: Now) {
        self.inbound.watch(&mut self.timers, now.mono);
    }

    fn rest_body(&mut self, now: Now) {
        self.inbound.rest(&mut self.timers, now.mono);
    }

    /// The application reads no further.
    pub(super) fn discard_body(&mut self, now: Now) {
        match self.reader {
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

    /// Throws away what has come of a body that nobody reads (RFC 9112 §9.3),
    /// as long as that is cheaper than a new connection.
    pub(super) fn drain(&mut self, now: Now) {
        let most = self.config.limits.discard_bytes;
        if self.inbound.is_unread()
            || self.inbound.left().is_some_and(|left| left >= most)
            || self.asked.expects_continue
        {
            return self.inbound.leave(&mut self.timers);
        }
        match self.inbound.drain(&mut self.input, &self.config.limits, &mut self.timers) {
            Drained::All => self.read_step(ReadStep::LastByte),
            Drained::Broken(fault) => self.drain_failed(fault),
            Drained::Part | Drained::TooMuch if self.eof.is_some() => {
                self.drain_failed(Fault::Truncated);
            }
            Drained::Part if !self.timers.is_set(Why::Body) => self.watch_body(now),
            Drained::Part | Drained::TooMuch => {}
        }
    }

    pub(super) fn drain_failed(&mut self, fault: Fault) {
        self.timers.clear(Why::Body);
        self.read_step(ReadStep::Fault);
        self.fault = Some(fault);
    }
}
