//! A wire that smol's reactor waits for, with its timer; the same for servers and clients.
//! What moves through it, the engine decides.

mod socket;
mod timer;

use purlin_core::Mono;
use purlin_engine::{Moved, Ready, Timer, Wire};
use purlin_net::{EndWatch, Stream, untaken};
use socket::Socket;
use std::io::IoSlice;
use std::task::{Context, Poll};
pub(crate) use timer::Deadline;

/// A timer that may know whom it wakes.
pub(crate) trait Until: Timer {
    /// It is another task that is woken from now on.
    fn clear(&mut self) {}
}

/// A connection's socket and timer.
pub(crate) struct Reactor<T> {
    socket: Socket,
    timer: T,
    /// Tells that the connection is lost, where neither reading nor writing does.
    end: Option<EndWatch>,
}

impl<T> Reactor<T> {
    /// A socket whose calls do not wait.
    pub(crate) fn new(stream: Stream, timer: T) -> Reactor<T> {
        Reactor { socket: Socket::Fresh(stream), timer, end: None }
    }
}

impl<T> Wire for Reactor<T> {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        self.socket.stream().map_or(Moved::Lost, |stream| stream.read(room))
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        self.socket.stream().map_or(Moved::Lost, |stream| stream.write(slices))
    }

    fn shut_writing(&mut self) {
        self.socket.stream().into_iter().for_each(Stream::shut_writing);
    }

    fn untaken(&self) -> Option<usize> {
        self.socket.stream().and_then(untaken)
    }
}

impl<T: Until> Timer for Reactor<T> {
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.poll_until(at, cx)
    }
}

impl<T: Until> Ready for Reactor<T> {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A socket that cannot be watched is closed, and reading it tells that.
        self.socket.poll_readable(cx).map(drop)
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.socket.poll_writable(cx).map(drop)
    }

    fn poll_lost(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(stream) = self.socket.stream() else { return Poll::Ready(()) };
        if self.end.is_none() {
            // Where it cannot be watched, the next write tells.
            self.end = EndWatch::new(stream, cx.waker()).ok();
        }
        if stream.is_lost() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn set_waker(&mut self, cx: &mut Context<'_>) {
        self.timer.clear();
        self.end.iter().for_each(|end| end.set_waker(cx.waker()));
    }

    fn expect_more(&mut self) {
        self.socket.stream().into_iter().for_each(Stream::expect_more);
    }

    fn reset_on_drop(&mut self) {
        self.socket.stream().into_iter().for_each(Stream::reset_on_close);
    }
}
