//! One direction of a network connection: delays, splits, stalls, a bounded
//! buffer, half close and reset, all from a seed. Bytes arrive in order.
//!
//! It can be told to break that, so that the checks can be seen to fail.

use crate::rng::Rng;
use purlin_core::Mono;
use std::collections::VecDeque;
use std::time::Duration;

/// How good the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quality {
    /// The longest delay of a segment, in milliseconds.
    pub(crate) delay: usize,
    /// How often a segment is split again, in percent.
    pub(crate) split: usize,
    /// How often a segment stalls for seconds, in percent.
    pub(crate) stall: usize,
    /// Bytes that are under way or unread before a writer has to wait.
    pub(crate) capacity: usize,
}

impl Quality {
    pub(crate) fn any(rng: &mut Rng) -> Quality {
        Quality {
            delay: *rng.pick(&[0, 1, 20, 300]),
            split: *rng.pick(&[0, 0, 30, 90]),
            stall: *rng.pick(&[0, 0, 0, 3]),
            capacity: *rng.pick(&[64 * 1024, 64 * 1024, 8 * 1024, 512, 16]),
        }
    }

    /// The most that it makes sense to send over it in one message.
    pub(crate) fn fits(self) -> usize {
        self.capacity.saturating_mul(64).min(100_000)
    }
}

/// What a broken network does to one byte, or to the byte's segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddle {
    /// Changes a bit.
    Flip,
    /// Loses it.
    Drop,
    /// Gives it twice.
    Repeat,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    Bytes(Vec<u8>),
    Fin,
    Reset,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Pipe {
    rng: Rng,
    quality: Quality,
    flying: VecDeque<(Mono, Carried)>,
    /// Bytes under way or unread.
    held: usize,
    /// When the last segment arrives: none overtakes it.
    last: Mono,
    /// Nothing more can be sent.
    ended: bool,
    /// Bytes that were ever sent.
    passed: usize,
    meddle: Option<(usize, Meddle)>,
    /// What the sender's system takes before the network does: how much, and what.
    system: usize,
    waiting: VecDeque<u8>,
    /// The end follows what waits.
    fin_waits: bool,
    /// When the other side last took some of that.
    pumped: Mono,
}

impl Pipe {
    pub(crate) fn new(rng: Rng, quality: Quality, meddle: Option<(usize, Meddle)>) -> Pipe {
        Pipe {
            rng,
            quality,
            flying: VecDeque::new(),
            held: 0,
            last: Mono::ZERO,
            ended: false,
            passed: 0,
            meddle,
            system: 0,
            waiting: VecDeque::new(),
            fin_waits: false,
            pumped: Mono::ZERO,
        }
    }

    /// The same, behind a system that takes so many bytes at once, and says that it
    /// has room again when a third of that is free.
    pub(crate) fn with_system(mut self, bytes: usize) -> Pipe {
        self.system = bytes;
        self
    }

    /// Whether the system says that it has room. It may have some before.
    pub(crate) fn is_writable(&self) -> bool {
        self.ended || self.waiting.len() * 3 <= self.system * 2 && self.room() > 0
    }

    /// What the system has taken, and the other side's has not.
    pub(crate) fn untaken(&self) -> usize {
        self.waiting.len()
    }

    /// When the other side last took some of what the system has.
    pub(crate) fn pumped(&self) -> Mono {
        self.pumped
    }

    /// Sends what waits, once there is much room: the other side's system tells of
    /// what was read in steps.
    fn pump(&mut self, now: Mono) {
        let room = self.quality.capacity.saturating_sub(self.held);
        let count = room.min(self.waiting.len());
        if count > 0 && (self.held == 0 || room * 2 > self.quality.capacity) {
            let bytes: Vec<u8> = self.waiting.drain(..count).collect();
            self.pumped = now;
            self.send(&bytes, now);
        }
        if self.fin_waits && self.waiting.is_empty() {
            self.fin_waits = false;
            self.fly(Carried::Fin, now);
        }
    }

    /// Takes what there is room for; says how much that was.
    pub(crate) fn write(&mut self, bytes: &[u8], now: Mono) -> usize {
        if self.ended {
            return bytes.len(); // nobody is there to miss it
        }
        let count = bytes.len().min(self.room());
        if self.system > 0 {
            self.waiting.extend(&bytes[..count]);
            self.pump(now);
        } else {
            self.send(&bytes[..count], now);
        }
        count
    }

    fn send(&mut self, mut rest: &[u8], now: Mono) {
        while !rest.is_empty() {
            let whole = !self.rng.chance(self.quality.split);
            let size = if whole { rest.len() } else { self.rng.range(1, rest.len()) };
            let segment = self.meddled(rest[..size].to_vec());
            self.passed += size;
            self.held += segment.len();
            self.fly(Carried::Bytes(segment), now);
            rest = &rest[size..];
        }
    }

    /// The most that it makes sense to send over it in one message.
    pub(crate) fn fits(&self) -> usize {
        self.quality.fits()
    }

    /// Ends it in order: what is under way still arrives.
    pub(crate) fn fin(&mut self, now: Mono) {
        if !self.ended {
            self.ended = true;
            self.fin_waits = true;
            self.pump(now);
        }
    }

    /// Breaks it: what is under way is lost.
    pub(crate) fn reset(&mut self, now: Mono) {
        if self.flying.iter().any(|(_, carried)| *carried == Carried::Reset) {
            return;
        }
        self.ended = true;
        self.flying.clear();
        self.waiting.clear();
        self.fin_waits = false;
        self.held = 0;
        self.fly(Carried::Reset, now);
    }

    /// Whether bytes can still be sent.
    pub(crate) fn is_open(&self) -> bool {
        !self.ended
    }

    /// How much can be written now; what goes to nobody is not kept.
    pub(crate) fn room(&self) -> usize {
        match self.system {
            _ if self.ended => usize::MAX,
            0 => self.quality.capacity.saturating_sub(self.held),
            most => most - self.waiting.len(),
        }
    }

    /// From now on it breaks at this byte.
    pub(crate) fn meddle_at(&mut self, at: usize, how: Meddle) {
        self.meddle = Some((at, how));
    }

    /// Bytes that were ever sent.
    pub(crate) fn passed(&self) -> usize {
        self.passed
    }

    /// What has arrived by now, at most so many bytes of it.
    pub(crate) fn read(&mut self, most: usize, now: Mono) -> Option<Carried> {
        let (at, front) = self.flying.front_mut()?;
        if *at > now {
            return None;
        }
        if let Carried::Bytes(bytes) = front {
            let count = bytes.len().min(most);
            let taken: Vec<u8> = bytes.drain(..count).collect();
            if bytes.is_empty() {
                self.flying.pop_front();
            }
            self.held -= count;
            self.pump(now);
            return Some(Carried::Bytes(taken));
        }
        self.flying.pop_front().map(|(_, carried)| carried)
    }

    /// All that has arrived by now, at most so many bytes of it, as one read gives it.
    pub(crate) fn read_all(&mut self, most: usize, now: Mono) -> Option<Carried> {
        let mut all = match self.read(most, now)? {
            Carried::Bytes(bytes) => bytes,
            end => return Some(end),
        };
        while all.len() < most && matches!(self.flying.front(), Some((_, Carried::Bytes(_)))) {
            match self.read(most - all.len(), now) {
                Some(Carried::Bytes(bytes)) => all.extend(bytes),
                _ => break,
            }
        }
        Some(Carried::Bytes(all))
    }

    /// Whether the other side has taken all that was written.
    pub(crate) fn is_taken(&self) -> bool {
        self.held == 0 && self.waiting.is_empty()
    }

    /// Whether it has been broken, as a socket tells also to one that does not read.
    pub(crate) fn is_reset(&self) -> bool {
        matches!(self.flying.front(), Some((_, Carried::Reset)))
    }

    /// When something arrives, or has.
    pub(crate) fn next(&self) -> Option<Mono> {
        self.flying.front().map(|(at, _)| *at)
    }

    fn fly(&mut self, carried: Carried, now: Mono) {
        let mut delay = self.rng.below(self.quality.delay + 1);
        if self.rng.chance(self.quality.stall) {
            delay += self.rng.below(4000);
        }
        let at = now + Duration::from_millis(delay as u64);
        self.last = self.last.max(at);
        self.flying.push_back((self.last, carried));
    }

    fn meddled(&mut self, mut segment: Vec<u8>) -> Vec<u8> {
        let Some((at, how)) = self.meddle else { return segment };
        let Some(at) = at.checked_sub(self.passed).filter(|at| *at < segment.len()) else {
            return segment;
        };
        self.meddle = None;
        match how {
            Meddle::Flip => segment[at] ^= 1,
            Meddle::Drop => _ = segment.remove(at),
            Meddle::Repeat => segment.insert(at, segment[at]),
        }
        segment
    }
}
