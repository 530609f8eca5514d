//! Wakes connections at their deadlines, all of them with one timer.
//! Keeps instants; what a deadline is for, the machine knows.
//!
//! A timer of one's own would cost each connection a system call to set, for
//! the reactor has to be told: most deadlines are never reached, and a new one
//! is seldom nearer than all others.

use crate::wire::Timer;
use purlin_core::{Mono, Now};
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Deadlines, and who is woken then.
pub struct Alarms {
    now: fn() -> Now,
    set: Mutex<Set>,
    /// Nanoseconds until which alarms have rung: asking costs less than the time does.
    rung: AtomicU64,
}

#[derive(Default)]
struct Set {
    due: BTreeMap<Key, Waker>,
    next: u64,
    /// What the timer is set to.
    armed: Option<Mono>,
    /// Whoever minds the timer.
    keeper: Option<Waker>,
}

/// A deadline; of several at one instant, each is its own.
type Key = (Mono, u64);

/// One connection's deadline.
pub struct Alarm<'a> {
    alarms: &'a Alarms,
    set: Option<Key>,
}

impl Alarms {
    /// Alarms by this clock.
    pub fn new(now: fn() -> Now) -> Alarms {
        Alarms { now, set: Mutex::default(), rung: AtomicU64::new(0) }
    }

    /// Wakes whoever is due, without end.
    pub async fn ring(&self, timer: &mut impl Timer) {
        poll_fn(|cx| self.poll_ring(timer, cx)).await;
    }

    fn poll_ring(&self, timer: &mut impl Timer, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let (due, nearer) = self.take_due((self.now)().mono, cx);
            due.into_values().for_each(Waker::wake);
            let Some(at) = nearer else { return Poll::Pending };
            if timer.poll_until(at, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Takes out those that are due; says what the timer has to be set to, if it does.
    fn take_due(&self, now: Mono, cx: &Context<'_>) -> (BTreeMap<Key, Waker>, Option<Mono>) {
        let mut set = self.lock();
        self.rung.store(now.as_nanos(), SeqCst);
        let later = set.due.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut set.due, later);
        set.keeper = Some(cx.waker().clone());
        // One that is set to an earlier instant finds nothing then, and is set anew.
        set.armed = set.armed.filter(|armed| *armed > now);
        let first = set.due.first_key_value().map(|((at, _), _)| *at);
        let nearer = first.filter(|first| set.armed.is_none_or(|armed| *first < armed));
        set.armed = nearer.or(set.armed);
        (due, nearer)
    }

    fn insert(&self, at: Mono, waker: &Waker) -> Key {
        let mut set = self.lock();
        set.next += 1;
        let key = (at, set.next);
        set.due.insert(key, waker.clone());
        let keeper = match set.armed {
            Some(armed) if armed <= at => None,
            _ => set.keeper.take(),
        };
        drop(set);
        keeper.into_iter().for_each(Waker::wake);
        key
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was set to this instant has rung, or rings now.
    fn has_rung(&self, at: Mono) -> bool {
        at.as_nanos() <= self.rung.load(SeqCst)
    }
}

impl<'a> Alarm<'a> {
    /// An alarm that is not set.
    pub fn new(alarms: &'a Alarms) -> Alarm<'a> {
        Alarm { alarms, set: None }
    }

    /// Unsets the alarm.
    pub fn take_back(&mut self) {
        if let Some(key) = self.set.take() {
            let waker = self.alarms.lock().due.remove(&key);
            drop(waker);
        }
    }
}

impl Timer for Alarm<'_> {
    /// What is set to an earlier instant stays, and wakes the task in vain.
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        if self.alarms.has_rung(at) {
            return Poll::Ready(());
        }
        let set = self.set.filter(|(set, _)| !self.alarms.has_rung(*set));
        if set.is_none_or(|(set, _)| at < set) {
            self.take_back();
            if at <= (self.alarms.now)().mono {
                return Poll::Ready(());
            }
            self.set = Some(self.alarms.insert(at, cx.waker()));
        }
        Poll::Pending
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}

impl fmt::Debug for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarms")
    }
}

impl fmt::Debug for Alarm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alarm({:?})", self.set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    const fn at(seconds: u64) -> Mono {
        Mono::from_secs(seconds)
    }

    fn set(alarm: &mut Alarm<'_>, seconds: u64, waker: &Waker) -> bool {
        alarm.poll_until(at(seconds), &mut Context::from_waker(waker)).is_ready()
    }

    #[test]
    fn alarms_ring_once_in_their_order_and_those_taken_back_never() {
        let alarms = Alarms::new(Now::default);
        let counts: Vec<_> = (0..3).map(|_| Arc::new(Count::default())).collect();
        let wakers: Vec<Waker> = counts.iter().map(|count| count.clone().into()).collect();
        let mut all: Vec<_> = (0..3).map(|_| Alarm::new(&alarms)).collect();
        for ((alarm, waker), seconds) in all.iter_mut().zip(&wakers).zip([5, 3, 3]) {
            assert!(!set(alarm, seconds, waker));
        }
        all[2].take_back();
        let ring = |seconds| {
            let (due, nearer) = alarms.take_due(at(seconds), &Context::from_waker(Waker::noop()));
            due.into_values().for_each(Waker::wake);
            nearer
        };
        let rung = || counts.iter().map(|count| count.0.load(SeqCst)).collect::<Vec<_>>();
        assert_eq!((ring(2), rung()), (Some(at(3)), vec![0, 0, 0]));
        assert_eq!((ring(3), rung()), (Some(at(5)), vec![0, 1, 0]));
        assert_eq!((ring(9), rung()), (None, vec![1, 1, 0]));
        assert!(set(&mut all[0], 9, &wakers[0]) && !set(&mut all[0], 10, &wakers[0]));
    }

    #[test]
    fn the_timer_is_minded_again_only_for_a_nearer_deadline() {
        let alarms = Alarms::new(Now::default);
        let count = Arc::new(Count::default());
        let keeper = Waker::from(count.clone());
        let mind = |now| drop(alarms.take_due(at(now), &Context::from_waker(&keeper)));
        let (mut first, mut second) = (Alarm::new(&alarms), Alarm::new(&alarms));
        mind(0);
        set(&mut first, 30, Waker::noop());
        assert_eq!(count.0.load(SeqCst), 1, "there was none");
        mind(0);
        set(&mut second, 75, Waker::noop());
        set(&mut first, 40, Waker::noop());
        assert_eq!(count.0.load(SeqCst), 1);
        set(&mut second, 10, Waker::noop());
        assert_eq!(count.0.load(SeqCst), 2);
    }

    /// A timer that is set, and does not ring.
    #[derive(Default)]
    struct Set(Option<Mono>);

    impl Timer for Set {
        fn poll_until(&mut self, at: Mono, _: &mut Context<'_>) -> Poll<()> {
            self.0 = Some(at);
            Poll::Pending
        }
    }

    #[test]
    fn the_timer_is_set_to_the_first_of_them() {
        let alarms = Alarms::new(Now::default);
        let (mut timer, mut cx) = (Set::default(), Context::from_waker(Waker::noop()));
        assert!(alarms.poll_ring(&mut timer, &mut cx).is_pending() && timer.0.is_none());
        let mut two = [Alarm::new(&alarms), Alarm::new(&alarms)];
        set(&mut two[0], 9, Waker::noop());
        set(&mut two[1], 7, Waker::noop());
        assert!(alarms.poll_ring(&mut timer, &mut cx).is_pending());
        assert_eq!(timer.0, Some(at(7)));
    }
}
