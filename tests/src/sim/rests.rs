//! When a process rests: it was stopped, moved to another machine, or given no
//! core, and the clock went on meanwhile.

use crate::rng::Rng;
use purlin_core::Mono;
use std::time::Duration;

/// The rests of a process, one behind the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rests(Vec<(Mono, Mono)>);

impl Rests {
    /// Fewer than so many, the first of them up to this long from the start.
    pub(crate) fn any(rng: &mut Rng, most: usize, apart: usize, start: Mono) -> Rests {
        let mut at = start;
        let mut rests = Vec::new();
        for _ in 0..rng.below(most) {
            at = at + Duration::from_millis(100 + rng.below(apart) as u64);
            let end = at + Duration::from_millis(*rng.pick(&[1000, 20_000, 40_000, 100_000]));
            rests.push((at, end));
            at = end;
        }
        Rests(rests)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Until when it rests, if it does.
    pub(crate) fn until(&self, now: Mono) -> Option<Mono> {
        self.0.iter().find(|(from, to)| (*from..*to).contains(&now)).map(|(_, to)| *to)
    }

    /// When it rests next.
    pub(crate) fn next(&self, now: Mono) -> Option<Mono> {
        self.0.iter().map(|(from, _)| *from).find(|from| *from > now)
    }

    /// How long it has rested between these instants.
    pub(crate) fn within(&self, from: Mono, to: Mono) -> Duration {
        let rested = |&(begins, ends): &(Mono, Mono)| ends.min(to).since(begins.max(from));
        self.0.iter().map(rested).sum()
    }
}
