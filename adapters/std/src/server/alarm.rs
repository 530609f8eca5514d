//! What wakes the timekeeper before its time.
//! Holds no time of its own.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A sleep without an end, in parts.
const LONG: Duration = Duration::from_secs(3600);

/// Wakes one thread that sleeps; a ring before it sleeps counts, too.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    asleep: AtomicBool,
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Alarm {
    /// Wakes the sleeper.
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    /// Wakes the sleeper; one that does not sleep, or only dozes, will look around
    /// by itself before it does.
    pub(crate) fn ring_if_asleep(&self) {
        if self.asleep.load(SeqCst) {
            self.ring();
        }
    }

    /// Sleeps for a moment, or until it rings.
    pub(crate) fn doze(&self, time: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(rung, time, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }

    /// Sleeps until it rings, or this time is over, unless there is something
    /// to do: that is asked once a ring would be heard.
    pub(crate) fn sleep(&self, time: Option<Duration>, something_to_do: impl FnOnce() -> bool) {
        self.asleep.store(true, SeqCst);
        if !something_to_do() {
            self.doze(time.unwrap_or(LONG));
        }
        self.asleep.store(false, SeqCst);
    }
}
