//! A client's socket: how a task waits for it.
//! What moves, and who is late, says its line.

use super::runtime::Ticks;
use crate::link::Socket as Watched;
use async_io::Timer;
use purlin_core::{ClientMachine, Eof, Machine, Mono, Now};
use purlin_engine::{Beside, Clock as _, Line, Moved, Progress, ReadReady, Turn, Wire};
use purlin_net::{Clock, Stream, untaken};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A connected socket.
pub(super) struct Socket {
    line: Line<Reactor>,
    /// One for all deadlines, set anew only to an earlier instant.
    timer: Option<(Timer, Mono)>,
}

/// A socket that the reactor waits for.
struct Reactor {
    socket: Watched,
    /// The last read gave much: more is probably there already.
    likely: bool,
}

/// After a read of so much, the next is tried without waiting first.
const MUCH: usize = 16 * 1024;

impl Wire for Reactor {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        let moved = self.socket.stream().map_or(Moved::Nothing, |stream| stream.read(room));
        self.likely = matches!(moved, Moved::Bytes(count) if count >= MUCH);
        moved
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        self.socket.stream().map_or(Moved::Lost, |stream| stream.write(slices))
    }

    fn shut_writing(&mut self) {
        if let Some(stream) = self.socket.stream() {
            stream.shut_writing();
        }
    }

    fn untaken(&self) -> Option<usize> {
        self.socket.stream().and_then(untaken)
    }
}

impl Socket {
    /// A socket, whose calls will not wait from now on.
    pub(super) fn new(stream: Stream) -> io::Result<Socket> {
        stream.set_nonblocking(true)?;
        let reactor = Reactor { socket: Watched::Fresh(stream), likely: false };
        Ok(Socket { line: Line::new(reactor), timer: None })
    }

    /// Waits until then at most. What was set to an earlier instant stays, and wakes in vain.
    fn poll_timer(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.as_ref().is_none_or(|(_, set)| at < *set) {
            let Some(instant) = Clock::instant(at) else {
                return Poll::Pending;
            };
            self.timer = Some((Timer::at(instant), at));
        }
        let Some((timer, _)) = &mut self.timer else {
            return Poll::Pending;
        };
        ready!(Pin::new(timer).poll(cx));
        self.timer = None;
        Poll::Ready(())
    }

    /// Reads once the socket has something: a read that finds nothing costs more.
    fn read<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let wire = self.line.wire_mut();
            let likely = std::mem::take(&mut wire.likely);
            if !likely && ready!(wire.socket.poll_readable(cx)).is_err() {
                machine.eof(Eof::Reset, now);
                return Poll::Ready(());
            }
            if self.line.read(machine, now) != Moved::Nothing {
                return Poll::Ready(());
            }
        }
    }

    /// Takes what has come already.
    pub(super) fn read_now<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> Moved {
        self.line.read(machine, now)
    }
}

impl purlin_engine::Socket<Ticks> for Socket {
    /// With more to be sent it does not wait once there is room for it: the reactor has no
    /// turn then, to tell of input or of a time that is over.
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut Ticks,
        cx: &mut Context<'_>,
    ) -> Poll<Turn> {
        let now = clock.look();
        let wait = match self.line.advance(machine, beside == Beside::More, until, now) {
            Progress::Over(turn) => return Poll::Ready(turn),
            Progress::Waits(wait) => wait,
        };
        if !wait.read && !wait.write && beside != Beside::Comes {
            return Poll::Ready(Turn::Stuck);
        }
        if wait.read && self.read(machine, now, cx).is_ready() {
            return Poll::Ready(self.line.heard(machine, true, until, now));
        }
        if wait.write && self.line.wire_mut().socket.poll_writable(cx).is_ready() {
            return Poll::Ready(Turn::Moved);
        }
        // What a read that found nothing began may be due sooner.
        let own = machine.deadline().map(|(at, _)| at);
        let Some(at) = [own, until].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        ready!(self.poll_timer(at, cx));
        // It may have come to its end just now.
        Poll::Ready(self.line.time_up(machine, until, clock.look()))
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.line.write(machine, now);
        self.line.half_close(machine.want().close);
    }

    fn is_lost(&self) -> bool {
        self.line.is_lost()
    }
}

impl ReadReady for Socket {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.line.read(machine, now);
    }
}
