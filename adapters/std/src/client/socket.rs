//! A client's socket: how a thread waits for it.
//! What moves, and who is late, says its line.

use purlin_core::{ClientMachine, Close, Eof, Machine, Mono, Now};
use purlin_engine::Moved;
use purlin_engine::{Line, Progress, ReadReady, Turn, Wait};
use purlin_net::client::{Idle, wait_for};
use purlin_net::{Clock, Stream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// The longest a read waits without a look at the clock.
const LONGEST: Duration = Duration::from_secs(3600);

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    /// The socket is shared with who waits for it without the machine.
    line: Line<Arc<Stream>>,
    /// How long the system lets a read wait.
    patience: Option<Duration>,
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
        Socket { line: Line::new(Arc::new(stream)), patience: None }
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
        let (now, more) = (clock.last(), matches!(beside, Beside::More));
        let wait = match self.line.advance(machine, more, until, now) {
            Progress::Over(turn) => return turn,
            Progress::Waits(wait) => wait,
        };
        let bell = if let Beside::Bell(bell) = beside { Some(bell) } else { None };
        if !wait.read && !wait.write && bell.is_none() {
            return Turn::Stuck;
        }
        let time = wait.until.map(|at| at.since(now.mono));
        if time.is_some_and(|time| time.is_zero()) {
            return self.line.time_up(machine, until, clock.look());
        }
        if !wait.write && bell.is_none() {
            return self.read_waiting(machine, time, until, clock);
        }
        let own = waited_for(wait).map(|idle| (self.line.wire().as_fd(), idle));
        let waited: Vec<_> = own.into_iter().chain(bell.map(|bell| (bell, Idle::Reads))).collect();
        // A socket that cannot be waited for says why when it is read.
        let ready = wait_for(&waited, time).unwrap_or_default();
        let now = clock.look();
        if !ready.contains(&true) {
            return self.line.time_up(machine, until, now);
        }
        if wait.read && ready[0] {
            self.line.read(machine, now);
        }
        Turn::Moved
    }

    /// Whether a write has failed.
    pub(super) fn is_lost(&self) -> bool {
        self.line.is_lost()
    }

    /// The socket itself, to be waited for.
    pub(super) fn stream(&self) -> Arc<Stream> {
        self.line.wire().clone()
    }

    /// Says that nothing more is written, if that is how the machine wants to close.
    pub(super) fn half_close(&mut self, close: Option<Close>) {
        self.line.half_close(close);
    }

    /// Waits in the read itself, which is one system call and not two.
    fn read_waiting<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        wait: Option<Duration>,
        until: Option<Mono>,
        clock: &mut Clock,
    ) -> Turn {
        self.be_patient(wait.unwrap_or(LONGEST).min(LONGEST));
        let moved = self.line.wire().read(machine.read_buf());
        let now = clock.look();
        if moved == Moved::Nothing {
            return self.line.time_up(machine, until, now);
        }
        self.line.tell(machine, moved, now);
        Turn::Moved
    }

    /// Has reads wait about so long. They may wake early, so the system is told
    /// only when the time is shorter than it knows, or much longer.
    fn be_patient(&mut self, wait: Duration) {
        let fits = self.patience.is_some_and(|known| known <= wait && known >= wait / 2);
        if !fits {
            let wait = wait.max(Duration::from_millis(1));
            if self.line.wire().set_read_timeout(Some(wait)).is_ok() {
                self.patience = Some(wait);
            }
        }
    }

    /// What it means that nothing more comes.
    pub(super) fn end(&self) -> Eof {
        self.line.end()
    }

    /// Writes what there is, as far as the socket takes it.
    pub(super) fn flush<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        self.line.write(machine, now);
    }
}

fn waited_for(wait: Wait) -> Option<Idle> {
    match (wait.read, wait.write) {
        (true, true) => Some(Idle::Both),
        (true, false) => Some(Idle::Reads),
        (false, true) => Some(Idle::Writes),
        (false, false) => None,
    }
}

impl ReadReady for Socket {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.line.read(machine, now);
    }
}
