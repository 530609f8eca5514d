//! Whether a request that failed is sent again on another connection (RFC 9110 §9.2.2).
//! Decides it and says why; it sends nothing.

use crate::error::Retry;
use crate::head::{Fields, Method};
use std::time::Duration;

/// The most times one request is sent, unless a policy says otherwise.
pub const ATTEMPTS: u32 = 3;

/// How long a request rests that was not taken twice; twice as long each time after that.
const REST: Duration = Duration::from_millis(50);

/// How long a request rests before it is sent again that has been sent so often and was not
/// taken: not at all after the first time, for it may have met a connection that was ending.
pub fn rest(attempts: u32) -> Duration {
    match attempts.checked_sub(2) {
        None => Duration::ZERO,
        Some(times) => REST.saturating_mul(2_u32.saturating_pow(times)),
    }
}

/// A request that failed, and what is known of it.
///
/// Whoever decides says all of it: one thing more would be another decision.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its fields: `Idempotency-Key` and `X-Idempotency-Key` make any method repeatable.
    pub fields: &'a Fields,
    /// Whether the connection had served an exchange before: only then may the
    /// peer have been closing it just as the request was sent.
    pub reused: bool,
    /// Whether a time limit has passed.
    pub timed_out: bool,
    /// Whether its body can be given again: there is none, or it is in memory.
    pub replayable: bool,
    /// What the machine says of it.
    pub fact: Retry,
    /// Whether any byte of the answer has come.
    pub answered: bool,
    /// Whether it has been sent over the older protocol since its server asked for that.
    pub downgraded: bool,
    /// How often it has been sent, this time included.
    pub attempts: u32,
}

/// Whether a request is sent again, and why, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Again: the peer has not acted on it.
    Unprocessed,
    /// Again, over the older protocol: the peer takes it there alone.
    OlderProtocol,
    /// Again: a kept connection had died, and asking twice is like asking once.
    Idempotent,
    /// Not: it has been sent as often as allowed.
    Exhausted,
    /// Not: its body cannot be given again.
    NotReplayable,
    /// Not: an answer had begun.
    Answered,
    /// Not: the connection was fresh, so the peer's failing is no accident of timing.
    Fresh,
    /// Not: it may have been acted on, and acting twice may not be like acting once.
    NotIdempotent,
    /// Not: the same would happen again.
    Useless,
    /// Not: it would wait as long once more.
    TimedOut,
}

impl Decision {
    /// Whether the request is sent again.
    pub fn is_again(self) -> bool {
        matches!(self, Decision::Unprocessed | Decision::OlderProtocol | Decision::Idempotent)
    }
}

/// Decides whether a failed request is sent again, at most `most` times in all.
///
/// ```
/// use purlin_core::{Fields, Method, Retry};
/// use purlin_core::policy::retry::{ATTEMPTS, Decision, Failed, decide};
/// let mut failed = Failed {
///     method: &Method::GET,
///     fields: &Fields::new(),
///     reused: true,
///     timed_out: false,
///     replayable: true,
///     fact: Retry::IfIdempotent,
///     answered: false,
///     downgraded: false,
///     attempts: 1,
/// };
/// assert_eq!(decide(&failed, ATTEMPTS), Decision::Idempotent);
/// failed.method = &Method::POST;
/// assert_eq!(decide(&failed, ATTEMPTS), Decision::NotIdempotent);
/// ```
pub fn decide(failed: &Failed<'_>, most: u32) -> Decision {
    let repeatable = is_repeatable(failed.method, failed.fields);
    let older = failed.fact == Retry::OlderProtocol;
    if failed.fact == Retry::Never || (older && failed.downgraded) {
        Decision::Useless
    } else if failed.timed_out {
        Decision::TimedOut
    } else if failed.answered {
        Decision::Answered
    } else if failed.attempts >= most {
        Decision::Exhausted
    } else if !failed.replayable {
        Decision::NotReplayable
    } else if older {
        Decision::OlderProtocol
    } else if failed.fact == Retry::Safe {
        Decision::Unprocessed
    } else if !failed.reused {
        Decision::Fresh
    } else if repeatable {
        Decision::Idempotent
    } else {
        Decision::NotIdempotent
    }
}

/// Whether asking twice is like asking once: the method is idempotent (RFC 9110 §9.2.2),
/// or the caller vouches that the peer can tell a repetition.
pub fn is_repeatable(method: &Method, fields: &Fields) -> bool {
    method.is_idempotent() || has_key(fields)
}

fn has_key(fields: &Fields) -> bool {
    fields.contains("Idempotency-Key") || fields.contains("X-Idempotency-Key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_case() {
        let none = Fields::new();
        let mut keyed = Fields::new();
        keyed.append("x-idempotency-key", "7").unwrap();
        let base = Failed {
            method: &Method::GET,
            fields: &none,
            reused: true,
            timed_out: false,
            replayable: true,
            fact: Retry::IfIdempotent,
            answered: false,
            downgraded: false,
            attempts: 1,
        };
        for (failed, answer) in [
            (base, Decision::Idempotent),
            (Failed { method: &Method::PUT, ..base }, Decision::Idempotent),
            (Failed { method: &Method::DELETE, ..base }, Decision::Idempotent),
            (Failed { method: &Method::POST, ..base }, Decision::NotIdempotent),
            (Failed { method: &Method::PATCH, ..base }, Decision::NotIdempotent),
            (Failed { method: &Method::POST, fields: &keyed, ..base }, Decision::Idempotent),
            (Failed { reused: false, ..base }, Decision::Fresh),
            (Failed { reused: false, fact: Retry::Safe, ..base }, Decision::Unprocessed),
            (Failed { method: &Method::POST, fact: Retry::Safe, ..base }, Decision::Unprocessed),
            (Failed { replayable: false, ..base }, Decision::NotReplayable),
            (Failed { replayable: false, fact: Retry::Safe, ..base }, Decision::NotReplayable),
            (Failed { answered: true, ..base }, Decision::Answered),
            (Failed { fact: Retry::Never, ..base }, Decision::Useless),
            (Failed { fact: Retry::OlderProtocol, ..base }, Decision::OlderProtocol),
            (Failed { fact: Retry::OlderProtocol, downgraded: true, ..base }, Decision::Useless),
            (Failed { fact: Retry::OlderProtocol, reused: false, ..base }, Decision::OlderProtocol),
            (
                Failed { fact: Retry::OlderProtocol, replayable: false, ..base },
                Decision::NotReplayable,
            ),
            (Failed { fact: Retry::Safe, downgraded: true, ..base }, Decision::Unprocessed),
            (Failed { timed_out: true, ..base }, Decision::TimedOut),
            (Failed { timed_out: true, fact: Retry::Safe, ..base }, Decision::TimedOut),
            (Failed { attempts: 2, ..base }, Decision::Idempotent),
            (Failed { attempts: 3, ..base }, Decision::Exhausted),
            (Failed { attempts: 3, fact: Retry::Safe, ..base }, Decision::Exhausted),
        ] {
            assert_eq!(decide(&failed, ATTEMPTS), answer, "{failed:?}");
            use Decision::{Idempotent, OlderProtocol, Unprocessed};
            let again = matches!(answer, Unprocessed | OlderProtocol | Idempotent);
            assert_eq!(answer.is_again(), again);
        }
    }

    #[test]
    fn what_is_not_taken_rests_longer_each_time_but_the_first() {
        for (attempts, millis) in [(0, 0), (1, 0), (2, 50), (3, 100), (4, 200), (7, 1600)] {
            assert_eq!(rest(attempts), Duration::from_millis(millis), "{attempts}");
        }
        assert!(rest(u32::MAX) > rest(30));
    }
}
