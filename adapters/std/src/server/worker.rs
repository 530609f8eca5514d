//! A worker thread's life: it waits for any socket, and serves the connection
//! whose it is.
//! Decides nothing of the protocol; who waits how long is the timekeeper's.

use crate::server::common::Common;
use crate::server::pool::{BOREDOM, Task};
use crate::server::{driver, many};
use purlin_net::Member;
use purlin_net::{ENDED, NUDGE};
use std::sync::Arc;
use std::time::Duration;

/// Serves connections until there is nothing to do for long, or the server has ended.
pub(crate) fn work(common: &Arc<Common>, member: &Member) {
    let mut ready = Vec::with_capacity(1);
    // It was called, perhaps for more than it takes up.
    let mut called = false;
    loop {
        let dismissed = common.pool.is_dismissed();
        let queued = if dismissed { None } else { common.pool.pop() };
        if let Some(task) = queued {
            member.take();
            let single = matches!(task, Task::Conn(_));
            if (std::mem::take(&mut called) || single) && common.pool.queued() > 0 {
                common.nudge();
            }
            match task {
                Task::Conn(conn) => common.watch_over(|| driver::serve(conn)),
                Task::Job(job) => common.watch_over(|| many::run(*job)),
            };
            continue;
        }
        if common.pool.has_ended() {
            // The next one wakes the one behind it.
            return common.nudge();
        }
        if !common.pool.stand_by(member, dismissed) {
            return;
        }
        match wait(common, &mut ready) {
            Some(NUDGE) => called = true,
            Some(token) => attend(common, member, token),
            None if common.pool.has_too_many() => return,
            None => {}
        }
    }
}

/// Waits for something to be ready.
fn wait(common: &Common, ready: &mut Vec<u64>) -> Option<u64> {
    common.pool.begin_waiting();
    // What was queued in this moment found nobody who waits.
    let at_once = common.pool.queued() > 0 || common.pool.has_ended();
    let waited = if at_once {
        ready.push(NUDGE);
        Ok(())
    } else {
        common.poller.wait(ready, 1, Some(BOREDOM))
    };
    if common.pool.end_waiting() {
        common.alarm.ring_if_asleep();
    }
    if waited.is_err() {
        // Nothing is known to cause it: look around, and wait again.
        std::thread::sleep(Duration::from_millis(1));
        return Some(NUDGE);
    }
    ready.pop()
}

/// Does what this token asks for.
fn attend(common: &Arc<Common>, member: &Member, token: u64) {
    if let Some(conn) = common.poller.ready(token) {
        member.take();
        common.watch_over(|| driver::serve(conn));
        return;
    }
    if let Some(listener) = common.listeners.knocked(token & !ENDED) {
        member.take();
        let accepted = common.accept(listener);
        common.begin(accepted);
    }
}
