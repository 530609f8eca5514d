//! The cap on open connections: at the cap, whoever accepts waits.
//! Counts; knows nothing of what a connection is.

use futures_lite::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

pub(crate) struct Gate {
    most: usize,
    count: Mutex<Count>,
}

struct Count {
    inside: usize,
    waiting: Option<Waker>,
}

/// One connection's place; given back when dropped.
pub(crate) struct Permit(Arc<Gate>);

impl Gate {
    pub(crate) fn new(most: usize) -> Arc<Gate> {
        Arc::new(Gate { most, count: Mutex::new(Count { inside: 0, waiting: None }) })
    }

    /// Waits for a free place. One waits at a time.
    pub(crate) async fn enter(self: &Arc<Gate>) -> Permit {
        future::poll_fn(|cx| {
            let mut count = self.lock();
            if count.inside < self.most {
                count.inside += 1;
                return Poll::Ready(Permit(self.clone()));
            }
            count.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// How many are inside.
    pub(crate) fn inside(&self) -> usize {
        self.lock().inside
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut count = self.0.lock();
        count.inside -= 1;
        let waiting = count.waiting.take();
        drop(count);
        waiting.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_cap_one_waits_until_a_place_is_given_back() {
        let gate = Gate::new(2);
        let (first, _second) = future::block_on(async { (gate.enter().await, gate.enter().await) });
        let third = future::block_on(future::poll_once(gate.enter()));
        assert!(third.is_none());
        drop(first);
        assert!(future::block_on(future::poll_once(gate.enter())).is_some());
    }
}
