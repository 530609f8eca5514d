//! What is known of routes whose connections may carry many exchanges at once.
//! Knows no connections; what was agreed on one of them it is told.

use crate::time::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// What connections along a route turn out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Nobody has seen one.
    #[default]
    Unknown,
    /// They carry one exchange at a time.
    OneByOne,
    /// They carry many at once.
    Many,
}

/// The most routes that are remembered; one more forgets the one that was learnt of first.
const MOST: usize = 64;

/// How long what was learnt last of a route is heeded: its server may have been mended.
const HEEDED: Duration = Duration::from_secs(3600);

/// Routes that speak a protocol of many exchanges, or must not be spoken to in one.
#[derive(Debug)]
pub(super) struct Protocols<K>(BTreeMap<K, Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    at: Mono,
    /// Its server asked for the older protocol (RFC 9113 §7, HTTP_1_1_REQUIRED).
    older: bool,
}

impl<K: Clone + Ord> Protocols<K> {
    pub(super) const fn new() -> Protocols<K> {
        Protocols(BTreeMap::new())
    }

    /// What is known of this route.
    pub(super) fn of(&self, key: &K, now: Mono) -> Protocol {
        if self.0.is_empty() {
            return Protocol::Unknown;
        }
        match self.0.get(key).filter(|known| now.since(known.at) < HEEDED) {
            Some(Known { older: true, .. }) => Protocol::OneByOne,
            Some(_) => Protocol::Many,
            None => Protocol::Unknown,
        }
    }

    /// Whether the older protocol is to be spoken there.
    pub(super) fn is_older(&self, key: &K, now: Mono) -> bool {
        self.of(key, now) == Protocol::OneByOne
    }

    /// A connection carries many.
    pub(super) fn learn(&mut self, key: &K, now: Mono) {
        if !self.is_older(key, now) {
            self.insert(key, Known { at: now, older: false });
        }
    }

    /// The older protocol is asked for.
    pub(super) fn demand_older(&mut self, key: &K, now: Mono) {
        self.insert(key, Known { at: now, older: true });
    }

    fn insert(&mut self, key: &K, known: Known) {
        if self.0.len() >= MOST && !self.0.contains_key(key) {
            let first = self.0.iter().min_by_key(|(_, known)| known.at);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.0.remove(&first);
            }
        }
        self.0.insert(key.clone(), known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Mono = Mono::from_secs(9000);

    #[test]
    fn what_is_known_of_a_route_is_forgotten_in_time_and_the_older_protocol_prevails() {
        let mut known = Protocols::new();
        assert_eq!(known.of(&"a", T), Protocol::Unknown);
        known.learn(&"a", T);
        assert_eq!(known.of(&"a", T + HEEDED / 2), Protocol::Many);
        assert_eq!(known.of(&"b", T), Protocol::Unknown);
        assert_eq!(known.of(&"a", T + HEEDED), Protocol::Unknown);
        known.demand_older(&"a", T);
        known.learn(&"a", T + HEEDED / 2);
        assert_eq!(known.of(&"a", T + HEEDED / 2), Protocol::OneByOne);
        assert!(known.is_older(&"a", T) && !known.is_older(&"a", T + HEEDED));
    }

    #[test]
    fn no_more_routes_are_remembered_than_may_be() {
        let mut known = Protocols::new();
        for key in 0..100 {
            known.learn(&key, T + Duration::from_secs(key));
        }
        assert_eq!(known.0.len(), MOST);
        assert_eq!(known.of(&0, T), Protocol::Unknown);
        assert_eq!(known.of(&99, T + Duration::from_secs(99)), Protocol::Many);
    }
}
