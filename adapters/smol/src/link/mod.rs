//! A connection's socket and its deadline, moved as the machine wants.
//! Decides nothing: it reads, writes, waits and closes when told.

mod socket;

use crate::alarms::{Alarm, Alarms};
use crate::shared::Inner;
use purlin_core::{Close, Eof, Machine, Mono, Now, Want, Why};
use purlin_host::{Moved, Stream};
pub(crate) use socket::Socket;
use std::io::IoSlice;
use std::task::{Context, Poll};

/// Slices given to one write.
const SLICES: usize = 16;

pub(crate) struct Link<'a> {
    socket: Socket,
    /// One for all deadlines.
    alarm: Alarm<'a>,
    input: Input,
    output_full: bool,
    half_closed: bool,
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
    pub(crate) fn new(stream: Stream, alarms: &'a Alarms) -> Link<'a> {
        Link {
            socket: Socket::Fresh(stream),
            alarm: Alarm::new(alarms),
            input: Input::Likely,
            output_full: false,
            half_closed: false,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.socket.is_closed()
    }

    /// The task was woken: what was awaited may be there.
    pub(crate) fn woken(&mut self, inner: &mut Inner, now: Now) {
        if self.input == Input::Awaited {
            self.input = Input::Unknown;
        }
        if self.alarm.has_rung(now.mono) {
            inner.machine.tick(now);
        }
    }

    /// The task has another waker than before: nothing that was registered holds.
    pub(crate) fn forget(&mut self) {
        self.alarm.clear();
    }

    /// Reads once, if the machine wants it and the socket has something. Waits
    /// for readability first: a read that finds nothing costs more.
    pub(crate) fn read(&mut self, inner: &mut Inner, cx: &mut Context<'_>, now: Now) {
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
                    return inner.machine.filled(count, now);
                }
                Moved::Nothing => {}
                Moved::End => return inner.machine.eof(Eof::Clean, now),
                Moved::Lost => return inner.machine.eof(Eof::Reset, now),
            }
        }
    }

    /// Reads without waiting: what arrived before a graceful stop is still served.
    pub(crate) fn read_last(&mut self, inner: &mut Inner, cx: &mut Context<'_>, now: Now) {
        self.input = Input::Likely;
        self.read(inner, cx, now);
    }

    /// Writes what there is, as far as the socket takes it; says whether it took any.
    pub(crate) fn write(&mut self, inner: &mut Inner, cx: &mut Context<'_>, now: Now) -> bool {
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
    pub(crate) fn arm(&mut self, inner: &mut Inner, cx: &Context<'_>, now: Now) -> bool {
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
