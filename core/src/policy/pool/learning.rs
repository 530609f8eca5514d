//! What a pool learns from kept connections that had ended, and does about it.

use super::Pool;
use super::doubt::KEPT;
use crate::time::Mono;
use std::time::Duration;

impl<K: Clone + Ord, C> Pool<K, C> {
    /// Takes the idle connection of a host that is to be given next out of its row: the
    /// one that was used last, or, if the host is doubted, the one that has lived longest.
    pub(super) fn next_idle(&mut self, host: usize, doubted: bool, now: Mono) -> Option<usize> {
        let idle = &mut self.hosts[host].idle;
        if !doubted {
            return idle.pop_back();
        }
        let oldest = self.idle.get(*idle.front()?)?;
        if now.since(oldest.since) < KEPT {
            return None;
        }
        idle.pop_front()
    }

    /// A connection that was given after it had been idle for so long was looked at,
    /// and had ended. It still counts: say [`Pool::closed`].
    pub fn found_ended(&mut self, key: &K, idle: Duration, now: Mono) {
        self.doubts.ended(key, idle, now);
    }

    /// A request was sent on a connection that had been idle since then, and was lost
    /// with it: nothing of an answer came. The idle ones of its key that have been so
    /// for longer are given up, to be closed. It still counts: say [`Pool::closed`].
    pub fn died(&mut self, key: &K, since: Mono, taken: Mono) -> Vec<C> {
        self.doubts.ended(key, taken.since(since), taken);
        let Some(host) = self.hosts.find(key) else { return Vec::new() };
        let mut over = Vec::new();
        // They stand in the order in which they came back.
        while let Some(&at) = self.hosts[host].idle.front() {
            if self.idle.get(at).is_some_and(|idle| idle.since > since) {
                break;
            }
            self.hosts[host].idle.pop_front();
            over.extend(self.idle.remove(at).map(|idle| idle.conn));
        }
        self.hosts.drop_if_unused(host);
        over
    }

    /// A connection that was given, and was no new one, has carried a request to its end.
    pub fn served(&mut self, key: &K) {
        self.doubts.served(key);
    }
}
