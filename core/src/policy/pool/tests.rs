//! The pool's rules one by one; `model` holds it against a naive one.

mod learning;
mod model;
mod seats;
mod shared;

use super::*;
use crate::error::{CloseReason, Fault};
use crate::machine::Reuse;
use std::time::Duration;

const A: &str = "a.test";
const B: &str = "b.test";
const T: Mono = Mono::from_secs(1000);

fn pool(config: PoolConfig) -> Pool<&'static str, u32> {
    Pool::new(config)
}

fn later(seconds: u64) -> Mono {
    T + Duration::from_secs(seconds)
}

/// A connection that was opened for a request and came back.
fn keep(pool: &mut Pool<&'static str, u32>, key: &'static str, conn: u32, now: Mono) -> Vec<u32> {
    open(pool, key, now);
    let changes = pool.put(&key, conn, now, now);
    assert!(changes.wake.is_empty());
    changes.close
}

fn open(pool: &mut Pool<&'static str, u32>, key: &'static str, now: Mono) {
    let ticket = dial(pool, key, now);
    assert_eq!(pool.opened(ticket), Opened::Yours);
}

fn dial(pool: &mut Pool<&'static str, u32>, key: &'static str, now: Mono) -> Ticket {
    match pool.get(&key, now) {
        (Get::Dial(ticket), _) => ticket,
        (other, _) => panic!("{other:?}"),
    }
}

fn wait(pool: &mut Pool<&'static str, u32>, key: &'static str) -> Ticket {
    match pool.get(&key, T) {
        (Get::Wait(ticket), changes) if changes.is_empty() => ticket,
        (other, _) => panic!("{other:?}"),
    }
}

fn reused(pool: &mut Pool<&'static str, u32>, key: &'static str, now: Mono) -> u32 {
    match pool.get(&key, now) {
        (Get::Reuse(checked), _) => checked.conn,
        (other, _) => panic!("{other:?}"),
    }
}

fn fresh(conn: u32) -> Checked<u32> {
    Checked {
        conn,
        born: T,
        idle_since: None,
        limit: None,
        bodiless: false,
        settles: None,
        shared: false,
    }
}

/// What a look at a connection finds.
fn looks(ended: bool) -> Reuse {
    if ended { Reuse::Never(CloseReason::PeerClosed) } else { Reuse::Now }
}

fn one_per_host() -> PoolConfig {
    PoolConfig { max_per_host: Some(1), ..PoolConfig::default() }
}

#[test]
fn the_connection_used_last_is_used_first() {
    let mut pool = pool(PoolConfig::default());
    for _ in 0..3 {
        open(&mut pool, A, T);
    }
    for conn in [2, 3, 1] {
        assert!(pool.put(&A, conn, T, T).is_empty());
    }
    assert_eq!([1, 3, 2].map(|_| reused(&mut pool, A, T)), [1, 3, 2]);
    assert_eq!((pool.in_use(&A), pool.idle()), (3, 0));
}

#[test]
fn what_comes_back_over_the_limit_of_its_host_is_closed() {
    let mut pool = pool(PoolConfig { max_idle_per_host: 1, ..PoolConfig::default() });
    open(&mut pool, A, T);
    assert!(keep(&mut pool, A, 1, T).is_empty());
    assert_eq!(pool.put(&A, 2, T, T).close, [2]);
    assert_eq!(reused(&mut pool, A, T), 1);
}

#[test]
fn the_limit_of_all_closes_the_longest_idle() {
    let mut pool = pool(PoolConfig { max_idle: 2, ..PoolConfig::default() });
    assert!(keep(&mut pool, A, 1, T).is_empty());
    assert!(keep(&mut pool, B, 2, T).is_empty());
    assert_eq!(reused(&mut pool, A, T), 1);
    assert!(pool.put(&A, 1, T, T).is_empty());
    assert_eq!(keep(&mut pool, "c.test", 3, T), [2]);
    assert_eq!((pool.idle(), pool.idle_of(&A), pool.idle_of(&B)), (2, 1, 0));
}

#[test]
fn idle_connections_end_in_time() {
    let mut pool = pool(PoolConfig::default());
    assert!(keep(&mut pool, A, 1, T).is_empty());
    assert_eq!(pool.deadline(), Some(later(90)));
    assert!(keep(&mut pool, B, 2, later(10)).is_empty());
    assert_eq!(pool.expire(later(89)), []);
    assert_eq!(pool.expire(later(90)), [1]);
    assert_eq!(pool.deadline(), Some(later(100)));
    let (get, changes) = pool.get(&B, later(100));
    assert!(matches!(get, Get::Dial(_)));
    assert_eq!(changes.close, [2]);
    assert_eq!(pool.deadline(), None);
}

#[test]
fn a_connection_is_kept_no_longer_than_its_server_says() {
    let mut pool = pool(PoolConfig::default());
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let put = |pool: &mut Pool<_, _>, conn, limit| {
        pool.put_back(&A, conn, Back { born: T, limit, ..Back::default() }, T)
    };
    (0..5).for_each(|_| open(&mut pool, A, T));
    assert!(put(&mut pool, 1, None).is_empty());
    assert!(put(&mut pool, 2, seconds(20)).is_empty());
    // Longer than the pool keeps any.
    assert!(put(&mut pool, 3, seconds(1000)).is_empty());
    assert!(put(&mut pool, 4, seconds(4)).is_empty());
    assert_eq!(put(&mut pool, 5, seconds(0)).close, [5]);
    assert_eq!(pool.deadline(), Some(later(4)));
    assert_eq!(pool.expire(later(3)), []);
    // One that its server keeps no longer is closed, not used.
    let (get, changes) = pool.get(&A, later(4));
    assert!(matches!(get, Get::Reuse(Checked { conn: 3, limit: None, .. })), "{get:?}");
    assert_eq!(changes.close, [4]);
    assert_eq!(pool.deadline(), Some(later(20)));
    assert_eq!(pool.expire(later(20)), [2]);
    assert_eq!(pool.deadline(), Some(later(90)));
    assert_eq!(pool.expire(later(90)), [1]);
    assert_eq!(pool.deadline(), None);
}

#[test]
fn what_a_server_says_is_not_lost_on_the_way_to_who_has_gone() {
    let mut pool = pool(one_per_host());
    open(&mut pool, A, T);
    let (gone, next) = (wait(&mut pool, A), wait(&mut pool, A));
    let limit = Some(Duration::from_secs(4));
    let back = Back { born: T, limit, ..Back::default() };
    assert_eq!(pool.put_back(&A, 1, back, T).wake, [gone]);
    assert_eq!(pool.cancel(gone, T).wake, [next]);
    assert!(pool.cancel(next, T).is_empty());
    assert_eq!((pool.idle(), pool.deadline()), (1, Some(later(4))));
}

#[test]
fn a_connection_ends_at_its_maximum_age() {
    let age = Some(Duration::from_secs(30));
    let mut pool = pool(PoolConfig { max_age: age, ..PoolConfig::default() });
    open(&mut pool, A, T);
    assert!(pool.put(&A, 1, T, later(20)).is_empty());
    assert_eq!(pool.deadline(), Some(later(30)));
    assert_eq!(reused(&mut pool, A, later(29)), 1);
    assert_eq!(pool.put(&A, 1, T, later(30)).close, [1]);
    open(&mut pool, A, T);
    assert!(pool.put(&A, 2, T, later(20)).is_empty());
    assert_eq!(pool.expire(later(30)), [2]);
}

#[test]
fn an_idle_timeout_without_end_has_no_deadline() {
    let mut pool = pool(PoolConfig { idle_timeout: Duration::MAX, ..PoolConfig::default() });
    assert!(keep(&mut pool, A, 1, T).is_empty());
    assert_eq!(pool.deadline(), None);
    assert_eq!(pool.expire(later(1_000_000)), []);
}

#[test]
fn nothing_is_kept_without_keep_alive() {
    let config = PoolConfig { keep_alive: false, ..one_per_host() };
    let mut pool = pool(config);
    open(&mut pool, A, T);
    let waits = wait(&mut pool, A);
    let changes = pool.put(&A, 1, T, T);
    assert_eq!((changes.close, changes.wake), (vec![1], vec![waits]));
    assert_eq!(pool.poll(waits), Given::Dial);
}

#[test]
fn who_closes_what_is_idle_is_left_with_nothing_until_more_is_asked_for() {
    let mut pool = pool(one_per_host());
    open(&mut pool, A, T);
    let waits = wait(&mut pool, A);
    assert!(pool.close_idle().is_empty());
    assert_eq!(pool.put(&A, 1, T, T).wake, [waits]);
    assert_eq!(pool.poll(waits), Given::Conn(fresh(1)));
    assert_eq!(pool.put(&A, 1, T, T).close, [1]);
    open(&mut pool, B, T);
    assert!(pool.put(&B, 2, T, T).is_empty());
    assert_eq!(pool.close_idle(), [2]);
}

#[test]
fn what_is_seen_to_have_ended_leaves_its_place() {
    let mut pool = pool(PoolConfig { max_idle_per_host: 2, ..PoolConfig::default() });
    for _ in 0..3 {
        open(&mut pool, A, T);
    }
    assert!(pool.put(&A, 1, T, T).is_empty());
    assert!(pool.put(&A, 2, T, T).is_empty());
    assert_eq!(pool.sweep(T, |conn| looks(*conn == 1)), [1]);
    assert!(pool.put(&A, 3, T, T).is_empty());
    assert_eq!([3, 2].map(|_| reused(&mut pool, A, T)), [3, 2]);
}

#[test]
fn a_returned_connection_serves_a_request_that_dials() {
    let mut pool = pool(PoolConfig::default());
    open(&mut pool, A, T);
    let second = dial(&mut pool, A, T);
    assert_eq!(pool.poll(second), Given::Pending);
    assert_eq!(pool.put(&A, 1, T, T).wake, [second]);
    assert_eq!(pool.poll(second), Given::Conn(fresh(1)));
    assert_eq!(pool.poll(second), Given::Over);
    assert_eq!(pool.unclaimed().collect::<Vec<_>>(), [second]);
    // Its own dial ends, and what it opened is kept for the next.
    assert_eq!(pool.opened(second), Opened::Spare);
    assert!(pool.put(&A, 2, T, T).is_empty());
    assert_eq!(reused(&mut pool, A, T), 2);
}

#[test]
fn a_dial_that_ends_finds_what_was_given_before() {
    let mut pool = pool(PoolConfig::default());
    open(&mut pool, A, T);
    open(&mut pool, A, T);
    let (third, fourth) = (dial(&mut pool, A, T), dial(&mut pool, A, T));
    assert_eq!(pool.put(&A, 1, T, T).wake, [third]);
    assert_eq!(pool.put(&A, 2, T, T).wake, [fourth]);
    assert_eq!(pool.opened(third), Opened::Given(fresh(1)));
    assert_eq!(pool.failed(fourth), (Some(fresh(2)), Changes::default()));
    assert_eq!((pool.in_use(&A), pool.dialing(&A), pool.waiting(&A)), (3, 0, 0));
}

#[test]
fn requests_over_the_limit_wait_in_line() {
    let mut pool = pool(one_per_host());
    open(&mut pool, A, T);
    let (second, third) = (wait(&mut pool, A), wait(&mut pool, A));
    // Another host is not concerned.
    open(&mut pool, B, T);
    assert_eq!(pool.put(&A, 1, T, T).wake, [second]);
    assert_eq!(pool.poll(third), Given::Pending);
    assert_eq!(pool.poll(second), Given::Conn(fresh(1)));
    assert_eq!(pool.closed(&A).wake, [third]);
    assert_eq!(pool.poll(third), Given::Dial);
    assert_eq!(pool.poll(third), Given::Pending);
    assert_eq!(pool.opened(third), Opened::Yours);
}

#[test]
fn a_failed_dial_makes_room_for_the_next() {
    let mut pool = pool(one_per_host());
    let (first, second) = (dial(&mut pool, A, T), wait(&mut pool, A));
    let (given, changes) = pool.failed(first);
    assert_eq!((given, changes.wake), (None, vec![second]));
    assert_eq!(pool.poll(first), Given::Over);
    assert_eq!(pool.poll(second), Given::Dial);
}

#[test]
fn who_leaves_the_line_leaves_its_place() {
    let mut pool = pool(one_per_host());
    open(&mut pool, A, T);
    let tickets = [(); 4].map(|()| wait(&mut pool, A));
    assert!(pool.cancel(tickets[0], T).is_empty());
    assert_eq!(pool.put(&A, 1, T, T).wake, [tickets[1]]);
    // Given, not yet taken: it goes on.
    assert_eq!(pool.cancel(tickets[1], T).wake, [tickets[2]]);
    assert_eq!(pool.poll(tickets[2]), Given::Conn(fresh(1)));
    // Told to dial, not yet begun: the room goes on.
    assert_eq!(pool.closed(&A).wake, [tickets[3]]);
    let last = wait(&mut pool, A);
    assert_eq!(pool.cancel(tickets[3], T).wake, [last]);
    assert_eq!(pool.poll(last), Given::Dial);
}

#[test]
fn a_cancelled_dial_counts_until_it_ends() {
    let mut pool = pool(one_per_host());
    let first = dial(&mut pool, A, T);
    let second = wait(&mut pool, A);
    assert!(pool.cancel(first, T).is_empty());
    assert_eq!(pool.poll(second), Given::Pending);
    assert_eq!(pool.opened(first), Opened::Spare);
    assert_eq!(pool.put(&A, 1, T, T).wake, [second]);
    assert_eq!(pool.poll(second), Given::Conn(fresh(1)));
}

#[test]
fn what_a_cancelled_request_was_given_is_kept() {
    let mut pool = pool(one_per_host());
    open(&mut pool, A, T);
    let second = wait(&mut pool, A);
    assert_eq!(pool.put(&A, 1, T, T).wake, [second]);
    assert!(pool.cancel(second, later(1)).is_empty());
    let (Get::Reuse(checked), _) = pool.get(&A, later(2)) else { panic!() };
    assert_eq!(checked, Checked { idle_since: Some(later(1)), ..fresh(1) });
}

#[test]
fn strangers_are_turned_away() {
    let mut pool = pool(one_per_host());
    assert_eq!(pool.put(&A, 7, T, T).close, [7]);
    assert!(pool.closed(&A).is_empty());
    assert_eq!(pool.opened(Ticket(9)), Opened::Unknown);
    assert_eq!(pool.failed(Ticket(9)), (None, Changes::default()));
    assert!(pool.cancel(Ticket(9), T).is_empty());
    assert_eq!(pool.poll(Ticket(9)), Given::Over);
    open(&mut pool, A, T);
    let second = wait(&mut pool, A);
    assert_eq!(pool.opened(second), Opened::Unknown);
}

#[test]
fn nothing_is_left_of_hosts_without_connections() {
    let mut pool: Pool<u32, u32> = Pool::new(PoolConfig { max_idle: 4, ..PoolConfig::default() });
    for key in 0..1000 {
        let (Get::Dial(ticket), _) = pool.get(&key, T) else { panic!() };
        assert_eq!(pool.opened(ticket), Opened::Yours);
        let changes = pool.put(&key, key, T, T);
        assert_eq!(changes.close, key.checked_sub(4).into_iter().collect::<Vec<_>>());
    }
    assert!(pool.hosts.numbers() <= 5);
    assert_eq!(pool.close_idle(), [996, 997, 998, 999]);
    assert_eq!((pool.idle(), pool.deadline()), (0, None));
}
