//! What a pool learns from kept connections that turned out unfit, and does about it.

use super::habit::Habit;
use super::idle::Idle;
use super::{Kept, Need, Pool, Ticket};
use crate::error::{CloseReason, Fault};
use crate::machine::Reuse;
use crate::time::Mono;
use std::time::Duration;

impl<K: Clone + Ord, C> Pool<K, C> {
    /// Takes the idle connection of a host that is to be given next out of its row: the
    /// one that was used last. For what cannot be sent again it is the last of those that
    /// are safe enough, or of a host that is doubted, the one that has lived longest.
    pub(super) fn next_idle(&mut self, host: usize, need: Need, now: Mono) -> Option<usize> {
        let habit = self.habits.of(self.hosts.key(host), now);
        let row = &mut self.hosts[host].idle;
        if !(need.once || need.older) {
            return row.pop_back();
        }
        let lends = |at: &usize| {
            self.idle.get(*at).is_some_and(|idle| {
                let safe = !need.once || habit.lends(now.since(idle.since));
                safe && !(need.older && idle.shared)
            })
        };
        let place = if need.once && habit.ends {
            row.iter().position(lends)
        } else {
            row.iter().rposition(lends)
        };
        row.remove(place?)
    }

    /// The first who waits and may have a connection that comes right from an answer, and
    /// carries many exchanges at once or not.
    pub(super) fn first_for(&self, host: usize, habit: Habit, shared: bool) -> Option<Ticket> {
        let waiting = &self.hosts[host].waiting;
        let lends = habit.lends(Duration::ZERO);
        let may = |ticket: &&Ticket| {
            self.waiters
                .get(ticket)
                .is_some_and(|waits| (lends || !waits.once) && !(shared && waits.older))
        };
        let first = waiting.iter().find(may).copied();
        // Who needs one of another kind in its place comes first, if that one came before.
        first.filter(|first| !shared || self.in_need(host).is_none_or(|older| older > *first))
    }

    /// A connection that was given was looked at, and was not fit for a request: it had
    /// ended, or something had come that nobody asked for. Answers with what else is to be
    /// closed for that. It still counts: say [`Pool::closed`].
    pub fn found_unfit(&mut self, key: &K, kept: &Kept, why: Reuse) -> Vec<C> {
        self.habits.learn(key, kept, why);
        let mut over = Vec::new();
        if self.habits.of(key, kept.taken).leaves {
            let host = self.hosts.find(key);
            let left = |(at, idle): (usize, &Idle<C>)| {
                (Some(idle.host) == host && idle.bodiless).then_some(at)
            };
            let left: Vec<usize> = self.idle.iter().filter_map(left).collect();
            over.extend(left.into_iter().filter_map(|at| self.take_idle(at)));
        }
        over
    }

    /// A connection was to come back, and is not fit for another request; whether its last
    /// answer was one without a body. If its server ended it right behind that answer, or
    /// said more, that is learnt, as by [`Pool::found_unfit`].
    pub fn not_kept(&mut self, key: &K, bodiless: bool, why: Reuse, now: Mono) -> Vec<C> {
        match why {
            Reuse::Never(CloseReason::PeerClosed | CloseReason::Fault(Fault::UnaskedBytes)) => {
                let kept = Kept { since: now, taken: now, bodiless, ..Kept::default() };
                self.found_unfit(key, &kept, why)
            }
            _ => Vec::new(),
        }
    }

    /// A request was sent on a connection that had been kept, and was lost with it:
    /// nothing of an answer came. The idle ones of its key that have been so
    /// for longer are given up, to be closed. It still counts: say [`Pool::closed`].
    pub fn died(&mut self, key: &K, kept: &Kept, why: Reuse) -> Vec<C> {
        let mut over = self.found_unfit(key, kept, why);
        let Some(host) = self.hosts.find(key) else { return over };
        // They stand in the order in which they came back.
        while let Some(&at) = self.hosts[host].idle.front() {
            if self.idle.get(at).is_some_and(|idle| idle.since > kept.since) {
                break;
            }
            self.hosts[host].idle.pop_front();
            over.extend(self.idle.remove(at).map(|idle| idle.conn));
        }
        self.hosts.drop_if_unused(host);
        over
    }

    /// A connection that was given, and was no new one, has carried a request to its end.
    pub fn served(&mut self, key: &K, kept: &Kept) {
        self.habits.served(key, kept.idle());
        if kept.bodiless {
            if let Some(host) = self.hosts.find(key) {
                self.hosts[host].clean = true;
            }
        }
    }

    /// Takes the idle connections that are no longer fit for a request, to be closed: for
    /// whoever watches them. `look` says whether one is. What nobody looks at is found out
    /// when [`Pool::get`] gives it, and takes its place until then.
    pub fn sweep(&mut self, now: Mono, mut look: impl FnMut(&mut C) -> Reuse) -> Vec<C> {
        let mut found = Vec::new();
        for (at, idle) in self.idle.iter_mut() {
            let kept =
                Kept { since: idle.since, taken: now, bodiless: idle.bodiless, ..Kept::default() };
            match look(&mut idle.conn) {
                Reuse::Now => self.habits.alive(self.hosts.key(idle.host), kept.idle()),
                why => found.push((at, self.hosts.key(idle.host).clone(), kept, why)),
            }
        }
        let mut over = Vec::new();
        for (at, key, kept, why) in found {
            over.extend(self.take_idle(at));
            over.extend(self.found_unfit(&key, &kept, why));
        }
        over
    }
}
