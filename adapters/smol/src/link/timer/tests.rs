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
