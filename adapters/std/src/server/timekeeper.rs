//! The thread that keeps a server's time.
//! It finds whose deadline has come, and helps where every worker is busy. It moves no
//! byte, so that no peer can hold it up, but of connections that carry many exchanges: that
//! never waits, and workers may be kept by what those bring.

use crate::server::common::Common;
use crate::server::conn::Conn;
use crate::server::many::{self, By};
use purlin_net::{Clock, ENDED};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How long a socket may be ready before somebody has to look after it.
const TICK: Duration = Duration::from_millis(1);
/// So many ticks without anything to do, and there are none for a while.
const PATIENCE: u32 = 20;
/// Sockets whose readiness is taken at a time, where no worker waits.
const BATCH: usize = 64;

/// Keeps time until the server was told to end and nobody is left.
pub(super) fn keep(common: Arc<Common>) {
    let mut keeper = Timekeeper { common, clock: Clock::new(), seen: Seen::default() };
    keeper.run();
    keeper.end();
}

struct Timekeeper {
    common: Arc<Common>,
    clock: Clock,
    seen: Seen,
}

/// What the timekeeper saw of the pool at its last look.
#[derive(Default)]
struct Seen {
    emptied: usize,
    /// No thread waited, and what they do is looked at.
    busy: bool,
    /// Looks since anything changed.
    quiet: u32,
    stopped: bool,
}

impl Timekeeper {
    /// Keeps time until the server was told to end and nobody is left.
    fn run(&mut self) {
        loop {
            let now = self.clock.look().mono;
            for conn in self.common.poller.expired(now) {
                self.expire(conn);
            }
            for line in self.common.pool.take_deferred().iter().filter_map(Weak::upgrade) {
                self.common.watch_over(|| line.catch_up(self.clock.last()));
            }
            if !self.common.control.running() {
                self.stop();
                if self.common.control.aborting() || self.common.control.is_empty() {
                    return;
                }
            }
            for listener in self.common.listeners.overdue(now) {
                let accepted = self.common.accept(listener);
                self.common.begin(accepted);
            }
            if self.common.pool.has_waiting() {
                self.seen.busy = false;
                // What a worker has queued for itself, and is long in coming to.
                if self.common.pool.queued() > 0 {
                    self.common.nudge();
                }
            } else {
                self.relieve();
            }
            self.sleep();
        }
    }

    fn sleep(&mut self) {
        let now = self.clock.look().mono;
        let (pool, poller) = (&self.common.pool, &self.common.poller);
        let emptied = pool.emptied().wrapping_add(pool.jobs());
        let busy = std::mem::replace(&mut self.seen.emptied, emptied) != emptied;
        self.seen.quiet = if busy { 0 } else { self.seen.quiet.saturating_add(1) };
        // Ticking costs less than being woken whenever the last worker is taken.
        let ticks = self.seen.quiet < PATIENCE || !pool.has_waiting();
        let until =
            [poller.begin_waiting(), self.common.listeners.due()].into_iter().flatten().min();
        let time = until.map(|until| until.since(now));
        if ticks {
            self.common.alarm.doze(time.map_or(TICK, |time| time.min(TICK)));
        } else {
            self.common.alarm.sleep(time, || !pool.has_waiting() || pool.has_more());
        }
        poller.end_waiting();
    }

    /// Looks after a connection whose time has come: most are closed, or only
    /// give back their buffers.
    fn expire(&self, mut conn: Box<Conn>) {
        self.common.watch_over(|| {
            let wish = conn.expire();
            self.common.settle(conn, wish);
        });
    }

    /// No worker waits: takes what is ready into the queue, which costs the
    /// workers less than to ask the system one by one, and has more of them work, or
    /// fewer, if that is of use.
    fn relieve(&mut self) {
        let pool = &self.common.pool;
        while let Some(conn) = pool.pop_many() {
            self.attend(conn);
        }
        let mut ready = Vec::new();
        if !pool.is_full() {
            // An error would come to the workers as well.
            let _ = self.common.poller.wait(&mut ready, BATCH, Some(Duration::ZERO));
        }
        let mut found = Vec::new();
        for token in ready {
            if let Some(listener) = self.common.listeners.knocked(token & !ENDED) {
                let accepted = self.common.accept(listener);
                self.common.begin(accepted);
            } else if let Some(conn) = self.common.poller.ready(token) {
                if conn.is_many() {
                    self.attend(conn);
                } else {
                    found.push(conn);
                }
            }
        }
        self.common.submit(found);
        if std::mem::replace(&mut self.seen.busy, true) {
            pool.look(&self.common);
        } else {
            pool.begin_looking();
        }
    }

    /// Every worker is kept by something, perhaps by what this connection brings.
    fn attend(&self, conn: Box<Conn>) {
        self.common.watch_over(|| many::attend(conn, By::Other));
    }

    /// The server was told to end: what was accepted by the system is let in,
    /// so that it is answered or closed in order, and all who wait are told.
    fn stop(&mut self) {
        if std::mem::replace(&mut self.seen.stopped, true) {
            return;
        }
        let common = &self.common;
        let has_room = || common.has_room() && !common.control.aborting();
        let mut accepted = Vec::new();
        common.listeners.close(has_room, |socket| accepted.extend(common.welcome(socket)));
        accepted.extend(common.poller.stop());
        common.submit(accepted);
    }

    /// Nobody is served any more.
    fn end(&mut self) {
        self.common.listeners.close(|| false, drop);
        for mut conn in self.common.poller.end() {
            self.common.watch_over(|| conn.finish());
        }
        let left = self.common.pool.end();
        self.common.poller.nudge();
        for task in left {
            self.common.watch_over(|| drop(task));
        }
    }
}

#[cfg(test)]
mod tests;
