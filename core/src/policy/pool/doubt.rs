//! Which hosts end kept connections right behind an answer and do not say so: what
//! cannot be sent again is not sent on those. Knows no connections.

use crate::time::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// A connection that lives so long after its last answer shows that its server keeps
/// connections. The shortest that servers are known to keep one is a second; one that
/// is found ended after less was ended behind its answer.
pub(super) const KEPT: Duration = Duration::from_secs(1);

/// The most hosts that are remembered; one more forgets the one that was doubted first.
const MOST: usize = 64;

/// The hosts that are doubted, each since when.
#[derive(Debug)]
pub(super) struct Doubts<K>(BTreeMap<K, Mono>);

impl<K: Clone + Ord> Doubts<K> {
    pub(super) const fn new() -> Doubts<K> {
        Doubts(BTreeMap::new())
    }

    /// A kept connection had ended after it was idle for so long.
    pub(super) fn ended(&mut self, key: &K, idle: Duration, now: Mono) {
        if idle >= KEPT {
            return;
        }
        if self.0.len() >= MOST && !self.0.contains_key(key) {
            let first = self.0.iter().min_by_key(|(_, since)| **since);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.0.remove(&first);
            }
        }
        self.0.insert(key.clone(), now);
    }

    /// A kept connection carried a request: its host keeps them.
    pub(super) fn served(&mut self, key: &K) {
        if !self.0.is_empty() {
            self.0.remove(key);
        }
    }

    pub(super) fn holds(&self, key: &K) -> bool {
        !self.0.is_empty() && self.0.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_doubted_until_it_is_seen_to_keep_a_connection() {
        let now = Mono::from_secs(9);
        let mut doubts = Doubts::new();
        doubts.ended(&"a", KEPT, now);
        assert!(!doubts.holds(&"a"), "many servers keep one no longer");
        doubts.ended(&"a", KEPT / 2, now);
        assert!(doubts.holds(&"a") && !doubts.holds(&"b"));
        doubts.served(&"b");
        assert!(doubts.holds(&"a"));
        doubts.served(&"a");
        assert!(!doubts.holds(&"a"));
    }

    #[test]
    fn so_many_hosts_are_remembered_and_the_last_ones() {
        let mut doubts = Doubts::new();
        for host in 0..MOST as u64 + 5 {
            doubts.ended(&host, Duration::ZERO, Mono::from_secs(host));
        }
        assert_eq!(doubts.0.len(), MOST);
        assert!(!doubts.holds(&4) && doubts.holds(&5));
    }
}
