//! A client's socket, moved in turns as its machine wants.
//! Decides nothing: it writes, reads and waits.

use crate::clock;
use crate::link::Socket as Watched;
use async_io::Timer;
use futures_lite::future;
use purlin_core::{ClientMachine, Close, Eof, Machine, Mono, Now, Why};
use purlin_host::client::ReadReady;
use purlin_host::{Clock, Moved, Stream, untaken};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Slices given to one write.
const SLICES: usize = 16;

/// What a server takes at once, and need not be asked for.
const MUCH_GIVEN: usize = 64 * 1024;

/// A connected socket.
pub(super) struct Socket {
    socket: Watched,
    /// One for all deadlines, set anew only to an earlier instant.
    timer: Option<(Timer, Mono)>,
    /// The last read gave much: more is probably there already.
    likely: bool,
    half_closed: bool,
    /// The last deadline that had come, and before which all was looked at once more.
    looked: Option<Mono>,
    /// Bytes that were written since it was last asked how many are untaken.
    given: usize,
    /// A write has failed: nothing more is written, and what the peer said before it
    /// went is read.
    lost: bool,
}

/// After a read of so much, the next is tried without waiting first.
const MUCH: usize = 16 * 1024;

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
    /// A socket, whose calls will not wait from now on.
    pub(super) fn new(stream: Stream) -> io::Result<Socket> {
        stream.set_nonblocking(true)?;
        Ok(Socket {
            socket: Watched::Fresh(stream),
            timer: None,
            likely: false,
            half_closed: false,
            looked: None,
            given: 0,
            lost: false,
        })
    }

    /// Writes what there is, then waits for input, for room, or for the first deadline.
    pub(super) async fn turn<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        until: Option<Mono>,
    ) -> Turn {
        let mut now = clock::now();
        future::poll_fn(|cx| self.poll_turn(machine, false, until, &mut now, cx)).await
    }

    /// The same. With `more` to be sent it does not wait once there is room for it.
    /// `now` becomes the time at which it was polled.
    pub(super) fn poll_turn<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        more: bool,
        until: Option<Mono>,
        clock: &mut Now,
        cx: &mut Context<'_>,
    ) -> Poll<Turn> {
        let now = clock::now();
        *clock = now;
        let full = self.write(machine, now);
        let want = machine.want();
        self.half_close(want.close);
        if more && !full && !want.write {
            // The answer may come before all is sent, and the reactor has no turn
            // to tell of it as long as there is room for more; nor of a time that is over.
            let moved = self.read_ready(machine, now) != Moved::Nothing;
            let heard = moved && self.may_be_heard(until, now);
            return Poll::Ready(if heard { Turn::Moved } else { pass_time(machine, until, now) });
        }
        if !want.read && !full {
            return Poll::Ready(Turn::Stuck);
        }
        if self.lost {
            self.read_rest(machine, now);
            return Poll::Ready(Turn::Moved);
        }
        if want.read && self.read(machine, now, cx).is_ready() {
            let heard = self.may_be_heard(until, now);
            return Poll::Ready(if heard { Turn::Moved } else { pass_time(machine, until, now) });
        }
        if full && self.socket.poll_writable(cx).is_ready() {
            return Poll::Ready(Turn::Moved);
        }
        let own = machine.deadline().map(|(at, _)| at);
        let Some(at) = [own, until].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        ready!(self.poll_timer(at, cx));
        // It may have come to its end just now.
        let now = clock::now();
        *clock = now;
        Poll::Ready(self.time_up(machine, at, until, now))
    }

    /// Whether what came is heard before it is looked at the time of the one who
    /// waits: it is once, also if that is over.
    fn may_be_heard(&mut self, until: Option<Mono>, now: Now) -> bool {
        let over = until.filter(|until| *until <= now.mono);
        over.is_none() || std::mem::replace(&mut self.looked, over) != over
    }

    /// A deadline has come. Before anybody is told to be late, what has come is
    /// read, and what there is room for written, once; and what the server has not
    /// taken is told.
    fn time_up<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        at: Mono,
        until: Option<Mono>,
        now: Now,
    ) -> Turn {
        if at <= now.mono && self.looked != Some(at) {
            self.looked = Some(at);
            self.write(machine, now);
            if self.read_all(machine, now) {
                return Turn::Moved;
            }
            if let Some(bytes) = self.socket.stream().and_then(untaken) {
                machine.untaken(bytes, now);
            }
        }
        pass_time(machine, until, now)
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

    /// Writes until the machine has no more, or the socket takes no more, which it says.
    fn write<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) -> bool {
        while machine.want().write && !self.lost {
            let Some(stream) = self.socket.stream() else {
                machine.eof(Eof::Reset, now);
                return false;
            };
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = machine.output(&mut slices, now);
            if used == 0 {
                return false;
            }
            match stream.write(&slices[..used]) {
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
        if let Some(bytes) = self.socket.stream().and_then(untaken) {
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

    fn half_close(&mut self, close: Option<Close>) {
        if close == Some(Close::Linger) && !std::mem::replace(&mut self.half_closed, true) {
            if let Some(stream) = self.socket.stream() {
                stream.shut_writing();
            }
        }
    }

    /// Reads once the socket has something: a read that finds nothing costs more.
    fn read<M: Machine + ?Sized>(
        &mut self,
        machine: &mut M,
        now: Now,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let likely = std::mem::take(&mut self.likely);
            if !likely && ready!(self.socket.poll_readable(cx)).is_err() {
                machine.eof(Eof::Reset, now);
                return Poll::Ready(());
            }
            if self.read_ready(machine, now) != Moved::Nothing {
                return Poll::Ready(());
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
        let Some(stream) = self.socket.stream().filter(|_| !room.is_empty()) else {
            return Moved::Nothing;
        };
        let moved = stream.read(room);
        match moved {
            Moved::Bytes(count) => {
                self.likely = count >= MUCH;
                machine.filled(count, now);
            }
            // Who asked for the error has taken it: what follows looks like an end.
            Moved::End if self.lost => machine.eof(Eof::Reset, now),
            Moved::End => machine.eof(Eof::Clean, now),
            Moved::Lost => machine.eof(Eof::Reset, now),
            Moved::Nothing => {}
        }
        moved
    }

    /// Writes what there is, as far as the socket takes it.
    pub(super) fn flush<M: Machine + ?Sized>(&mut self, machine: &mut M, now: Now) {
        self.write(machine, now);
    }
}

fn pass_time<M: Machine + ?Sized>(machine: &mut M, until: Option<Mono>, now: Now) -> Turn {
    machine.tick(now);
    if until.is_some_and(|until| until <= now.mono) { Turn::Late } else { Turn::Moved }
}

impl ReadReady for Socket {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        Socket::read_ready(self, machine, now);
    }
}
