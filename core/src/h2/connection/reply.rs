//! The writing side: heads, content, interim responses, and whose turn it is.
//! What a response may be `h1::decide` says for both protocols; who sends next `schedule` does.

use super::Connection;
use super::stream::Application;
use crate::error::{Fault, Misuse, PeerError};
use crate::h1::decide::{self, Asked, Declared, Sent};
use crate::h2::frame::write;
use crate::h2::head::outgoing;
use crate::h2::priority::Priority;
use crate::h2::purse::Budget;
use crate::h2::schedule::TURN;
use crate::h2::states::Step;
use crate::h2::window::CONNECTION;
use crate::head::{Fields, ResponseHead, Status, imf_fixdate, names};
use crate::machine::{Body, Event, Id, Machine};
use crate::time::Now;
use bytes::Bytes;

/// DATA is built while less than this waits to be written: what is urgent is not behind much.
const AHEAD: usize = 16 * 1024;

/// Content that one stream holds at the most; half of it gone, there is room again.
const QUEUED: usize = 64 * 1024;

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
        stream.application = if whole { Application::Done } else { Application::Answers };
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
                self.has_ended(id);
            } else if whole {
                self.queue(id, content, now);
                self.finish_content(id);
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
            Sent::Length(length) | Sent::Omitted(Some(length)) => Some(length.to_string()),
            _ => None,
        };
        let date = (self.config.date && !head.fields().contains(names::DATE))
            .then(|| imf_fixdate(now.unix));
        let status = head.status().digits();
        let fields = outgoing(head.fields())
            .filter(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        let more = [
            (&b"date"[..], date.as_ref().map(|date| &date[..])),
            (b"content-length", length.as_ref().map(String::as_bytes)),
        ];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let all = [(&b":status"[..], &status[..])].into_iter().chain(fields).chain(more);
        let mut block = Vec::new();
        self.encoder.encode(all, &mut block);
        self.write_block(id, &block, ends);
    }

    fn write_block(&mut self, id: u32, block: &[u8], ends: bool) {
        let most = self.theirs.max_frame_size;
        self.out.write(|text| write::headers(text, id, block, ends, most));
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
            let mut block = Vec::new();
            let all = [(&b":status"[..], &status[..])].into_iter().chain(fields);
            self.encoder.encode(all, &mut block);
            self.write_block(id, &block, false);
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
        let answer = self.config.fault_answer.as_ref();
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

    pub(super) fn send_data(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        let (number, stream) = self.open(id)?;
        let outbox = &mut stream.outbox;
        if stream.application == Application::Owes {
            return Err(Misuse::NoResponseYet);
        }
        if outbox.finished {
            return Err(Misuse::AlreadyFinished);
        }
        if outbox.left.is_some_and(|left| left < data.len() as u64) {
            return Err(Misuse::TooMuchBody);
        }
        let room = QUEUED.saturating_sub(outbox.queued).min(data.len());
        let goes = !matches!(outbox.sent, Sent::None | Sent::Omitted(_));
        let lives = self.streams.state(number).can_send();
        if !goes || !lives {
            data.clear(); // nobody will see it
            return Ok(());
        }
        let Some(stream) = self.streams.get_mut(number) else { return Ok(()) };
        stream.outbox.left = stream.outbox.left.map(|left| left - room as u64);
        stream.outbox.waits = room < data.len();
        self.queue(number, data.split_to(room), now);
        self.pump(now);
        Ok(())
    }

    /// Queues content.
    fn queue(&mut self, id: u32, piece: Bytes, now: Now) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if !piece.is_empty() {
            stream.outbox.queued += piece.len();
            stream.trace.sent += piece.len() as u64;
            stream.outbox.pieces.push_back(piece);
            stream.outbox.watch(0, now.mono);
            self.stale = true;
            self.reschedule(id);
        }
    }

    pub(super) fn finish_response(
        &mut self,
        id: Id,
        trailers: Option<&Fields>,
        now: Now,
    ) -> Result<(), Misuse> {
        let (number, stream) = self.open(id)?;
        if stream.application == Application::Owes {
            return Err(Misuse::NoResponseYet);
        }
        if stream.outbox.finished {
            return Err(Misuse::AlreadyFinished);
        }
        if stream.outbox.left.is_some_and(|left| left > 0) {
            return Err(Misuse::TooLittleBody);
        }
        let trailers = trailers.filter(|trailers| !trailers.is_empty());
        decide::trailers(stream.outbox.sent, trailers)?;
        if stream.outbox.sent == Sent::Chunked {
            stream.outbox.trailers = trailers.cloned();
        }
        // A tunnel is read on until its other half has ended.
        if stream.outbox.sent != Sent::Upgrade || stream.inbox.told {
            stream.application = Application::Done;
        }
        self.finish_content(number);
        self.tidy(number, now);
        self.pump(now);
        self.settle(now);
        Ok(())
    }

    /// No more content will be given.
    fn finish_content(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.outbox.finished = true;
        if stream.outbox.pieces.is_empty() && !stream.outbox.ended {
            self.end_stream(id);
        }
    }

    /// Writes the end behind the last content: trailers, or DATA without an octet.
    fn end_stream(&mut self, id: u32) {
        if !self.streams.state(id).can_send() {
            return;
        }
        let trailers = self.streams.get_mut(id).and_then(|stream| stream.outbox.trailers.take());
        match trailers {
            Some(trailers) => {
                let mut block = Vec::new();
                self.encoder.encode(outgoing(&trailers), &mut block);
                self.write_block(id, &block, true);
            }
            None => {
                self.out.write(|text| text.extend_from_slice(&write::data_header(id, 0, true)));
            }
        }
        self.has_ended(id);
    }

    /// END_STREAM is written.
    fn has_ended(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.outbox.ended = true;
            stream.outbox.finished |= stream.application == Application::Done;
        }
        self.streams.step(id, Step::WeEnd);
    }

    /// Builds DATA as long as little waits to be written.
    pub(super) fn pump(&mut self, now: Now) {
        while self.out.len() < AHEAD && self.ending.is_none() {
            let Some(id) = self.schedule.next() else { break };
            let most = usize::try_from(self.theirs.max_frame_size).unwrap_or(TURN).min(TURN);
            let room = (self.window.room(CONNECTION) as usize).min(most);
            if room == 0 {
                break;
            }
            self.send_turn(id, room, now);
            self.schedule.turned(id);
            self.reschedule(id);
            self.tidy(id, now);
        }
        self.settle(now);
    }

    /// One frame of DATA.
    fn send_turn(&mut self, id: u32, room: usize, now: Now) {
        let first = self.theirs.initial_window_size;
        let Some(stream) = self.streams.get_mut(id) else { return };
        let outbox = &mut stream.outbox;
        let room = room.min(outbox.window.room(first) as usize);
        let Some(front) = outbox.pieces.front_mut() else { return };
        let piece = front.split_to(front.len().min(room));
        if front.is_empty() {
            outbox.pieces.pop_front();
        }
        let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        outbox.queued -= piece.len();
        outbox.window.spend(length);
        outbox.watch(piece.len(), now.mono);
        self.stale = true;
        self.window.spend(length);
        let over = outbox.pieces.is_empty() && outbox.finished;
        let ends = over && outbox.trailers.is_none();
        let roomy = outbox.waits && outbox.queued <= QUEUED / 2;
        outbox.waits &= !roomy;
        stream.tell.writable |= roomy;
        let header = write::data_header(id, piece.len(), ends);
        self.out.write(|text| text.extend_from_slice(&header));
        self.out.push(piece);
        self.purses.earn(Budget::WindowUpdates, 2);
        if roomy {
            self.tell(id);
        }
        if ends {
            self.has_ended(id);
        } else if over {
            self.end_stream(id);
        }
    }

    /// What was to be told of this exchange's output is not so any more: there is more. It is
    /// told once all is out, however often that is asked.
    pub(super) fn will_tell_flushed(&mut self, id: Id) {
        self.events.retain(|event| !matches!(event, Event::Flushed { id: told } if *told == id));
        if !self.flushes.contains(&id) {
            self.flushes.push(id);
        }
    }

    /// All that was built is out: who waited for that is told, if there is no more to build.
    pub(super) fn tell_flushed(&mut self) {
        for id in std::mem::take(&mut self.flushes) {
            if self.is_flushed(id) {
                self.events.push_back(Event::Flushed { id });
            } else {
                self.flushes.push(id);
            }
        }
    }

    /// Puts a stream among those that can send, or takes it out.
    pub(super) fn reschedule(&mut self, id: u32) {
        let first = self.theirs.initial_window_size;
        let sends = self.streams.state(id).can_send();
        let Some(stream) = self.streams.get_mut(id) else { return };
        let can = sends && stream.can_send(first);
        if can == std::mem::replace(&mut stream.outbox.scheduled, can) {
            return;
        }
        if can {
            self.schedule.add(id, stream.priority);
        } else {
            self.schedule.remove(id, stream.priority);
        }
    }

    pub(super) fn reschedule_all(&mut self) {
        let mut next = self.streams.from(0);
        while let Some(id) = next {
            self.reschedule(id);
            next = self.streams.from(id + 1);
        }
    }

    pub(super) fn reprioritize(&mut self, id: u32, priority: Priority) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        let before = std::mem::replace(&mut stream.priority, priority);
        if stream.outbox.scheduled {
            self.schedule.remove(id, before);
            self.schedule.add(id, priority);
        }
    }
}
