//! What ends an exchange or the connection: completion, failure, end of input, deadlines, shutdown.
//! Whether the server keeps the connection open is decided in `decide`; this carries it out.

use super::Connection;
use super::receive::broken;
use super::states::{ReadStep, Reader, WriteStep, Writer};
use crate::error::{CloseReason, Fault, PeerError, Phase, Retry};
use crate::h1::notices::Notice;
use crate::head::Version;
use crate::machine::{Close, Eof, Facts, Machine, Reuse};
use crate::time::{Now, Why};

impl Connection {
    /// Moves on as far as what has happened allows.
    pub(super) fn advance(&mut self, now: Now) {
        if self.ending.is_some() {
            return;
        }
        if self.reader == Reader::Drain {
            self.drain(now);
        }
        if self.sends_beside() && !self.goes_on_sending() {
            self.stop_sending();
            self.beside = false;
        }
        match (self.reader, self.writer) {
            // The rest of the request goes out first.
            (Reader::End, Writer::End) if self.sends_beside() && !self.out.is_empty() => {}
            (Reader::End | Reader::Broken, Writer::End | Writer::Stopped) => self.end_exchange(now),
            // A connection that ends anyway does not wait for the rest of a body.
            (Reader::Drain, _) if self.inbound.is_unread() => self.end_exchange(now),
            (Reader::End | Reader::Broken, Writer::RawEnd) => {
                self.end(CloseReason::Upgraded, Close::Graceful, now);
            }
            (Reader::Wait, _) if self.eof.is_some() => self.fail(self.no_response(), now),
            (Reader::Unasked, _) => self.judge_unasked(now),
            (Reader::Idle, _) if self.eof.is_some() => self.close(CloseReason::PeerClosed, now),
            (Reader::Idle, _) if self.shutdown => self.close(CloseReason::Shutdown, now),
            _ => {}
        }
    }

    /// Whether nothing can be told, nor move on: as long as nothing comes between requests,
    /// or before an answer.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        let waits = matches!(self.reader, Reader::Idle | Reader::Wait);
        let ends = self.ending.is_some() || self.eof.is_some() || self.shutdown;
        waits && !ends && !self.notices.are_waiting() && self.done.is_empty()
    }

    /// Whether what is sent beside a response is still of use to the server that
    /// reads it: it is there, and what it answers can be understood.
    fn goes_on_sending(&self) -> bool {
        self.eof.is_none() && self.reader != Reader::Broken
    }

    fn no_response(&self) -> Fault {
        if self.eof == Some(Eof::Reset) { Fault::Reset } else { Fault::NoResponse }
    }

    /// Whether a request may be begun.
    pub(super) fn is_free(&self) -> bool {
        self.ending.is_none() && self.reader == Reader::Idle && self.eof.is_none() && !self.shutdown
    }

    /// Whether the connection takes a further request.
    pub(super) fn verdict(&self) -> Reuse {
        match (self.ending, self.writer) {
            (Some((_, reason)), _) => Reuse::Never(reason),
            (None, Writer::Raw | Writer::RawEnd) => Reuse::Never(CloseReason::Upgraded),
            (None, Writer::Idle) => match () {
                () if self.is_free() => Reuse::Now,
                () if self.reader == Reader::Unasked => {
                    Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes))
                }
                () => Reuse::Never(CloseReason::PeerClosed),
            },
            _ => self.lasts().map_or_else(Reuse::Never, |()| Reuse::Later),
        }
    }

    /// Whether the connection outlives the open exchange, as far as is known; if not, why.
    pub(super) fn lasts(&self) -> Result<(), CloseReason> {
        if let Some(error) = self.failure {
            return Err(CloseReason::Fault(error.kind));
        }
        if self.writer == Writer::Stopped {
            return Err(CloseReason::BodyUnsent);
        }
        self.persists?;
        if self.inbound.is_unread() {
            return Err(CloseReason::BodyUnread);
        }
        if self.asked.close {
            return Err(CloseReason::ApplicationAsked);
        }
        if self.asked.version == Version::Http10 && !self.asked.keep_alive {
            return Err(CloseReason::Http10);
        }
        if !self.config.keep_alive {
            return Err(CloseReason::KeepAliveOff);
        }
        if self.shutdown {
            return Err(CloseReason::Shutdown);
        }
        if self.eof.is_some() { Err(CloseReason::PeerClosed) } else { Ok(()) }
    }

    /// Request and response are done: the connection is free again, or ends.
    fn end_exchange(&mut self, now: Now) {
        if let Err(reason) = self.lasts() {
            return self.close(reason, now);
        }
        if !self.out.is_empty() {
            return self.close(CloseReason::BodyUnsent, now);
        }
        self.exchange_over(true, now);
        self.read_step(ReadStep::NextExchange);
        self.write_step(WriteStep::NextExchange);
        if !self.input.is_empty() {
            self.begin_unasked(now);
            self.judge_unasked(now);
        }
    }

    fn exchange_over(&mut self, keep_alive: bool, now: Now) {
        if self.config.trace {
            let head = self.trace.head.unwrap_or(now.mono);
            let facts = Facts {
                status: self.trace.status,
                first_byte: self.trace.first_byte.unwrap_or(now.mono),
                head,
                end: now.mono,
                received: self.inbound.count(),
                sent: self.outbound.count(),
                keep_alive,
            };
            self.done.push_back((self.id, facts));
        }
    }

    /// There will be no response: says so, with what the caller needs to know
    /// before it tries again, and ends the connection.
    pub(super) fn fail(&mut self, fault: Fault, now: Now) {
        // What nobody asked for is no part of the answer.
        let answers = self.reader == Reader::Head && fault != Fault::UnaskedBytes;
        let begun = answers || self.told;
        let retry = match () {
            () if !self.begun => Retry::Safe,
            () if begun => Retry::Never,
            () => Retry::IfIdempotent,
        };
        let phase = match () {
            () if answers => Phase::Receive,
            () if self.trace.written => Phase::Wait,
            () => Phase::Send,
        };
        let error = PeerError::of_response(fault, retry, phase);
        self.failure = Some(error);
        self.notices.failed(self.in_exchange().then_some(self.id), error);
        self.close(CloseReason::Fault(fault), now);
    }

    /// Ends the connection. What is still queued serves nobody.
    pub(super) fn close(&mut self, reason: CloseReason, now: Now) {
        let how = if self.out.is_empty() { Close::Graceful } else { Close::Abort };
        self.end(reason, how, now);
    }

    fn end(&mut self, reason: CloseReason, how: Close, now: Now) {
        if self.in_exchange() {
            self.exchange_over(false, now);
        }
        let raw = self.is_raw();
        self.ending = Some((how, reason));
        if how == Close::Abort {
            self.out.clear();
        }
        self.read_step(ReadStep::Close);
        self.write_step(WriteStep::Close);
        self.input.clear();
        self.held = None;
        self.inbound.wake();
        self.outbound.forsake();
        // What is queued is to be taken within the time that it had before.
        let kept = [Why::Write, Why::Drain].map(|why| (why, self.timers.get(why)));
        self.timers.clear_all();
        for (why, at) in kept.into_iter().filter(|_| !self.out.is_empty()) {
            if let Some(at) = at {
                self.timers.set(why, at);
            }
        }
        if raw && !self.out.is_empty() {
            // Until now the application watched over it.
            self.watch_writing(now);
        }
        self.notices.closed(reason);
    }

    /// Gives up on the exchange.
    pub(super) fn give_up(&mut self, now: Now) {
        // A request that is cut is seen to be; the end of a raw stream is not.
        let how =
            if self.is_raw() || !self.out.is_empty() { Close::Abort } else { Close::Graceful };
        self.end(CloseReason::Aborted, how, now);
    }

    pub(super) fn end_of_input(&mut self, how: Eof, now: Now) {
        // A half-closed connection can still be lost.
        if self.eof.is_some_and(|known| known == Eof::Reset || how != Eof::Reset) {
            return;
        }
        self.eof = Some(how);
        if how == Eof::Reset {
            if !self.in_exchange() {
                return self.cut(Fault::Reset, now);
            }
            // What came before is still read: a response, or the bytes of a raw stream.
            self.out.clear();
            match self.writer {
                Writer::Raw => self.write_step(WriteStep::Finish),
                Writer::RawEnd => {}
                _ => self.stop_sending(),
            }
            self.beside = false;
            self.wake_send();
            self.outbound.flushed(&mut self.notices);
        }
        if matches!(self.reader, Reader::Body | Reader::Raw) {
            self.wake_recv();
        }
        self.advance(now);
    }

    /// The connection is lost: nothing that is queued will arrive.
    fn cut(&mut self, fault: Fault, now: Now) {
        self.out.clear();
        if let Some((_, reason)) = self.ending {
            self.ending = Some((Close::Abort, reason));
            self.timers.clear_all();
            return;
        }
        if matches!(self.reader, Reader::Wait | Reader::Head) {
            self.fail(fault, now);
            self.ending = Some((Close::Abort, CloseReason::Fault(fault)));
            return;
        }
        let waits = self.inbound.wake();
        self.failure = Some(broken(fault));
        self.end(CloseReason::Fault(fault), Close::Abort, now);
        self.notices.set(Notice::Readable, waits);
    }

    pub(super) fn timed_out(&mut self, why: Why, now: Now) {
        match why {
            Why::FirstByte => self.fail(Fault::FirstByteTimeout, now),
            Why::Head if self.reader == Reader::Head => self.head_due = true,
            Why::Head => self.close(CloseReason::Fault(Fault::UnaskedBytes), now),
            // What the server says comes first, if it has begun to.
            Why::Expect if self.reader == Reader::Head => {}
            Why::Expect => self.go_ahead(),
            Why::Body => {
                match self.reader {
                    Reader::Body => {
                        let waits = self.inbound.wake();
                        let _ = self.break_body(Fault::BodyTimeout, now);
                        if waits {
                            self.notices.tell(Notice::Readable);
                        }
                    }
                    Reader::Drain => self.drain_failed(Fault::BodyTimeout),
                    _ => {}
                }
                self.advance(now);
            }
            Why::Write => self.cut(Fault::WriteTimeout, now),
            Why::Drain => self.cut(Fault::DrainTimeout, now),
            _ => {}
        }
    }

    /// Whether the final response has begun to come: then the server need not
    /// take the rest of the request, or the body's time watches over that too.
    pub(super) fn is_answered(&self) -> bool {
        let done = matches!(self.writer, Writer::Body | Writer::End | Writer::Stopped);
        match self.reader {
            Reader::Wait | Reader::Head => false,
            // Nothing more is read, and the rest is still to be taken.
            Reader::End if self.sends_beside() => false,
            _ => done,
        }
    }

    pub(super) fn begin_shutdown(&mut self, now: Now) {
        if self.shutdown {
            return;
        }
        self.shutdown = true;
        if self.in_exchange() || !self.out.is_empty() {
            self.timers.set(Why::Drain, now.mono + self.config.timeouts.drain);
        }
        self.advance(now);
    }
}
