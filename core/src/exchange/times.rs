//! How long an exchange may take, and the phase that it is in.
//! Knows limits and instants; it is told the time, and waits for nothing.

use super::{Cause, Stretch};
use crate::error::Phase;
use crate::time::{Mono, Now};
use std::time::Duration;

/// The limits that run.
#[derive(Debug)]
pub(super) struct Times {
    /// Until when the whole may last, and how long that was.
    total: Option<(Mono, Duration)>,
    running: Option<Running>,
}

/// What is under way, when it began, and until when it may last.
#[derive(Clone, Copy, Debug)]
struct Running {
    what: What,
    from: Mono,
    until: Option<Mono>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Phase(Phase),
    /// A connection of which there may be no more is waited for.
    Turn,
}

impl Times {
    /// Those of an exchange that begins now.
    pub(super) fn new(total: Option<Duration>, now: Now) -> Times {
        Times { total: total.map(|limit| (now.mono + limit, limit)), running: None }
    }

    /// Until when the whole may last, and how long that was.
    pub(super) fn total(&self) -> Option<(Mono, Duration)> {
        self.total
    }

    /// A phase begins.
    pub(super) fn begin(&mut self, phase: Phase, limit: Option<Duration>, now: Now) {
        let until = limit.map(|limit| now.mono + limit);
        self.running = Some(Running { what: What::Phase(phase), from: now.mono, until });
    }

    /// The waiting for a connection begins, or goes on.
    pub(super) fn begin_turn(&mut self, limit: Duration, now: Now) {
        if !self.running.is_some_and(|running| running.what == What::Turn) {
            let until = Some(now.mono + limit);
            self.running = Some(Running { what: What::Turn, from: now.mono, until });
        }
    }

    /// Nothing is under way any more; says which phase was, and when.
    pub(super) fn end(&mut self, now: Now) -> Option<(Phase, Stretch)> {
        let Running { what, from, .. } = self.running.take()?;
        match what {
            What::Phase(phase) => Some((phase, Stretch { from, to: now.mono })),
            What::Turn => None,
        }
    }

    /// The phase that is under way.
    pub(super) fn phase(&self) -> Option<Phase> {
        self.running.map(|running| match running.what {
            What::Phase(phase) => phase,
            What::Turn => Phase::Connect,
        })
    }

    /// The first instant at which a limit has passed.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let running = self.running.and_then(|running| running.until);
        let total = self.total.map(|(at, _)| at);
        [running, total].into_iter().flatten().min()
    }

    /// The limit that has passed, if one has.
    pub(super) fn over(&self, now: Now) -> Option<Cause> {
        if let Some((_, limit)) = self.total.filter(|(at, _)| *at <= now.mono) {
            return Some(Cause::TotalTimeout(limit));
        }
        let Running { what, from, until } = self.running?;
        let limit = until.filter(|until| *until <= now.mono)?.since(from);
        Some(match what {
            What::Phase(_) => Cause::Timeout(limit),
            What::Turn => Cause::NoTurn(limit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        Now::at(Mono::from_secs(seconds), 0)
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_limit_that_passes_first_is_told() {
        let mut times = Times::new(Some(seconds(10)), at(0));
        assert_eq!((times.phase(), times.deadline()), (None, Some(at(10).mono)));
        times.begin(Phase::Dns, Some(seconds(3)), at(1));
        assert_eq!((times.phase(), times.deadline()), (Some(Phase::Dns), Some(at(4).mono)));
        assert!(times.over(at(3)).is_none());
        assert!(matches!(times.over(at(4)), Some(Cause::Timeout(limit)) if limit == seconds(3)));
        assert!(
            matches!(times.over(at(10)), Some(Cause::TotalTimeout(limit)) if limit == seconds(10))
        );
        times.begin(Phase::Send, None, at(5));
        assert_eq!(times.deadline(), Some(at(10).mono));
        let stretch = Stretch { from: at(5).mono, to: at(7).mono };
        assert_eq!(times.end(at(7)), Some((Phase::Send, stretch)));
        assert_eq!((times.end(at(8)), times.phase()), (None, None));
    }

    #[test]
    fn a_turn_is_waited_for_once_however_often_that_is_said() {
        let mut times = Times::new(None, at(0));
        times.begin_turn(seconds(30), at(0));
        times.begin_turn(seconds(30), at(20));
        assert_eq!((times.phase(), times.deadline()), (Some(Phase::Connect), Some(at(30).mono)));
        assert!(matches!(times.over(at(30)), Some(Cause::NoTurn(limit)) if limit == seconds(30)));
        assert_eq!(times.end(at(31)), None, "it is no part of connecting");
        times.begin_turn(seconds(30), at(40));
        assert_eq!(times.deadline(), Some(at(70).mono));
    }
}
