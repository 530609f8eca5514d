//! The writing side: content of messages, their ends, and whose turn it is.
//! Heads are the commands' of each side; who sends next `schedule` says.

use super::Connection;
use super::stream::Application;
use crate::error::Misuse;
use crate::h1::decide::{self, Sent};
use crate::h2::buckets::Budget;
use crate::h2::frame::write;
use crate::h2::head::outgoing;
use crate::h2::priority::Priority;
use crate::h2::schedule::TURN;
use crate::h2::states::Step;
use crate::h2::window::CONNECTION;
use crate::head::Fields;
use crate::machine::{Eof, Event, Id, Machine};
use crate::time::Now;
use bytes::Bytes;

/// DATA is built while less than this waits to be written: what is urgent is not behind much.
const AHEAD: usize = 16 * 1024;

/// Content that one stream holds at the most; half of it gone, there is room again.
const QUEUED: usize = 64 * 1024;

/// However many streams there are, each holds so much.
const LEAST_QUEUED: usize = 4 * 1024;

impl Connection {
    /// Has something written, unless the connection is lost: nothing arrives then.
    pub(super) fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.is_lost() {
            self.out.write(write);
        }
    }

    /// Whether nothing arrives any more.
    pub(super) fn is_lost(&self) -> bool {
        self.eof == Some(Eof::Reset)
    }

    /// Writes a field block.
    pub(super) fn write_fields<'a>(
        &mut self,
        id: u32,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        ends: bool,
    ) {
        if self.is_lost() {
            return;
        }
        let Connection { out, encoder, theirs, .. } = self;
        out.write(|text| {
            write::headers_of(text, id, ends, theirs.max_frame_size, |text| {
                encoder.encode(fields, text);
            });
        });
    }

    /// Whether so much content of this stream is one frame that would be written next: nobody
    /// else can send, and the windows have room for it.
    pub(super) fn has_room_for(&self, id: u32, octets: usize) -> bool {
        let first = self.theirs.initial_window_size;
        let most = self.theirs.max_frame_size.min(self.window.room(CONNECTION)) as usize;
        self.schedule.is_empty()
            && self.ending.is_none()
            && self.out.len() < AHEAD
            && octets <= TURN.min(most)
            && self.streams.get(id).is_some_and(|stream| {
                let outbox = &stream.outbox;
                octets <= outbox.window.room(first) as usize && outbox.pieces.is_empty()
            })
    }

    /// Writes all the content of a stream in one frame, which ends it.
    pub(super) fn send_at_once(&mut self, id: u32, content: Bytes, now: Now) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        stream.outbox.finished = true;
        stream.outbox.window.spend(length);
        stream.trace.sent += u64::from(length);
        self.window.spend(length);
        let header = write::data_header(id, content.len(), true);
        self.say(|text| text.extend_from_slice(&header));
        if !self.is_lost() {
            self.out.push(content);
        }
        self.buckets.earn(Budget::WindowUpdates, 2);
        self.has_ended(id, now);
    }

    pub(super) fn send_data(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        let most = self.most_queued();
        let (number, stream) = self.open(id)?;
        let outbox = &mut stream.outbox;
        if stream.application == Application::Owes {
            return Err(Misuse::NoResponseYet);
        }
        if outbox.stopped {
            return Err(Misuse::Answered);
        }
        // Nothing is left to be sent, and anything is too much.
        let excess = outbox.by_itself && !data.is_empty();
        if outbox.finished && !excess {
            return Err(Misuse::AlreadyFinished);
        }
        if excess || outbox.left.is_some_and(|left| left < data.len() as u64) {
            return Err(Misuse::TooMuchBody);
        }
        let room = most.saturating_sub(outbox.queued).min(data.len());
        let goes = !matches!(outbox.sent, Sent::None | Sent::Omitted(_));
        let lives = self.streams.state(number).can_send();
        if !goes || !lives {
            data.clear(); // nobody will see it
            return Ok(());
        }
        let Some(stream) = self.streams.get_mut(number) else { return Ok(()) };
        stream.outbox.left = stream.outbox.left.map(|left| left - room as u64);
        stream.outbox.waits = room < data.len();
        let last = self.role.is_client() && stream.outbox.left == Some(0);
        self.queue(number, data.split_to(room), now);
        if last {
            self.finish_by_itself(number, now);
        }
        self.pump(now);
        Ok(())
    }

    /// How much content a stream may hold: its part of what the connection may.
    fn most_queued(&self) -> usize {
        let part = self.role.limits().output_bytes / self.streams.len().max(1);
        part.clamp(LEAST_QUEUED, QUEUED)
    }

    /// Queues content.
    pub(super) fn queue(&mut self, id: u32, piece: Bytes, now: Now) {
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

    /// A request's content of known length ends with its last octet.
    fn finish_by_itself(&mut self, id: u32, now: Now) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.outbox.by_itself = true;
        }
        self.finish_content(id, now);
    }

    pub(super) fn finish_message(
        &mut self,
        id: Id,
        trailers: Option<&Fields>,
        now: Now,
    ) -> Result<(), Misuse> {
        let client = self.role.is_client();
        let (number, stream) = self.open(id)?;
        if stream.application == Application::Owes {
            return Err(Misuse::NoResponseYet);
        }
        if stream.outbox.stopped {
            return Err(Misuse::Answered);
        }
        let again = stream.outbox.by_itself;
        if stream.outbox.finished && !again {
            return Err(Misuse::AlreadyFinished);
        }
        if stream.outbox.left.is_some_and(|left| left > 0) {
            return Err(Misuse::TooLittleBody);
        }
        let trailers = trailers.filter(|trailers| !trailers.is_empty());
        decide::trailers(stream.outbox.sent, trailers)?;
        stream.outbox.by_itself = false;
        if again {
            return Ok(());
        }
        if stream.outbox.sent == Sent::Chunked {
            stream.outbox.trailers = trailers.cloned();
        }
        // A tunnel is read on until its other half has ended.
        let over = stream.outbox.sent != Sent::Upgrade || stream.inbox.told;
        if over && stream.application == Application::Sends && !client {
            stream.application = Application::Done;
        }
        self.finish_content(number, now);
        self.look_at_end(number, now);
        self.tidy(number, now);
        self.pump(now);
        self.settle(now);
        Ok(())
    }

    /// No more content will be given.
    pub(super) fn finish_content(&mut self, id: u32, now: Now) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.outbox.finished = true;
        if stream.outbox.pieces.is_empty() && !stream.outbox.ended {
            // No content has nothing to wait with.
            stream.outbox.held = false;
            self.end_stream(id, now);
        }
    }

    /// Writes the end behind the last content: trailers, or DATA without an octet.
    fn end_stream(&mut self, id: u32, now: Now) {
        if !self.streams.state(id).can_send() {
            return;
        }
        let trailers = self.streams.get_mut(id).and_then(|stream| stream.outbox.trailers.take());
        match trailers {
            Some(trailers) => {
                self.write_fields(id, outgoing(&trailers), true);
            }
            None => {
                self.say(|text| text.extend_from_slice(&write::data_header(id, 0, true)));
            }
        }
        self.has_ended(id, now);
    }

    /// END_STREAM is written.
    pub(super) fn has_ended(&mut self, id: u32, now: Now) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.outbox.ended = true;
            let whole = stream.application == Application::Done || self.role.is_client();
            stream.outbox.finished |= whole;
        }
        self.streams.step(id, Step::WeEnd);
        if self.role.is_client() {
            if self.role.trace() {
                self.sent.push(Id::from(id));
            }
            self.await_answer(id, now);
            self.look_at_end(id, now);
        }
    }

    /// Builds DATA as long as little waits to be written.
    pub(super) fn pump(&mut self, now: Now) {
        while !self.schedule.is_empty() && self.out.len() < AHEAD && self.ending.is_none() {
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
        let (first, most) = (self.theirs.initial_window_size, self.most_queued());
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
        let roomy = outbox.waits && outbox.queued <= most / 2;
        outbox.waits &= !roomy;
        stream.tell.writable |= roomy;
        let header = write::data_header(id, piece.len(), ends);
        self.say(|text| text.extend_from_slice(&header));
        if !self.is_lost() {
            self.out.push(piece);
        }
        self.buckets.earn(Budget::WindowUpdates, 2);
        if roomy {
            self.tell(id);
        }
        if ends {
            self.has_ended(id, now);
        } else if over {
            self.end_stream(id, now);
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
    pub(super) fn tell_written(&mut self) {
        if self.reason.is_some() {
            return; // nothing follows the end
        }
        self.events.extend(self.sent.drain(..).map(|id| Event::Sent { id }));
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
