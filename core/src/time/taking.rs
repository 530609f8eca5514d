//! How a peer does that takes output, through a system that takes it first.
//!
//! A system takes megabytes at once, and more only when much of that is gone. So
//! what was written says little of the peer; what the system still has, says it.

use super::{Mono, Pace, Rate};
use std::time::Duration;

/// A [`Pace`] for output. Bytes that were written count as taken until a driver
/// tells how many of them the system still has; from there the waiting is
/// counted anew, with what the peer has taken.
///
/// A peer's system tells of what was read in steps too, which may be large: who
/// was seen to take something is waited for twice as long as it takes at most
/// otherwise, or twice as long as the last step took, if it has paid for that.
#[derive(Clone, Debug)]
pub(crate) struct Taking {
    pace: Pace,
    /// The level, if nothing counts but what the peer has taken.
    sure: u64,
    /// Nanoseconds of waiting since the peer was last seen to take something.
    quiet: u64,
    /// Bytes that the system had when that was last told.
    ahead: u64,
    /// Bytes that were written since.
    given: u64,
}

impl Taking {
    pub(crate) fn new(rate: Rate) -> Taking {
        let pace = Pace::new(rate);
        Taking { sure: pace.grace, pace, quiet: 0, ahead: 0, given: 0 }
    }

    /// As [`Pace::wait`].
    pub(crate) fn wait(&mut self, now: Mono) -> Option<Mono> {
        self.pace.wait(now)
    }

    /// So many bytes were written.
    pub(crate) fn wrote(&mut self, bytes: usize, now: Mono) {
        self.pay(now);
        self.pace.moved(bytes, now);
        self.given = self.given.saturating_add(bytes as u64);
    }

    /// As [`Pace::rest`].
    pub(crate) fn rest(&mut self, now: Mono) {
        self.pay(now);
        self.pace.rest(now);
    }

    /// As [`Pace::restart`].
    pub(crate) fn restart(&mut self) {
        self.pace.restart();
        (self.sure, self.quiet) = (self.pace.grace, 0);
    }

    fn pay(&mut self, now: Mono) {
        let waited = self.pace.pay(now);
        self.sure = self.sure.saturating_sub(waited);
        self.quiet = self.quiet.saturating_add(waited);
    }

    /// The system still has so many bytes of what was written. Says what time the
    /// peer has earned by taking what the system had before.
    pub(crate) fn untaken(&mut self, bytes: usize, now: Mono) -> Duration {
        self.pay(now);
        let knew = self.ahead > 0 || bytes > 0;
        let had = self.ahead.saturating_add(std::mem::take(&mut self.given));
        self.ahead = (bytes as u64).min(had);
        let taken = had - self.ahead;
        if self.pace.per_byte == 0 {
            return if taken > 0 && knew { Duration::MAX } else { Duration::ZERO };
        }
        let earned = self.pace.worth(taken);
        if taken > 0 {
            let most = self.pace.most.max(self.quiet).saturating_mul(2);
            self.sure = self.sure.saturating_add(earned).min(most);
            self.quiet = 0;
        }
        self.pace.level = self.sure.min(self.pace.most);
        // What was never seen to wait may have been taken at once.
        if knew { Duration::from_nanos(earned) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        bytes_per_second: 100,
        grace: Duration::from_secs(5),
        burst: Duration::from_secs(10),
    };

    const fn at(seconds: u64) -> Mono {
        Mono::from_secs(seconds)
    }

    /// When a peer is late that takes so many bytes each time that this many
    /// seconds are over, of a queue that is never empty; each deadline is looked at.
    fn late(step: usize, every: u64, until: u64) -> Option<u64> {
        let (mut taking, mut now) = (Taking::new(RATE), at(0));
        taking.wait(now);
        taking.wrote(4_000_000, now);
        while let Some(due) = taking.wait(now).filter(|due| *due < at(until)) {
            now = due;
            let seconds = now.as_nanos() / 1_000_000_000;
            let taken = 100_000 + step * usize::try_from(seconds / every).unwrap();
            taking.untaken(4_000_000 - taken, now);
            if taking.wait(now).is_some_and(|due| due <= now) {
                return Some(seconds);
            }
        }
        None
    }

    #[test]
    fn a_peer_is_late_by_what_it_takes_and_not_by_what_the_system_does() {
        for (step, every, expected) in [
            (1000, 1, None),
            // Its system tells of it seldom.
            (20_000, 9, None),
            (20_000, 15, None),
            (20_000, 29, None),
            (2000, 19, None),
            // It took what its system has room for, and nothing more.
            (0, 1, Some(30)),
            // Too little in the long run.
            (900, 19, Some(48)),
            // Enough, but all at once, and too long ago.
            (100_000, 35, Some(30)),
        ] {
            assert_eq!(late(step, every, 1000), expected, "{step} bytes every {every} s");
        }
    }

    #[test]
    fn waiting_costs_what_is_sure_too_however_it_ends() {
        // By a write.
        let mut taking = Taking::new(RATE);
        taking.wait(at(0));
        taking.wrote(1000, at(0));
        taking.wrote(1, at(4));
        taking.untaken(1001, at(4));
        assert_eq!(taking.wait(at(4)), Some(at(5)));
        // By the last byte that is written.
        let mut taking = Taking::new(RATE);
        taking.wait(at(0));
        taking.wrote(1000, at(0));
        taking.rest(at(4));
        taking.wait(at(10));
        taking.untaken(1000, at(10));
        assert_eq!(taking.wait(at(10)), Some(at(11)));
        // Until it begins anew.
        taking.untaken(1000, at(20));
        taking.restart();
        taking.wait(at(30));
        taking.untaken(1000, at(30));
        assert_eq!(taking.wait(at(30)), Some(at(35)));
    }

    #[test]
    fn who_was_seen_to_take_something_is_waited_for_by_its_last_step() {
        let mut taking = Taking::new(RATE);
        taking.wait(at(0));
        taking.wrote(4_000_000, at(0));
        for step in 1..=10 {
            taking.untaken(4_000_000 - step * 20_000, at(9 * step as u64));
            // However much it has paid for, it is looked at again before long.
            assert_eq!(taking.wait(at(9 * step as u64)), Some(at(9 * step as u64 + 10)));
        }
        taking.untaken(3_800_000, at(100));
        assert_eq!(taking.wait(at(100)), Some(at(110)));
        taking.untaken(3_800_000, at(110));
        assert_eq!(taking.wait(at(110)), Some(at(110)), "20 s behind the last");
    }

    #[test]
    fn what_nobody_tells_counts_as_taken() {
        let mut taking = Taking::new(RATE);
        taking.wait(at(0));
        taking.wrote(4_000_000, at(0));
        assert_eq!(taking.wait(at(0)), Some(at(10)));
        taking.wrote(1, at(9));
        assert_eq!(taking.wait(at(9)), Some(at(10) + Duration::from_millis(10)));
    }

    #[test]
    fn what_was_written_is_taken_once() {
        let mut taking = Taking::new(RATE);
        taking.wait(at(0));
        taking.wrote(1000, at(0));
        assert_eq!(taking.untaken(1000, at(1)), Duration::ZERO);
        assert_eq!(taking.untaken(700, at(1)), Duration::from_secs(3));
        taking.wrote(300, at(1));
        assert_eq!(taking.untaken(900, at(1)), Duration::from_secs(1));
        assert_eq!(taking.untaken(5000, at(1)), Duration::ZERO, "more than there can be");
        assert_eq!(taking.untaken(0, at(1)), Duration::from_secs(9));
    }

    #[test]
    fn without_a_minimum_nobody_is_late() {
        let mut taking = Taking::new(Rate::UNLIMITED);
        taking.wrote(10, at(0));
        assert_eq!(taking.untaken(9, at(0)), Duration::MAX);
        assert_eq!(taking.wait(at(0)), None);
    }
}
