use super::*;
use crate::system::{Chore, Work};
use purlin_core::url::Url;
use purlin_core::{ClientMachine, Eof, client};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

/// A socket that has ended, or on which nothing comes.
struct Quiet(bool);

impl ReadReady for Quiet {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        if self.0 {
            machine.eof(Eof::Clean, now);
        }
    }

    fn flush(&mut self, _: &mut (dyn ClientMachine + Send), _: Now) {}

    fn is_lost(&self) -> bool {
        false
    }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A system whose time stands still, and in which nothing is done.
struct Still;

impl System for Still {
    fn now(&self) -> Now {
        Now::default()
    }

    fn spawn(&self, _: &str, _: Work) -> io::Result<()> {
        Ok(())
    }

    fn attend(&self, _: &str, _: Chore) -> io::Result<Waker> {
        Ok(Waker::noop().clone())
    }
}

fn keep_of(config: PoolConfig) -> SharedPool<Quiet> {
    SharedPool::new(config, Arc::new(Still))
}

fn route() -> Route {
    Route::to(&Url::parse("http://a.test/").unwrap(), None)
}

fn link(ended: bool, now: Now) -> Box<Link<Quiet>> {
    let machine = client::Connection::new(Arc::default(), now);
    Box::new(Link::new(Quiet(ended), Box::new(machine), route(), now))
}

fn turn(keep: &SharedPool<Quiet>, now: Now) -> Waiting<Quiet> {
    match keep.get(&route(), Need::default(), now) {
        Got::Turn(waiting) => waiting,
        Got::Kept(..) => panic!("nothing is kept"),
    }
}

/// A connection is opened, and comes back at once.
fn keep_one(keep: &SharedPool<Quiet>, ended: bool, now: Now) {
    turn(keep, now).opened(link(ended, now), now).give_back(now);
    assert_eq!(keep.idle(), 1);
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn who_waits_is_woken_when_a_dial_fails_and_may_dial() {
    let now = Now::default();
    let keep = keep_of(PoolConfig { max_per_host: Some(1), ..PoolConfig::default() });
    let (count, other) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (waker, own) = (Waker::from(count.clone()), Waker::from(other));
    let mut first = turn(&keep, now);
    assert!(matches!(first.poll(&own, now), Next::Dial));
    let mut second = turn(&keep, now);
    assert!(matches!(second.poll(&waker, now), Next::Later));
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
    // It is given up, or has failed.
    drop(first);
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(matches!(second.poll(&waker, now), Next::Dial));
}

#[test]
fn who_waits_is_woken_when_a_connection_comes_back_or_ends() {
    let now = Now::default();
    let keep = keep_of(PoolConfig { max_per_host: Some(1), ..PoolConfig::default() });
    for comes_back in [true, false] {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let lease = turn(&keep, now).opened(link(false, now), now);
        let mut waits = turn(&keep, now);
        assert!(matches!(waits.poll(&waker, now), Next::Later));
        if comes_back {
            lease.give_back(now);
        } else {
            drop(lease);
        }
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        match waits.poll(&waker, now) {
            Next::Kept(lease, _) => drop((lease, assert!(comes_back))),
            Next::Dial => assert!(!comes_back),
            Next::Later => panic!("it was woken for nothing"),
        }
    }
}

#[test]
fn what_comes_back_while_nothing_is_idle_has_its_time_and_no_more() {
    let begin = Now::default();
    let at = |count: u64| begin.later(seconds(count));
    let keep = keep_of(PoolConfig::default());
    let mut empty = None;
    assert_eq!(keep.0.look_after(&mut empty, begin), Some(at(5).mono));
    keep_one(&keep, false, at(4));
    assert_eq!(keep.0.look_after(&mut empty, at(5)), Some(at(10).mono));
    assert_eq!(keep.0.look_after(&mut empty, at(93)), Some(at(94).mono));
    assert_eq!(keep.idle(), 1);
    assert_eq!(keep.0.look_after(&mut empty, at(94)), Some(at(99).mono));
    assert_eq!(keep.idle(), 0);
    assert_eq!(keep.0.look_after(&mut empty, at(123)), Some(at(128).mono));
    assert_eq!(keep.0.look_after(&mut empty, at(124)), None, "nothing was idle for long");
}

#[test]
fn it_is_looked_for_what_has_ended_though_nothing_is_too_old() {
    let begin = Now::default();
    let keep = keep_of(PoolConfig { idle_timeout: Duration::MAX, ..PoolConfig::default() });
    keep_one(&keep, true, begin);
    assert!(keep.0.lock().janitor.is_some(), "somebody looks after it");
    keep.0.look_after(&mut None, begin.later(seconds(5)));
    assert_eq!(keep.idle(), 0);
}

#[test]
fn it_is_looked_again_before_the_time_of_what_may_come_is_over() {
    for (timeout, wait) in [
        (Duration::from_millis(1), SHORTEST),
        (seconds(1), seconds(1)),
        (seconds(90), REST),
        (Duration::MAX, REST),
    ] {
        let config = PoolConfig { idle_timeout: timeout, ..PoolConfig::default() };
        assert_eq!(pause(&config), wait, "{timeout:?}");
    }
}

#[test]
fn one_whose_time_is_over_before_anybody_looks_has_it_looked_after() {
    let begin = Now::default();
    let config = PoolConfig { idle_timeout: seconds(60), ..PoolConfig::default() };
    let keep = keep_of(PoolConfig { max_age: Some(seconds(61)), ..config });
    let looks = |keep: &SharedPool<Quiet>| keep.0.lock().janitor.as_ref().unwrap().looks;
    keep_one(&keep, false, begin);
    assert!(looks(&keep) > begin.later(seconds(4)).mono);
    // It comes back a second before it is too old.
    let Got::Kept(lease, _) = keep.get(&route(), Need::default(), begin) else { panic!() };
    let late = begin.later(seconds(60));
    keep.0.lock().janitor.as_mut().unwrap().looks = late.later(seconds(5)).mono;
    lease.give_back(late);
    assert!(looks(&keep) <= late.later(seconds(1)).mono);
}

#[test]
fn a_server_that_ends_a_connection_before_it_comes_back_is_not_trusted_with_the_next() {
    let now = Now::default();
    let keep = keep_of(PoolConfig::default());
    let once = Need { once: true, ..Need::default() };
    keep_one(&keep, false, now);
    assert!(matches!(keep.get(&route(), once, now), Got::Kept(..)));
    let mut ended = turn(&keep, now).opened(link(true, now), now);
    assert!(!ended.is_alive(now));
    ended.give_back(now);
    assert_eq!(keep.idle(), 0);
    keep_one(&keep, false, now);
    assert!(matches!(keep.get(&route(), once, now), Got::Turn(_)));
    assert!(matches!(keep.get(&route(), Need::default(), now), Got::Kept(..)));
}

#[test]
fn what_was_given_to_one_who_gave_up_is_looked_after() {
    let now = Now::default();
    for most in [Some(1), None] {
        let keep = keep_of(PoolConfig { max_per_host: most, ..PoolConfig::default() });
        let lease = turn(&keep, now).opened(link(false, now), now);
        let mut waits = turn(&keep, now);
        let dials = matches!(waits.poll(Waker::noop(), now), Next::Dial);
        assert_eq!(dials, most.is_none());
        lease.give_back(now);
        assert!(keep.idle() == 0 && keep.0.lock().janitor.is_none());
        drop(waits);
        assert!(keep.idle() == 1 && keep.0.lock().janitor.is_some());
    }
}
