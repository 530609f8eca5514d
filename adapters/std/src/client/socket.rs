//! A client's socket, moved in turns as its machine wants.
//! Decides nothing: it writes, reads and waits.

use purlin_core::{ClientMachine, Close, Eof, Machine, Mono, Now, Why};
use purlin_host::client::{Idle, ReadReady, wait_for};
use purlin_host::{Clock, Moved, Stream, untaken};
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// Slices given to one write.
const SLICES: usize = 16;

/// What a server takes at once, and need not be asked for.
const MUCH_GIVEN: usize = 64 * 1024;

/// The longest a read waits without a look at the clock.
const LONGEST: Duration = Duration::from_secs(3600);

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    /// Shared with who waits for it without the machine.
    stream: Arc<Stream>,
    /// How long the system lets a read wait.
    patience: Option<Duration>,
    half_closed: bool,
    /// The last deadline that had come, and before which all was looked at once more.
    looked: Option<Mono>,
    /// Bytes that were written since it was last asked how many are untaken.
    given: usize,
    /// A write has failed: nothing more is written, and what the peer said before it
    /// went is read.
    lost: bool,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something moved, or time passed: the machine may have something to tell.
    Moved,
    /// There is nothing to wait for.
    Stuck,
    /// The time of the one who waits is over.
    Late,
}

/// What there is besides what the socket brings.
#[derive(Clone, Copy)]
pub(super) enum Beside<'a> {
    /// Nothing.
    Nothing,
    /// Something that the machine takes once it has room.
    More,
    /// Something that comes: then this becomes readable.
    Bell(BorrowedFd<'a>),
}

impl Socket {
    pub(super) fn new(stream: Stream) -> Socket {
        Socket {
            stream: Arc::new(stream),
            patience: None,
            half_closed: false,
            looked: None,
            given: 0,
            lost: false,
        }
    }

    /// Writes what there is, then waits for input, for room, or for the first
    /// deadline. The clock must have been looked at since anything took time.
    pub(super) fn turn<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        until: Option<Mono>,
        clock: &mut Clock,
    ) -> Turn {
        self.turn_beside(machine, Beside::Nothing, until, clock)
    }

    /// The same, beside something else that the machine may be given.
    pub(super) fn turn_beside<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        beside: Beside<'_>,
        until: Option<Mono>,
        clock: &mut Clock,
    ) -> Turn {
        let now = clock.last();
        let full = self.write(machine, now);
        let want = machine.want();
        self.half_close(want.close);
        let reads = want.read;
        if matches!(beside, Beside::More) && !full && !want.write {
            // The answer may come before all is sent, and so may the end of the time for it.
            let moved = self.read_ready(machine, now) != Moved::Nothing;
            let heard = moved && self.may_be_heard(until, now);
            return if heard { Turn::Moved } else { pass_time(machine, until, now) };
        }
        let bell = if let Beside::Bell(bell) = beside { Some(bell) } else { None };
        if !reads && !full && bell.is_none() {
            return Turn::Stuck;
        }
        if self.lost {
            self.read_rest(machine, now);
            return Turn::Moved;
        }
        let own = machine.deadline().map(|(at, _)| at);
        let wait = [own, until].into_iter().flatten().min().map(|at| at.since(now.mono));
        if wait.is_some_and(|wait| wait.is_zero()) {
            return self.time_up(machine, until, clock.look());
        }
        if !full && bell.is_none() {
            return self.read_waiting(machine, wait, until, clock);
        }
        let idle = match (reads, full) {
            (true, true) => Some(Idle::Both),
            (true, false) => Some(Idle::Reads),
            (false, true) => Some(Idle::Writes),
            (false, false) => None,
        };
        let own = idle.map(|idle| (self.stream.as_fd(), idle));
        let waited: Vec<_> = own.into_iter().chain(bell.map(|bell| (bell, Idle::Reads))).collect();
        // A socket that cannot be waited for says why when it is read.
        let ready = wait_for(&waited, wait).unwrap_or_default();
        let now = clock.look();
        if !ready.contains(&true) {
            return self.time_up(machine, until, now);
        }
        if reads && ready[0] {
            self.read_ready(machine, now);
        }
        Turn::Moved
    }

    /// Writes until the machine has no more, or the socket takes no more, which it says.
    fn write<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> bool {
        while machine.want().write && !self.lost {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = machine.output(&mut slices, now);
            if used == 0 {
                return false;
            }
            match self.stream.write_ready(&slices[..used]) {
                Moved::Bytes(count) => {
                    machine.wrote(count, now);
                    self.given += count;
                }
                Moved::Nothing => return true,
                Moved::End | Moved::Lost => self.lost = true,
            }
        }
        self.tell_much(machine, now);
        false
    }

    /// Where the system took the last of much at once, the server may still be
    /// taking it when the time for its answer runs.
    fn tell_much<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        let whole = |machine: &M| matches!(machine.deadline(), Some((_, Why::FirstByte)));
        if self.given < MUCH_GIVEN || !whole(machine) {
            return;
        }
        self.given = 0;
        if let Some(bytes) = untaken(&self.stream) {
            machine.untaken(bytes, now);
        }
    }

    /// Whether a write has failed.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Takes what is left of a connection that is lost, as far as there is room for it.
    fn read_rest<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        while machine.want().read {
            if !matches!(self.read_ready(machine, now), Moved::Bytes(_)) {
                return machine.eof(Eof::Reset, now);
            }
        }
    }

    /// The socket itself, to be waited for.
    pub(super) fn stream(&self) -> Arc<Stream> {
        self.stream.clone()
    }

    /// Says that nothing more is written, if that is how the machine wants to close.
    pub(super) fn half_close(&mut self, close: Option<Close>) {
        if close == Some(Close::Linger) && !std::mem::replace(&mut self.half_closed, true) {
            self.stream.shut_writing();
        }
    }

    fn read_waiting<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        wait: Option<Duration>,
        until: Option<Mono>,
        clock: &mut Clock,
    ) -> Turn {
        self.be_patient(wait.unwrap_or(LONGEST).min(LONGEST));
        let moved = self.stream.read(machine.read_buf());
        let now = clock.look();
        if moved == Moved::Nothing {
            return self.time_up(machine, until, now);
        }
        self.tell(machine, moved, now);
        Turn::Moved
    }

    /// Whether what came is heard before it is looked at the time of the one who
    /// waits: it is once, also if that is over.
    fn may_be_heard(&mut self, until: Option<Mono>, now: Now) -> bool {
        let over = until.filter(|until| *until <= now.mono);
        over.is_none() || std::mem::replace(&mut self.looked, over) != over
    }

    /// A deadline may have come. Before anybody is told to be late, what has come
    /// is read, and what there is room for written, once; and what the server has
    /// not taken is told.
    fn time_up<M: Machine + ?Sized>(
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
            if let Some(bytes) = untaken(&self.stream) {
                machine.untaken(bytes, now);
            }
        }
        pass_time(machine, until, now)
    }

    /// Has reads wait about so long. They may wake early, so the system is told
    /// only when the time is shorter than it knows, or much longer.
    fn be_patient(&mut self, wait: Duration) {
        let fits = self.patience.is_some_and(|known| known <= wait && known >= wait / 2);
        if !fits {
            let wait = wait.max(Duration::from_millis(1));
            if self.stream.set_read_timeout(Some(wait)).is_ok() {
                self.patience = Some(wait);
            }
        }
    }

    /// Takes all that has come already, which may be more than one read gives; says
    /// whether there was any.
    fn read_all<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> bool {
        let mut any = false;
        loop {
            let room = machine.read_buf().len();
            let moved = self.read_ready(machine, now);
            any |= moved != Moved::Nothing;
            if !matches!(moved, Moved::Bytes(count) if count == room) {
                return any;
            }
        }
    }

    /// Takes what has come already.
    pub(super) fn read_ready<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> Moved {
        let room = machine.read_buf();
        if room.is_empty() {
            return Moved::Nothing;
        }
        let moved = self.stream.read_ready(room);
        self.tell(machine, moved, now);
        moved
    }

    fn tell<M: Machine + ?Sized>(&self, machine: &mut M, moved: Moved, now: Now) {
        match moved {
            Moved::Bytes(count) => machine.filled(count, now),
            Moved::End => machine.eof(self.end(), now),
            Moved::Lost => machine.eof(Eof::Reset, now),
            Moved::Nothing => {}
        }
    }

    /// What it means that nothing more comes: who asked a lost connection for its
    /// error has taken that, and what follows looks like an end.
    pub(super) fn end(&self) -> Eof {
        if self.lost { Eof::Reset } else { Eof::Clean }
    }

    /// Writes what there is, as far as the socket takes it.
    pub(super) fn flush<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        self.write(machine, now);
    }
}

impl ReadReady for Socket {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        Socket::read_ready(self, machine, now);
    }
}

fn pass_time<M: Machine + ?Sized>(machine: &mut M, until: Option<Mono>, now: Now) -> Turn {
    machine.tick(now);
    if until.is_some_and(|until| until <= now.mono) { Turn::Late } else { Turn::Moved }
}
