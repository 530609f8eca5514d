//! Which name is looked up when: one look-up for each name that is asked for, so many
//! at once, and ones that hang do not hold up the others for long.
//! Looks nothing up; threads, results and wakers are for whoever runs it.

use crate::time::Mono;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How many names are looked up at once without more ado.
pub const MOST: usize = 32;

/// How many look-ups there are in all, those included that hang and that nobody waits for.
pub const LIMIT: usize = 60;

/// How long the first ones beyond [`MOST`] wait for each other; every eighth doubles it.
const PAUSE: Duration = Duration::from_millis(100);

/// The look-ups of a resolver, by name.
///
/// Beyond [`MOST`] at once, one more begins after a pause if none of them ends before:
/// if all of them hang, a name that can be found is found all the same. The pauses
/// grow, so that names that hang do not use up what is left at once.
///
/// ```
/// use purlin_core::Mono;
/// use purlin_core::policy::lookup::{Lookups, Next};
///
/// let now = Mono::ZERO;
/// let mut lookups = Lookups::default();
/// lookups.ask(&"a.test");
/// lookups.ask(&"a.test");
/// assert_eq!(lookups.next(now), Next::Begin("a.test"));
/// assert_eq!(lookups.next(now), Next::Nothing);
/// assert!(lookups.ended(&"a.test"));
/// ```
#[derive(Debug)]
pub struct Lookups<K> {
    names: BTreeMap<K, Name>,
    /// Those that wait for their turn, in the order in which they were asked for.
    waiting: VecDeque<K>,
    /// Look-ups under way, wanted or not.
    running: usize,
    /// When the last one began.
    last: Mono,
}

#[derive(Debug)]
struct Name {
    /// How many wait for it.
    asked: usize,
    runs: bool,
}

/// The next step with look-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<K> {
    /// Look this name up.
    Begin(K),
    /// Ask again then, or when a look-up has ended.
    At(Mono),
    /// Nothing, until a name is asked for or a look-up ends.
    Nothing,
}

impl<K> Default for Lookups<K> {
    fn default() -> Lookups<K> {
        Lookups { names: BTreeMap::new(), waiting: VecDeque::new(), running: 0, last: Mono::ZERO }
    }
}

impl<K: Clone + Ord> Lookups<K> {
    /// Somebody asks for a name; it is looked up once for all who do meanwhile.
    pub fn ask(&mut self, name: &K) {
        match self.names.get_mut(name) {
            Some(known) => known.asked += 1,
            None => {
                self.names.insert(name.clone(), Name { asked: 1, runs: false });
                self.waiting.push_back(name.clone());
            }
        }
    }

    /// A caller that asked waits no more. A look-up that nobody waits for does not begin;
    /// one that has begun goes on, since nothing can end it.
    pub fn leave(&mut self, name: &K) {
        let Some(known) = self.names.get_mut(name) else { return };
        known.asked = known.asked.saturating_sub(1);
        if known.asked == 0 && !known.runs {
            self.names.remove(name);
            self.waiting.retain(|waits| waits != name);
        }
    }

    /// What to do next. A name that it says to look up counts as under way.
    pub fn next(&mut self, now: Mono) -> Next<K> {
        if self.waiting.is_empty() || self.running >= LIMIT {
            return Next::Nothing;
        }
        if self.running >= MOST {
            let pause = PAUSE * (1 << ((self.running - MOST) / 8));
            let due = self.last + pause;
            if due > now {
                return Next::At(due);
            }
        }
        // Where most hang, the one that was asked for last has the most of its time left.
        let last = self.running >= MOST;
        let name = if last { self.waiting.pop_back() } else { self.waiting.pop_front() };
        let Some(name) = name else { return Next::Nothing };
        if let Some(known) = self.names.get_mut(&name) {
            known.runs = true;
        }
        self.running += 1;
        self.last = now;
        Next::Begin(name)
    }

    /// The look-up of a name has ended. Says whether anybody waits for what it gave.
    pub fn ended(&mut self, name: &K) -> bool {
        let Some(known) = self.names.remove(name) else { return false };
        self.running = self.running.saturating_sub(usize::from(known.runs));
        known.asked > 0
    }

    /// Whether a name is being looked up, or waits for its turn.
    pub fn holds(&self, name: &K) -> bool {
        self.names.contains_key(name)
    }

    /// Look-ups under way, wanted or not.
    pub fn running(&self) -> usize {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Mono {
        Mono::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_name_is_looked_up_once_for_all_who_ask() {
        let mut lookups = Lookups::default();
        for name in ["a", "b", "a", "a"] {
            lookups.ask(&name);
        }
        assert_eq!(lookups.next(ms(1)), Next::Begin("a"));
        lookups.ask(&"a");
        assert_eq!(lookups.next(ms(1)), Next::Begin("b"));
        assert_eq!(lookups.next(ms(1)), Next::Nothing);
        assert!(lookups.ended(&"a"));
        assert!(!lookups.ended(&"a"), "it has ended");
        lookups.ask(&"a");
        assert_eq!(lookups.next(ms(2)), Next::Begin("a"));
        assert_eq!(lookups.running(), 2);
    }

    #[test]
    fn what_nobody_waits_for_does_not_begin_and_what_began_is_joined() {
        let mut lookups = Lookups::default();
        lookups.ask(&"a");
        lookups.leave(&"a");
        lookups.leave(&"a");
        assert_eq!(lookups.next(ms(1)), Next::Nothing);
        lookups.ask(&"b");
        assert_eq!(lookups.next(ms(1)), Next::Begin("b"));
        lookups.leave(&"b");
        assert_eq!(lookups.running(), 1);
        lookups.ask(&"b");
        assert_eq!(lookups.next(ms(2)), Next::Nothing, "it is under way still");
        assert!(lookups.ended(&"b"));
        lookups.ask(&"c");
        assert_eq!(lookups.next(ms(3)), Next::Begin("c"));
        lookups.leave(&"c");
        assert!(!lookups.ended(&"c"), "nobody waits for it");
        assert_eq!(lookups.running(), 0);
    }

    #[test]
    fn the_ones_that_hang_do_not_hold_up_the_others_and_are_bounded() {
        let mut lookups = Lookups::default();
        let (mut now, mut begun) = (ms(0), 0);
        // Each gives up after 5 ms, and its look-up hangs.
        for name in 0..2_000_u32 {
            lookups.ask(&name);
            begun += usize::from(matches!(lookups.next(now), Next::Begin(_)));
            lookups.leave(&name);
            now = now + Duration::from_millis(5);
            if name == 499 {
                assert!((MOST..LIMIT).contains(&begun), "{begun}");
                lookups.ask(&9_999);
                let Next::At(at) = lookups.next(now) else { panic!("it is its turn soon") };
                assert!(at.since(now) <= Duration::from_millis(400));
                assert_eq!(lookups.next(at), Next::Begin(9_999));
                assert!(lookups.ended(&9_999));
            }
        }
        assert_eq!(begun, lookups.running());
        assert!(begun <= LIMIT, "{begun}");
        // One that ends makes room at once while there are few.
        let mut lookups = Lookups::default();
        for name in 0..=MOST {
            lookups.ask(&name);
        }
        for name in 0..MOST {
            assert_eq!(lookups.next(ms(7)), Next::Begin(name));
        }
        assert_eq!(lookups.next(ms(7)), Next::At(ms(107)));
        lookups.ended(&3);
        assert_eq!(lookups.next(ms(7)), Next::Begin(MOST));
    }
}
