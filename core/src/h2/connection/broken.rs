//! What ends a whole connection: a rule, a token bucket, or a limit on one thing.
//! Holds which; what is said of it `ending` does.

use crate::h2::errors::Violation;
use crate::h2::purse::{Budget, Cap};

/// What ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A rule.
    Rule(Violation),
    /// A limit that has a token bucket.
    Budget(Budget),
    /// A limit on one thing.
    Cap(Cap),
}

impl From<Violation> for Broken {
    fn from(violation: Violation) -> Broken {
        Broken::Rule(violation)
    }
}

impl From<Budget> for Broken {
    fn from(budget: Budget) -> Broken {
        Broken::Budget(budget)
    }
}
