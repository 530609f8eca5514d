//! The time, from one clock for each thread.
//! Decides nothing; the core compares and keeps deadlines.

use purlin_core::Now;
use purlin_net::Clock;

/// The present.
pub(crate) fn now() -> Now {
    Clock::of_thread().last()
}
