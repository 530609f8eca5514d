//! Threads that wait for one another's connections, at every point where one may stop.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use purlin_core::exchange::Route;
use purlin_core::policy::pool::{Need, PoolConfig};
use purlin_core::{ClientMachine, Now, Url, client};
use purlin_races::{Chore, Got, Lease, Link, Next, ReadReady, SharedPool, System, Waiting, Work};
use shuttle::future::block_on;
use shuttle::{check_pct, check_random, thread};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};

const NOW: Now = Now::at(purlin_core::Mono::ZERO, 784_111_777);
const TRIES: usize = 3000;

/// A socket on which nothing comes.
struct Quiet;

impl ReadReady for Quiet {
    fn read_ready(&mut self, _: &mut (dyn ClientMachine + Send), _: Now) {}

    fn flush(&mut self, _: &mut (dyn ClientMachine + Send), _: Now) {}

    fn is_lost(&self) -> bool {
        false
    }
}

/// A system whose time stands still, and in which nothing is done.
struct Still;

impl System for Still {
    fn now(&self) -> Now {
        NOW
    }

    fn spawn(&self, _: &str, _: Work) -> io::Result<()> {
        Ok(())
    }

    fn attend(&self, _: &str, _: Chore) -> io::Result<Waker> {
        Ok(Waker::noop().clone())
    }
}

fn pool(most: usize) -> SharedPool<Quiet> {
    let config = PoolConfig { max_per_host: Some(most), ..PoolConfig::default() };
    SharedPool::new(config, Arc::new(Still))
}

fn route() -> Route {
    Route::to(&Url::parse("http://a.test/").unwrap(), None)
}

fn link() -> Box<Link<Quiet>> {
    let machine = client::Connection::new(Arc::default(), NOW);
    Box::new(Link::new(Quiet, Box::new(machine), route(), NOW))
}

/// A connection, waited for; `wakes` says whether who waits is told.
fn lease(pool: &SharedPool<Quiet>, wakes: bool) -> Lease<Quiet> {
    let mut waiting = match pool.get(&route(), Need::default(), NOW) {
        Got::Kept(lease, _) => return lease,
        Got::Turn(waiting) => waiting,
    };
    let next = poll_fn(|cx| {
        let waker = if wakes { cx.waker() } else { Waker::noop() };
        match waiting.poll(waker, NOW) {
            Next::Kept(lease, _) => Poll::Ready(Some(lease)),
            Next::Dial => Poll::Ready(None),
            Next::Later => Poll::Pending,
        }
    });
    match block_on(next) {
        Some(lease) => lease,
        None => dialled(waiting),
    }
}

/// Another may come back meanwhile.
fn dialled(waiting: Waiting<Quiet>) -> Lease<Quiet> {
    thread::yield_now();
    waiting.opened(link(), NOW)
}

/// What a thread does with its connection.
#[derive(Clone, Copy)]
enum Does {
    GivesBack,
    Closes,
    /// It gives its place up, whether it has been told of something or not.
    Leaves,
}

fn play(most: usize, all: [Does; 4], wakes: bool) {
    let pool = pool(most);
    let threads = all.map(|does| {
        let pool = pool.clone();
        thread::spawn(move || match does {
            Does::GivesBack => lease(&pool, wakes).give_back(NOW),
            Does::Closes => drop(lease(&pool, wakes)),
            Does::Leaves => {
                let mut got = pool.get(&route(), Need::default(), NOW);
                if let Got::Turn(waiting) = &mut got {
                    let _ = waiting.poll(Waker::noop(), NOW);
                }
                thread::yield_now();
                drop(got);
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let route = route();
    let left = pool.look(|held| [held.in_use(&route), held.dialing(&route), held.waiting(&route)]);
    assert_eq!(left, [0; 3]);
    assert!(pool.idle() <= most);
}

#[test]
fn everybody_gets_a_connection_though_some_close_theirs_or_leave() {
    use Does::{Closes, GivesBack, Leaves};
    for all in [
        [GivesBack, GivesBack, GivesBack, GivesBack],
        [GivesBack, Closes, GivesBack, Leaves],
        [Closes, Leaves, Leaves, GivesBack],
        [Closes, Closes, Leaves, Closes],
    ] {
        for most in [1, 2] {
            check_random(move || play(most, all, true), TRIES / 8);
            check_pct(move || play(most, all, true), TRIES / 8, 3);
        }
    }
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_who_is_not_woken_is_found() {
    check_random(|| play(1, [Does::GivesBack; 4], false), TRIES);
}
