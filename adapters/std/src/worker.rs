//! A worker thread's life: it waits for any socket, and serves the connection
//! whose it is.
//! Decides nothing of the protocol; who waits how long is the timekeeper's.

use crate::crew::Member;
use crate::driver;
use crate::hub::Hub;
use crate::pool::BOREDOM;
use purlin_net::{ENDED, NUDGE};
use std::sync::Arc;
use std::time::Duration;

/// Serves connections until there is nothing to do for long, or the server has ended.
pub(crate) fn work(hub: &Arc<Hub>, member: &Member) {
    let mut ready = Vec::with_capacity(1);
    loop {
        let dismissed = hub.pool.is_dismissed();
        let queued = if dismissed { None } else { hub.pool.pop() };
        if let Some(conn) = queued {
            member.take();
            if hub.pool.queued() > 0 {
                hub.nudge();
            }
            hub.watch_over(|| driver::serve(conn));
            continue;
        }
        if hub.pool.has_ended() {
            // The next one wakes the one behind it.
            return hub.nudge();
        }
        if !hub.pool.stand_by(member, dismissed) {
            return;
        }
        match wait(hub, &mut ready) {
            Some(NUDGE) => {}
            Some(token) => attend(hub, member, token),
            None if hub.pool.has_too_many() => return,
            None => {}
        }
    }
}

/// Waits for something to be ready.
fn wait(hub: &Hub, ready: &mut Vec<u64>) -> Option<u64> {
    hub.pool.begin_waiting();
    // What was queued in this moment found nobody who waits.
    let at_once = hub.pool.queued() > 0 || hub.pool.has_ended();
    let waited = if at_once {
        ready.push(NUDGE);
        Ok(())
    } else {
        hub.poller.wait(ready, 1, Some(BOREDOM))
    };
    if hub.pool.end_waiting() {
        hub.alarm.ring_if_asleep();
    }
    if waited.is_err() {
        // Nothing is known to cause it: look around, and wait again.
        std::thread::sleep(Duration::from_millis(1));
        return Some(NUDGE);
    }
    ready.pop()
}

/// Does what this token asks for.
fn attend(hub: &Arc<Hub>, member: &Member, token: u64) {
    if let Some(conn) = hub.poller.ready(token) {
        member.take();
        hub.watch_over(|| driver::serve(conn));
        return;
    }
    if let Some(door) = hub.doors.knocked(token & !ENDED) {
        member.take();
        let accepted = hub.accept(door);
        hub.begin(accepted);
    }
}
