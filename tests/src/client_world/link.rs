//! A connection of the client's: its machine, and the socket that is one end of
//! a wire, moved as the adapters move theirs.

use super::layers;
use super::net::Wire;
use super::peer::draw;
use super::world::Broken;
use crate::sim::trace::Trace;
use crate::sim::wire::Carried;
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Back, Kept};
use purlin_core::{ClientMachine, Eof, Machine, Mono, Now, Why};
use std::io::IoSlice;

/// The machine of a connection, with whatever is around it.
pub(super) type BoxMachine = Box<dyn ClientMachine + Send>;

/// A connection.
pub(super) struct Link {
    /// The wire's number.
    pub(super) wire: usize,
    pub(super) machine: BoxMachine,
    pub(super) route: Route,
    /// As what it was given, if it is no new one.
    pub(super) kept: Option<Kept>,
    /// What the pool is to know of it when it comes back.
    pub(super) back: Back,
    /// The machine has been told that its input has ended.
    pub(super) ended: bool,
    /// What it does wrong.
    pub(super) habit: Option<Broken>,
    /// The socket takes no more for now.
    full: bool,
    /// A write has failed.
    lost: bool,
    /// The last deadline before which all was looked at once more.
    looked: Option<Mono>,
    /// Bytes that were written since it was asked how many are untaken.
    given: usize,
}

/// What a server takes at once, and need not be asked for.
const MUCH_GIVEN: usize = 64 * 1024;

impl Link {
    pub(super) fn new(wire: usize, machine: BoxMachine, route: Route, now: Now) -> Link {
        let back = Back { born: now.mono, ..Back::default() };
        let (kept, habit, looked) = (None, None, None);
        let (ended, full, lost, given) = (false, false, false, 0);
        Link { wire, machine, route, kept, back, ended, habit, full, lost, looked, given }
    }

    /// Writes and reads once, and lets time pass; says whether anything came of that.
    pub(super) fn turn(&mut self, wire: &mut Wire, now: Now, trace: &mut Trace) -> bool {
        let due = self.due(now);
        if due.is_some() && self.habit == Some(Broken::ClockFirst) {
            self.machine.tick(now);
        }
        if due.is_some() && self.looked != due {
            // Before anybody is told to be late, all is looked at once more.
            (self.looked, self.full) = (due, false);
            let wrote = self.write(wire, now, trace);
            let mut moved = wrote;
            while self.read(wire, true, now, trace) {
                moved = true;
            }
            if moved {
                return true;
            }
            self.tell_untaken(wire, now);
        }
        if self.due(now).is_some() {
            self.machine.tick(now);
            return true;
        }
        let wrote = self.write(wire, now, trace);
        self.read(wire, false, now, trace) || wrote || due.is_some()
    }

    /// The deadline that has come, if one has.
    fn due(&self, now: Now) -> Option<Mono> {
        let heeded = self.habit != Some(Broken::SleepsOn);
        let deadline = self.machine.deadline().map(|(at, _)| at);
        deadline.filter(|at| heeded && *at <= now.mono)
    }

    fn tell_untaken(&mut self, wire: &Wire, now: Now) {
        let counts = self.habit == Some(Broken::CountsWritten);
        let untaken = if counts { 0 } else { wire.up.untaken() };
        self.machine.untaken(untaken, now);
    }

    /// Writes until the machine has no more, or the socket takes no more.
    pub(super) fn write(&mut self, wire: &mut Wire, now: Now, trace: &mut Trace) -> bool {
        let mut any = false;
        self.full &= !wire.up.is_writable();
        while self.machine.want().write && !self.lost {
            if wire.is_reset(now.mono) {
                // What the peer said before it went is still read.
                self.lost = true;
                while !self.ended && self.read(wire, false, now, trace) {}
                if !self.ended && self.machine.want().read {
                    self.end(Eof::Reset, wire, now, trace);
                }
                return true;
            }
            // Also if the socket is full: the server's time runs from the call of `output`.
            let mut slices = [IoSlice::new(&[]); 16];
            let used = self.machine.output(&mut slices, now);
            if self.full {
                break;
            }
            let mut all = Vec::new();
            for slice in &slices[..used] {
                let count = slice.len().min(wire.up.room().saturating_sub(all.len()));
                all.extend_from_slice(&slice[..count]);
            }
            let count = wire.up.write(&all, now.mono);
            self.full = count < slices[..used].iter().map(|slice| slice.len()).sum();
            if count == 0 {
                break;
            }
            self.given += count;
            let arrow = format!("c{} >", self.wire);
            draw(trace, now, &arrow, &all[..count], layers::is_secret(&self.route));
            self.machine.wrote(count, now);
            any = true;
        }
        let whole = matches!(self.machine.deadline(), Some((_, Why::FirstByte)));
        if self.given >= MUCH_GIVEN && whole {
            self.given = 0;
            self.tell_untaken(wire, now);
        }
        any
    }

    /// Takes what has come, once: all of it, or a part.
    pub(super) fn read(&mut self, wire: &mut Wire, all: bool, now: Now, trace: &mut Trace) -> bool {
        let room = self.machine.read_buf();
        if room.is_empty() {
            return false;
        }
        match wire.hear(room.len(), all, now.mono) {
            None => return false,
            Some(Carried::Bytes(bytes)) => {
                room[..bytes.len()].copy_from_slice(&bytes);
                trace.client(now, || format!("c{} reads {} bytes", self.wire, bytes.len()));
                self.machine.filled(bytes.len(), now);
            }
            Some(Carried::Fin) if self.lost => self.end(Eof::Reset, wire, now, trace),
            Some(Carried::Fin) => self.end(Eof::Clean, wire, now, trace),
            Some(Carried::Reset) => self.end(Eof::Reset, wire, now, trace),
        }
        true
    }

    fn end(&mut self, how: Eof, wire: &Wire, now: Now, trace: &mut Trace) {
        trace.client(now, || format!("c{} end: {how:?}", wire.number));
        self.ended = true;
        self.machine.eof(how, now);
    }

    /// Whether a write has failed.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_stuck(&self) -> bool {
        !self.machine.want().read && !self.full
    }

    /// When something happens on it that its machine waits for.
    pub(super) fn next(&self, wire: &Wire) -> Option<Mono> {
        let reads = self.machine.want().read;
        let arrives = wire.arrives().filter(|_| reads || wire.down.is_reset());
        let arrives = arrives.filter(|_| reads || self.machine.want().write);
        let deadline = self.machine.deadline().map(|(at, _)| at);
        [arrives, deadline].into_iter().flatten().min()
    }
}
