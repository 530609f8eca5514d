//! What ends an exchange or the connection: completion, end of input, deadlines, shutdown.
//! Whether a connection goes on is decided in `decide::keep_alive`; this carries it out.

use super::{Connection, Ending};
use crate::error::{CloseReason, Fault};
use crate::h1::decide::{self, Parting};
use crate::h1::notices::Notice;
use crate::h1::states::{ReadStep, Reader, WriteStep, Writer};
use crate::machine::{Close, Eof, Machine};
use crate::time::{Now, Why};
use std::time::Duration;

/// So much of a response a system takes for a peer that takes none of it, or less: what it
/// has room for itself, and the peer's.
const BY_THE_SYSTEM: u64 = 256 * 1024;

/// The longest time for the peer to close that a shutdown grants.
const LINGER_IN_DRAIN: Duration = Duration::from_secs(1);

impl Connection {
    /// Moves on as far as what has happened allows.
    pub(super) fn advance(&mut self, now: Now) {
        if self.ending != Ending::Open {
            return;
        }
        if self.reader == Reader::Drain {
            self.drain(now);
        }
        match (self.reader, self.writer) {
            (Reader::End, Writer::End) => self.end_exchange(now),
            // A connection that ends anyway does not wait for the rest of a body.
            (Reader::Drain, Writer::End) if self.last().is_some() => self.end_exchange(now),
            (Reader::Broken, Writer::End) => self.end_exchange(now),
            (Reader::End | Reader::Broken, Writer::RawEnd) => {
                self.close(CloseReason::Upgraded, now);
            }
            (Reader::Idle, _) if self.eof.is_some() => self.close(CloseReason::PeerClosed, now),
            (Reader::Idle, _) if self.shutdown => self.close(CloseReason::Shutdown, now),
            _ => {}
        }
    }

    /// Whether nothing can be told, nor move on, as long as nothing comes between requests.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        let ends = self.ending != Ending::Open || self.eof.is_some() || self.shutdown;
        let told = !self.done && !self.notices.are_waiting() && self.trace.answered.is_none();
        self.reader == Reader::Idle && !ends && told
    }

    /// Why this exchange is the connection's last: a close that was announced is kept to.
    fn last(&self) -> Option<CloseReason> {
        self.announced.or_else(|| self.fate(true).err())
    }

    /// Request and response are done: the next exchange, or the end.
    fn end_exchange(&mut self, now: Now) {
        if let Some(reason) = self.last() {
            return self.close(reason, now);
        }
        self.exchange_over(true, now);
        self.read_step(ReadStep::NextExchange);
        self.write_step(WriteStep::NextExchange);
        if !self.input.is_empty() {
            self.begin_head(now);
        } else if self.eof.is_some() {
            self.close(CloseReason::PeerClosed, now);
        } else {
            self.watch_next_request(now);
        }
    }

    fn exchange_over(&mut self, keep_alive: bool, now: Now) {
        self.trace.end = now.mono;
        self.trace.keep_alive = keep_alive;
        // A refusal of what comes behind it is no answer of this one.
        self.done = self.config.trace | std::mem::take(&mut self.trace.followed);
        self.timers.clear(Why::HalfClosed);
    }

    /// The next request is waited for: its time runs, unless our own output
    /// stands in its way.
    pub(super) fn watch_next_request(&mut self, now: Now) {
        if self.writer != Writer::Idle || self.ending != Ending::Open {
            return;
        }
        let timeouts = &self.config.timeouts;
        let (why, wait) = match self.reader {
            Reader::Idle if self.out.is_empty() => (Why::Idle, timeouts.idle),
            Reader::Head if !self.is_full() => (Why::Head, timeouts.head),
            _ => return,
        };
        if !self.timers.is_set(why) {
            self.timers.set(why, now.mono + wait);
        }
    }

    /// Ends the connection once the output is written; lingers if the peer may
    /// be sending something that closing would answer with a reset (RFC 9112 §9.6).
    pub(super) fn close(&mut self, reason: CloseReason, now: Now) {
        let quiet = matches!(self.reader, Reader::Idle | Reader::End) && self.input.is_empty();
        let parting = Parting {
            reason,
            ended: self.eof.is_some(),
            unread: !quiet,
            answered: matches!(self.writer, Writer::End | Writer::RawEnd),
            shutdown: self.shutdown,
        };
        let lingers = decide::lingers(&parting);
        let how = if lingers { Ending::Linger } else { Ending::Done(Close::Graceful) };
        self.end(reason, how, now);
    }

    pub(super) fn end(&mut self, reason: CloseReason, how: Ending, now: Now) {
        if self.in_exchange() {
            self.exchange_over(false, now);
        }
        let raw = self.is_raw();
        self.ending = how;
        self.read_step(ReadStep::Close);
        self.write_step(WriteStep::Close);
        self.input.clear();
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
        self.linger_when_written(now);
    }

    fn linger_when_written(&mut self, now: Now) {
        if self.ending == Ending::Linger && self.out.is_empty() && !self.timers.is_set(Why::Linger)
        {
            self.timers.set(Why::Linger, now.mono + self.lingering());
        }
    }

    fn lingering(&self) -> Duration {
        let linger = self.config.timeouts.linger;
        if self.shutdown { linger.min(LINGER_IN_DRAIN) } else { linger }
    }

    /// Whether HTTP is over, and what is sent and received is the application's affair.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.writer, Writer::Raw | Writer::RawEnd)
    }

    /// The peer is to take output: its time runs, unless HTTP is over.
    pub(super) fn watch_writing(&mut self, now: Now) {
        if self.is_raw() {
            return;
        }
        self.outbound.watch(&mut self.timers, now.mono);
    }

    /// The peer sends nothing more: an exchange that is open waits for nobody but the
    /// application, and may be for nobody.
    pub(super) fn watch_half_closed(&mut self, now: Now) {
        if matches!(self.writer, Writer::Owed | Writer::Body) {
            self.timers.set(Why::HalfClosed, now.mono + self.config.timeouts.half_closed);
        }
    }

    /// The peer has not taken so much of what was written. While it takes what
    /// is left of the last response, it need not ask for the next one, nor close, nor be
    /// sent more.
    pub(super) fn output_untaken(&mut self, bytes: usize, now: Now) {
        let earned = self.outbound.untaken(bytes, now.mono);
        if self.timers.is_set(Why::Write) {
            self.watch_writing(now);
        }
        let timeouts = &self.config.timeouts;
        let waits = [
            (Why::Idle, timeouts.idle),
            (Why::Linger, timeouts.linger),
            (Why::HalfClosed, timeouts.half_closed),
        ];
        for (why, wait) in waits {
            self.timers.prolong(why, now.mono + wait.min(earned));
        }
    }

    pub(super) fn output_written(&mut self, n: usize, now: Now) {
        if n == 0 {
            return;
        }
        if self.eof.is_some() {
            self.watch_half_closed(now);
        }
        self.out.consume(n);
        self.outbound.wrote(n, self.out.is_empty(), &mut self.timers, now.mono);
        if self.out.is_empty() {
            if self.ending != Ending::Open {
                self.timers.clear(Why::Drain);
            }
            self.linger_when_written(now);
        } else {
            self.watch_writing(now);
        }
        self.watch_next_request(now);
        if self.outbound.is_awaited() {
            self.tell_who_waits();
        }
    }

    /// Output has gone: tells who waited for that.
    fn tell_who_waits(&mut self) {
        if self.out.is_empty() {
            self.outbound.flushed(&mut self.notices);
        }
        if self.outbound.waits() && self.out.len() <= self.most_out() / 2 {
            self.outbound.wake();
            self.notices.tell(Notice::Writable);
            if self.out.is_empty() {
                self.queue_more();
            }
        }
    }

    /// The peer takes what there is: more at a time costs the system less. What the system
    /// takes at once for one that takes nothing says nothing of it.
    fn queue_more(&mut self) {
        if self.outbound.count() >= BY_THE_SYSTEM {
            self.most_queued = (self.most_queued * 2).min(self.config.limits.output_bytes);
        }
    }

    pub(super) fn end_of_input(&mut self, how: Eof, now: Now) {
        // A half-closed connection can still be lost.
        if self.eof.is_some_and(|known| known == Eof::Reset || how != Eof::Reset) {
            return;
        }
        self.eof = Some(how);
        if how == Eof::Reset {
            return self.cut(Fault::Reset, now);
        }
        match self.ending {
            Ending::Open => {}
            Ending::Linger => {
                self.timers.clear(Why::Linger);
                self.ending = Ending::Done(Close::Graceful);
                return;
            }
            Ending::Done(_) => return,
        }
        self.wake_recv();
        self.notices
            .set(Notice::InputClosed, self.in_exchange() && !matches!(self.reader, Reader::Raw));
        self.watch_half_closed(now);
        self.advance(now);
    }

    /// The connection is lost: nothing that is queued will arrive.
    fn cut(&mut self, fault: Fault, now: Now) {
        self.out.clear();
        let waits = self.inbound.wake();
        self.fault = Some(fault);
        if self.ending == Ending::Open {
            self.end(CloseReason::Fault(fault), Ending::Done(Close::Abort), now);
            self.notices.set(Notice::Readable, waits);
        } else {
            self.ending = Ending::Done(Close::Abort);
            self.timers.clear_all();
        }
    }

    pub(super) fn timed_out(&mut self, why: Why, now: Now) {
        match why {
            Why::Head if self.reader == Reader::Head => self.head_due = true,
            Why::Head | Why::Idle => self.close(CloseReason::Timeout(why), now),
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
            // It is the peer then that is waited for, and another time that runs.
            Why::HalfClosed if !self.out.is_empty() => self.watch_half_closed(now),
            Why::HalfClosed => self.cut(Fault::HalfClosedTimeout, now),
            Why::Linger => self.ending = Ending::Done(Close::Graceful),
            _ => {}
        }
    }

    pub(super) fn begin_shutdown(&mut self, now: Now) {
        if self.shutdown {
            return;
        }
        self.shutdown = true;
        if self.ending == Ending::Open || !self.out.is_empty() {
            self.timers.set(Why::Drain, now.mono + self.config.timeouts.drain);
        }
        if let Some(at) = self.timers.get(Why::Linger) {
            self.timers.set(Why::Linger, at.min(now.mono + self.lingering()));
        }
        self.advance(now);
    }
}
