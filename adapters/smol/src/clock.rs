//! The clock that the machines are told: one monotonic reading, and the wall's second.
//! Decides nothing; the core compares and keeps deadlines.

use purlin_core::{Mono, Now};
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What was read of the wall clock, and until when it holds.
#[derive(Clone, Copy)]
struct Wall {
    unix: u64,
    /// The wall clock's next second begins here.
    until: Mono,
}

thread_local! {
    static WALL: Cell<Wall> = const { Cell::new(Wall { unix: 0, until: Mono::ZERO }) };
}

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// The present. Reads the wall clock only when its second may have changed, so
/// a clock that is set is noticed within a second.
pub(crate) fn now() -> Now {
    let mono = Mono::ZERO + origin().elapsed();
    let wall = WALL.get();
    if mono < wall.until {
        return Now::at(mono, wall.unix);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_secs(1) - Duration::from_nanos(since.subsec_nanos().into());
    WALL.set(Wall { unix: since.as_secs(), until: mono + left });
    Now::at(mono, since.as_secs())
}

/// The instant of a deadline, for a timer; `None` for one beyond what the clock can tell.
pub(crate) fn instant(at: Mono) -> Option<Instant> {
    origin().checked_add(Duration::from_nanos(at.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_second_is_the_system_clocks() {
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let first = now();
        let second = now();
        let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(before <= first.unix && first.unix <= second.unix && second.unix <= after);
        assert!(first.mono <= second.mono);
    }

    #[test]
    fn a_deadline_becomes_an_instant_and_the_end_of_time_never_comes() {
        let at = now().mono + Duration::from_secs(5);
        assert!(instant(at).unwrap() > Instant::now() + Duration::from_secs(4));
        // Where the platform's clock cannot tell it, there is no instant; both are fine.
        let _ = instant(Mono::from_nanos(u64::MAX));
    }
}
