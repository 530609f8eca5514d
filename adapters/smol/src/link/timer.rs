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
mod tests {
    use super::*;
    use crate::clock;
    use futures_lite::future;
    use purlin_engine::Timer as _;
    use std::time::Duration;

    #[test]
    fn a_later_instant_is_waited_for_though_an_earlier_one_was_set() {
        let mut deadline = Deadline::default();
        let now = clock::now().mono;
        let [soon, later] = [5, 20].map(|millis| now + Duration::from_millis(millis));
        assert!(
            async_io::block_on(future::poll_once(future::poll_fn(|cx| {
                deadline.poll_until(soon, cx)
            })))
            .is_none()
        );
        async_io::block_on(future::poll_fn(|cx| deadline.poll_until(later, cx)));
        assert!(clock::now().mono >= later);
    }

    #[test]
    fn whoever_minds_the_timer_of_alarms_wakes_the_others() {
        let alarms = purlin_engine::served::Alarms::new(clock::now);
        let mut alarm = Alarm::new(&alarms);
        for millis in [20, 10, 30] {
            let due = clock::now().mono + Duration::from_millis(millis);
            let waiting = future::poll_fn(|cx| alarm.poll_until(due, cx));
            let mut timer = Deadline::default();
            async_io::block_on(future::or(waiting, alarms.ring(&mut timer)));
            assert!(clock::now().mono >= due);
        }
    }
}
