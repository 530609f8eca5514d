//! What is known of hosts whose kept connections turned out unfit though no answer had
//! said so, and which connections are given to requests that cannot be sent again.
//! Knows no connections.

use super::Kept;
use crate::error::{CloseReason, Fault};
use crate::machine::Reuse;
use crate::time::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// A connection that lives so long after its last answer shows that its server keeps
/// connections. The shortest that servers are known to keep one is a second; one that
/// is found ended after less was ended behind its answer.
pub(super) const KEPT: Duration = Duration::from_secs(1);

/// What a server sends behind an answer without a body comes in the same write or in the
/// next: within a fifth of a millisecond, or a few if its process had to wait.
const SETTLED: Duration = Duration::from_millis(10);

/// Until when it is waited for what may come behind an answer before a request is sent, if
/// it is: one that cannot be sent again, behind an answer without a body, of a host that was
/// not seen yet to leave nothing there.
pub(super) fn settles(once: bool, bodiless: bool, clean: bool, since: Mono) -> Option<Mono> {
    (once && bodiless && !clean).then(|| since + SETTLED)
}

/// The most hosts that are remembered; one more forgets the one that was learnt of first.
const MOST: usize = 64;

/// How long what was learnt last of a host is heeded: it may have been mended.
const HEEDED: Duration = Duration::from_secs(3600);

/// What a host does with kept connections, and does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Habit {
    /// It ends them right behind its answers.
    pub(super) ends: bool,
    /// It sends a body behind an answer that has none.
    pub(super) leaves: bool,
    /// It ends those that are idle; this is the longest it has been seen to keep one since.
    pub(super) keeps: Option<Duration>,
}

impl Habit {
    /// Whether a request that cannot be sent again is given a connection that has been idle
    /// for so long.
    pub(super) fn lends(self, idle: Duration) -> bool {
        if self.ends {
            return idle >= KEPT;
        }
        self.keeps.is_none_or(|keeps| idle <= keeps.max(KEPT))
    }

    /// Whether a connection can be kept behind such an answer.
    pub(super) fn keeps_behind(self, bodiless: bool) -> bool {
        !(bodiless && self.leaves)
    }

    /// A kept connection turned out unfit.
    fn learn(&mut self, kept: &Kept, why: Reuse) {
        let idle = kept.idle();
        if kept.bodiless && why == Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes)) {
            self.leaves = true;
        } else if idle < KEPT {
            self.ends = true;
        } else {
            // Seen to live for longer, once: that was luck.
            self.keeps = Some(self.keeps.filter(|keeps| *keeps < idle).unwrap_or_default());
        }
    }

    /// A kept connection was fit after so long.
    fn lived(&mut self, idle: Duration) {
        self.keeps = self.keeps.map(|keeps| keeps.max(idle));
    }
}

/// The habits of hosts, each with the time when it was learnt of last.
#[derive(Debug)]
pub(super) struct Habits<K>(BTreeMap<K, (Mono, Habit)>);

impl<K: Clone + Ord> Habits<K> {
    pub(super) const fn new() -> Habits<K> {
        Habits(BTreeMap::new())
    }

    /// A kept connection turned out unfit for this reason.
    pub(super) fn learn(&mut self, key: &K, kept: &Kept, why: Reuse) {
        let mut habit = self.of(key, kept.taken);
        habit.learn(kept, why);
        if self.0.len() >= MOST && !self.0.contains_key(key) {
            let first = self.0.iter().min_by_key(|(_, (at, _))| *at);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.0.remove(&first);
            }
        }
        self.0.insert(key.clone(), (kept.taken, habit));
    }

    /// A kept connection carried a request: its host does not end them all.
    pub(super) fn served(&mut self, key: &K, idle: Duration) {
        self.lived(key, idle, |habit| habit.ends = false);
    }

    /// A kept connection was alive after it had been idle for so long.
    pub(super) fn alive(&mut self, key: &K, idle: Duration) {
        self.lived(key, idle, |_| {});
    }

    fn lived(&mut self, key: &K, idle: Duration, also: impl FnOnce(&mut Habit)) {
        if self.0.is_empty() {
            return;
        }
        let Some((_, habit)) = self.0.get_mut(key) else { return };
        habit.lived(idle);
        also(habit);
        if *habit == Habit::default() {
            self.0.remove(key);
        }
    }

    /// What is known of this host.
    pub(super) fn of(&self, key: &K, now: Mono) -> Habit {
        if self.0.is_empty() {
            return Habit::default();
        }
        let known = self.0.get(key).filter(|(at, _)| now.since(*at) < HEEDED);
        known.map_or_else(Habit::default, |(_, habit)| *habit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono::from_secs(9000);
    const CLOSED: Reuse = Reuse::Never(CloseReason::PeerClosed);
    const LEFT: Reuse = Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes));

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn kept(idle: u64, bodiless: bool) -> Kept {
        Kept { since: NOW, taken: NOW + millis(idle), bodiless, ..Kept::default() }
    }

    #[test]
    fn what_cannot_be_sent_again_has_its_table() {
        let none = Habit::default();
        let ends = Habit { ends: true, ..none };
        let keeps = |count| Habit { keeps: Some(millis(count)), ..none };
        for (habit, idle, lends) in [
            (none, 0, true),
            (none, 80_000, true),
            (Habit { leaves: true, ..none }, 0, true),
            (ends, 0, false),
            (ends, 999, false),
            (ends, 1000, true),
            (Habit { keeps: Some(millis(0)), ..ends }, 5000, true),
            (keeps(0), 0, true),
            (keeps(0), 1000, true),
            (keeps(0), 1001, false),
            (keeps(4000), 4000, true),
            (keeps(4000), 4001, false),
        ] {
            assert_eq!(habit.lends(millis(idle)), lends, "{habit:?}, {idle}");
        }
    }

    #[test]
    fn only_what_cannot_be_sent_again_waits_and_only_where_nothing_is_known() {
        let later = Some(NOW + SETTLED);
        for (once, bodiless, clean, until) in [
            (true, true, false, later),
            (true, true, true, None),
            (true, false, false, None),
            (false, true, false, None),
        ] {
            assert_eq!(settles(once, bodiless, clean, NOW), until, "{once}, {bodiless}, {clean}");
        }
    }

    #[test]
    fn what_is_found_of_a_connection_has_its_table() {
        let none = Habit::default();
        let (ends, leaves) = (Habit { ends: true, ..none }, Habit { leaves: true, ..none });
        let keeps = |count| Habit { keeps: Some(millis(count)), ..none };
        for (before, kept, why, after) in [
            (none, kept(0, false), CLOSED, ends),
            (none, kept(999, true), CLOSED, ends),
            // Many servers keep one no longer.
            (none, kept(1000, false), CLOSED, keeps(0)),
            (keeps(4000), kept(6000, false), CLOSED, keeps(4000)),
            (keeps(4000), kept(3000, false), CLOSED, keeps(0)),
            (ends, kept(3000, false), CLOSED, Habit { keeps: Some(millis(0)), ..ends }),
            // However late it is looked at.
            (none, kept(0, true), LEFT, leaves),
            (none, kept(5000, true), LEFT, leaves),
            (none, kept(0, false), LEFT, ends),
        ] {
            let mut habit = before;
            habit.learn(&kept, why);
            assert_eq!(habit, after, "{before:?}, {kept:?}, {why:?}");
        }
        for bodiless in [true, false] {
            assert!(none.keeps_behind(bodiless) && ends.keeps_behind(bodiless));
            assert_eq!(leaves.keeps_behind(bodiless), !bodiless);
        }
    }

    #[test]
    fn a_host_is_doubted_until_it_is_seen_to_keep_a_connection() {
        let mut habits = Habits::new();
        let ends = |habits: &Habits<_>, key| habits.of(&key, NOW).ends;
        habits.learn(&"a", &kept(500, false), CLOSED);
        assert!(ends(&habits, "a") && !ends(&habits, "b"));
        habits.served(&"b", Duration::ZERO);
        habits.alive(&"a", Duration::ZERO);
        assert!(ends(&habits, "a"));
        habits.served(&"a", Duration::ZERO);
        assert!(!ends(&habits, "a"));
        assert!(habits.0.is_empty(), "nothing is left to be known of it");
    }

    #[test]
    fn what_a_host_leaves_behind_is_known_of_it_whatever_it_serves_and_forgotten_in_time() {
        let mut habits = Habits::new();
        habits.learn(&"a", &kept(0, true), LEFT);
        habits.served(&"a", Duration::ZERO);
        let last = NOW + (HEEDED - millis(1));
        assert!(habits.of(&"a", last).leaves);
        assert_eq!(habits.of(&"a", NOW + HEEDED), Habit::default());
        habits.learn(&"a", &kept(millis_of(HEEDED), false), CLOSED);
        assert!(!habits.of(&"a", NOW + HEEDED).leaves, "it was long ago");
    }

    fn millis_of(time: Duration) -> u64 {
        u64::try_from(time.as_millis()).unwrap()
    }

    #[test]
    fn the_longest_that_a_host_has_kept_one_is_known_once_it_has_ended_one() {
        let mut habits = Habits::new();
        habits.alive(&"a", millis(9000));
        habits.learn(&"a", &kept(8000, false), CLOSED);
        let keeps = |habits: &Habits<_>| habits.of(&"a", NOW + millis(9000)).keeps;
        assert_eq!(keeps(&habits), Some(Duration::ZERO));
        habits.alive(&"a", millis(5000));
        habits.served(&"a", millis(3000));
        assert_eq!(keeps(&habits), Some(millis(5000)));
        habits.served(&"a", millis(6000));
        assert_eq!(keeps(&habits), Some(millis(6000)));
    }

    #[test]
    fn so_many_hosts_are_remembered_and_the_last_ones() {
        let mut habits = Habits::new();
        for host in 0..MOST as u64 + 5 {
            let taken = Mono::from_secs(host);
            habits.learn(&host, &Kept { since: taken, taken, ..Kept::default() }, CLOSED);
        }
        assert_eq!(habits.0.len(), MOST);
        let now = Mono::from_secs(MOST as u64 + 5);
        assert!(!habits.of(&4, now).ends && habits.of(&5, now).ends);
    }
}
