//! A second book of one side of a connection: windows, streams and answers, by what is on its
//! wire alone. Finds out whether that side keeps to them; the machine's own books it never sees.

use super::frames::{
    ACK, CONTINUATION, Cut, Cutter, DATA, END_HEADERS, Frame, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS, MAX_FRAME_SIZE, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
};
use std::collections::{BTreeMap, VecDeque};

/// A value that one side tells, and the other counts by once it has said so.
#[derive(Debug)]
struct Told {
    holds: u32,
    pending: VecDeque<Option<u32>>,
}

impl Told {
    fn new(holds: u32) -> Told {
        Told { holds, pending: VecDeque::new() }
    }

    /// It is acknowledged.
    fn settle(&mut self) {
        if let Some(Some(value)) = self.pending.pop_front() {
            self.holds = value;
        }
    }

    /// The most that it may be counted by.
    fn most(&self) -> u32 {
        self.pending.iter().flatten().copied().chain([self.holds]).max().unwrap_or(self.holds)
    }
}

/// One stream.
#[derive(Debug, Default)]
struct Stream {
    /// What its window had since its first size: what came, less what was sent.
    window: i64,
    /// What was granted beyond the first size, less what came.
    credit: i64,
    head: bool,
    ended: bool,
    peer_ended: bool,
    /// One of the two has reset it.
    reset: bool,
    we_reset: bool,
}

/// The books of one side.
#[derive(Debug)]
pub(super) struct Meter {
    client: bool,
    sent: Cutter,
    got: Cutter,
    streams: BTreeMap<u32, Stream>,
    window: i64,
    credit: i64,
    /// The first windows: those that it sends into, and those that it grants.
    theirs: Told,
    ours: Told,
    concurrent: Told,
    frame_size: Told,
    /// The largest window of the connection that it may grant.
    most: u32,
    pings: VecDeque<Vec<u8>>,
    /// The stream whose field block goes on.
    block: Option<u32>,
    greeted: bool,
    goaway: Option<u32>,
}

impl Meter {
    /// The books of a side whose connection has a window of this size.
    pub(super) fn new(client: bool, most: u32) -> Meter {
        Meter {
            client,
            sent: Cutter::new(client),
            got: Cutter::new(!client),
            streams: BTreeMap::new(),
            window: 65_535,
            credit: 65_535,
            theirs: Told::new(65_535),
            ours: Told::new(65_535),
            concurrent: Told::new(u32::MAX),
            frame_size: Told::new(16_384),
            most,
            pings: VecDeque::new(),
            block: None,
            greeted: false,
            goaway: None,
        }
    }

    /// It sent this; `each` is told of the frames.
    ///
    /// # Errors
    /// A rule that it broke.
    pub(super) fn sent(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&Frame),
    ) -> Result<(), String> {
        self.sent.push(bytes);
        while let Some(cut) = self.sent.next()? {
            if let Cut::Frame(frame) = cut {
                each(&frame);
                self.sends(&frame)
                    .map_err(|why| format!("{} sends {frame}: {why}", self.name()))?;
            }
        }
        Ok(())
    }

    /// It got this.
    ///
    /// # Errors
    /// A rule that the other side broke, as far as windows go.
    pub(super) fn got(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.got.push(bytes);
        while let Some(cut) = self.got.next()? {
            if let Cut::Frame(frame) = cut {
                self.gets(&frame).map_err(|why| format!("{} gets {frame}: {why}", self.name()))?;
            }
        }
        Ok(())
    }

    /// Whether all that asks for an answer has one.
    ///
    /// # Errors
    /// What has none.
    pub(super) fn rests(&self) -> Result<(), String> {
        rule(self.theirs.pending.is_empty(), "SETTINGS are not acknowledged")?;
        rule(self.pings.is_empty(), "PING is not answered")
    }

    fn name(&self) -> &'static str {
        if self.client { "the client" } else { "the server" }
    }

    fn sends(&mut self, frame: &Frame) -> Result<(), String> {
        let settings = frame.kind == SETTINGS && !frame.is_ack();
        rule(settings || self.greeted, "SETTINGS come first")?;
        self.greeted = true;
        rule(frame.payload.len() <= self.frame_size.most() as usize, "it is too long")?;
        match self.block {
            Some(stream) => rule(
                frame.kind == CONTINUATION && frame.stream == stream,
                "a field block is not at its end",
            )?,
            None => rule(frame.kind != CONTINUATION, "there is no field block")?,
        }
        match frame.kind {
            DATA => self.sends_data(frame),
            HEADERS => self.sends_head(frame),
            CONTINUATION => {
                self.block = self.block.filter(|_| !frame.has(END_HEADERS));
                Ok(())
            }
            RST_STREAM => {
                let stream = self.streams.get_mut(&frame.stream).ok_or("it has not begun")?;
                (stream.reset, stream.we_reset) = (true, true);
                Ok(())
            }
            SETTINGS if frame.is_ack() => {
                rule(!self.theirs.pending.is_empty(), "there is nothing to acknowledge")?;
                self.theirs.settle();
                self.concurrent.settle();
                self.frame_size.settle();
                Ok(())
            }
            SETTINGS => {
                self.ours.pending.push_back(frame.setting(INITIAL_WINDOW_SIZE));
                Ok(())
            }
            PING if frame.is_ack() => {
                rule(self.pings.pop_front().as_ref() == Some(&frame.payload), "not what was asked")
            }
            GOAWAY => {
                let last = frame.number();
                let grows = self.goaway.replace(last).is_some_and(|before| before < last);
                rule(!grows, "it grows")
            }
            WINDOW_UPDATE => self.grants(frame),
            PING => Ok(()),
            _ => Err("it is not to be sent".to_owned()),
        }
    }

    fn sends_data(&mut self, frame: &Frame) -> Result<(), String> {
        let first = i64::from(self.theirs.most());
        let stream = self.streams.get_mut(&frame.stream).ok_or("it has not begun")?;
        rule(!stream.ended && !stream.we_reset, "the stream has ended")?;
        rule(stream.head, "there was no head")?;
        stream.window -= frame.flow();
        self.window -= frame.flow();
        let room = frame.flow() == 0 || first + stream.window >= 0;
        rule(room, "the stream's window has no room for it")?;
        rule(frame.flow() == 0 || self.window >= 0, "the connection's window has no room for it")?;
        stream.ended |= frame.ends_stream();
        Ok(())
    }

    fn sends_head(&mut self, frame: &Frame) -> Result<(), String> {
        self.block = Some(frame.stream).filter(|_| !frame.has(END_HEADERS));
        let last = self.streams.keys().next_back().copied().unwrap_or(0);
        if self.client && frame.stream > last {
            rule(frame.stream % 2 == 1, "its number is even")?;
            let over = |stream: &&Stream| stream.reset || stream.ended && stream.peer_ended;
            let open = self.streams.values().filter(|stream| !over(stream)).count();
            rule(open < self.concurrent.most() as usize, "there are as many as may be")?;
            self.streams.insert(frame.stream, Stream::default());
        }
        let left_out = !self.client && self.goaway.is_some_and(|last| frame.stream > last);
        rule(!left_out, "GOAWAY has left it out")?;
        let stream = self.streams.get_mut(&frame.stream).ok_or("it has not begun")?;
        rule(!stream.ended && !stream.we_reset, "the stream has ended")?;
        stream.head = true;
        stream.ended |= frame.ends_stream();
        Ok(())
    }

    /// More room for the peer: never more than the whole window.
    fn grants(&mut self, frame: &Frame) -> Result<(), String> {
        let by = i64::from(frame.number());
        rule(by > 0, "by nothing")?;
        if frame.stream == 0 {
            self.credit += by;
            return rule(self.credit <= i64::from(self.most), "the window is not as large");
        }
        let stream = self.streams.get_mut(&frame.stream).ok_or("it has not begun")?;
        stream.credit += by;
        rule(stream.credit <= 0, "the stream's window is not as large")
    }

    fn gets(&mut self, frame: &Frame) -> Result<(), String> {
        match frame.kind {
            SETTINGS if frame.has(ACK) => {
                rule(!self.ours.pending.is_empty(), "there is nothing to acknowledge")?;
                self.ours.settle();
            }
            SETTINGS => {
                self.theirs.pending.push_back(frame.setting(INITIAL_WINDOW_SIZE));
                self.concurrent.pending.push_back(frame.setting(MAX_CONCURRENT_STREAMS));
                self.frame_size.pending.push_back(frame.setting(MAX_FRAME_SIZE));
            }
            PING if !frame.is_ack() => self.pings.push_back(frame.payload.clone()),
            WINDOW_UPDATE if frame.stream == 0 => self.window += i64::from(frame.number()),
            WINDOW_UPDATE => {
                if let Some(stream) = self.streams.get_mut(&frame.stream) {
                    stream.window += i64::from(frame.number());
                }
            }
            HEADERS => {
                let stream = self.streams.entry(frame.stream).or_default();
                stream.peer_ended |= frame.ends_stream();
            }
            DATA => {
                let first = i64::from(self.ours.most());
                self.credit -= frame.flow();
                rule(self.credit >= 0, "the connection's window had no room for it")?;
                let stream = self.streams.get_mut(&frame.stream).ok_or("it has not begun")?;
                stream.credit -= frame.flow();
                let room = frame.flow() == 0 || first + stream.credit >= 0;
                rule(room, "the stream's window had no room for it")?;
                stream.peer_ended |= frame.ends_stream();
            }
            RST_STREAM => {
                if let Some(stream) = self.streams.get_mut(&frame.stream) {
                    stream.reset = true;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn rule(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}
