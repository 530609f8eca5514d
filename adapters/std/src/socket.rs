//! A blocking socket that gives up waiting in time for the machine's deadline.
//! Knows waiting and errors; what the bytes mean, and what a deadline is for, is the machine's.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long the first attempt at a write waits, in milliseconds, before the
/// machine's deadline is looked at: it is known only once a write has begun.
const FIRST_WRITE: u64 = 200;
/// The longest attempt at a write, in milliseconds: nothing but its end lets
/// a writer see that the server was told to end.
const LONGEST_WRITE: u64 = 1000;
/// What the kernel is set to is not known: set it anew.
const UNKNOWN: u64 = 0;
/// The kernel waits without end.
const FOREVER: u64 = u64::MAX;

/// How an attempt to read or write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// So many bytes moved, at least one.
    Bytes(usize),
    /// The peer sends nothing more.
    End,
    /// Nothing moved in the time given: look at the clock, and try again.
    Nothing,
    /// The connection is lost.
    Lost,
}

/// A connected socket, and what its timeouts are set to.
///
/// One thread reads at a time, and one writes.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    read_wait: AtomicU64,
    write_wait: AtomicU64,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Socket> {
        stream.set_nodelay(true)?;
        Ok(Socket {
            stream,
            read_wait: AtomicU64::new(FOREVER),
            write_wait: AtomicU64::new(FOREVER),
        })
    }

    /// Reads, waiting at most about `wait` nanoseconds.
    pub(crate) fn read(&self, room: &mut [u8], wait: Option<u64>) -> Moved {
        self.arm_read(wait);
        let moved = moved(|| (&self.stream).read(room));
        self.heed(moved)
    }

    /// Waits like [`Socket::read`] and takes nothing: no buffer is needed meanwhile.
    pub(crate) fn wait(&self, wait: Option<u64>) -> Moved {
        self.arm_read(wait);
        let moved = moved(|| self.stream.peek(&mut [0]));
        self.heed(moved)
    }

    /// Reads what is there, without waiting.
    pub(crate) fn read_ready(&self, room: &mut [u8]) -> Moved {
        if self.stream.set_nonblocking(true).is_err() {
            return Moved::Nothing;
        }
        let moved = moved(|| (&self.stream).read(room));
        match self.stream.set_nonblocking(false) {
            Ok(()) => moved,
            Err(_) => Moved::Lost,
        }
    }

    fn heed(&self, moved: Moved) -> Moved {
        if moved == Moved::Nothing {
            self.read_wait.store(UNKNOWN, Relaxed);
        }
        moved
    }

    /// Has the kernel end a read in time. Waking too early costs a look at the
    /// clock; a system call for every read costs more. So the wait is only
    /// shortened here, and lengthened when it has proved too short.
    fn arm_read(&self, wait: Option<u64>) {
        let set = self.read_wait.load(Relaxed);
        let Some(nanos) = wait else {
            if set == UNKNOWN && self.stream.set_read_timeout(None).is_ok() {
                self.read_wait.store(FOREVER, Relaxed);
            }
            return;
        };
        if set != UNKNOWN && set <= nanos / 1_000_000 {
            return;
        }
        let step = step(nanos);
        if set != step && self.stream.set_read_timeout(Some(Duration::from_millis(step))).is_ok() {
            self.read_wait.store(step, Relaxed);
        }
    }

    /// Writes, waiting for a moment; after [`Socket::wait_longer`], for that long.
    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> Moved {
        moved(|| match slices {
            [one] => (&self.stream).write(one),
            _ => (&self.stream).write_vectored(slices),
        })
    }

    /// Begins a run of writes.
    pub(crate) fn begin_write(&self) {
        self.set_write_wait(FIRST_WRITE);
    }

    /// A write took its time: the next one may take about `wait` nanoseconds.
    pub(crate) fn wait_longer(&self, wait: Option<u64>) {
        self.set_write_wait(wait.map_or(LONGEST_WRITE, |nanos| step(nanos).min(LONGEST_WRITE)));
    }

    fn set_write_wait(&self, millis: u64) {
        if self.write_wait.load(Relaxed) == millis {
            return;
        }
        if self.stream.set_write_timeout(Some(Duration::from_millis(millis))).is_ok() {
            self.write_wait.store(millis, Relaxed);
        }
    }

    /// Sends nothing more.
    pub(crate) fn shut_writing(&self) {
        // An error says that the peer is gone, which the next read tells as well.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends a read that waits; what has arrived can still be read.
    pub(crate) fn wake_reader(&self) {
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// Ends the connection although somebody still holds the socket.
    pub(crate) fn shut_both(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Whether both sides have closed, as far as the system knows: it has no peer any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.stream.peer_addr().is_err()
    }

    /// Has the close of the socket tell the peer that something went wrong.
    pub(crate) fn reset_on_close(&self) {
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// Tries, again after each signal.
fn moved(mut attempt: impl FnMut() -> io::Result<usize>) -> Moved {
    loop {
        match attempt() {
            Ok(0) => return Moved::End,
            Ok(count) => return Moved::Bytes(count),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock | ErrorKind::TimedOut => return Moved::Nothing,
                _ => return Moved::Lost,
            },
        }
    }
}

/// How long to wait in one go for a deadline `nanos` away, in milliseconds: a
/// power of two, so that a deadline that moves a little asks for no new
/// setting; the rest at the end.
fn step(nanos: u64) -> u64 {
    let millis = nanos.div_ceil(1_000_000).max(1);
    if millis <= 128 { millis } else { 1 << millis.ilog2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_never_pass_the_deadline_by_more_than_a_millisecond() {
        for nanos in [0, 1, 999_999, 5_000_000, 128_000_001, 4_900_000_000, 75_000_000_000] {
            assert!(step(nanos) >= 1);
            assert!(step(nanos) * 1_000_000 <= nanos + 1_000_000, "{nanos}");
            assert!(step(nanos) * 3_000_000 > nanos, "{nanos}: within few steps");
        }
    }

    #[test]
    fn timeouts_are_no_losses_and_a_signal_is_nothing_at_all() {
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            assert_eq!(moved(|| Err(kind.into())), Moved::Nothing);
        }
        assert_eq!(moved(|| Err(ErrorKind::ConnectionReset.into())), Moved::Lost);
        let mut attempts = vec![Ok(0), Err(ErrorKind::Interrupted.into())];
        assert_eq!(moved(|| attempts.pop().unwrap_or(Ok(1))), Moved::End);
    }
}
