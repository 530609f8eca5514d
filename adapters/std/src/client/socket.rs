//! A client's socket, moved in turns as its machine wants.
//! Decides nothing: it writes, reads and waits.

use purlin_core::{ClientMachine, Close, Eof, Machine, Mono, Now};
use purlin_host::client::{Idle, ReadReady, wait_for};
use purlin_host::{Clock, Moved, Stream};
use std::io::IoSlice;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// Slices given to one write.
const SLICES: usize = 16;

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

impl Socket {
    pub(super) fn new(stream: Stream) -> Socket {
        Socket { stream: Arc::new(stream), patience: None, half_closed: false }
    }

    /// Writes what there is, then waits for input, for room, or for the first
    /// deadline. With `more` to be sent it does not wait once there is room for it.
    /// The clock must have been looked at since anything took time.
    pub(super) fn turn<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        more: bool,
        until: Option<Mono>,
        clock: &mut Clock,
    ) -> Turn {
        let now = clock.last();
        let full = self.write(machine, now);
        let want = machine.want();
        self.half_close(want.close);
        let reads = want.read;
        if more && !full && !want.write {
            // The answer may come before all is sent, and so may the end of the time for it.
            self.read_ready(machine, now);
            return pass_time(machine, until, now);
        }
        if !reads && !full {
            return Turn::Stuck;
        }
        let own = machine.deadline().map(|(at, _)| at);
        let wait = [own, until].into_iter().flatten().min().map(|at| at.since(now.mono));
        if wait.is_some_and(|wait| wait.is_zero()) {
            return pass_time(machine, until, clock.look());
        }
        if !full {
            return self.read_waiting(machine, wait, until, clock);
        }
        let idle = if reads { Idle::Both } else { Idle::Writes };
        // A socket that cannot be waited for says why when it is read.
        let ready = wait_for(&[(self.stream.as_fd(), idle)], wait).is_ok_and(|ready| ready[0]);
        let now = clock.look();
        if !ready {
            return pass_time(machine, until, now);
        }
        if reads {
            self.read_ready(machine, now);
        }
        Turn::Moved
    }

    /// Writes until the machine has no more, or the socket takes no more, which it says.
    fn write<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> bool {
        while machine.want().write {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = machine.output(&mut slices, now);
            if used == 0 {
                return false;
            }
            match self.stream.write_ready(&slices[..used]) {
                Moved::Bytes(count) => machine.wrote(count, now),
                Moved::Nothing => return true,
                Moved::End | Moved::Lost => {
                    // What the peer said before it went may still be there.
                    self.read_ready(machine, now);
                    machine.eof(Eof::Reset, now);
                    return false;
                }
            }
        }
        false
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
            return pass_time(machine, until, now);
        }
        tell(machine, moved, now);
        Turn::Moved
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

    /// Takes what has come already.
    pub(super) fn read_ready<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> Moved {
        let room = machine.read_buf();
        if room.is_empty() {
            return Moved::Nothing;
        }
        let moved = self.stream.read_ready(room);
        tell(machine, moved, now);
        moved
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

fn tell<M: Machine + ?Sized>(machine: &mut M, moved: Moved, now: Now) {
    match moved {
        Moved::Bytes(count) => machine.filled(count, now),
        Moved::End => machine.eof(Eof::Clean, now),
        Moved::Lost => machine.eof(Eof::Reset, now),
        Moved::Nothing => {}
    }
}

fn pass_time<M: Machine + ?Sized>(machine: &mut M, until: Option<Mono>, now: Now) -> Turn {
    machine.tick(now);
    if until.is_some_and(|until| until <= now.mono) { Turn::Late } else { Turn::Moved }
}
