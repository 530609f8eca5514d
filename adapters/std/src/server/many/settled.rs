//! What follows once something was done with a connection that carries many exchanges: it is
//! told and written, and the poller knows when to look.
//! Runs no handler, and reads nothing.

use super::{By, Line};
use crate::server::conn::{NEVER, WARM};
use crate::server::line::Guard;
use crate::server::waiting::{For, patience};
use purlin_core::{Close, Id, Machine, Mono, Now, Why};
use purlin_net::Clock;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Context;
use std::time::Duration;

impl Line {
    /// Something was done with the machine: tells who waits for that, and writes.
    pub(crate) fn stir<'s>(&'s self, mut state: Guard<'s>, now: Now, by: By) {
        state = self.sort(state, now);
        if state.machine.want().write && self.write(&mut state, now).is_some() {
            state = self.sort(state, now);
        }
        self.let_rest(state, now);
        self.announce(by);
    }

    /// The same, but what there is to be written waits for the next answer of this batch, and
    /// no longer than until the timekeeper's next look.
    pub(super) fn defer<'s>(&'s self, state: Guard<'s>, now: Now) {
        let state = self.sort(state, now);
        self.let_rest(state, now);
        self.announce(By::Worker);
        let Some(many) = self.many.get() else { return };
        if !many.deferred.swap(true, SeqCst) {
            self.common.pool.defer(many.line.clone());
            self.common.alarm.ring_if_asleep();
        }
    }

    /// Writes what has waited for the next answer.
    pub(crate) fn catch_up(&self, now: Now) {
        let Some(many) = self.many.get() else { return };
        let state = self.lock();
        many.deferred.store(false, SeqCst);
        if state.machine.want().write {
            self.stir(state, now, By::Other);
        }
    }

    /// Nobody does more with the connection just now: whoever has it, or the poller, is told
    /// what has changed for it.
    fn let_rest(&self, state: Guard<'_>, now: Now) {
        let Some(many) = self.many.get() else { return };
        let closes = state.machine.want().close.is_some_and(|how| how != Close::Linger);
        let deadline = state.machine.deadline();
        let mut due = deadline.map_or(NEVER, |(at, _)| at);
        let unhurried = matches!(deadline, None | Some((_, Why::Idle)));
        let idles = unhurried && many.idle.load(SeqCst) == NEVER.as_nanos();
        let idles = idles && !state.machine.in_exchange();
        if idles {
            // What it holds is given back a moment later.
            due = due.min(now.mono + WARM);
        }
        let sooner = due.as_nanos() < many.due.load(SeqCst);
        if sooner {
            many.due.store(due.as_nanos(), SeqCst);
        }
        if idles {
            many.idle.store(now.mono.as_nanos(), SeqCst);
        }
        if closes {
            self.call();
        } else if sooner || idles {
            let wakes = self.common.poller.hasten(&self.place, due, idles.then_some(now.mono));
            if wakes {
                self.common.alarm.ring();
            }
        }
    }

    /// Has somebody attend to the connection.
    pub(crate) fn call(&self) {
        if let Some(conn) = self.common.poller.rouse(&self.place) {
            self.common.submit([conn]);
        }
    }

    /// What a thread does that waits for something of an exchange: it sees to it that what
    /// was done with the machine so far is told and written, and sleeps until it is woken.
    pub(crate) fn advance_many(&self, until: Option<Mono>, clock: &mut Clock) {
        let mut state = self.lock();
        let now = clock.last();
        self.obey(&mut state, now);
        self.stir(state, now, By::Other);
        std::thread::park_timeout(patience([until, None], now));
        clock.look();
    }

    /// Something was taken from the machine: what that lets the peer do is told at once.
    pub(crate) fn tell_taken(&self, now: Now) {
        let state = self.lock();
        if state.machine.want().write {
            self.stir(state, now, By::Other);
        }
    }

    /// The exchange waits for its client to go, or for so long; says whether it has.
    pub(crate) fn wait_cancelled(&self, id: Id, wait: Duration) -> bool {
        let until = Clock::of_thread().last().mono + wait;
        let poll = |cx: &Context<'_>, _| self.lock().poll_cancelled(id, cx);
        self.wait_until(For::Input, Some(until), poll).is_ready()
    }
}
