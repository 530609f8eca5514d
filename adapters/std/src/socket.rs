//! A socket that gives up waiting in time for the machine's deadline.
//! Knows waiting; what the bytes mean, and what a deadline is for, is the machine's.

use purlin_engine::Moved;
use purlin_net::Stream;
use std::io::IoSlice;
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

/// A connected socket, and what its timeouts are set to.
///
/// One thread reads at a time, and one writes.
#[derive(Debug)]
pub(crate) struct Socket {
    /// `None` for an exchange without a wire.
    stream: Option<Stream>,
    read_wait: AtomicU64,
    write_wait: AtomicU64,
}

impl Socket {
    pub(crate) fn new(stream: Option<Stream>) -> Socket {
        Socket { stream, read_wait: AtomicU64::new(FOREVER), write_wait: AtomicU64::new(FOREVER) }
    }

    pub(crate) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// Reads, waiting at most about `wait` nanoseconds.
    pub(crate) fn read(&self, room: &mut [u8], wait: Option<u64>) -> Moved {
        let Some(stream) = &self.stream else {
            return Moved::End;
        };
        self.arm_read(stream, wait);
        let moved = stream.read(room);
        if moved == Moved::Nothing {
            self.read_wait.store(UNKNOWN, Relaxed);
        }
        moved
    }

    /// Reads what is there, without waiting.
    pub(crate) fn read_ready(&self, room: &mut [u8]) -> Moved {
        self.stream.as_ref().map_or(Moved::End, |stream| stream.read_ready(room))
    }

    /// Has the kernel end a read in time. Waking too early costs a look at the
    /// clock; a system call for every read costs more. So the wait is only
    /// shortened here, and lengthened when it has proved too short.
    fn arm_read(&self, stream: &Stream, wait: Option<u64>) {
        let set = self.read_wait.load(Relaxed);
        let Some(nanos) = wait else {
            if set == UNKNOWN && stream.set_read_timeout(None).is_ok() {
                self.read_wait.store(FOREVER, Relaxed);
            }
            return;
        };
        if set != UNKNOWN && set <= nanos / 1_000_000 {
            return;
        }
        let step = step(nanos);
        if set != step && stream.set_read_timeout(Some(Duration::from_millis(step))).is_ok() {
            self.read_wait.store(step, Relaxed);
        }
    }

    /// Writes, waiting for a moment; after [`Socket::wait_longer`], for that long.
    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> Moved {
        self.stream.as_ref().map_or(Moved::Lost, |stream| stream.write(slices))
    }

    /// Writes what the socket takes, without waiting.
    pub(crate) fn write_ready(&self, slices: &[IoSlice<'_>]) -> Moved {
        self.stream.as_ref().map_or(Moved::Lost, |stream| stream.write_ready(slices))
    }

    /// Begins a run of writes.
    pub(crate) fn begin_write(&self) {
        self.set_write_wait(FIRST_WRITE);
    }

    /// A write took its time: the next one may take about `wait` nanoseconds.
    pub(crate) fn wait_longer(&self, wait: Option<u64>) {
        self.set_write_wait(wait.map_or(LONGEST_WRITE, |nanos| step(nanos).min(LONGEST_WRITE)));
    }

    /// The next write may take so many nanoseconds at the most.
    pub(crate) fn hurry_write(&self, nanos: u64) {
        let set = self.write_wait.load(Relaxed);
        self.set_write_wait(step(nanos).min(set.max(1)));
    }

    fn set_write_wait(&self, millis: u64) {
        if self.write_wait.load(Relaxed) == millis {
            return;
        }
        let wait = Some(Duration::from_millis(millis));
        if self.stream.as_ref().is_some_and(|stream| stream.set_write_timeout(wait).is_ok()) {
            self.write_wait.store(millis, Relaxed);
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
}
