//! Who is connected: how many may be, who has been idle longest, who is told to end.
//! Accepts, serves and closes nothing.

use crate::clock;
use async_io::Timer;
use futures_lite::future;
use purlin_core::Mono;
use purlin_engine::served::{Served, Stop};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How often somebody is looked for who has become idle, where nobody was or
/// who was told to end had something to do.
const AGAIN: Duration = Duration::from_millis(250);

/// One search finds a sixteenth of the idle connections, and so many at least,
/// so that a server at its cap does not look at all of them for each new one.
const FOUND: usize = 64;

pub(crate) struct Roll {
    most: usize,
    /// Places that are taken; one may be by a connection that is being accepted.
    taken: AtomicUsize,
    /// Connections so far.
    count: AtomicU64,
    /// Somebody waits for a place, and nobody is idle.
    pressed: AtomicBool,
    list: Mutex<List>,
}

struct List {
    seats: Vec<Option<Arc<Served>>>,
    free: Vec<usize>,
    /// What everybody has been told, and newcomers are.
    stop: Stop,
    /// Wait for a place.
    waiting: Vec<Waker>,
    /// Waits for everybody to leave.
    last: Option<Waker>,
    /// The longest idle ones, as the last search found them, and since when.
    idle: VecDeque<(Mono, usize)>,
}

/// A place, given back when dropped; whoever sits there can be told to end.
pub(crate) struct Seat {
    roll: Arc<Roll>,
    number: Option<usize>,
}

impl Roll {
    pub(crate) fn new(most: usize) -> Arc<Roll> {
        Arc::new(Roll {
            most,
            taken: AtomicUsize::new(0),
            count: AtomicU64::new(0),
            pressed: AtomicBool::new(false),
            list: Mutex::new(List {
                seats: Vec::new(),
                free: Vec::new(),
                stop: Stop::No,
                waiting: Vec::new(),
                last: None,
                idle: VecDeque::new(),
            }),
        })
    }

    /// Takes a place, if there is one.
    pub(crate) fn enter(self: &Arc<Roll>) -> Option<Seat> {
        let one_more = |taken| (taken < self.most).then(|| taken + 1);
        self.taken.fetch_update(SeqCst, SeqCst, one_more).ok()?;
        Some(Seat { roll: self.clone(), number: None })
    }

    /// Counts connections, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.count.fetch_add(1, SeqCst) + 1
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }

    /// Waits until there is a place, and makes one: whoever has been idle
    /// longest is told to end, or whoever becomes idle first.
    pub(crate) async fn room(&self) {
        while self.taken() >= self.most {
            // In this order: whoever becomes idle meanwhile is found, or looks itself.
            self.pressed.store(true, SeqCst);
            if self.evict(clock::now().mono) {
                self.pressed.store(false, SeqCst);
            }
            let again = async {
                Timer::after(AGAIN).await;
            };
            future::or(future::poll_fn(|cx| self.poll_room(cx)), again).await;
        }
        self.pressed.store(false, SeqCst);
    }

    fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut list = self.lock();
        if self.taken() < self.most {
            return Poll::Ready(());
        }
        if !list.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            list.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether a connection that has just become idle should end for somebody
    /// who waits. It is said once.
    pub(crate) fn is_pressed(&self) -> bool {
        self.pressed.load(SeqCst) && self.pressed.swap(false, SeqCst)
    }

    /// Has the connection end that has been idle longest; says whether there is one.
    pub(crate) fn evict(&self, now: Mono) -> bool {
        let mut list = self.lock();
        loop {
            while let Some((since, number)) = list.idle.pop_front() {
                if list.seats[number].as_ref().is_some_and(|shared| shared.evict(since)) {
                    return true;
                }
            }
            list.find_idle(now);
            if list.idle.is_empty() {
                return false;
            }
        }
    }

    /// Tells everybody to end in this way, and whoever comes later.
    pub(crate) fn stop_all(&self, how: Stop) {
        let mut list = self.lock();
        list.stop = list.stop.max(how);
        let all: Vec<_> = list.seats.iter().flatten().cloned().collect();
        drop(list);
        all.into_iter().for_each(|shared| shared.stop(how));
    }

    /// Ends when everybody has left.
    pub(crate) async fn emptied(&self) {
        future::poll_fn(|cx| {
            let mut list = self.lock();
            if self.taken() == 0 {
                return Poll::Ready(());
            }
            list.last = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    /// Looks at everybody. What it finds stays right: whoever becomes idle
    /// later has been so for less time, and whoever had something to do since
    /// is told from that by the instant.
    fn find_idle(&mut self, now: Mono) {
        let since = |(number, seat): (usize, &Option<Arc<Served>>)| {
            Some((seat.as_ref()?.idle_since(now)?, number))
        };
        let mut all: Vec<_> = self.seats.iter().enumerate().filter_map(since).collect();
        let found = (all.len() / 16).max(FOUND);
        if found < all.len() {
            all.select_nth_unstable(found);
            all.truncate(found);
        }
        all.sort_unstable();
        self.idle = all.into();
    }
}

impl Seat {
    /// The connection that sits here.
    pub(crate) fn take(&mut self, shared: &Arc<Served>) {
        let mut list = self.roll.lock();
        let number = list.free.pop().unwrap_or(list.seats.len());
        if number == list.seats.len() {
            list.seats.push(None);
        }
        list.seats[number] = Some(shared.clone());
        self.number = Some(number);
        if list.stop != Stop::No {
            shared.stop(list.stop);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut list = self.roll.lock();
        let left = self.number.and_then(|number| {
            list.free.push(number);
            list.seats[number].take()
        });
        let taken = self.roll.taken.fetch_sub(1, SeqCst) - 1;
        let mut woken = std::mem::take(&mut list.waiting);
        woken.extend(list.last.take_if(|_| taken == 0));
        drop(list);
        drop(left);
        woken.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_core::ServerConfig;
    use purlin_core::server::Connection;

    const NOW: Mono = Mono::from_secs(100);

    /// Somebody who has been idle since, if at all.
    fn sit(roll: &Arc<Roll>, idle: Option<u64>) -> (Seat, Arc<Served>) {
        let config = Arc::new(ServerConfig::default());
        let shared = Served::over(Connection::new(config, clock::now()), clock::now());
        shared.lock().idle = idle.map(Mono::from_secs);
        let mut seat = roll.enter().unwrap();
        seat.take(&shared);
        (seat, shared)
    }

    fn is_told(shared: &Served) -> bool {
        shared.lock().stop != Stop::No
    }

    #[test]
    fn there_are_as_many_places_as_were_given_back() {
        let roll = Roll::new(2);
        let (first, _second) = (roll.enter().unwrap(), roll.enter().unwrap());
        assert!(roll.enter().is_none());
        assert!(future::block_on(future::poll_once(roll.room())).is_none());
        drop(first);
        future::block_on(roll.room());
        assert!(roll.enter().is_some());
    }

    #[test]
    fn whoever_has_been_idle_longest_ends_first() {
        let roll = Roll::new(1000);
        // 7 is the first of the numbers that step round 0..200.
        let all: Vec<_> = (0..200).map(|n| sit(&roll, Some(n * 7 % 200 / 2))).collect();
        let busy = sit(&roll, None);
        let later = sit(&roll, Some(101));
        let mut order = Vec::new();
        while roll.evict(NOW) {
            let told = all.iter().enumerate().filter(|(_, (_, shared))| is_told(shared));
            let told: Vec<usize> = told.map(|(n, _)| n).collect();
            let new: Vec<usize> = told.into_iter().filter(|n| !order.contains(n)).collect();
            assert_eq!(new.len(), 1);
            order.extend(new);
        }
        let since: Vec<usize> = order.iter().map(|n| n * 7 % 200 / 2).collect();
        assert_eq!(since.len(), 200);
        assert!(since.is_sorted(), "{since:?}");
        assert!(!is_told(&busy.1) && !is_told(&later.1));
    }

    #[test]
    fn whoever_had_something_to_do_since_the_search_is_passed_over() {
        let roll = Roll::new(10);
        let (first, second) = (sit(&roll, Some(1)), sit(&roll, Some(2)));
        let third = sit(&roll, Some(3));
        assert!(roll.evict(NOW) && is_told(&first.1));
        second.1.lock().idle = Some(Mono::from_secs(9));
        assert!(roll.evict(NOW) && is_told(&third.1) && !is_told(&second.1));
    }

    #[test]
    fn whoever_comes_after_the_end_is_told_of_it() {
        let roll = Roll::new(10);
        let before = sit(&roll, None);
        roll.stop_all(Stop::Asked);
        let after = sit(&roll, None);
        assert!(is_told(&before.1) && is_told(&after.1));
        roll.stop_all(Stop::Cut);
        assert!(before.1.lock().stop == Stop::Cut);
    }
}
