//! What comes to a client: responses, interim ones, and streams that its server leaves out.
//! What is malformed `head` says; what a failure means for a request is said here.

use super::stream::{Gone, Stream};
use super::{Begun, Broken, Connection};
use crate::error::{ErrorCode, Fault, PeerError, Phase, Retry};
use crate::h1::decide::Sent;
use crate::h2::errors::Violation;
use crate::h2::head::response::{self, Response};
use crate::h2::hpack::decode::Outcome;
use crate::h2::states::Step;
use crate::head::Status;
use crate::machine::{BodyLength, Event, Id};
use crate::time::{Mono, Now, Why};

impl Connection {
    /// A field block came where a response is due.
    pub(super) fn response(
        &mut self,
        begun: Begun,
        outcome: &Outcome,
        now: Now,
    ) -> Result<(), Broken> {
        let id = begun.stream;
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        stream.reply.begun = true;
        if stream.reply.wait.take_if(|(_, why)| *why == Why::FirstByte).is_some() {
            self.stale = true;
        }
        stream.trace.first_byte = Some(begun.at);
        stream.trace.head = Some(now.mono);
        if outcome.too_large {
            return self.break_stream(id, Violation::ResponseTooLarge, now);
        }
        match response::read(&outcome.list) {
            Err(_) => self.break_stream(id, Violation::MalformedMessage, now),
            Ok(response) if response.head.status().is_informational() => {
                self.interim_response(begun, response, outcome.list.octets(), now)
            }
            Ok(response) => self.final_response(begun, response, now),
        }
    }

    fn interim_response(
        &mut self,
        begun: Begun,
        response: Response,
        octets: usize,
        now: Now,
    ) -> Result<(), Broken> {
        let id = begun.stream;
        if begun.end_stream {
            return self.break_stream(id, Violation::MalformedMessage, now);
        }
        let most = self.role.limits().interim_bytes;
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        // Each costs more than its octets: short ones are not for free.
        if !stream.reply.interims.takes(octets.max(most / INTERIMS), most, now.mono) {
            return self.break_stream(id, Violation::TooManyInterims, now);
        }
        let goes = response.head.status() == Status::CONTINUE;
        stream.tell.answers.push_back(Event::Interim { id: Id::from(id), head: response.head });
        self.tell(id);
        if goes {
            self.go_ahead(id, now);
        }
        self.await_answer(id, now);
        Ok(())
    }

    fn final_response(&mut self, begun: Begun, response: Response, now: Now) -> Result<(), Broken> {
        let (id, ends) = (begun.stream, begun.end_stream);
        let Response { head, content_length } = response;
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        let status = head.status();
        let tunnel = stream.is_connect && status.is_success();
        // RFC 9110 §6.4.1: no content, whatever the fields say.
        let bodiless =
            stream.is_head || status == Status::NO_CONTENT || status == Status::NOT_MODIFIED;
        let left = match content_length {
            _ if tunnel => None,
            _ if bodiless => Some(0),
            length => length,
        };
        if ends && left.is_some_and(|left| left > 0) {
            return self.break_stream(id, Violation::ContentLength, now);
        }
        let body = match left {
            _ if ends || tunnel => BodyLength::Empty,
            Some(0) => BodyLength::Empty,
            Some(length) => BodyLength::Known(length),
            None => BodyLength::Unknown,
        };
        let refused = stream.is_connect && !tunnel;
        stream.is_connect = tunnel;
        stream.reply.is_final = true;
        stream.reply.is_empty = body == BodyLength::Empty && !tunnel;
        stream.inbox.left = left;
        stream.trace.status = Some(status);
        stream.tell.answers.push_back(Event::Response { id: Id::from(id), head, body });
        if tunnel {
            stream.tell.upgraded = true;
            (stream.outbox.sent, stream.outbox.finished) = (Sent::Upgrade, false);
        }
        // A reader who came before it looks again, unless there is nothing to be read.
        let waits = stream.inbox.wake();
        stream.tell.readable |= waits && !stream.reply.is_empty;
        if stream.reply.is_empty && !ends {
            // Its end is to come, though nobody waits for that.
            stream.inbox.due = stream.inbox.pace.wait(now.mono);
            self.stale = true;
        }
        // Who is answered in place of 100 (Continue) is not asked for the content.
        let unasked = stream.outbox.held;
        self.tell(id);
        if refused {
            self.finish_content(id, now);
        }
        if unasked {
            self.stop_sending(id);
        }
        if ends { self.content_ends(id, now) } else { Ok(()) }
    }

    /// The server was asked for the rest of a request, or waited for long enough.
    pub(super) fn go_ahead(&mut self, id: u32, now: Now) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if std::mem::take(&mut stream.outbox.held) {
            stream.reply.wait = None;
            stream.outbox.watch(0, now.mono);
            // Who has more to give waits for nothing else.
            stream.tell.writable |= !stream.outbox.finished;
            self.stale = true;
            self.reschedule(id);
            self.tell(id);
            self.pump(now);
        }
    }

    /// What a request still lacks is not wanted any more, or serves nobody.
    pub(super) fn stop_sending(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if stream.outbox.ended || stream.outbox.stopped {
            return;
        }
        stream.outbox.clear();
        (stream.outbox.stopped, stream.outbox.held) = (true, false);
        (stream.outbox.due, stream.reply.wait) = (None, None);
        stream.tell.writable |= std::mem::take(&mut stream.outbox.waits);
        self.stale = true;
        self.tell(id);
        self.reschedule(id);
    }

    /// The request is out: the server's time for its answer runs.
    pub(super) fn await_answer(&mut self, id: u32, now: Now) {
        self.await_answer_since(id, now.mono);
    }

    /// The same, of a request that was out then.
    pub(super) fn await_answer_since(&mut self, id: u32, since: Mono) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        let whole = stream.outbox.ended || stream.is_connect;
        if whole && !stream.reply.is_final {
            stream.reply.since = since;
            stream.reply.wait = Some((since + stream.reply.patience, Why::FirstByte));
            self.stale = true;
        }
    }

    /// A client's exchange is over once its response was read, and its request is whole or
    /// not wanted any more.
    pub(super) fn look_at_end(&mut self, id: u32, now: Now) {
        if !self.role.is_client() {
            return;
        }
        let Some(stream) = self.streams.get_mut(id) else { return };
        // Nobody reads what is said not to be there; but who does is told of its end.
        let reads = stream.inbox.waits || stream.tell.readable;
        let empty = stream.reply.is_empty && stream.tell.answers.is_empty() && !reads;
        if empty && stream.inbox.ended && !stream.inbox.told {
            stream.inbox.told = true;
            stream.inbox.rest(now.mono);
            self.stale = true;
        }
        if stream.inbox.told && (stream.outbox.ended || stream.outbox.stopped) {
            self.let_go(id, now);
        }
    }

    /// GOAWAY of this code: what is above `last` was not looked at (RFC 9113 §6.8).
    pub(super) fn leave_out(&mut self, last: u32, code: ErrorCode, now: Now) -> Result<(), Broken> {
        // It may become less, as a server ends in two steps.
        if self.left_out.replace(last).is_some_and(|before| last > before) {
            return Err(Violation::GoAwayGrows.into());
        }
        let mut next = self.streams.from(last.saturating_add(1));
        while let Some(id) = next {
            next = self.streams.from(id + 1);
            // What comes on it nevertheless was on its way.
            if self.streams.step(id, Step::WeReset) {
                self.gone(id, Gone::LeftOut(code), now);
            }
        }
        Ok(())
    }

    /// What a fault means: to a client, for the request of this stream.
    pub(super) fn error_of(&self, id: u32, fault: Fault, code: Option<ErrorCode>) -> PeerError {
        match self.streams.get(id) {
            _ if !self.role.is_client() => PeerError::of_request(fault),
            Some(stream) => {
                // What is still to be written goes, whatever became of its exchange.
                let unsent = self.written <= stream.reply.begins && self.out.is_empty();
                failure(stream, unsent, fault, code)
            }
            None => PeerError::of_response(fault, Retry::Never, Phase::Receive),
        }
    }
}

/// How many interim responses there may be at once, however short they are.
const INTERIMS: usize = 32;

/// What becomes of a request that fails; `unsent` if none of it is out, nor will be.
fn failure(stream: &Stream, unsent: bool, fault: Fault, code: Option<ErrorCode>) -> PeerError {
    let retry = match code {
        _ if stream.reply.is_final => Retry::Never,
        Some(ErrorCode::REFUSED_STREAM) => Retry::Safe,
        Some(ErrorCode::HTTP_1_1_REQUIRED) => Retry::OlderProtocol,
        _ if unsent => Retry::Safe,
        // It has begun to answer, or what was given piece by piece is gone.
        _ if stream.reply.begun || stream.reply.is_streamed => Retry::Never,
        _ => Retry::IfIdempotent,
    };
    let phase = match () {
        () if stream.reply.begun => Phase::Receive,
        () if stream.outbox.ended => Phase::Wait,
        () => Phase::Send,
    };
    PeerError::of_response(fault, retry, phase)
}
