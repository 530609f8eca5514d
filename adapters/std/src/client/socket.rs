//! A client's socket: how a thread waits for it.
//! What moves, and who is late, says its line.

use purlin_core::{ClientMachine, Machine, Mono, Now};
use purlin_engine::{Beside, Line, Moved, Progress, ReadReady, Turn, Wait};
use purlin_net::client::{Idle, Nudge, wait_for};
use purlin_net::{Clock, Stream};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll};
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
    /// What the last turn waits for, and until when the one who asked for it.
    waits: Option<(Wait, Option<Mono>)>,
    /// What waiting came to.
    turned: Option<Turn>,
}

/// A socket over a stream, whatever that was set to.
#[expect(clippy::unnecessary_wraps, reason = "its twin may fail")]
pub(super) fn socket(stream: Stream) -> io::Result<Socket> {
    Ok(Socket::new(stream))
}

impl Socket {
    pub(super) fn new(stream: Stream) -> Socket {
        Socket { line: Line::new(Arc::new(stream)), patience: None, waits: None, turned: None }
    }

    /// Waits for what the last turn said, or until it is nudged.
    pub(super) fn wait(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        nudge: Option<&Nudge>,
        clock: &mut Clock,
    ) {
        if let Some((wait, until)) = self.waits.take() {
            self.turned = self.wait_for(machine, wait, until, nudge, clock);
        }
    }

    fn wait_for(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        wait: Wait,
        until: Option<Mono>,
        nudge: Option<&Nudge>,
        clock: &mut Clock,
    ) -> Option<Turn> {
        let time = wait.until.map(|at| at.since(clock.last().mono));
        if time.is_some_and(|time| time.is_zero()) {
            return Some(self.line.time_up(machine, until, clock.look()));
        }
        if !wait.write && nudge.is_none() {
            return Some(self.read_waiting(machine, time, until, clock));
        }
        let own = waited_for(wait).map(|idle| (self.line.wire().as_fd(), idle));
        let bell = nudge.map(|nudge| (nudge.as_fd(), Idle::Reads));
        let waited: Vec<_> = own.into_iter().chain(bell).collect();
        // A socket that cannot be waited for says why when it is read.
        let ready = wait_for(&waited, time).unwrap_or_default();
        let now = clock.look();
        if !ready.contains(&true) {
            return Some(self.line.time_up(machine, until, now));
        }
        if let Some(nudge) = nudge.filter(|_| ready[ready.len() - 1]) {
            nudge.clear();
        }
        if wait.read && ready[0] {
            self.line.read(machine, now);
        }
        Some(Turn::Moved)
    }

    /// What the last turn waits for, for one who waits without the machine.
    pub(super) fn awaited(&self) -> Option<(Arc<Stream>, Wait)> {
        self.waits.map(|(wait, _)| (self.stream(), wait))
    }

    /// It was waited so: whether the socket has something, or room.
    pub(super) fn waited(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        came: bool,
        now: Now,
    ) {
        let Some((wait, until)) = self.waits.take() else { return };
        if came {
            if wait.read {
                self.line.read(machine, now);
            }
            self.turned = Some(Turn::Moved);
        } else if wait.until.is_some_and(|at| at <= now.mono) {
            self.turned = Some(self.line.time_up(machine, until, now));
        }
    }

    /// The socket itself, to be waited for.
    pub(super) fn stream(&self) -> Arc<Stream> {
        self.line.wire().clone()
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

    /// Tells the machine what somebody's read of the socket came to, if not to bytes.
    pub(super) fn tell<M: Machine + ?Sized>(&self, machine: &mut M, moved: Moved, now: Now) {
        self.line.tell(machine, moved, now);
    }
}

pub(super) fn waited_for(wait: Wait) -> Option<Idle> {
    match (wait.read, wait.write) {
        (true, true) => Some(Idle::Both),
        (true, false) => Some(Idle::Reads),
        (false, true) => Some(Idle::Writes),
        (false, false) => None,
    }
}

impl purlin_engine::Socket<Clock> for Socket {
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut Clock,
        _: &mut Context<'_>,
    ) -> Poll<Turn> {
        self.waits = None;
        if let Some(turn) = self.turned.take() {
            return Poll::Ready(turn);
        }
        match self.line.advance(machine, beside == Beside::More, until, clock.last()) {
            Progress::Over(turn) => Poll::Ready(turn),
            Progress::Waits(Wait { read: false, write: false, .. }) if beside != Beside::Comes => {
                Poll::Ready(Turn::Stuck)
            }
            Progress::Waits(wait) => {
                self.waits = Some((wait, until));
                Poll::Pending
            }
        }
    }
}

impl ReadReady for Socket {
    const BLOCKS: bool = true;

    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.turned = None;
        self.line.read(machine, now);
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.line.write(machine, now);
        self.line.half_close(machine.want().close);
    }

    fn is_lost(&self) -> bool {
        self.line.is_lost()
    }
}
