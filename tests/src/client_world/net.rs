//! The wires of a world: two pipes each, what may become of them, and the
//! server's end. What the client holds of a wire is its number.

use super::peer::{Peer, Scene};
use crate::rng::Rng;
use crate::sim::wire::{Carried, Meddle, Pipe, Quality};
use purlin_core::exchange::Route;
use purlin_core::{Mono, Now};
use std::collections::BTreeSet;
use std::task::Waker;
use std::time::Duration;

/// One connection, as the network sees it.
pub(super) struct Wire {
    pub(super) number: usize,
    pub(super) route: Route,
    pub(super) up: Tube,
    pub(super) down: Tube,
    fate: Option<(Mono, Fate)>,
    /// Nothing arrives any more, and nobody says so.
    silent: bool,
    /// The client has it open.
    pub(super) open: bool,
    /// What happened on it that explains a failure.
    pub(super) excuse: Excuse,
    peer: Option<Peer>,
    /// The client's socket has read its end.
    over: Option<Carried>,
    /// Who waits at the client's socket.
    pub(super) waits: Option<Waits>,
    pub(super) used: Use,
    /// The request that it was opened for, or that was sent on it last.
    pub(super) user: Option<usize>,
    /// It carries many exchanges at once, and these were sent on it.
    pub(super) carries_many: bool,
    pub(super) users: BTreeSet<usize>,
    /// A request has looked at what has come.
    pub(super) looked_at: bool,
}

/// What the client does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing was sent on it.
    Fresh,
    Busy,
    /// It is kept, since then.
    Idle(Mono),
    /// It was kept since then, and a request has it.
    Taken(Mono),
}

/// What is waited for at the client's socket, and who does.
#[derive(Debug)]
pub(super) struct Waits {
    pub(super) waker: Waker,
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) until: Option<Mono>,
}

/// What explains a failure; the greater explains more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Excuse {
    #[default]
    None,
    /// The server closed it between two requests: one that may be repeated is.
    Idled,
    Fault,
}

impl Excuse {
    /// It is this, unless it was more already.
    pub(super) fn raise(&mut self, to: Excuse) {
        *self = (*self).max(to);
    }
}

/// What may become of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The far end is closed in order.
    Fin,
    Reset,
    Silence,
}

/// A direction that may be cut at one byte.
pub(super) struct Tube {
    pipe: Pipe,
    cut: Option<usize>,
}

impl Tube {
    /// Takes what there is room for; says how much that was.
    pub(super) fn write(&mut self, bytes: &[u8], now: Mono) -> usize {
        self.pipe.write(&bytes[..bytes.len().min(self.left())], now)
    }

    /// How much passes before it is cut.
    fn left(&self) -> usize {
        let passed = self.pipe.passed() + self.pipe.untaken();
        self.cut.map_or(usize::MAX, |at| at.saturating_sub(passed))
    }

    pub(super) fn room(&self) -> usize {
        self.pipe.room()
    }

    pub(super) fn read(&mut self, most: usize, now: Mono) -> Option<Carried> {
        self.pipe.read(most, now)
    }

    /// The same, of all that has arrived.
    pub(super) fn read_all(&mut self, most: usize, now: Mono) -> Option<Carried> {
        self.pipe.read_all(most, now)
    }

    /// Whether the system says that it has room.
    pub(super) fn is_writable(&self) -> bool {
        self.pipe.is_writable() && self.left() > 0
    }

    /// What the system took, and the other side's has not.
    pub(super) fn untaken(&self) -> usize {
        self.pipe.untaken()
    }

    /// Whether the other side's system has been taking what this one has, so lately.
    pub(super) fn is_being_taken(&self, lately: Duration, now: Mono) -> bool {
        self.untaken() > 0 && now.since(self.pipe.pumped()) < lately
    }

    /// Whether the other side has taken all that was written.
    pub(super) fn is_taken(&self) -> bool {
        self.pipe.is_taken()
    }

    pub(super) fn pipe(&mut self) -> &mut Pipe {
        &mut self.pipe
    }

    /// When something arrives, or has.
    pub(super) fn next(&self) -> Option<Mono> {
        self.pipe.next()
    }

    pub(super) fn is_reset(&self) -> bool {
        self.pipe.is_reset()
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_open()
    }

    fn is_cut(&self) -> bool {
        self.cut.is_some_and(|at| self.pipe.passed() >= at)
    }
}

/// What a wire is like.
#[derive(Clone, Copy)]
pub(super) struct Nature {
    pub(super) quality: Quality,
    /// Bytes that the system of either side takes at once, if it has a buffer.
    pub(super) system: Option<usize>,
    /// Something will happen to it.
    pub(super) fated: bool,
}

impl Wire {
    pub(super) fn new(
        rng: &mut Rng,
        number: usize,
        route: Route,
        nature: Nature,
        peer: Peer,
        now: Now,
    ) -> Wire {
        let mut tube = || {
            let pipe = Pipe::new(Rng::new(rng.bits()), nature.quality, None);
            Tube { pipe: pipe.with_system(nature.system.unwrap_or(0)), cut: None }
        };
        let (mut up, mut down) = (tube(), tube());
        let mut fate = None;
        if nature.fated {
            let what = *rng.pick(&[Fate::Fin, Fate::Reset, Fate::Silence]);
            let mut at = Mono::from_nanos(u64::MAX);
            let most = *rng.pick(&[40, 300, 3000, 60_000]);
            let byte = 1 + rng.below(most);
            match rng.below(3) {
                0 => up.cut = Some(byte),
                1 => down.cut = Some(byte),
                _ => {
                    let most = *rng.pick(&[50, 1000, 20_000]);
                    let millis = rng.below(most);
                    at = now.mono + Duration::from_millis(millis as u64);
                }
            }
            fate = Some((at, what));
        }
        let (silent, open, excuse) = (false, true, Excuse::None);
        Wire {
            number,
            route,
            up,
            down,
            fate,
            silent,
            open,
            excuse,
            peer: Some(peer),
            over: None,
            waits: None,
            used: Use::Fresh,
            user: None,
            carries_many: false,
            users: BTreeSet::new(),
            looked_at: false,
        }
    }

    /// Changes one byte that comes down it.
    pub(super) fn meddle(&mut self, at: usize) {
        self.down.pipe.meddle_at(at, Meddle::Flip);
    }

    /// What the client's socket has to read; `all` of it, as one read gives that, or a part.
    pub(super) fn hear(&mut self, most: usize, all: bool, now: Mono) -> Option<Carried> {
        if self.silent || self.over.is_some() {
            return self.over.clone();
        }
        let heard = if all { self.down.read_all(most, now) } else { self.down.read(most, now) };
        self.over = heard.clone().filter(|heard| !matches!(heard, Carried::Bytes(_)));
        heard
    }

    /// Who waits at the client's socket, if there is something to tell by now.
    pub(super) fn tells(&mut self, now: Mono) -> Option<Waker> {
        let waits = self.waits.as_ref().filter(|_| self.open)?;
        let due = self.next_to_tell().is_some_and(|at| at <= now);
        let room = waits.write && self.up.is_writable();
        if due || room { self.waits.take().map(|waits| waits.waker) } else { None }
    }

    /// When there is something to tell who waits at the client's socket.
    pub(super) fn next_to_tell(&self) -> Option<Mono> {
        let waits = self.waits.as_ref().filter(|_| self.open)?;
        let arrives = self.arrives().filter(|_| waits.read || self.down.is_reset());
        [arrives, waits.until].into_iter().flatten().min()
    }

    /// Whether a read of the client's gives anything.
    pub(super) fn is_readable(&self, now: Mono) -> bool {
        match (&self.over, self.silent) {
            (over, true) => over.is_some(),
            (Some(_), false) => true,
            (None, false) => self.arrives().is_some_and(|at| at <= now),
        }
    }

    /// When the client's socket has something to read.
    pub(super) fn arrives(&self) -> Option<Mono> {
        self.down.next().filter(|_| !self.silent)
    }

    /// Whether the client's socket has been told of a reset.
    pub(super) fn is_reset(&self, now: Mono) -> bool {
        self.down.is_reset() && self.arrives().is_some_and(|at| at <= now)
    }

    /// The client closes its socket: what it has not read makes that a reset, as in TCP.
    pub(super) fn hang_up(&mut self, now: Mono) {
        if !std::mem::replace(&mut self.open, false) {
            return;
        }
        let unread = self.arrives().is_some_and(|at| at <= now) && self.down.is_open();
        match unread {
            true => self.up.pipe.reset(now),
            false => self.up.pipe.fin(now),
        }
    }

    /// What is due on it happens; says whether anything did.
    pub(super) fn run(&mut self, scene: &mut Scene<'_>) -> bool {
        let now = scene.now.mono;
        let mut moved = self.meet_fate(scene);
        if self.silent {
            return moved;
        }
        if !self.open {
            moved |= answer_from_the_grave(&mut self.down, &mut self.up, now);
        }
        match &mut self.peer {
            Some(peer) if !peer.is_gone() => {
                moved |= peer.run(&mut self.up, &mut self.down, &mut self.excuse, scene);
            }
            _ => moved |= answer_from_the_grave(&mut self.up, &mut self.down, now),
        }
        moved
    }

    fn meet_fate(&mut self, scene: &mut Scene<'_>) -> bool {
        let now = scene.now.mono;
        let due = |at: Mono| at <= now || self.up.is_cut() || self.down.is_cut();
        let Some((_, fate)) = self.fate.filter(|(at, _)| due(*at)) else { return false };
        (self.fate, self.up.cut, self.down.cut) = (None, None, None);
        self.excuse = Excuse::Fault;
        let number = self.number;
        scene.trace.wire(scene.now, || format!("c{number} {fate:?}"));
        match fate {
            Fate::Silence => self.silent = true,
            Fate::Fin => self.down.pipe.fin(now),
            Fate::Reset => {
                self.down.pipe.reset(now);
                self.up.pipe.reset(now);
            }
        }
        self.peer = None;
        true
    }

    /// When something happens on it by itself.
    pub(super) fn next(&self) -> Option<Mono> {
        if self.silent {
            return None;
        }
        let fate = self.fate.map(|(at, _)| at).filter(|at| *at < Mono::from_nanos(u64::MAX));
        let grave = self.down.next().filter(|_| !self.open);
        let peer = match &self.peer {
            Some(peer) if !peer.is_gone() => peer.next(&self.up),
            _ => self.up.next(),
        };
        // Nobody is there whose connection could meet its fate.
        let fate = fate.filter(|_| self.open);
        [fate, grave, peer].into_iter().flatten().min()
    }

    /// Whether nothing happens on it any more, whatever the client does.
    pub(super) fn is_over(&self) -> bool {
        let gone = self.peer.as_ref().is_none_or(Peer::is_gone);
        !self.open
            && (self.silent || (gone && self.up.next().is_none() && self.down.next().is_none()))
    }
}

/// Bytes that come to a closed socket are answered with a reset, as in TCP.
fn answer_from_the_grave(from: &mut Tube, to: &mut Tube, now: Mono) -> bool {
    match from.read(usize::MAX, now) {
        Some(Carried::Bytes(_)) => {
            to.pipe.reset(now);
            true
        }
        other => other.is_some(),
    }
}
