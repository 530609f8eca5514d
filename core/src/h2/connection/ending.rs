//! How streams and connections end: by a rule, by the peer, by the application, by time.
//! Whom a broken rule ends `errors` says.

use super::stream::{Application, Gone};
use super::{Broken, Connection, Greeting};
use crate::error::{CloseReason, ErrorCode, Fault, PeerError};
use crate::h2::buckets::Budget;
use crate::h2::errors::Violation;
use crate::h2::frame::write;
use crate::h2::schedule::Schedule;
use crate::h2::states::Step;
use crate::h2::streams::Side;
use crate::h2::window::CONNECTION;
use crate::machine::{Close, Eof, Event};
use crate::time::{Mono, Now, Why};

impl Connection {
    /// Ends a stream on which the peer broke a rule.
    pub(super) fn break_stream(
        &mut self,
        id: u32,
        violation: Violation,
        now: Now,
    ) -> Result<(), Broken> {
        if violation != Violation::TooManyStreams || self.asks_for_too_many() {
            self.buckets.spend(Budget::ResetsSent, 1, now.mono)?;
        }
        let code = violation.code();
        self.say(|text| write::rst_stream(text, id, code));
        if !self.streams.step(id, Step::WeReset) {
            self.streams.reset_closed(id);
            return Ok(());
        }
        self.gone(id, Gone::Broken(violation.fault()), now);
        Ok(())
    }

    /// Whether a peer whose stream is refused could know that there are too many. It knows what
    /// it has acknowledged, and no handler that still runs for a stream which is closed
    /// (RFC 9113 §5.1.2).
    fn asks_for_too_many(&self) -> bool {
        let open = self.streams.iter().filter(|(_, state, _)| !state.is_closed()).count();
        self.knows_settings && open >= self.http2.max_concurrent as usize
    }

    /// A stream has ended on the wire: by a rule that was broken, or by the peer's will. An
    /// application that knows of it lets go of it.
    pub(super) fn gone(&mut self, id: u32, why: Gone, now: Now) {
        let error = self.error_of(id, why.fault(), why.code());
        let client = self.role.is_client();
        match self.streams.get_mut(id) {
            // What came before a reset may still be read, and was all if its end came. So may
            // what came of a response before it broke a rule, as over HTTP/1.
            Some(stream) if why.leaves_what_came(client) => {
                let cut = !stream.inbox.ended;
                stream.inbox.fault = stream.inbox.fault.or(cut.then_some(error));
            }
            _ => self.drop_unread(id, error),
        }
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.outbox.clear();
        (stream.inbox.due, stream.outbox.due, stream.reply.wait) = (None, None, None);
        self.stale = true;
        stream.outbox.stopped = client && !stream.outbox.ended;
        let (readable, writable) = (stream.inbox.wake(), std::mem::take(&mut stream.outbox.waits));
        if stream.is_open() {
            stream.tell.readable |= readable;
            stream.tell.writable |= writable;
            // Who was told of a response reads there that it fails.
            let fails = matches!(why, Gone::Broken(_)) || client;
            stream.tell.failed = (fails && !stream.reply.is_final).then_some(error);
            stream.tell.reset = why.code().filter(|_| !client);
            self.tell(id);
        }
        self.reschedule(id);
        self.look_at_end(id, now);
        self.tidy(id, now);
    }

    /// The application gives up.
    pub(super) fn give_up(&mut self, id: u32, now: Now) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.application = Application::Done;
        let code = match self.role.side() {
            Side::Client => ErrorCode::CANCEL,
            Side::Server if stream.is_connect => ErrorCode::CONNECT_ERROR,
            Side::Server => ErrorCode::INTERNAL_ERROR,
        };
        if self.streams.step(id, Step::WeReset) {
            self.say(|text| write::rst_stream(text, id, code));
        }
        self.gone(id, Gone::GivenUp, now);
        self.settle(now);
    }

    /// The connection ends: what came of responses is told, and which requests get none.
    fn fail_open(&mut self, reason: CloseReason, now: Now) {
        let fault = match reason {
            CloseReason::Fault(fault) => fault,
            CloseReason::Timeout(Why::Drain) => Fault::DrainTimeout,
            _ => Fault::NoResponse,
        };
        let mut next = self.streams.from(0);
        while let Some(id) = next {
            next = self.streams.from(id + 1);
            if self.streams.step(id, Step::WeReset) {
                self.gone(id, Gone::Lost(fault), now);
            }
        }
        while let Some(event) = self.next_of_stream(now) {
            self.events.push_back(event);
        }
    }

    pub(super) fn close(&mut self, reason: CloseReason, how: Close, now: Now) {
        if self.reason.is_some() {
            // That it ends was told.
            self.clear_timers();
            self.ending = Some(how);
            return;
        }
        if self.role.is_client() {
            self.fail_open(reason, now);
        }
        while let Some(id) = self.streams.from(0) {
            self.tell_done(id, false, now);
            self.streams.remove(id);
        }
        self.schedule = Schedule::new();
        self.ready.clear();
        self.asked.clear();
        self.block = None;
        self.input.clear();
        self.clear_timers();
        self.due = None;
        self.reason = Some(reason);
        self.ending = Some(match how {
            // A server that reads a goodbye does not answer with a reset that hurts anybody.
            Close::Linger if self.eof.is_some() || self.role.is_client() => Close::Graceful,
            how => how,
        });
        if let (Some(Close::Linger), Some(config)) = (self.ending, self.role.server()) {
            self.timers.set(Why::Linger, now.mono + config.timeouts.linger);
        }
        self.events.push_back(Event::Closed(reason));
    }

    /// Nothing is waited for any more, but that the peer takes what is left to be written.
    fn clear_timers(&mut self) {
        let write = self.timers.get(Why::Write).filter(|_| !self.out.is_empty());
        self.timers.clear_all();
        if let Some(at) = write {
            self.timers.set(Why::Write, at);
        }
    }

    pub(super) fn end_of_input(&mut self, how: Eof, now: Now) {
        // A half-closed connection can still be lost.
        if self.eof.is_some_and(|known| known == Eof::Reset || how != Eof::Reset) {
            return;
        }
        self.eof = Some(how);
        if how == Eof::Reset {
            self.out.clear();
            self.timers.clear(Why::Write);
        }
        if self.ending.is_some() {
            self.ending = Some(Close::Graceful);
            self.timers.clear(Why::Linger);
            return;
        }
        // Nobody answers what a client would still send.
        if self.role.is_client() && self.broken.is_none() {
            self.out.clear();
        }
        if how == Eof::Reset && !self.role.is_client() {
            return self.close(CloseReason::Fault(Fault::Reset), Close::Graceful, now);
        }
        let mut next = self.streams.from(0);
        while let Some(id) = next {
            next = self.streams.from(id + 1);
            if self.role.is_client() {
                self.lose(id, how, now);
            } else if self.streams.state(id).can_receive() {
                self.cut_off(id);
                self.tidy(id, now);
            }
        }
        if !self.streams.is_empty() && !self.role.is_client() {
            self.events.push_back(Event::InputClosed);
        }
        self.settle(now);
    }

    /// The input ended before this stream's content did.
    fn cut_off(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.inbox.fault.get_or_insert(PeerError::of_request(Fault::Truncated));
        stream.tell.readable |= stream.inbox.wake();
        self.tell(id);
    }

    /// The server is gone: what it has answered as a whole is read, and all else fails.
    fn lose(&mut self, id: u32, how: Eof, now: Now) {
        let begun = self.streams.get(id).is_some_and(|stream| stream.reply.is_final);
        let fault = match how {
            _ if self.broken.is_some() => self.broken.unwrap_or(Fault::Http2Violation),
            Eof::Reset => Fault::Reset,
            Eof::Clean | Eof::Truncated if begun => Fault::Truncated,
            Eof::Clean | Eof::Truncated => Fault::NoResponse,
        };
        if self.streams.step(id, Step::WeReset) {
            self.gone(id, Gone::Lost(fault), now);
        }
    }

    /// Nothing is open: the connection ends, or is idle.
    pub(super) fn settle(&mut self, now: Now) {
        self.look_at_dues();
        if self.ending.is_some() || (!self.streams.is_empty() && !self.is_stuck()) {
            return;
        }
        if self.eof.is_some() {
            let reason = self.broken.map_or(CloseReason::PeerClosed, CloseReason::Fault);
            self.close(reason, Close::Graceful, now);
        } else if self.last.is_some() {
            self.close(CloseReason::Shutdown, Close::Linger, now);
        } else if let Some(reason) = self.is_used_up() {
            self.close(reason, Close::Graceful, now);
        } else {
            self.watch_idle(now);
        }
    }

    /// Nobody will do anything more: the peer, which sends nothing, has no window for what
    /// is left, and no application has more to say.
    fn is_stuck(&self) -> bool {
        if self.eof.is_none() {
            return false;
        }
        let waits = self.schedule.is_empty() || self.window.room(CONNECTION) == 0;
        waits
            && self.out.is_empty()
            && self.streams.iter().all(|(_, _, s)| s.application == Application::Done)
    }

    pub(super) fn watch_idle(&mut self, now: Now) {
        let idle = self.greeting == Greeting::Done && self.streams.is_empty();
        // How long a client keeps a connection, its pool says.
        let Some(config) = self.role.server() else { return };
        if idle && !self.timers.is_set(Why::Idle) {
            self.timers.set(Why::Idle, now.mono + config.timeouts.idle);
        }
    }

    /// The peer is to take output: its time runs.
    pub(super) fn watch_writing(&mut self, now: Now) {
        if let Some(at) = self.taking.wait(now.mono) {
            self.timers.set(Why::Write, at);
        }
    }

    /// Finds the first time that is over for a stream, if one of them has changed.
    pub(super) fn look_at_dues(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let dues = self.streams.iter().flat_map(|(_, _, stream)| {
            let body = stream.inbox.due.map(|at| (at, Why::Body));
            [body, stream.outbox.due.map(|at| (at, Why::Write)), stream.reply.wait]
        });
        self.due = dues.flatten().min();
    }

    /// Ends what has taken too long on a stream: the body fails for its reader alone, what
    /// nobody takes is reset.
    pub(super) fn streams_timed_out(&mut self, now: Now) {
        let mut next = self.streams.from(0);
        while let Some(id) = next {
            next = self.streams.from(id + 1);
            let Some(stream) = self.streams.get_mut(id) else { continue };
            let over = |due: &mut Option<Mono>| due.take_if(|at| *at <= now.mono).is_some();
            if over(&mut stream.inbox.due) {
                if stream.application == Application::Done {
                    self.rest_is_late(id, now);
                    continue;
                }
                let waits = stream.inbox.wake();
                stream.tell.readable |= waits;
                if stream.reply.is_empty && !waits {
                    self.let_go(id, now);
                    continue;
                }
                let error = self.error_of(id, Fault::BodyTimeout, None);
                self.drop_unread(id, error);
                self.tell(id);
            }
            let Some(stream) = self.streams.get_mut(id) else { continue };
            if over(&mut stream.outbox.due) && self.streams.step(id, Step::WeReset) {
                self.say(|text| write::rst_stream(text, id, ErrorCode::CANCEL));
                self.gone(id, Gone::Broken(Fault::WriteTimeout), now);
            }
            self.waited(id, now);
        }
        self.stale = true;
        self.settle(now);
    }

    /// What a client waits for has not come in time.
    fn waited(&mut self, id: u32, now: Now) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        match stream.reply.wait.take_if(|(at, _)| *at <= now.mono) {
            None => {}
            Some((_, Why::Expect)) => self.go_ahead(id, now),
            Some(_) if self.streams.step(id, Step::WeReset) => {
                self.say(|text| write::rst_stream(text, id, ErrorCode::CANCEL));
                self.gone(id, Gone::Broken(Fault::FirstByteTimeout), now);
            }
            Some(_) => {}
        }
    }

    pub(super) fn timed_out(&mut self, why: Why, now: Now) {
        match why {
            Why::Linger => self.ending = Some(Close::Graceful),
            Why::Write => {
                self.out.clear();
                self.close(CloseReason::Fault(Fault::WriteTimeout), Close::Abort, now);
            }
            // It does not answer: it has had the time to hear of it.
            Why::Drain if self.leaving.is_some_and(|until| until > now.mono) => {
                self.take_no_more(now);
            }
            Why::Settings => self.die(Violation::SettingsTimeout.into(), now),
            Why::Head => {
                self.say_last(ErrorCode::PROTOCOL_ERROR, Fault::HeadTimeout.text());
                self.close(CloseReason::Fault(Fault::HeadTimeout), Close::Linger, now);
            }
            _ => {
                self.say_last(ErrorCode::NO_ERROR, "");
                self.close(CloseReason::Timeout(why), Close::Linger, now);
            }
        }
    }
}
