//! Who is connected: how many may be, who has been idle longest, who is told to end.
//! Accepts, serves and closes nothing.

use super::{Served, Stop};
use crate::sync::{Mutex, MutexGuard};
use crate::wire::Timer;
use purlin_core::Mono;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How often somebody is looked for who has become idle, where nobody was or
/// who was told to end had something to do.
const AGAIN: Duration = Duration::from_millis(250);

/// One search finds a sixteenth of the idle connections, and so many at least,
/// so that a server at its cap does not look at all of them for each new one.
const FOUND: usize = 64;

/// The connections of a server.
pub struct Registry {
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
    entries: Vec<Option<Arc<Served>>>,
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

/// A place, given back when dropped; the connection that is entered there can be told to end.
pub struct Entry {
    registry: Arc<Registry>,
    number: Option<usize>,
}

impl Registry {
    /// A registry with places for so many connections.
    pub fn new(most: usize) -> Arc<Registry> {
        Arc::new(Registry {
            most,
            taken: AtomicUsize::new(0),
            count: AtomicU64::new(0),
            pressed: AtomicBool::new(false),
            list: Mutex::new(List {
                entries: Vec::new(),
                free: Vec::new(),
                stop: Stop::No,
                waiting: Vec::new(),
                last: None,
                idle: VecDeque::new(),
            }),
        })
    }

    /// Takes a place, if there is one.
    pub fn enter(self: &Arc<Registry>) -> Option<Entry> {
        let one_more = |taken| (taken < self.most).then(|| taken + 1);
        self.taken.fetch_update(SeqCst, SeqCst, one_more).ok()?;
        Some(Entry { registry: self.clone(), number: None })
    }

    /// Counts connections, from 1.
    pub fn number(&self) -> u64 {
        self.count.fetch_add(1, SeqCst) + 1
    }

    /// How many places are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(SeqCst)
    }

    /// Waits until there is a place, and makes one: whoever has been idle
    /// longest is told to end, or whoever becomes idle first.
    pub async fn room(&self, timer: &mut impl Timer, now: impl Fn() -> Mono) {
        while self.taken() >= self.most {
            // In this order: whoever becomes idle meanwhile is found, or looks itself.
            self.pressed.store(true, SeqCst);
            if self.evict(now()) {
                self.pressed.store(false, SeqCst);
            }
            let again = now() + AGAIN;
            let either = |cx: &mut Context<'_>| match self.poll_room(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => timer.poll_until(again, cx),
            };
            poll_fn(either).await;
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
    pub fn is_pressed(&self) -> bool {
        self.pressed.load(SeqCst) && self.pressed.swap(false, SeqCst)
    }

    /// Has the connection end that has been idle longest; says whether there is one.
    pub fn evict(&self, now: Mono) -> bool {
        let mut list = self.lock();
        loop {
            while let Some((since, number)) = list.idle.pop_front() {
                if list.entries[number].as_ref().is_some_and(|shared| shared.evict(since)) {
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
    pub fn stop_all(&self, how: Stop) {
        let mut list = self.lock();
        list.stop = list.stop.max(how);
        let all: Vec<_> = list.entries.iter().flatten().cloned().collect();
        drop(list);
        all.into_iter().for_each(|shared| shared.stop(how));
    }

    /// Ends when everybody has left.
    pub async fn emptied(&self) {
        poll_fn(|cx| {
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
        let since = |(number, entry): (usize, &Option<Arc<Served>>)| {
            Some((entry.as_ref()?.idle_since(now)?, number))
        };
        let mut all: Vec<_> = self.entries.iter().enumerate().filter_map(since).collect();
        let found = (all.len() / 16).max(FOUND);
        if found < all.len() {
            all.select_nth_unstable(found);
            all.truncate(found);
        }
        all.sort_unstable();
        self.idle = all.into();
    }
}

impl Entry {
    /// Gives the place to this connection, which is told of a stop from now on.
    pub fn register(&mut self, shared: &Arc<Served>) {
        let mut list = self.registry.lock();
        let number = list.free.pop().unwrap_or(list.entries.len());
        if number == list.entries.len() {
            list.entries.push(None);
        }
        list.entries[number] = Some(shared.clone());
        self.number = Some(number);
        if list.stop != Stop::No {
            shared.stop(list.stop);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut list = self.registry.lock();
        let left = self.number.and_then(|number| {
            list.free.push(number);
            list.entries[number].take()
        });
        let taken = self.registry.taken.fetch_sub(1, SeqCst) - 1;
        let mut woken = std::mem::take(&mut list.waiting);
        woken.extend(list.last.take_if(|_| taken == 0));
        drop(list);
        drop(left);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({} of {})", self.taken(), self.most)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entry")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_core::server::Connection;
    use purlin_core::{Now, ServerConfig};
    use std::future::Future;
    use std::pin::pin;

    const NOW: Mono = Mono::from_secs(100);

    /// A timer whose instants do not come.
    struct Never;

    impl Timer for Never {
        fn poll_until(&mut self, _: Mono, _: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }
    }

    /// Somebody who has been idle since, if at all.
    fn sit(registry: &Arc<Registry>, idle: Option<u64>) -> (Entry, Arc<Served>) {
        let config = Arc::new(ServerConfig::default());
        let shared = Served::over(Connection::new(config, Now::default()), Now::default());
        shared.lock().idle = idle.map(Mono::from_secs);
        let mut entry = registry.enter().unwrap();
        entry.register(&shared);
        (entry, shared)
    }

    fn is_told(shared: &Served) -> bool {
        shared.lock().stop != Stop::No
    }

    #[test]
    fn there_are_as_many_places_as_were_given_back() {
        let registry = Registry::new(2);
        let (first, _second) = (registry.enter().unwrap(), registry.enter().unwrap());
        assert!(registry.enter().is_none());
        let mut cx = Context::from_waker(Waker::noop());
        let mut timer = Never;
        let mut waits = pin!(registry.room(&mut timer, || NOW));
        assert!(waits.as_mut().poll(&mut cx).is_pending());
        drop(first);
        assert!(waits.as_mut().poll(&mut cx).is_ready());
        assert!(registry.enter().is_some());
    }

    #[test]
    fn whoever_has_been_idle_longest_ends_first() {
        let registry = Registry::new(1000);
        // 7 is the first of the numbers that step round 0..200.
        let all: Vec<_> = (0..200).map(|n| sit(&registry, Some(n * 7 % 200 / 2))).collect();
        let busy = sit(&registry, None);
        let later = sit(&registry, Some(101));
        let mut order = Vec::new();
        while registry.evict(NOW) {
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
        let registry = Registry::new(10);
        let (first, second) = (sit(&registry, Some(1)), sit(&registry, Some(2)));
        let third = sit(&registry, Some(3));
        assert!(registry.evict(NOW) && is_told(&first.1));
        second.1.lock().idle = Some(Mono::from_secs(9));
        assert!(registry.evict(NOW) && is_told(&third.1) && !is_told(&second.1));
    }

    #[test]
    fn whoever_comes_after_the_end_is_told_of_it() {
        let registry = Registry::new(10);
        let before = sit(&registry, None);
        registry.stop_all(Stop::Asked);
        let after = sit(&registry, None);
        assert!(is_told(&before.1) && is_told(&after.1));
        registry.stop_all(Stop::Cut);
        assert!(before.1.lock().stop == Stop::Cut);
    }
}
