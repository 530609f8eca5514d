//! Timers: smol's for one task, and a server's alarms for all of its connections.

use super::Until;
use async_io::Timer;
use purlin_core::Mono;
use purlin_engine::served::Alarm;
use purlin_net::Clock;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// One timer for all deadlines, set anew only to an earlier instant.
#[derive(Default)]
pub(crate) struct Deadline(Option<(Timer, Mono)>);

impl purlin_engine::Timer for Deadline {
    /// What was set to an earlier instant stays, and wakes in vain.
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.0.as_ref().is_none_or(|(_, set)| at < *set) {
                let Some(instant) = Clock::instant(at) else { return Poll::Pending };
                self.0 = Some((Timer::at(instant), at));
            }
            let Some((timer, set)) = &mut self.0 else { return Poll::Pending };
            ready!(Pin::new(timer).poll(cx));
            let has_come = *set >= at;
            self.0 = None;
            if has_come {
                return Poll::Ready(());
            }
        }
    }
}

/// It is told with each poll whom it wakes.
impl Until for Deadline {}

impl Until for Alarm<'_> {
    fn clear(&mut self) {
        self.take_back();
    }
}

#[cfg(test)]
mod tests;
