//! What ends a connection, of all that a peer can do: a rule or a limit; and what is said then.
//! What becomes of its exchanges `ending` decides.

use super::Connection;
use super::stream::Stream;
use crate::error::{CloseReason, ErrorCode, Fault};
use crate::h2::buckets::{Budget, Cap};
use crate::h2::errors::Violation;
use crate::h2::frame::write;
use crate::machine::{Close, Eof, Event};
use crate::time::Now;

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

impl Connection {
    /// The peer broke a rule, or met a limit, of the connection: GOAWAY, and nothing more.
    pub(super) fn die(&mut self, broken: Broken, now: Now) {
        let (code, debug, fault) = match broken {
            Broken::Rule(violation) => (violation.code(), violation.rule(), Fault::Http2Violation),
            Broken::Budget(budget) => {
                (ErrorCode::ENHANCE_YOUR_CALM, budget.name(), Fault::TooMuchAsked)
            }
            Broken::Cap(cap) => (ErrorCode::ENHANCE_YOUR_CALM, cap.name(), Fault::TooMuchAsked),
        };
        self.say_last(code, debug);
        let error = self.error_of(0, fault, None);
        self.events.push_back(Event::Failed { id: None, error });
        self.broken = Some(fault);
        let is_whole = |stream: &Stream| stream.reply.is_final && stream.inbox.ended;
        let whole = self.streams.iter().any(|(_, _, stream)| is_whole(stream));
        if self.role.is_client() && self.eof.is_none() && whole {
            // It is read, whatever came behind it.
            return self.end_of_input(Eof::Clean, now);
        }
        self.close(CloseReason::Fault(fault), Close::Linger, now);
    }

    pub(super) fn say_goodbye(&mut self, code: ErrorCode, debug: &str) {
        // A server begins nothing with a client.
        let last = match self.last {
            _ if self.role.is_client() => 0,
            Some(last) => last,
            None => self.streams.last(),
        };
        self.say(|text| write::go_away(text, last, code, debug.as_bytes()));
    }

    /// Says goodbye where all exchanges end. A request that a client has not written is not written
    /// any more, so that it can be sent again elsewhere; in the middle of a frame nothing else is said.
    pub(super) fn say_last(&mut self, code: ErrorCode, debug: &str) {
        let is_unsent = |stream: &Stream| self.written <= stream.reply.begins;
        if self.role.is_client() && self.streams.iter().any(|(_, _, s)| is_unsent(s)) {
            self.out.clear();
        } else {
            self.say_goodbye(code, debug);
        }
    }
}
