//! Says what a machine says in another way that the rules allow: field blocks in pieces,
//! padding, priorities, frames of unknown types, DATA and WINDOW_UPDATE little by little, PING,
//! and SETTINGS that come and go. Within what is no abuse.
//!
//! Padding takes from windows, so some of what the machine grants is kept back for it; and
//! what was asked for here is answered here.

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE,
    PADDED, PING, PRIORITY, PRIORITY_UPDATE, SETTINGS, WINDOW_UPDATE, WITH_PRIORITY,
};
use crate::rng::Rng;
use purlin_core::Mono;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

const HEADER_TABLE_SIZE: u16 = 0x1;

/// How odd it may be, in frames: less than what is taken for an abuse.
#[derive(Debug)]
struct Left {
    unknown: usize,
    pings: usize,
    settings: usize,
    pieces: usize,
    empty: usize,
    updates: usize,
}

/// What is said otherwise.
#[derive(Debug)]
pub(super) struct Odd {
    rng: Rng,
    client: bool,
    left: Left,
    /// Windows of which this much was kept back: 0 is the connection's.
    kept: BTreeMap<u32, u32>,
    /// The first window that the machine has told.
    first: u32,
    /// And what its decoder holds.
    table: u32,
    /// The first window that the peer has told.
    theirs: u32,
    /// What was told instead, and until when that holds.
    squeezed: Option<Mono>,
    /// Whose SETTINGS are to be acknowledged: ours, or the machine's.
    settings: VecDeque<bool>,
    pings: VecDeque<bool>,
    in_block: bool,
    begun: bool,
}

impl Odd {
    pub(super) fn new(mut rng: Rng, client: bool) -> Odd {
        let most = *rng.pick(&[0, 3, 20, 60]);
        Odd {
            left: Left {
                unknown: most,
                pings: most,
                settings: most / 2,
                pieces: *rng.pick(&[0, 20, 500]),
                empty: most,
                updates: *rng.pick(&[0, 50, 500]),
            },
            rng,
            client,
            kept: BTreeMap::new(),
            first: 65_535,
            table: 4096,
            theirs: 65_535,
            squeezed: None,
            settings: VecDeque::new(),
            pings: VecDeque::new(),
            in_block: false,
            begun: false,
        }
    }

    /// When it does something of itself.
    pub(super) fn due(&self) -> Option<Mono> {
        self.squeezed.filter(|_| !self.in_block)
    }

    /// Takes back what was told for a while.
    pub(super) fn tick(&mut self, now: Mono, out: &mut Vec<u8>) {
        if !self.in_block && self.squeezed.take_if(|at| *at <= now).is_some() {
            let back = [(INITIAL_WINDOW_SIZE, self.first), (HEADER_TABLE_SIZE, self.table)];
            self.say_settings(&back, out);
        }
    }

    /// Whether what came is the machine's: the answer to what was asked here is not.
    pub(super) fn is_for_machine(&mut self, frame: &Frame) -> bool {
        if !frame.is_ack() {
            return true;
        }
        let asked = if frame.kind == PING { &mut self.pings } else { &mut self.settings };
        asked.pop_front().unwrap_or(true)
    }

    /// Says a frame of the machine's.
    pub(super) fn say(&mut self, frame: Frame, now: Mono, out: &mut Vec<u8>) {
        if self.begun && !self.in_block {
            self.say_something(now, out);
        }
        match frame.kind {
            HEADERS if frame.has(END_HEADERS) => self.say_block(frame, out),
            HEADERS | CONTINUATION => {
                self.in_block = !frame.has(END_HEADERS);
                frame.write(out);
            }
            DATA => self.say_data(frame, out),
            WINDOW_UPDATE => self.say_update(&frame, out),
            _ => {
                match frame.kind {
                    SETTINGS if !frame.is_ack() => {
                        self.first = frame.setting(INITIAL_WINDOW_SIZE).unwrap_or(self.first);
                        self.table = frame.setting(HEADER_TABLE_SIZE).unwrap_or(self.table);
                        self.settings.push_back(true);
                    }
                    PING if !frame.is_ack() => self.pings.push_back(true),
                    // What it says last is the last.
                    GOAWAY => self.left.settings = 0,
                    _ => {}
                }
                self.begun = true;
                frame.write(out);
            }
        }
    }

    /// Something that means nothing, or nothing for long.
    fn say_something(&mut self, now: Mono, out: &mut Vec<u8>) {
        let stream = u32::try_from(2 * self.rng.below(20) + 1).unwrap_or(1);
        match self.rng.below(12) {
            0 => {
                let weight = vec![0x80, 0, 0, 0, 7];
                Frame::new(PRIORITY, self.any_byte(), stream, weight).write(out);
            }
            1 if self.client && spend(&mut self.left.unknown) => {
                let mut payload = stream.to_be_bytes().to_vec();
                let said = *self.rng.pick(&["u=1", "u=7, i", "", "??"]);
                payload.extend_from_slice(said.as_bytes());
                Frame::new(PRIORITY_UPDATE, 0, 0, payload).write(out);
            }
            2 if spend(&mut self.left.unknown) => {
                let payload = vec![0xAA; self.rng.below(300)];
                Frame::new(0x40 + self.any_byte() / 2, self.any_byte(), stream, payload).write(out);
            }
            3 if spend(&mut self.left.pings) => {
                self.pings.push_back(false);
                Frame::new(PING, 0, 0, self.rng.bits().to_be_bytes().into()).write(out);
            }
            4 if spend(&mut self.left.settings) => {
                let wait = *self.rng.pick(&[0, 1, 50, 800]);
                self.squeezed.get_or_insert(now + Duration::from_millis(wait));
                let less = self.rng.below(self.first as usize + 1);
                let less = *self.rng.pick(&[0, 1, u32::try_from(less).unwrap_or(0)]);
                let table = *self.rng.pick(&[0, 50, self.table]);
                let entries = [
                    (0xF0F0, 17),
                    (INITIAL_WINDOW_SIZE, less.min(self.first)),
                    (HEADER_TABLE_SIZE, table.min(self.table)),
                ];
                let from = self.rng.below(3);
                self.say_settings(&entries[from..], out);
            }
            _ => {}
        }
    }

    fn say_settings(&mut self, entries: &[(u16, u32)], out: &mut Vec<u8>) {
        self.settings.push_back(false);
        Frame::settings(entries).write(out);
    }

    fn any_byte(&mut self) -> u8 {
        u8::try_from(self.rng.below(256)).unwrap_or(0)
    }

    /// A field block, in pieces perhaps, and with what means nothing around it.
    fn say_block(&mut self, frame: Frame, out: &mut Vec<u8>) {
        let Frame { flags, stream, payload: block, .. } = frame;
        let pieces = if self.rng.chance(40) { self.rng.range(1, 9) } else { 1 };
        let size = block.len().div_ceil(pieces).max(1);
        let mut rest = &block[..];
        let mut first = true;
        loop {
            let empty = !first && !rest.is_empty() && self.rng.chance(10);
            let (piece, more) = rest.split_at(if empty { 0 } else { size.min(rest.len()) });
            rest = more;
            let end = if rest.is_empty() { END_HEADERS } else { 0 };
            if first {
                let (payload, set) = self.dress(piece);
                let flags = flags & !END_HEADERS | set | end;
                Frame::new(HEADERS, flags, stream, payload).write(out);
            } else {
                Frame::new(CONTINUATION, end, stream, piece.to_vec()).write(out);
            }
            first = false;
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Padding and a priority for the beginning of a field block.
    fn dress(&mut self, piece: &[u8]) -> (Vec<u8>, u8) {
        let (mut payload, mut set) = (Vec::new(), 0);
        let room = 16_384_usize.saturating_sub(piece.len() + 6).min(255);
        let padding = if self.rng.chance(30) { self.rng.below(room + 1) } else { 0 };
        let padded = room > 0 && self.rng.chance(40);
        if padded {
            set |= PADDED;
            payload.push(u8::try_from(padding).unwrap_or(0));
        }
        if room > 0 && self.rng.chance(30) {
            set |= WITH_PRIORITY;
            payload.extend_from_slice(&[0, 0, 0, 0, 15]);
        }
        payload.extend_from_slice(piece);
        payload.resize(payload.len() + if padded { padding } else { 0 }, 0);
        (payload, set)
    }

    /// Content, in pieces perhaps, its end for itself perhaps.
    fn say_data(&mut self, frame: Frame, out: &mut Vec<u8>) {
        let Frame { flags, stream, payload, .. } = frame;
        let size = match self.rng.below(4) {
            0 => self.rng.range(1, 40),
            1 => self.rng.range(1, 5000),
            _ => 16_384,
        };
        let mut rest = &payload[..];
        loop {
            let split = rest.len() > size && spend(&mut self.left.pieces);
            let (piece, more) = rest.split_at(if split { size } else { rest.len() });
            rest = more;
            let ends = rest.is_empty() && flags & END_STREAM != 0;
            let apart = ends && !piece.is_empty() && self.rng.chance(20);
            self.say_piece(stream, piece, if ends && !apart { END_STREAM } else { 0 }, out);
            if rest.is_empty() {
                if apart {
                    self.say_piece(stream, &[], END_STREAM, out);
                }
                return;
            }
            if self.rng.chance(10) && spend(&mut self.left.empty) {
                self.say_piece(stream, &[], 0, out);
            }
        }
    }

    /// One frame of DATA, padded with what was kept back.
    fn say_piece(&mut self, stream: u32, piece: &[u8], flags: u8, out: &mut Vec<u8>) {
        let kept = |of: u32| self.kept.get(&of).copied().unwrap_or(0);
        let most = kept(stream).min(kept(0)).min(256) as usize;
        let most = most.min(16_384 - piece.len());
        if most == 0 || self.rng.chance(50) {
            return Frame::new(DATA, flags, stream, piece.to_vec()).write(out);
        }
        let padding = self.rng.below(most);
        for of in [0, stream] {
            if let Some(kept) = self.kept.get_mut(&of) {
                *kept -= u32::try_from(padding + 1).unwrap_or(0);
            }
        }
        let mut payload = vec![u8::try_from(padding).unwrap_or(0)];
        payload.extend_from_slice(piece);
        payload.resize(payload.len() + padding, 0);
        Frame::new(DATA, flags | PADDED, stream, payload).write(out);
    }

    /// More room for the peer, little by little.
    fn say_update(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        let (stream, mut by) = (frame.stream, frame.number());
        while by > 1 && self.rng.chance(60) && spend(&mut self.left.updates) {
            let some = self.rng.range(1, by as usize - 1).min(*self.rng.pick(&[1, 1 << 30]));
            let some = u32::try_from(some).unwrap_or(1);
            Frame::window_update(stream, some).write(out);
            by -= some;
        }
        Frame::window_update(stream, by).write(out);
    }

    /// What the peer grants, less what is kept back: at most so much that half of the window,
    /// with which more is granted, is left.
    pub(super) fn keep_back(&mut self, frame: Frame) -> Frame {
        if frame.kind == SETTINGS {
            self.theirs = frame.setting(INITIAL_WINDOW_SIZE).unwrap_or(self.theirs);
        }
        if frame.kind != WINDOW_UPDATE || !self.rng.chance(30) {
            return frame;
        }
        let by = frame.number();
        let kept = self.kept.entry(frame.stream).or_default();
        let some = (by.min(self.theirs) / 8).min(600).saturating_sub(*kept);
        *kept += some;
        Frame::window_update(frame.stream, by - some)
    }
}

fn spend(left: &mut usize) -> bool {
    let some = *left > 0;
    *left -= usize::from(some);
    some
}
