//! The time, from one clock for each thread.
//! Decides nothing; the core compares and keeps deadlines.

use purlin_core::Now;
use purlin_host::Clock;
use std::cell::RefCell;

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::new(Clock::new());
}

/// The present.
pub(crate) fn now() -> Now {
    CLOCK.with_borrow_mut(Clock::look)
}
