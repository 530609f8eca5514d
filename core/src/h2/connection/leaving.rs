//! A graceful end, in two steps (RFC 9113 §6.8): the peer hears of it, and then no more is taken.
//! What ends a connection otherwise is `ending`'s.

use super::{Connection, Greeting};
use crate::error::ErrorCode;
use crate::h2::frame::settings::MAX_WINDOW;
use crate::h2::frame::write;
use crate::time::{Now, Why};
use std::time::Duration;

/// What the PING says behind which no more is taken.
pub(super) const LEAVING: [u8; 8] = *b"leaving.";

/// How long a client has to hear that we go.
const ROUND_TRIP: Duration = Duration::from_secs(1);

impl Connection {
    pub(super) fn begin_shutdown(&mut self, now: Now) {
        if self.ending.is_some() || self.last.is_some() || self.leaving.is_some() {
            return;
        }
        let until = now.mono + self.role.drain();
        // RFC 9113 §6.8: what a client has sent by the time that it hears of it is taken. A
        // server begins nothing, and who has not greeted us has sent nothing.
        if self.role.is_client() || self.greeting != Greeting::Done || self.eof.is_some() {
            self.timers.set(Why::Drain, until);
            return self.take_no_more(now);
        }
        self.say(|text| {
            write::go_away(text, MAX_WINDOW, ErrorCode::NO_ERROR, b"");
            write::ping(text, false, LEAVING);
        });
        self.leaving = Some(until);
        self.timers.set(Why::Drain, until.min(now.mono + ROUND_TRIP));
    }

    /// The peer knows that we go: what it begins from here on is not looked at.
    pub(super) fn take_no_more(&mut self, now: Now) {
        if let Some(until) = self.leaving.take() {
            self.timers.set(Why::Drain, until);
        }
        self.last = Some(self.streams.last());
        self.say_goodbye(ErrorCode::NO_ERROR, "");
        self.settle(now);
    }
}
