//! The clock the machines are told the time from.
//! Decides nothing: a machine's deadlines are compared with it elsewhere.

use purlin_core::{Mono, Now};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const SECOND: u64 = 1_000_000_000;

/// Reads the monotonic clock at every look, and the wall clock only when its
/// second must have changed since.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    last: Now,
    /// When the wall clock shows the next second.
    next_second: u64,
}

impl Clock {
    /// A clock whose monotonic time began at `origin`.
    pub(crate) fn since(origin: Instant) -> Clock {
        let mut clock = Clock { origin, last: Now::default(), next_second: 0 };
        clock.look();
        clock
    }

    /// The time now.
    pub(crate) fn look(&mut self) -> Now {
        let passed = self.origin.elapsed();
        let nanos = passed.as_secs() * SECOND + u64::from(passed.subsec_nanos());
        if nanos >= self.next_second {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.last.unix = wall.as_secs();
            self.next_second = nanos + SECOND - u64::from(wall.subsec_nanos());
        }
        self.last.mono = Mono::from_nanos(nanos);
        self.last
    }

    /// The time of the last look.
    pub(crate) fn last(&self) -> Now {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_the_wall_clock_agrees() {
        let mut clock = Clock::since(Instant::now());
        let first = clock.last();
        let second = clock.look();
        assert!(second.mono >= first.mono);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(clock.look().unix.abs_diff(wall) <= 1);
    }
}
