//! The reading side: octets to frames, and what each does that is no message.
//! What is wrong with a frame `frame::read` says, and whether it may come `states`.

use super::leaving::LEAVING;
use super::stream::{Gone, Stream};
use super::{Begun, Block, Broken, Connection, Greeting};
use crate::error::ErrorCode;
use crate::h2::buckets::{Budget, Cap};
use crate::h2::credit::Credit;
use crate::h2::errors::{Scope, Violation};
use crate::h2::frame::settings::Values;
use crate::h2::frame::{
    Frame, HEADER_LEN, Header, Kind, Malformed, PREFACE, Settings, read, settings, write,
};
use crate::h2::priority::Priority;
use crate::h2::states::{Came, State, Step, Verdict};
use crate::h2::streams::Streams;
use crate::h2::window::CONNECTION;
use crate::machine::Event;
use crate::time::{Now, Why};
use bytes::Bytes;

/// A frame of so many octets is copied, and needs no buffer.
const SHORT: usize = 64;

impl Connection {
    /// Reads what is here.
    pub(super) fn take_in(&mut self, now: Now) {
        while self.ending.is_none() && self.broken.is_none() && self.wants_reading() {
            match self.next_frame(now) {
                Ok(true) => {}
                Ok(false) => break,
                Err(broken) => self.die(broken, now),
            }
        }
        if self.ending.is_some() || self.broken.is_some() {
            self.input.clear();
        }
        self.pump(now);
        self.settle(now);
    }

    /// Takes input by value.
    pub(super) fn receive_all(&mut self, bytes: &[u8], now: Now) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && self.eof.is_none() {
            let room = self.input.spare();
            let count = room.len().min(bytes.len() - taken);
            if count == 0 {
                break;
            }
            room[..count].copy_from_slice(&bytes[taken..taken + count]);
            self.input.filled(count);
            self.take_in(now);
            taken += count;
        }
        taken
    }

    /// Where too many answers wait, nothing that asks for more is looked at.
    fn wants_reading(&self) -> bool {
        self.answers < Cap::Unanswered.most() || self.out.is_empty()
    }

    /// Reads the next frame, if it is whole.
    fn next_frame(&mut self, now: Now) -> Result<bool, Broken> {
        if self.greeting == Greeting::Preface && !self.take_preface(now)? {
            return Ok(false);
        }
        let Some(header) = Header::parse(self.input.bytes()) else { return Ok(false) };
        let is_settings = header.kind == Kind::Settings as u8 && header.flags & 1 == 0;
        if self.greeting == Greeting::Settings && !is_settings {
            return Err(Violation::NotSettings.into());
        }
        if header.length > self.http2.max_frame {
            return Err(Violation::FrameTooLong.into());
        }
        let length = HEADER_LEN + header.length as usize;
        if self.input.len() < length {
            return Ok(false);
        }
        // Most frames are short and leave nothing behind: they need no buffer of their own.
        if length <= SHORT && header.kind != Kind::Data as u8 {
            let mut short = [0; SHORT];
            let octets = &mut short[..length];
            octets.copy_from_slice(&self.input.bytes()[..length]);
            self.input.consume(length);
            self.take_frame(octets, &Bytes::new(), now)?;
        } else {
            let octets = self.input.take(length);
            self.take_frame(&octets, &octets, now)?;
        }
        Ok(true)
    }

    /// Takes a frame that is whole; `shared` holds its content if it is DATA.
    fn take_frame(&mut self, octets: &[u8], shared: &Bytes, now: Now) -> Result<(), Broken> {
        match read(octets, self.http2.max_frame) {
            Ok(Some((frame, _))) => self.came(frame, shared, now),
            Ok(None) => Ok(()),
            Err(malformed) => self.malformed(malformed, now),
        }
    }

    /// Takes the preface; what is not it is found at the first octet that differs.
    fn take_preface(&mut self, now: Now) -> Result<bool, Broken> {
        let here = self.input.len().min(PREFACE.len());
        if self.input.bytes()[..here] != PREFACE[..here] {
            return Err(Violation::Preface.into());
        }
        if here < PREFACE.len() {
            return Ok(false);
        }
        self.input.consume(here);
        self.greeting = Greeting::Settings;
        self.timers.set(Why::Settings, now.mono + self.http2.settings_timeout);
        Ok(true)
    }

    /// What a frame does.
    fn came(&mut self, frame: Frame<'_>, octets: &Bytes, now: Now) -> Result<(), Broken> {
        if let Some(block) = &self.block {
            return match frame {
                Frame::Continuation { stream, fragment, end_headers }
                    if stream == block.begun.stream =>
                {
                    self.more_of_block(fragment, end_headers, now)
                }
                _ => Err(Violation::BlockCutShort.into()),
            };
        }
        match frame {
            Frame::Data { stream, data, end_stream, .. } => {
                let data = octets.slice_ref(data);
                self.data(stream, data, frame.flow(), end_stream, now)
            }
            Frame::Headers { stream, fragment, end_stream, end_headers, .. } => {
                let begun = Begun { stream, end_stream, at: now.mono };
                self.block_begins(begun)?;
                if end_headers {
                    return self.block_is_whole(begun, fragment, now);
                }
                self.block = Some(Block { begun, text: Vec::new(), frames: 0 });
                if !self.timers.is_set(Why::Head) {
                    self.timers.set(Why::Head, now.mono + self.role.head());
                }
                self.more_of_block(fragment, end_headers, now)
            }
            // RFC 9113 §5.3.2: that scheme is left out, whatever a stream depends on.
            Frame::Priority { .. } => Ok(()),
            Frame::RstStream { stream, code } => self.rst_stream(stream, ErrorCode::new(code), now),
            Frame::Settings(entries) => self.settings(entries, now),
            Frame::SettingsAck if self.timers.is_set(Why::Settings) => {
                self.timers.clear(Why::Settings);
                self.settings_known();
                Ok(())
            }
            Frame::PushPromise { .. } => Err(Violation::Push.into()),
            Frame::Ping { ack: false, data } => {
                self.buckets.spend(Budget::Pings, 1, now.mono)?;
                self.answer(|text| write::ping(text, true, data));
                Ok(())
            }
            Frame::Ping { ack: true, data } if data == LEAVING && self.leaving.is_some() => {
                self.take_no_more(now);
                Ok(())
            }
            // Nobody waits for these.
            Frame::SettingsAck | Frame::Ping { ack: true, .. } => {
                Ok(self.buckets.spend(Budget::ControlFrames, 1, now.mono)?)
            }
            Frame::GoAway { last, code, .. } => self.go_away(last, ErrorCode::new(code), now),
            Frame::WindowUpdate { stream, increment } => self.window_update(stream, increment, now),
            Frame::Continuation { .. } => Err(Violation::StrayContinuation.into()),
            Frame::PriorityUpdate { .. } if self.role.is_client() => {
                Err(Violation::PriorityByServer.into())
            }
            // Only a server promises streams of even numbers.
            Frame::PriorityUpdate { prioritized, .. } if prioritized % 2 == 0 => {
                Err(Violation::PriorityOfPush.into())
            }
            Frame::PriorityUpdate { prioritized, value } => {
                self.reprioritize(prioritized, Priority::parse(value));
                Ok(self.buckets.spend(Budget::ControlFrames, 1, now.mono)?)
            }
            Frame::Unknown { .. } => Ok(self.buckets.spend(Budget::UnknownFrames, 1, now.mono)?),
        }
    }

    /// HEADERS came: what follows is a field block until that has ended.
    fn block_begins(&mut self, begun: Begun) -> Result<(), Broken> {
        let stream = begun.stream;
        if let Verdict::Break(violation) = self.streams.verdict(stream, Came::Headers) {
            if violation.scope() == Scope::Connection {
                return Err(violation.into());
            }
        }
        let begins = |streams: &Streams<Stream>| match streams.get(stream) {
            Some(known) => self.role.is_client() && !known.reply.is_final,
            None => streams.state(stream) == State::Idle,
        };
        if self.role.trace() && begins(&self.streams) {
            self.events.push_back(Event::Begun);
        }
        Ok(())
    }

    /// The first window of a stream, as the peer knows it: until it has acknowledged our
    /// settings it may go by what holds without them, if that is more.
    fn first_window(&self) -> u32 {
        let known = self.http2.stream_window;
        let default = Values::DEFAULT.initial_window_size;
        if self.knows_settings { known } else { known.max(default) }
    }

    /// A window for a new stream.
    pub(super) fn new_credit(&self) -> Credit {
        Credit::told(self.http2.stream_window, self.first_window())
    }

    /// The peer goes by our settings from here on.
    fn settings_known(&mut self) {
        let first = self.first_window();
        self.knows_settings = true;
        self.decoder.allow(self.http2.header_table);
        let mut next = self.streams.from(0);
        while let Some(id) = next {
            next = self.streams.from(id + 1);
            if let Some(stream) = self.streams.get_mut(id) {
                stream.inbox.credit.acknowledge(first);
            }
        }
    }

    /// Writes an answer that the peer asked for.
    pub(super) fn answer(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.say(write);
        self.answers += 1;
    }

    /// A frame whose form is wrong.
    fn malformed(&mut self, malformed: Malformed, now: Now) -> Result<(), Broken> {
        let Malformed { violation, header } = malformed;
        if self.block.is_some() {
            return Err(Violation::BlockCutShort.into());
        }
        if violation.scope() == Scope::Connection {
            return Err(violation.into());
        }
        match self.streams.state(header.stream) {
            // RFC 9113 §5.4.1: there is no stream that it could end alone.
            State::Idle => Err(violation.into()),
            state
                if state == State::ResetByUs
                    || violation == Violation::NoIncrement && state.is_closed() =>
            {
                Ok(self.buckets.spend(Budget::ControlFrames, 1, now.mono)?)
            }
            _ => self.break_stream(header.stream, violation, now),
        }
    }

    fn settings(&mut self, entries: Settings<'_>, now: Now) -> Result<(), Broken> {
        self.buckets.spend(Budget::Settings, 1, now.mono)?;
        let entries = entries.iter();
        if entries.len() > Cap::SettingsEntries.most() as usize {
            return Err(Broken::Cap(Cap::SettingsEntries));
        }
        if self.greeting == Greeting::Settings {
            self.greeting = Greeting::Done;
            self.timers.clear(Why::Head);
            self.watch_idle(now);
        }
        let (before, mut largest) = (self.theirs.initial_window_size, 0);
        for (id, value) in entries {
            if self.role.is_client() {
                self.theirs.check_of_server(id, value)?;
            }
            match id {
                settings::HEADER_TABLE_SIZE => self.encoder.allow(value),
                settings::INITIAL_WINDOW_SIZE => largest = largest.max(value),
                _ => {}
            }
            self.theirs.set(id, value);
        }
        // One look at the streams for each frame, whatever it holds.
        if largest > before && !self.streams.iter().all(|(_, _, s)| s.outbox.window.fits(largest)) {
            return Err(Violation::SettingsWindowOverflow.into());
        }
        if self.theirs.initial_window_size != before {
            self.reschedule_all();
        }
        self.answer(write::settings_ack);
        Ok(())
    }

    fn go_away(&mut self, last: u32, code: ErrorCode, now: Now) -> Result<(), Broken> {
        if self.role.is_client() {
            self.leave_out(last, code, now)?;
        }
        if std::mem::replace(&mut self.peer_goes, true) {
            return Ok(self.buckets.spend(Budget::ControlFrames, 1, now.mono)?);
        }
        self.events.push_back(Event::GoAway);
        Ok(())
    }

    fn window_update(&mut self, id: u32, increment: u32, now: Now) -> Result<(), Broken> {
        self.buckets.spend(Budget::WindowUpdates, 1, now.mono)?;
        if id == 0 {
            let violation = Violation::ConnectionWindowOverflow;
            self.window.grow(CONNECTION, increment, violation)?;
            self.pump(now);
            return Ok(());
        }
        match self.streams.verdict(id, Came::WindowUpdate) {
            Verdict::Break(violation) => return Err(violation.into()),
            Verdict::Skip => return Ok(()),
            Verdict::Take => {}
        }
        let first = self.theirs.initial_window_size;
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        let violation = Violation::StreamWindowOverflow;
        match stream.outbox.window.grow(first, increment, violation) {
            Ok(()) => {
                self.reschedule(id);
                // What there is room for goes before the next frame is looked at, so that it
                // does not matter what came together.
                self.pump(now);
                Ok(())
            }
            Err(violation) => self.break_stream(id, violation, now),
        }
    }

    fn rst_stream(&mut self, id: u32, code: ErrorCode, now: Now) -> Result<(), Broken> {
        match self.streams.verdict(id, Came::RstStream) {
            Verdict::Break(violation) => return Err(violation.into()),
            Verdict::Skip => return Ok(self.buckets.spend(Budget::ControlFrames, 1, now.mono)?),
            Verdict::Take => {}
        }
        self.buckets.spend(Budget::ResetsReceived, 1, now.mono)?;
        self.streams.step(id, Step::PeerResets);
        self.gone(id, Gone::Reset(code), now);
        Ok(())
    }
}
