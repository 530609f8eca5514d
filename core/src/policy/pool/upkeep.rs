//! What becomes of connections that nobody uses: how long they are kept, and which are closed.
//! Looks at no connection itself: the pool's owner does, and tells.

use super::Pool;
use super::idle::Idle;
use crate::time::Mono;
use std::time::Duration;

impl<K: Clone + Ord, C> Pool<K, C> {
    /// Takes all idle connections, to be closed. Until the next [`Pool::get`]
    /// what comes back and is waited for by nobody is closed too, as Go does: a
    /// client that is done is left with nothing.
    pub fn close_idle(&mut self) -> Vec<C> {
        self.winding_down = true;
        let mut all = Vec::with_capacity(self.idle.len());
        while let Some((at, _)) = self.idle.oldest() {
            all.extend(self.take_idle(at));
        }
        all
    }

    /// Takes the idle connections whose time is over, to be closed.
    pub fn expire(&mut self, now: Mono) -> Vec<C> {
        let mut over = Vec::new();
        if self.is_uneven() {
            let late = |(at, idle): (usize, &Idle<C>)| (self.end_of(idle) <= now).then_some(at);
            let late: Vec<usize> = self.idle.iter().filter_map(late).collect();
            over.extend(late.into_iter().filter_map(|at| self.take_idle(at)));
            self.limited &= self.idle.len() > 0;
            return over;
        }
        while let Some((at, idle)) = self.idle.oldest() {
            if self.end_of(idle) > now {
                break;
            }
            over.extend(self.take_idle(at));
        }
        over
    }

    /// When [`Pool::expire`] has something to do. Looks at every idle connection if
    /// there is a maximum age or one has a limit of its own, else at one.
    pub fn deadline(&self) -> Option<Mono> {
        let end = |(_, idle): (usize, &Idle<C>)| self.end_of(idle);
        let next = if self.is_uneven() {
            self.idle.iter().map(end).min()
        } else {
            self.idle.oldest().map(end)
        };
        next.filter(|&end| end < Mono::ZERO + Duration::MAX)
    }

    /// The idle connections, each with the instant since which it is idle, to
    /// look after them: to have them give back memory, say.
    pub fn idle_mut(&mut self) -> impl Iterator<Item = (&mut C, Mono)> {
        self.idle.iter_mut().map(|(_, idle)| (&mut idle.conn, idle.since))
    }

    /// Takes an idle connection out. Nobody waits for the room it leaves: who
    /// waits would have been given it.
    pub(super) fn take_idle(&mut self, at: usize) -> Option<C> {
        let Idle { conn, host, .. } = self.idle.remove(at)?;
        self.hosts[host].idle.retain(|&other| other != at);
        self.hosts.drop_if_unused(host);
        Some(conn)
    }

    /// Whether the one that came back first need not be the first whose time is over.
    fn is_uneven(&self) -> bool {
        self.limited || self.config.max_age.is_some()
    }

    pub(super) fn end_of(&self, idle: &Idle<C>) -> Mono {
        self.end(idle.born, idle.limit, idle.since)
    }

    /// When an idle connection is too old: one that was opened then, is kept so long by
    /// its server, if that says so, and is idle since then.
    pub fn end(&self, born: Mono, limit: Option<Duration>, since: Mono) -> Mono {
        let longest = self.config.idle_timeout;
        let tired = since + limit.map_or(longest, |limit| limit.min(longest));
        self.config.max_age.map_or(tired, |age| tired.min(born + age))
    }
}
