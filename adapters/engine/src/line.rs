//! A client's connection moved as far as it goes without waiting: what the machine
//! has is written, what came is given to it, and who was late is asked last.
//! It owns no clock and does not wait; how one waits is the adapter's.

use crate::client::{Beside, Clock, Socket};
use crate::wire::ReadReady;
use crate::wire::{Moved, Ready, Wire};
use purlin_core::{ClientMachine, Close, Eof, Machine, Mono, Now, Why};
use std::io::IoSlice;
use std::task::{Context, Poll, ready};

/// Slices given to one write.
const SLICES: usize = 16;

/// What a server takes at once, and need not be asked for.
const MUCH_GIVEN: usize = 64 * 1024;

/// After a read of so much, the next is tried without waiting first.
const MUCH_READ: usize = 16 * 1024;

/// What a turn of a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Something moved, or time passed: the machine may have something to tell.
    Moved,
    /// There is nothing to wait for.
    Stuck,
    /// The time of the one who waits is over.
    Late,
}

/// How far a line came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The turn is over.
    Over(Turn),
    /// Something has to be waited for.
    Waits(Wait),
}

/// What a line waits for; for nothing but something else, if for neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// For input.
    pub read: bool,
    /// For room.
    pub write: bool,
    /// At most until then; [`Line::time_up`] says what follows.
    pub until: Option<Mono>,
}

/// A wire, and what has to be remembered of it between turns.
#[derive(Debug)]
pub struct Line<W> {
    wire: W,
    half_closed: bool,
    /// The last deadline that had come, and before which all was looked at once more.
    looked: Option<Mono>,
    /// Bytes that were written since it was last asked how many are untaken.
    given: usize,
    /// A write has failed: nothing more is written, and what the peer said before it
    /// went is read.
    lost: bool,
    /// The last read filled all the room that there was.
    filled: bool,
    /// The last read gave much: more is probably there already.
    much: bool,
}

impl<W: Wire> Line<W> {
    /// A line through which nothing has moved.
    pub fn new(wire: W) -> Line<W> {
        Line {
            wire,
            half_closed: false,
            looked: None,
            given: 0,
            lost: false,
            filled: false,
            much: false,
        }
    }

    /// What it moves bytes through.
    pub fn wire(&self) -> &W {
        &self.wire
    }

    /// What it moves bytes through.
    pub fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Whether a write has failed.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Writes what there is, and says what is to be waited for until input, room, or the
    /// first deadline come, or `until`. With `more` to be sent it does not wait once
    /// there is room for it.
    pub fn advance<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        more: bool,
        until: Option<Mono>,
        now: Now,
    ) -> Progress {
        let full = self.write(machine, now);
        let want = machine.want();
        self.half_close(want.close);
        if more && !full && !want.write {
            // The answer may come before all is sent, and so may the end of the time for it.
            let moved = self.read(machine, now) != Moved::Nothing;
            return Progress::Over(self.heard(machine, moved, until, now));
        }
        if self.lost && want.read {
            self.read_rest(machine, now);
            return Progress::Over(Turn::Moved);
        }
        let own = machine.deadline().map(|(at, _)| at);
        let until = [own, until].into_iter().flatten().min();
        Progress::Waits(Wait { read: want.read, write: full, until })
    }

    /// Input came, or not: it is heard before it is looked at the time of the one who
    /// waits, once also if that is over.
    pub fn heard<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        moved: bool,
        until: Option<Mono>,
        now: Now,
    ) -> Turn {
        if moved && self.may_be_heard(until, now) {
            Turn::Moved
        } else {
            pass_time(machine, until, now)
        }
    }

    fn may_be_heard(&mut self, until: Option<Mono>, now: Now) -> bool {
        let over = until.filter(|until| *until <= now.mono);
        over.is_none() || std::mem::replace(&mut self.looked, over) != over
    }

    /// A deadline may have come. Before anybody is told to be late, what has come
    /// is read, and what there is room for written, once; and what the server has
    /// not taken is told.
    pub fn time_up<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        until: Option<Mono>,
        now: Now,
    ) -> Turn {
        let own = machine.deadline().map(|(at, _)| at);
        let due = [own, until].into_iter().flatten().min().filter(|at| *at <= now.mono);
        if due.is_some() && self.looked != due {
            self.looked = due;
            self.write(machine, now);
            if self.read_all(machine, now) {
                return Turn::Moved;
            }
            if let Some(bytes) = self.wire.untaken() {
                machine.untaken(bytes, now);
            }
        }
        pass_time(machine, until, now)
    }

    /// Writes until the machine has no more, or the wire takes no more, which it says.
    pub fn write<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> bool {
        while machine.want().write && !self.lost {
            match self.write_once(machine, now) {
                None => return false,
                Some(Moved::Nothing) => return true,
                Some(_) => {}
            }
        }
        self.tell_much(machine, now);
        false
    }

    /// Writes what one write takes; nothing, if the machine has nothing to send.
    #[inline]
    pub fn write_once<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> Option<Moved> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let used = machine.output(&mut slices, now);
        if used == 0 {
            return None;
        }
        let moved = self.wire.write(&slices[..used]);
        match moved {
            Moved::Bytes(count) => {
                machine.wrote(count, now);
                self.given += count;
            }
            Moved::Nothing => {}
            Moved::End | Moved::Lost => self.lost = true,
        }
        Some(moved)
    }

    /// Where the system took the last of much at once, the server may still be
    /// taking it when the time for its answer runs.
    fn tell_much<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        let whole = |machine: &M| matches!(machine.deadline(), Some((_, Why::FirstByte)));
        if self.given < MUCH_GIVEN || !whole(machine) {
            return;
        }
        self.given = 0;
        if let Some(bytes) = self.wire.untaken() {
            machine.untaken(bytes, now);
        }
    }

    /// Takes what is left of a connection that is lost, as far as there is room for it.
    fn read_rest<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        while machine.want().read {
            if !matches!(self.read(machine, now), Moved::Bytes(_)) {
                return machine.eof(Eof::Reset, now);
            }
        }
    }

    /// Says that nothing more is written, if that is how the machine wants to close.
    pub fn half_close(&mut self, close: Option<Close>) {
        if close == Some(Close::Linger) && !std::mem::replace(&mut self.half_closed, true) {
            self.wire.shut_writing();
        }
    }

    /// Takes all that has come already, which may be more than one read gives, and an end
    /// behind it; says whether there was any.
    fn read_all<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> bool {
        let mut any = false;
        loop {
            let moved = self.read(machine, now);
            any |= moved != Moved::Nothing;
            if !matches!(moved, Moved::Bytes(_)) {
                return any;
            }
        }
    }

    /// Takes what has come already.
    pub fn read<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> Moved {
        self.filled = false;
        let room = machine.read_buf();
        if room.is_empty() {
            return Moved::Nothing;
        }
        let size = room.len();
        let moved = self.wire.read(room);
        if let Moved::Bytes(count) = moved {
            self.filled = count == size;
            self.much = count >= MUCH_READ;
        }
        self.tell(machine, moved, now);
        moved
    }

    /// Whether the last read filled all the room that there was: more is there, probably.
    pub fn is_filled(&self) -> bool {
        self.filled
    }

    /// Tells the machine what a read came to.
    pub fn tell<M: Machine + ?Sized>(&self, machine: &mut M, moved: Moved, now: Now) {
        match moved {
            Moved::Bytes(count) => machine.filled(count, now),
            Moved::End => machine.eof(self.end(), now),
            Moved::Lost => machine.eof(Eof::Reset, now),
            Moved::Nothing => {}
        }
    }

    /// What it means that nothing more comes: who asked a lost connection for its
    /// error has taken that, and what follows looks like an end.
    pub fn end(&self) -> Eof {
        if self.lost { Eof::Reset } else { Eof::Clean }
    }
}

fn pass_time<M: Machine + ?Sized>(machine: &mut M, until: Option<Mono>, now: Now) -> Turn {
    machine.tick(now);
    if until.is_some_and(|until| until <= now.mono) { Turn::Late } else { Turn::Moved }
}

impl<W: Ready> Line<W> {
    /// Reads once the wire has something: a read that finds nothing costs more.
    fn poll_read<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            if !std::mem::take(&mut self.much) {
                ready!(self.wire.poll_readable(cx));
            }
            if self.read(machine, now) != Moved::Nothing {
                return Poll::Ready(());
            }
        }
    }
}

impl<W: Ready + Send + 'static, C: Clock> Socket<C> for Line<W> {
    /// With more to be sent it does not wait once there is room for it: the reactor has no
    /// turn then, to tell of input or of a time that is over.
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<Turn> {
        let now = clock.look();
        let wait = match self.advance(machine, beside == Beside::More, until, now) {
            Progress::Over(turn) => return Poll::Ready(turn),
            Progress::Waits(wait) => wait,
        };
        if !wait.read && !wait.write && beside != Beside::Comes {
            return Poll::Ready(Turn::Stuck);
        }
        if wait.read && self.poll_read(machine, now, cx).is_ready() {
            return Poll::Ready(self.heard(machine, true, until, now));
        }
        if wait.write && self.wire.poll_writable(cx).is_ready() {
            return Poll::Ready(Turn::Moved);
        }
        // What a read that found nothing began may be due sooner.
        let own = machine.deadline().map(|(at, _)| at);
        let Some(at) = [own, until].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        ready!(self.wire.poll_until(at, cx));
        // It may have come to its end just now.
        Poll::Ready(self.time_up(machine, until, clock.look()))
    }
}

impl<W: Wire> ReadReady for Line<W> {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.read(machine, now);
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.write(machine, now);
        self.half_close(machine.want().close);
    }

    fn is_lost(&self) -> bool {
        self.lost
    }
}

#[cfg(test)]
mod tests;
