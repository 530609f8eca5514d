//! The worker threads one by one: what each has taken up, and which of them have a use
//! for a core.
//! Looks at them; how many there should be, `staff` decides.

use crate::staff::{Look, Watched};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where threads get on, the system is asked about them at one look of so many.
const SOMETIMES: u32 = 8;
/// And it is asked which of them are too many at one of so many: until then a thread
/// that has to wait for its turn has had one.
const SELDOM: u32 = 64;
/// No more threads than this are asked about at one look.
const MOST_ASKED: usize = 64;

/// A worker thread, as others see it.
#[derive(Debug)]
pub struct Member {
    /// How often it has taken something up.
    taken: AtomicUsize,
    /// It is not needed for now.
    stands_by: AtomicBool,
    watched: Watched,
}

impl Member {
    /// It takes something up. Nobody else writes this, so that no core waits for another.
    pub fn take(&self) {
        self.taken.store(self.taken.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Whether it is not needed for now.
    pub fn set_standing_by(&self, stands_by: bool) {
        self.stands_by.store(stands_by, Relaxed);
    }
}

/// The worker threads of a server.
#[derive(Debug, Default)]
pub struct Crew {
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    entries: Vec<Entry>,
    looks: u32,
    /// Looks in a row in which nothing was taken up.
    still: u32,
}

#[derive(Debug)]
struct Entry {
    member: Arc<Member>,
    /// What it had taken up at the last look.
    seen: usize,
    /// And at the last one at which it was asked who is too many.
    before: usize,
}

impl Crew {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread that calls is a worker from here on.
    pub fn enlist(&self) -> Arc<Member> {
        let (taken, stands_by) = (AtomicUsize::new(0), AtomicBool::new(false));
        let member = Arc::new(Member { taken, stands_by, watched: Watched::this_thread() });
        let entry = Entry { member: Arc::clone(&member), seen: 0, before: 0 };
        self.lock().entries.push(entry);
        member
    }

    /// A thread has ended.
    pub fn leave(&self, member: &Arc<Member>) {
        self.lock().entries.retain(|entry| !Arc::ptr_eq(&entry.member, member));
    }

    /// Begins to look: what was taken up before says nothing.
    pub fn begin(&self) {
        let mut list = self.lock();
        (list.looks, list.still) = (0, 0);
        for entry in &mut list.entries {
            entry.seen = entry.member.taken.load(Relaxed);
            entry.before = entry.seen;
        }
    }

    /// Looks at those who do not stand by; gives nothing where there is nothing to decide.
    pub fn look(&self, cores: usize, queued: usize) -> Option<Look> {
        let mut list = self.lock();
        let mut moved = false;
        for entry in &mut list.entries {
            let taken = entry.member.taken.load(Relaxed);
            moved |= std::mem::replace(&mut entry.seen, taken) != taken;
        }
        list.still = if moved { 0 } else { list.still.saturating_add(1) };
        list.looks = list.looks.wrapping_add(1);
        let seldom = list.looks % SELDOM == 0;
        if moved && list.looks % SOMETIMES != 0 {
            return None;
        }
        let mut look = Look { cores, queued, still: list.still, ..Look::default() };
        let at_work = |entry: &&mut Entry| !entry.member.stands_by.load(Relaxed);
        let (mut runnable, mut known) = (0, true);
        for entry in list.entries.iter_mut().filter(at_work).take(MOST_ASKED) {
            let runs = entry.member.watched.is_runnable();
            known &= runs.is_some();
            let runs = runs.unwrap_or(false);
            runnable += usize::from(runs);
            let brisk = runs && seldom && entry.seen.wrapping_sub(entry.before) > 1;
            look.brisk += usize::from(brisk);
        }
        if seldom {
            list.entries.iter_mut().for_each(|entry| entry.before = entry.seen);
        }
        look.runnable = known.then_some(runnable);
        Some(look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_tells_what_was_taken_up_since_the_last_one() {
        let crew = Crew::default();
        let member = crew.enlist();
        crew.begin();
        let still = crew.look(2, 5).unwrap();
        assert_eq!((still.still, still.queued, still.cores), (1, 5, 2));
        assert_eq!(crew.look(2, 5).unwrap().still, 2);
        member.take();
        assert_eq!(crew.look(2, 5), None, "nothing to decide");
        assert_eq!(crew.look(2, 5).unwrap().still, 1);
        crew.leave(&member);
        assert_eq!(crew.look(2, 5).unwrap().still, 2);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn who_takes_up_several_things_and_runs_is_brisk() {
        let crew = Crew::default();
        let member = crew.enlist();
        crew.begin();
        let mut last = None;
        for _ in 0..SELDOM {
            member.take();
            last = crew.look(1, 5).or(last);
        }
        assert_eq!(last.map(|look| (look.runnable, look.brisk)), Some((Some(1), 1)));
        member.set_standing_by(true);
        let look = crew.look(1, 5).unwrap();
        assert_eq!((look.runnable, look.brisk), (Some(0), 0));
    }
}
