//! What a client is given of the system: the time where nobody tells it, and work that is
//! done elsewhere or later. The engine has no clock, thread and timer of its own.

use crate::wire::Timer;
use purlin_core::{Mono, Now};
use std::future::{Future, poll_fn};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Wake, Waker};

/// Work that may block.
pub type Work = Box<dyn FnOnce() + Send>;

/// Work that is done now and then: told the time, it says when it is to be done again, or
/// that it is over.
pub type Chore = Box<dyn FnMut(Now) -> Option<Mono> + Send>;

/// A chore as a task: a future that does it, to be spawned, and the waker that
/// [`System::attend`] gives.
pub fn attended(
    mut chore: Chore,
    now: impl Fn() -> Now + Send,
    mut timer: impl Timer + Send,
) -> (impl Future<Output = ()> + Send, Waker) {
    let bell = Arc::new(Bell::default());
    let rung = bell.clone();
    let mut due = None;
    let task = poll_fn(move |cx| {
        rung.pool(cx.waker());
        loop {
            let timely = due.is_none_or(|at| timer.poll_until(at, cx).is_ready());
            if !rung.take() && !timely {
                return Poll::Pending;
            }
            due = Some(match chore(now()) {
                Some(at) => at,
                None => return Poll::Ready(()),
            });
        }
    });
    (task, bell.into())
}

/// Wakes the task of a chore.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Bell {
    /// It is this task that is woken. To be said before the bell is looked at.
    fn pool(&self, waker: &Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    fn take(&self) -> bool {
        self.rung.swap(false, SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        self.rung.store(true, SeqCst);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        task.into_iter().for_each(Waker::wake);
    }
}

/// The time, the environment, and who works: threads, or a simulated world.
pub trait System: Send + Sync {
    /// The time.
    fn now(&self) -> Now;

    /// The value of a variable of the environment; it has none unless this says so.
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    /// Has this work done where it may block, beside the caller; the name says by whom.
    ///
    /// # Errors
    /// Nobody can do it.
    fn spawn(&self, name: &str, work: Work) -> io::Result<()>;

    /// Has this chore done soon, but not within this call, and again whenever it says or its
    /// waker is woken, until it is over.
    ///
    /// # Errors
    /// Nobody can do it.
    fn attend(&self, name: &str, chore: Chore) -> io::Result<Waker>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Context;

    /// A timer whose instant a test sets.
    #[derive(Clone, Default)]
    struct Hand(Arc<Mutex<Mono>>);

    impl Timer for Hand {
        fn poll_until(&mut self, at: Mono, _: &mut Context<'_>) -> Poll<()> {
            if *self.0.lock().unwrap() >= at { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    #[test]
    fn a_chore_is_done_when_it_is_due_or_rung_for_until_it_is_over() {
        let (hand, done) = (Hand::default(), Arc::new(Mutex::new(0)));
        let counted = done.clone();
        let chore = Box::new(move |now: Now| {
            let mut done = counted.lock().unwrap();
            *done += 1;
            (*done < 4).then(|| now.mono + std::time::Duration::from_secs(5))
        });
        let clock = hand.clone();
        let now = move || Now::at(*clock.0.lock().unwrap(), 0);
        let (task, bell) = attended(chore, now, hand.clone());
        let (mut task, mut cx) = (pin!(task), Context::from_waker(Waker::noop()));
        let mut poll = |at| {
            *hand.0.lock().unwrap() = Mono::from_secs(at);
            (task.as_mut().poll(&mut cx).is_ready(), *done.lock().unwrap())
        };
        assert_eq!(poll(0), (false, 1));
        assert_eq!(poll(4), (false, 1));
        assert_eq!(poll(5), (false, 2));
        bell.wake_by_ref();
        assert_eq!(poll(6), (false, 3));
        assert_eq!(poll(9), (false, 3), "what it says last is what holds");
        assert_eq!(poll(11), (true, 4));
    }
}
