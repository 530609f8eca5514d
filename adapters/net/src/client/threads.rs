//! The system that a client is given: the process's clock, and a thread for each work.

use crate::Clock;
use purlin_core::Now;
use purlin_engine::{Chore, System, Work};
use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

/// The clock of the process, and threads of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

impl System for Threads {
    fn now(&self) -> Now {
        Clock::of_thread().last()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn spawn(&self, name: &str, work: Work) -> io::Result<()> {
        thread::Builder::new().name(name.into()).spawn(work).map(drop)
    }

    fn attend(&self, name: &str, mut chore: Chore) -> io::Result<Waker> {
        let work = move || {
            let mut clock = Clock::new();
            while let Some(next) = chore(clock.look()) {
                thread::park_timeout(next.since(clock.look().mono));
            }
        };
        let begun = thread::Builder::new().name(name.into()).spawn(work)?;
        Ok(Waker::from(Arc::new(Unpark(begun.thread().clone()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_core::Mono;
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    #[test]
    fn a_chore_is_done_again_when_it_says_and_when_it_is_woken() {
        let (tell, told) = sync_channel(9);
        let mut times = vec![None, Some(Mono::ZERO + Duration::MAX), Some(Mono::ZERO)];
        let chore = move |now| {
            tell.send(now).unwrap();
            times.pop().unwrap()
        };
        let waker = Threads.attend("chore", Box::new(chore)).unwrap();
        let (first, second) = (told.recv().unwrap(), told.recv().unwrap());
        waker.wake();
        let third = told.recv().unwrap();
        assert!(first.mono <= second.mono && second.mono <= third.mono);
        assert!(told.recv().is_err(), "it is over");
    }
}
