//! What a reactor wakes for a shared connection: whoever leads it at that moment.
//! Knows no connection.

use crate::sync::{Mutex, MutexGuard};
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};

/// A waker of a connection's own. It is given to the reactor instead of a task's, so that it
/// wakes whoever leads when the time comes.
#[derive(Default)]
pub(super) struct Bell(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    leader: Option<Waker>,
    /// It was rung, and nobody has moved the connection since.
    rung: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This one moves the connection now, and is woken when there is more to move.
    pub(super) fn answered_by(&self, waker: &Waker) {
        let mut ring = self.lock();
        ring.rung = false;
        if !ring.leader.as_ref().is_some_and(|known| known.will_wake(waker)) {
            ring.leader = Some(waker.clone());
        }
    }

    /// Whether there is something to move that nobody has come for.
    pub(super) fn is_rung(&self) -> bool {
        self.lock().rung
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Bell>) {
        let mut ring = self.lock();
        ring.rung = true;
        let leader = ring.leader.clone();
        drop(ring);
        leader.into_iter().for_each(Waker::wake);
    }
}
