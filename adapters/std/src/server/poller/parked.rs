//! Who waits where, until when, and in which order they became idle.
//! Plain tables: no socket, no clock, no lock.

use purlin_core::Mono;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No slot.
const NONE: usize = usize::MAX;
/// No deadline.
const NEVER: Mono = Mono::from_nanos(u64::MAX);

/// The slots of the connections that are watched; `C` is a connection.
#[derive(Debug)]
pub(crate) struct Parked<C> {
    slots: Vec<Slot<C>>,
    /// The first of the slots that are free.
    free: usize,
    /// When to look at which slot. A slot has one entry that counts, `Slot::queued`.
    deadlines: BinaryHeap<Reverse<(Mono, usize)>>,
    /// When the timekeeper wakes by itself; nothing while it does not sleep.
    wakes: Option<Mono>,
    pub(crate) phase: Phase,
    /// The connections that are idle, the one that has been so longest first.
    idlest: usize,
    newest: usize,
}

#[derive(Debug)]
struct Slot<C> {
    who: Who<C>,
    /// When it is to be looked at.
    due: Mono,
    /// When it will be looked at.
    queued: Mono,
    /// Since when it is idle.
    since: Mono,
    /// Its neighbours among the idle, or the next free slot.
    before: usize,
    after: usize,
}

#[derive(Debug)]
enum Who<C> {
    Nobody,
    /// A worker has the connection.
    Away {
        /// Its socket became ready meanwhile.
        ready: Option<Told>,
    },
    Here {
        conn: C,
        idle: bool,
    },
}

/// What is told of a socket that became ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Its peer sends nothing more.
    pub(crate) ended: bool,
}

/// Who may come to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Everyone.
    Open,
    /// Who knows that the server stops.
    Stopping,
    /// Nobody.
    Ended,
}

/// What became of parking a connection.
#[derive(Debug)]
pub(crate) enum Parking<C> {
    /// It waits; the timekeeper has to be woken if its deadline is the first.
    Here { wake: bool },
    /// Its socket is ready.
    Ready(C, Told),
}

impl<C> Default for Parked<C> {
    fn default() -> Parked<C> {
        Parked {
            slots: Vec::new(),
            free: NONE,
            deadlines: BinaryHeap::new(),
            wakes: None,
            phase: Phase::Open,
            idlest: NONE,
            newest: NONE,
        }
    }
}

impl<C> Parked<C> {
    /// A slot for a connection that a worker has.
    pub(crate) fn take(&mut self) -> usize {
        let number = self.free;
        let who = Who::Away { ready: None };
        if number == NONE {
            let (before, after) = (NONE, NONE);
            self.slots.push(Slot {
                who,
                due: NEVER,
                queued: NEVER,
                since: Mono::ZERO,
                before,
                after,
            });
            return self.slots.len() - 1;
        }
        let slot = &mut self.slots[number];
        self.free = slot.after;
        slot.who = who;
        number
    }

    /// A slot is free again; a worker had its connection.
    pub(crate) fn give_back(&mut self, number: usize) {
        let slot = &mut self.slots[number];
        slot.who = Who::Nobody;
        slot.after = self.free;
        self.free = number;
    }

    /// A connection comes to wait, until `due` at the latest; it may have been idle for a while.
    pub(crate) fn park(
        &mut self,
        number: usize,
        conn: C,
        due: Option<Mono>,
        idle: Option<Mono>,
    ) -> Parking<C> {
        let slot = &mut self.slots[number];
        if let Who::Away { ready } = &mut slot.who {
            if let Some(told) = ready.take() {
                return Parking::Ready(conn, told);
            }
        }
        slot.due = due.unwrap_or(NEVER);
        let due = slot.due;
        slot.who = Who::Here { conn, idle: idle.is_some() };
        if due < slot.queued {
            slot.queued = due;
            self.deadlines.push(Reverse((due, number)));
        }
        if let Some(since) = idle {
            self.link(number, since);
        }
        Parking::Here { wake: self.wakes.is_some_and(|wakes| due < wakes) }
    }

    /// The socket of this slot is ready: its connection, if it waits there.
    pub(crate) fn ready(&mut self, number: usize, told: Told) -> Option<C> {
        match &mut self.slots.get_mut(number)?.who {
            Who::Nobody => None,
            Who::Away { ready } => {
                let ended = told.ended || ready.is_some_and(|before| before.ended);
                *ready = Some(Told { ended });
                None
            }
            Who::Here { .. } => self.fetch(number),
        }
    }

    /// The connection that waits here is to be looked at sooner than was said, or has become
    /// idle; says whether the timekeeper has to be woken. Who has it looks again.
    pub(crate) fn hasten(&mut self, number: usize, due: Mono, idle: Option<Mono>) -> bool {
        let Some(slot) = self.slots.get_mut(number) else { return false };
        let links = match &mut slot.who {
            Who::Nobody => return false,
            Who::Away { ready } => {
                ready.get_or_insert_default();
                return false;
            }
            Who::Here { idle: was, .. } => idle.filter(|_| !std::mem::replace(was, true)),
        };
        slot.due = slot.due.min(due);
        if due < slot.queued {
            slot.queued = due;
            self.deadlines.push(Reverse((due, number)));
        }
        if let Some(since) = links {
            self.link(number, since);
        }
        self.wakes.is_some_and(|wakes| due < wakes)
    }

    /// A worker takes up the connection that waits here.
    fn fetch(&mut self, number: usize) -> Option<C> {
        let away = Who::Away { ready: None };
        match std::mem::replace(&mut self.slots[number].who, away) {
            Who::Here { conn, idle } => {
                if idle {
                    self.unlink(number);
                }
                Some(conn)
            }
            other => {
                self.slots[number].who = other;
                None
            }
        }
    }

    /// A connection whose deadline has passed.
    pub(crate) fn expired(&mut self, now: Mono) -> Option<C> {
        while let Some(Reverse((at, number))) = self.deadlines.peek().copied() {
            if at > now {
                return None;
            }
            self.deadlines.pop();
            let slot = &mut self.slots[number];
            if slot.queued != at {
                continue; // another entry counts
            }
            slot.queued = NEVER;
            if !matches!(slot.who, Who::Here { .. }) {
                continue; // it will be queued when it is parked
            }
            if slot.due <= now {
                return self.fetch(number);
            }
            slot.queued = slot.due;
            let entry = Reverse((slot.due, number));
            if slot.due != NEVER {
                self.deadlines.push(entry);
            }
        }
        None
    }

    /// Takes everyone away.
    pub(crate) fn close(&mut self, phase: Phase) -> Vec<C> {
        self.phase = phase;
        (0..self.slots.len()).filter_map(|number| self.fetch(number)).collect()
    }

    pub(crate) fn take_idlest(&mut self) -> Option<C> {
        if self.idlest == NONE { None } else { self.fetch(self.idlest) }
    }

    pub(crate) fn begin_waiting(&mut self) -> Option<Mono> {
        let first = self.deadlines.peek().map(|Reverse((at, _))| *at);
        self.wakes = Some(first.unwrap_or(NEVER));
        first
    }

    pub(crate) fn end_waiting(&mut self) {
        self.wakes = None;
    }

    /// Puts a slot among the idle ones; nearly always it is the newest.
    fn link(&mut self, number: usize, since: Mono) {
        let (mut before, mut after) = (self.newest, NONE);
        while before != NONE && self.slots[before].since > since {
            (before, after) = (self.slots[before].before, before);
        }
        let slot = &mut self.slots[number];
        (slot.since, slot.before, slot.after) = (since, before, after);
        match before {
            NONE => self.idlest = number,
            before => self.slots[before].after = number,
        }
        match after {
            NONE => self.newest = number,
            after => self.slots[after].before = number,
        }
    }

    fn unlink(&mut self, number: usize) {
        let (before, after) = (self.slots[number].before, self.slots[number].after);
        match before {
            NONE => self.idlest = after,
            before => self.slots[before].after = after,
        }
        match after {
            NONE => self.newest = before,
            after => self.slots[after].before = before,
        }
    }
}

#[cfg(test)]
mod tests;
