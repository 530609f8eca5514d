//! How many threads a server should have at work, and which of them have a use for a core.
//! Decides of plain numbers; who looks at the threads, and calls or dismisses some, is
//! the adapter on threads.
//!
//! A thread that waits for a core holds the connection it serves, and serves nobody:
//! with ten more threads than cores a connection waits for ten turns of the scheduler,
//! of some milliseconds each. So there are more threads only where those that are
//! there wait for something else.

use std::fs;

/// So many looks without progress, and threads that only compute get company.
const PATIENCE: u32 = 10;

/// What was seen of the threads of a server of which none waits for work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// So many threads can run at once.
    pub cores: usize,
    /// Threads that run, or could if they had a core; `None` if that is not known.
    pub runnable: Option<usize>,
    /// Those of them that have taken up several connections lately.
    pub brisk: usize,
    /// Connections that wait for a thread.
    pub queued: usize,
    /// Looks in a row in which nothing was taken up.
    pub still: u32,
}

/// What is to be done about the number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staff {
    /// They are as many as they should be.
    Keep,
    /// So many more are of use.
    Call(usize),
    /// So many only wait for a core that another one has.
    Dismiss(usize),
}

impl Look {
    /// What is to be done.
    ///
    /// ```
    /// use purlin_net::{Look, Staff};
    /// // Both threads sleep in their handlers, and six connections wait.
    /// let look = Look { cores: 2, runnable: Some(0), queued: 6, still: 1, ..Look::default() };
    /// assert_eq!(look.decide(), Staff::Call(3));
    /// ```
    pub fn decide(&self) -> Staff {
        if self.brisk > self.cores {
            return Staff::Dismiss(self.brisk - self.cores);
        }
        // Half of what waits: the rest may be served by those who are called first.
        let half = self.queued.div_ceil(2).max(1);
        match self.runnable {
            Some(runnable) if runnable >= self.cores => match self.still {
                // Handlers that compute for long share the cores with the others.
                still if still > 0 && still % PATIENCE == 0 => Staff::Call(half.min(self.cores)),
                _ => Staff::Keep,
            },
            _ if self.still > 0 => Staff::Call(half),
            // They get on, and a core is idle all the same.
            Some(_) if self.queued > 0 => Staff::Call(self.queued.div_ceil(8)),
            _ => Staff::Keep,
        }
    }
}

/// A thread of this process, to be looked at by others.
#[derive(Debug)]
pub struct Watched {
    /// Where the system tells of it, if it does.
    path: Option<String>,
}

impl Watched {
    /// The thread that calls.
    pub fn this_thread() -> Watched {
        let link = fs::read_link("/proc/thread-self").ok();
        let path = link.and_then(|link| Some(format!("/proc/{}/stat", link.to_str()?)));
        Watched { path }
    }

    /// Whether it runs, or would if it had a core; `None` if the system does not tell.
    pub fn is_runnable(&self) -> Option<bool> {
        let stat = fs::read(self.path.as_ref()?).ok()?;
        state(&stat).map(|state| state == b'R')
    }
}

/// A thread's state in `/proc/PID/task/TID/stat`: behind its name, which stands in
/// parentheses and may have some.
fn state(stat: &[u8]) -> Option<u8> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(name_end + 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Staff::{Call, Dismiss, Keep};

    #[test]
    fn threads_are_called_where_a_core_is_idle_and_dismissed_where_they_wait_for_one() {
        let unknown = None;
        #[rustfmt::skip]
        let cases = [
            // cores, runnable, brisk, queued, still
            (1, Some(1), 1, 63, 0, Keep,       "one core, and it is busy"),
            (1, Some(1), 0, 63, 3, Keep,       "the thread waits for the core: another would, too"),
            (1, Some(1), 0, 63, 10, Call(1),   "a handler computes for long"),
            (4, Some(4), 0, 63, 20, Call(4),   "four do"),
            (4, Some(4), 0, 63, 11, Keep,      "and have got company just now"),
            (1, Some(0), 0, 63, 1, Call(32),   "the handler waits for something else"),
            (2, Some(1), 0, 63, 1, Call(32),   "one does"),
            (2, Some(1), 1, 63, 0, Call(8),    "one does, and the other gets on"),
            (2, Some(0), 0, 0, 1, Call(1),     "nobody would take up what comes next"),
            (2, Some(0), 0, 0, 0, Keep,        "they get on, and nothing waits"),
            (2, Some(2), 2, 10, 0, Keep,       "two for two"),
            (2, Some(9), 9, 10, 0, Dismiss(7), "handlers no longer wait, and nine share two cores"),
            (1, Some(9), 1, 10, 0, Keep,       "eight compute, and one serves the others"),
            (2, unknown, 0, 63, 1, Call(32),   "nothing was taken up"),
            (2, unknown, 0, 63, 0, Keep,       "something was"),
        ];
        for (cores, runnable, brisk, queued, still, staff, why) in cases {
            let look = Look { cores, runnable, brisk, queued, still };
            assert_eq!(look.decide(), staff, "{why}");
        }
    }

    #[test]
    fn whatever_is_seen_the_change_is_within_what_waits_and_what_runs() {
        for cores in 1..4 {
            for runnable in [None, Some(0), Some(1), Some(5)] {
                for (brisk, queued, still) in [(0, 0, 0), (0, 7, 1), (1, 64, 10), (5, 512, 40)] {
                    let brisk = brisk.min(runnable.unwrap_or(0));
                    let look = Look { cores, runnable, brisk, queued, still };
                    match look.decide() {
                        Keep => {}
                        Call(count) => assert!(count >= 1 && count <= queued.max(1), "{look:?}"),
                        Dismiss(count) => assert!(brisk - count == cores, "{look:?}"),
                    }
                }
            }
        }
    }

    #[test]
    fn a_state_stands_behind_the_name_whatever_that_is() {
        assert_eq!(state(b"7 (purlin) S 1 7 7"), Some(b'S'));
        assert_eq!(state(b"7 (a) R (b) ) R 1"), Some(b'R'));
        assert_eq!(state(b"7 (purlin)"), None);
        assert_eq!(state(b""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn who_runs_is_told_from_who_sleeps() {
        assert_eq!(Watched::this_thread().is_runnable(), Some(true));
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            tell.send(Watched::this_thread()).unwrap();
            // Nothing is sent: it waits for the end of the sender.
            ended.recv().unwrap_err();
        });
        let watched = told.recv().unwrap();
        until(|| watched.is_runnable() == Some(false), "it waits, and is seen to run");
        drop(end);
        sleeper.join().unwrap();
        until(|| watched.is_runnable().is_none(), "it has ended, and is known yet");
    }

    /// Waits for what the system does a moment later.
    #[cfg(target_os = "linux")]
    fn until(so: impl Fn() -> bool, otherwise: &str) {
        let begun = std::time::Instant::now();
        while !so() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{otherwise}");
            std::thread::yield_now();
        }
    }
}
