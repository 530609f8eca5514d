//! A connection's socket and its deadline, moved as the machine wants.
//! Decides nothing: it reads, writes, waits and closes when told.

use crate::alarms::{Alarm, Alarms};
use crate::shared::Inner;
use async_io::Async;
use purlin_core::{Close, Eof, Machine, Now, Want};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::task::{Context, Poll};
use std::time::Duration;

/// Slices given to one write.
const SLICES: usize = 16;

pub(crate) struct Link<'a> {
    /// `None` once it is closed.
    socket: Option<Async<TcpStream>>,
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
    /// The last read was a full one: there is probably more.
    More,
    /// The task will be woken when there is some.
    Awaited,
}

impl<'a> Link<'a> {
    pub(crate) fn new(socket: Async<TcpStream>, alarms: &'a Alarms) -> Link<'a> {
        Link {
            socket: Some(socket),
            alarm: Alarm::new(alarms),
            input: Input::Unknown,
            output_full: false,
            half_closed: false,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.socket.is_none()
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
        let Some(socket) = &self.socket else { return };
        while inner.machine.want().read {
            if self.input != Input::More {
                match socket.poll_readable(cx) {
                    Poll::Pending => {
                        self.input = Input::Awaited;
                        return;
                    }
                    Poll::Ready(Err(_)) => return inner.machine.eof(Eof::Reset, now),
                    Poll::Ready(Ok(())) => {}
                }
            }
            self.input = Input::Unknown;
            let room = inner.machine.read_buf();
            let size = room.len();
            match socket.get_ref().read(room) {
                Ok(0) => return inner.machine.eof(Eof::Clean, now),
                Ok(count) => {
                    if count == size {
                        self.input = Input::More;
                    }
                    return inner.machine.filled(count, now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => self.input = Input::More,
                Err(_) => return inner.machine.eof(Eof::Reset, now),
            }
        }
    }

    /// Reads without waiting: what arrived before a graceful stop is still served.
    pub(crate) fn read_last(&mut self, inner: &mut Inner, cx: &mut Context<'_>, now: Now) {
        self.input = Input::More;
        self.read(inner, cx, now);
    }

    /// Writes what there is, as far as the socket takes it; says whether it took any.
    pub(crate) fn write(&mut self, inner: &mut Inner, cx: &mut Context<'_>, now: Now) -> bool {
        let Some(socket) = &self.socket else { return false };
        let mut moved = false;
        loop {
            if self.output_full && socket.poll_writable(cx).is_pending() {
                return moved;
            }
            self.output_full = false;
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = inner.machine.output(&mut slices, now);
            if used == 0 {
                return moved;
            }
            match write_slices(socket.get_ref(), &slices[..used]) {
                Ok(0) => return lost(inner, now),
                Ok(count) => {
                    inner.machine.wrote(count, now);
                    moved = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.output_full = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return lost(inner, now),
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
            Some(Close::Graceful) => self.socket = None,
            Some(Close::Abort) => self.abort(),
            Some(Close::Linger) => self.half_close(),
        }
        self.is_closed()
    }

    /// Ends the sending half, once.
    fn half_close(&mut self) {
        let done = std::mem::replace(&mut self.half_closed, true);
        if let Some(socket) = self.socket.as_ref().filter(|_| !done) {
            // A peer that is gone already cannot be told.
            let _ = socket.get_ref().shutdown(Shutdown::Write);
        }
    }

    /// Closes so that the peer sees a reset.
    pub(crate) fn abort(&mut self) {
        if let Some(socket) = self.socket.take() {
            // Without it the peer sees an ordinary close.
            let _ = socket2::SockRef::from(socket.get_ref()).set_linger(Some(Duration::ZERO));
        }
    }

    /// Has the task woken at the machine's deadline at the latest.
    pub(crate) fn arm(&mut self, inner: &Inner, cx: &Context<'_>) {
        if let Some((at, _)) = inner.machine.deadline() {
            self.alarm.set(at, cx);
        }
    }
}

fn write_slices(mut socket: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    match slices {
        [slice] => socket.write(slice),
        _ => socket.write_vectored(slices),
    }
}

/// The socket takes no more: what is queued will not arrive.
fn lost(inner: &mut Inner, now: Now) -> bool {
    inner.machine.eof(Eof::Reset, now);
    true
}
