//! The clock the machines are told the time from: one monotonic reading, and the wall's second.
//! Decides nothing: a machine compares and keeps deadlines.

use purlin_core::{Mono, Now};
use std::cell::RefCell;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where monotonic time begins, for the whole process.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::new(Clock::new());
}

/// A clock that reads the monotonic time at every look, and the wall clock only
/// when its second may have changed since, so that a clock that is set is
/// noticed within a second.
///
/// ```
/// use purlin_net::Clock;
/// let mut clock = Clock::new();
/// let first = clock.look();
/// assert!(clock.look().mono >= first.mono);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    last: Now,
    /// When the wall clock shows the next second.
    next_second: Mono,
}

impl Clock {
    /// A clock; all of them show the same time.
    pub fn new() -> Clock {
        let mut clock = Clock { last: Now::default(), next_second: Mono::ZERO };
        clock.look();
        clock
    }

    /// This thread's clock, looked at: it knows when the wall clock has to be read.
    pub fn of_thread() -> Clock {
        CLOCK.with_borrow_mut(|clock| {
            clock.look();
            *clock
        })
    }

    /// The time now.
    #[inline]
    pub fn look(&mut self) -> Now {
        let mono = Mono::ZERO + origin().elapsed();
        if mono >= self.next_second {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.last.unix = wall.as_secs();
            let rest = Duration::from_nanos(wall.subsec_nanos().into());
            self.next_second = mono + (Duration::from_secs(1) - rest);
        }
        self.last.mono = mono;
        self.last
    }

    /// The time of the last look.
    #[inline]
    pub fn last(&self) -> Now {
        self.last
    }

    /// The instant of a deadline, for a timer; `None` for one beyond what the system can tell.
    pub fn instant(at: Mono) -> Option<Instant> {
        origin().checked_add(Duration::from_nanos(at.as_nanos()))
    }
}

impl purlin_engine::Clock for Clock {
    #[inline]
    fn look(&mut self) -> Now {
        Clock::look(self)
    }

    #[inline]
    fn last(&self) -> Now {
        self.last
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_second_is_the_system_clocks() {
        let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let before = seconds();
        let mut clock = Clock::new();
        let (first, second) = (clock.last(), clock.look());
        assert!(before <= first.unix && first.unix <= second.unix && second.unix <= seconds());
        assert!(first.mono <= second.mono);
    }

    #[test]
    fn a_deadline_becomes_an_instant() {
        let at = Clock::new().look().mono + Duration::from_secs(5);
        assert!(Clock::instant(at).unwrap() > Instant::now() + Duration::from_secs(4));
    }
}
