//! Which stream sends next (RFC 9218 §10).
//! Decides the order alone: how much a window has room for, and what a frame is, it does not know.
//!
//! The most urgent first. Of one urgency those that are of use only as a whole go one after
//! another, by number, and before those that are of use in parts, which take turns. Every
//! eighth turn is the least urgent one's that waits, so that nobody starves: a peer that
//! asks for everything at once gets all of it.

use super::priority::{Priority, URGENCIES};
use std::collections::VecDeque;

/// How much a stream sends before it is the next one's turn.
pub const TURN: usize = 16 * 1024;

/// Every so many turns the least urgent is served.
const FAIR: u8 = 8;

/// Those of one urgency that have something to send and room for it.
#[derive(Debug, Default)]
struct Level {
    /// Sorted by number.
    whole: VecDeque<u32>,
    /// The next one's turn is at the front.
    parts: VecDeque<u32>,
}

impl Level {
    fn next(&self) -> Option<u32> {
        self.whole.front().or(self.parts.front()).copied()
    }
}

/// The streams that can send.
#[derive(Debug, Default)]
pub struct Schedule {
    levels: [Level; URGENCIES],
    turns: u8,
    waiting: usize,
}

impl Schedule {
    /// Nobody can send.
    pub fn new() -> Schedule {
        Schedule::default()
    }

    /// Whether nobody can send.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How many can send.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// A stream can send, which could not before: it is put in its place.
    pub fn add(&mut self, id: u32, priority: Priority) {
        let level = &mut self.levels[usize::from(priority.urgency) % URGENCIES];
        if priority.incremental {
            level.parts.push_back(id);
        } else {
            let place = level.whole.partition_point(|known| *known < id);
            level.whole.insert(place, id);
        }
        self.waiting += 1;
    }

    /// A stream cannot send, or will not any more; says whether it could.
    pub fn remove(&mut self, id: u32, priority: Priority) -> bool {
        let level = &mut self.levels[usize::from(priority.urgency) % URGENCIES];
        let queue = if priority.incremental { &mut level.parts } else { &mut level.whole };
        let place = queue.iter().position(|known| *known == id);
        place.map(|place| queue.remove(place)).inspect(|_| self.waiting -= 1).is_some()
    }

    /// Whose turn it is.
    pub fn next(&self) -> Option<u32> {
        let mut levels = self.levels.iter().filter_map(Level::next);
        if self.turns == FAIR - 1 { levels.next_back() } else { levels.next() }
    }

    /// The stream of this number had its turn: those that take turns with it go before it. One
    /// that cannot send any more is removed besides.
    pub fn turned(&mut self, id: u32) {
        self.turns = (self.turns + 1) % FAIR;
        let level = self.levels.iter_mut().find(|level| level.parts.front() == Some(&id));
        if let Some(level) = level {
            level.parts.rotate_left(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priority(urgency: u8, incremental: bool) -> Priority {
        Priority { urgency, incremental }
    }

    /// Who is served in so many turns, if everybody can always send.
    fn served(schedule: &mut Schedule, turns: usize) -> Vec<u32> {
        let turn = |_| {
            let id = schedule.next()?;
            schedule.turned(id);
            Some(id)
        };
        (0..turns).map_while(turn).collect()
    }

    #[test]
    fn the_most_urgent_is_first_and_whole_ones_go_by_number() {
        let mut schedule = Schedule::new();
        schedule.add(9, priority(3, false));
        schedule.add(3, priority(3, false));
        schedule.add(5, priority(1, false));
        assert_eq!(served(&mut schedule, 3), [5, 5, 5]);
        assert!(schedule.remove(5, priority(1, false)));
        assert!(!schedule.remove(5, priority(1, false)));
        assert_eq!(served(&mut schedule, 2), [3, 3]);
        assert!(schedule.remove(3, priority(3, false)) && schedule.len() == 1);
        assert_eq!(served(&mut schedule, 1), [9]);
    }

    #[test]
    fn those_of_use_in_parts_take_turns_behind_whole_ones() {
        let mut schedule = Schedule::new();
        for id in [1, 3, 5] {
            schedule.add(id, priority(3, true));
        }
        assert_eq!(served(&mut schedule, 5), [1, 3, 5, 1, 3]);
        schedule.add(7, priority(3, false));
        assert_eq!(served(&mut schedule, 2), [7, 7]);
    }

    #[test]
    fn every_eighth_turn_is_the_least_urgent_ones() {
        let mut schedule = Schedule::new();
        schedule.add(1, priority(0, false));
        schedule.add(3, priority(7, true));
        schedule.add(5, priority(7, true));
        schedule.add(7, priority(5, true));
        let served = served(&mut schedule, 24);
        let others: Vec<u32> = served.iter().copied().filter(|id| *id != 1).collect();
        assert_eq!(others, [3, 5, 3]);
        assert_eq!((served[7], served[15], served[23]), (3, 5, 3));
    }

    #[test]
    fn nobody_is_nobody() {
        let mut schedule = Schedule::new();
        assert_eq!((schedule.next(), schedule.is_empty()), (None, true));
        schedule.add(1, Priority::default());
        assert!(schedule.remove(1, Priority::default()) && schedule.is_empty());
        for _ in 0..20 {
            schedule.turned(1);
        }
        assert_eq!(schedule.next(), None);
    }
}
