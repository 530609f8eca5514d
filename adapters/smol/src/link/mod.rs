//! A connection's socket and its deadline, moved as the machine wants.
//! Decides nothing: it reads, writes, waits and closes when told.

mod socket;

use crate::alarms::{Alarm, Alarms};
use purlin_core::budget::Need;
use purlin_core::{Close, Eof, Machine, Mono, Now, Want, Why};
use purlin_engine::served::State;
use purlin_engine::{BULK, Budget, Grant, Moved, Poured};
use purlin_net::{EndWatch, Stream, untaken};
pub(crate) use socket::Socket;
use std::io::IoSlice;
use std::task::{Context, Poll, Waker};

/// Slices given to one write.
const SLICES: usize = 16;

pub(crate) struct Link<'a> {
    socket: Socket,
    /// One for all deadlines.
    alarm: Alarm<'a>,
    budget: &'a Budget,
    /// What the machine may hold beyond its share.
    grant: Grant,
    poured: Poured,
    input: Input,
    output_full: bool,
    half_closed: bool,
    /// Tells that the connection is lost, where neither reading nor writing does.
    end: Option<EndWatch>,
}

/// What is known of the socket's input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Nothing.
    Unknown,
    /// There is probably some: the last read was a full one, or the connection is new.
    Likely,
    /// The task will be woken when there is some.
    Awaited,
}

impl<'a> Link<'a> {
    pub(crate) fn new(stream: Stream, alarms: &'a Alarms, budget: &'a Budget) -> Link<'a> {
        Link {
            socket: Socket::Fresh(stream),
            alarm: Alarm::new(alarms),
            budget,
            grant: Grant::default(),
            poured: Poured::default(),
            input: Input::Likely,
            output_full: false,
            half_closed: false,
            end: None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.socket.is_closed()
    }

    /// The task was woken: what was awaited may be there.
    pub(crate) fn woken(&mut self, inner: &mut State, cx: &mut Context<'_>, now: Now) {
        if self.input == Input::Awaited {
            self.input = Input::Unknown;
        }
        if self.end.is_some() && self.is_lost() {
            inner.machine.eof(Eof::Reset, now);
        }
        let rung = self.alarm.has_rung(now.mono);
        let due = inner.machine.deadline().is_some_and(|(at, _)| at <= now.mono);
        if rung && due {
            self.time_up(inner, cx, now);
        }
    }

    /// A deadline has come. Before the peer is told that it was late, what it has
    /// sent and what it has room for is moved, and what it has not taken is told.
    fn time_up(&mut self, inner: &mut State, cx: &mut Context<'_>, now: Now) {
        self.read_last(inner, cx, now);
        self.output_full = false;
        if inner.machine.want().write {
            self.write(inner, cx, now);
        }
        if let Some(bytes) = self.socket.stream().and_then(untaken) {
            inner.machine.untaken(bytes, now);
        }
        inner.machine.tick(now);
    }

    /// Whether the peer is gone, and not only done with sending.
    fn is_lost(&self) -> bool {
        !self.half_closed && self.socket.stream().is_some_and(Stream::is_lost)
    }

    /// Neither input nor room for output is awaited, and so nobody would tell that
    /// the peer is gone: has the task woken then. Says whether it is gone already.
    pub(crate) fn await_end(&mut self, inner: &mut State, cx: &Context<'_>, now: Now) -> bool {
        let told = self.input == Input::Awaited || self.output_full || self.half_closed;
        let Some(stream) = self.socket.stream().filter(|_| !told && self.end.is_none()) else {
            return false;
        };
        // Where it cannot be watched, the next write tells.
        self.end = EndWatch::new(stream, cx.waker()).ok();
        let lost = self.is_lost();
        if lost {
            inner.machine.eof(Eof::Reset, now);
        }
        lost
    }

    /// The task has another waker than before: nothing that was registered holds.
    pub(crate) fn forget(&mut self, waker: &Waker) {
        self.alarm.clear();
        if let Some(end) = &self.end {
            end.set_waker(waker);
        }
    }

    /// Reads once, if the machine wants it and the socket has something. Waits
    /// for readability first: a read that finds nothing costs more.
    pub(crate) fn read(&mut self, inner: &mut State, cx: &mut Context<'_>, now: Now) {
        while !self.is_closed() && inner.machine.want().read {
            if self.input != Input::Likely {
                match self.socket.poll_readable(cx) {
                    Poll::Pending => {
                        self.input = Input::Awaited;
                        return;
                    }
                    Poll::Ready(Err(_)) => return inner.machine.eof(Eof::Reset, now),
                    Poll::Ready(Ok(())) => {}
                }
            }
            self.input = Input::Unknown;
            let Some(stream) = self.socket.stream() else { return };
            let room = inner.machine.read_buf();
            let size = room.len();
            match stream.read(room) {
                Moved::Bytes(count) => {
                    if count == size {
                        self.input = Input::Likely;
                    }
                    inner.idle = None;
                    inner.machine.filled(count, now);
                    return self.moved(inner, count);
                }
                Moved::Nothing => {}
                Moved::End => return inner.machine.eof(Eof::Clean, now),
                Moved::Lost => return inner.machine.eof(Eof::Reset, now),
            }
        }
    }

    /// Reads without waiting: what arrived before a graceful stop, or before a
    /// deadline, is still served.
    pub(crate) fn read_last(&mut self, inner: &mut State, cx: &mut Context<'_>, now: Now) {
        self.input = Input::Likely;
        // It may be more than one read takes.
        while self.input == Input::Likely && !self.is_closed() && inner.machine.want().read {
            self.read(inner, cx, now);
        }
    }

    /// Writes what there is, as far as the socket takes it; says whether it took any.
    pub(crate) fn write(&mut self, inner: &mut State, cx: &mut Context<'_>, now: Now) -> bool {
        let mut moved = false;
        loop {
            if self.output_full && self.socket.poll_writable(cx).is_pending() {
                return moved;
            }
            self.output_full = false;
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = inner.machine.output(&mut slices, now);
            let Some(stream) = self.socket.stream().filter(|_| used > 0) else {
                return moved;
            };
            match stream.write(&slices[..used]) {
                Moved::Bytes(count) => {
                    inner.machine.wrote(count, now);
                    self.poured(inner, count);
                    moved = true;
                }
                Moved::Nothing => self.output_full = true,
                Moved::End | Moved::Lost => {
                    // It takes no more: what is queued will not arrive.
                    inner.machine.eof(Eof::Reset, now);
                    return true;
                }
            }
        }
    }

    /// So many bytes were moved: who moves many may get more room.
    #[inline]
    fn moved(&mut self, inner: &mut State, count: usize) {
        if count >= BULK {
            self.budget.settle(&mut self.grant, &mut inner.machine, Need::More);
        }
    }

    /// So many bytes were written.
    #[inline]
    fn poured(&mut self, inner: &mut State, count: usize) {
        if count >= BULK {
            self.moved(inner, count);
            if self.poured.take(count) {
                self.socket.stream().into_iter().for_each(Stream::expect_more);
            }
        }
    }

    /// It is going to wait: what it has no use for is others'.
    #[inline]
    pub(crate) fn rest(&mut self, inner: &mut State) {
        if !self.grant.is_none() {
            let open = inner.machine.in_exchange();
            let need = if open { Need::Same } else { Need::Nothing };
            self.budget.settle(&mut self.grant, &mut inner.machine, need);
        }
    }

    /// Whether everything the machine wants is awaited.
    pub(crate) fn is_waiting(&self, want: Want) -> bool {
        self.is_closed()
            || want.close.is_some_and(|how| how != Close::Linger)
            || ((!want.read || self.input == Input::Awaited) && (!want.write || self.output_full))
    }

    /// Closes as the machine says; says whether the socket is closed.
    pub(crate) fn close(&mut self, want: Want) -> bool {
        match want.close {
            None => {}
            Some(Close::Graceful) => self.socket = Socket::Closed,
            Some(Close::Abort) => self.abort(),
            Some(Close::Linger) => self.half_close(),
        }
        self.is_closed()
    }

    /// Ends the sending half, once.
    fn half_close(&mut self) {
        let done = std::mem::replace(&mut self.half_closed, true);
        if let Some(stream) = self.socket.stream().filter(|_| !done) {
            stream.shut_writing();
        }
    }

    /// Closes so that the peer sees a reset.
    pub(crate) fn abort(&mut self) {
        if let Some(stream) = self.socket.stream() {
            stream.reset_on_close();
        }
        self.socket = Socket::Closed;
    }

    /// Has the task woken at the machine's deadline at the latest; says whether
    /// the connection is idle.
    pub(crate) fn arm(&mut self, inner: &mut State, cx: &Context<'_>, now: Now) -> bool {
        let deadline = inner.machine.deadline();
        if let Some((at, _)) = deadline {
            self.alarm.set(at, cx);
        }
        // Without any deadline, and without an exchange, it can be nothing else.
        let idle = matches!(deadline, None | Some((_, Why::Idle))) && !inner.machine.in_exchange();
        if idle {
            inner.idle.get_or_insert(now.mono);
        }
        idle
    }

    /// Has the task woken then at the latest.
    pub(crate) fn wake_at(&mut self, at: Mono, cx: &Context<'_>) {
        self.alarm.set(at, cx);
    }
}

impl Drop for Link<'_> {
    fn drop(&mut self) {
        self.budget.release(&mut self.grant);
    }
}
