//! Connections that carry many exchanges, one rule after the other.

use super::*;

const MAY_SHARE: Need =
    Need { once: false, idle_after: None, may_share: true, older: false, _more: () };

fn most(most: u32) -> Capacity {
    Capacity { most, over: false }
}

const OVER: Capacity = Capacity { most: 100, over: true };

fn ask(pool: &mut Pool<&'static str, u32>, now: Mono) -> Get<u32> {
    let (get, changes) = pool.get_for(&A, MAY_SHARE, now);
    assert!(changes.is_empty(), "{changes:?}");
    get
}

fn dials(pool: &mut Pool<&'static str, u32>, now: Mono) -> Ticket {
    match ask(pool, now) {
        Get::Dial(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn waits(pool: &mut Pool<&'static str, u32>, now: Mono) -> Ticket {
    match ask(pool, now) {
        Get::Wait(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn joins(pool: &mut Pool<&'static str, u32>, now: Mono) -> SharedId {
    match ask(pool, now) {
        Get::Join(id) => id,
        other => panic!("{other:?}"),
    }
}

/// A connection that turns out to carry so many, with one seat taken.
fn share(pool: &mut Pool<&'static str, u32>, capacity: Capacity) -> SharedId {
    let ticket = dials(pool, T);
    assert_eq!(pool.opened(ticket), Opened::Yours);
    let (id, changes) = pool.shares(&A, capacity, T);
    assert!(changes.is_empty());
    id
}

fn millis(count: u64) -> Mono {
    T + Duration::from_millis(count)
}

/// What is open: shared, in use, being dialled, idle.
fn open_of(pool: &Pool<&'static str, u32>) -> [usize; 4] {
    [pool.shared(&A), pool.in_use(&A), pool.dialing(&A), pool.idle_of(&A)]
}

#[test]
fn requests_join_the_connection_that_is_used_most_and_has_room() {
    let mut pool = pool(PoolConfig::default());
    let first = share(&mut pool, most(1));
    let second = share(&mut pool, most(3));
    assert_eq!([joins(&mut pool, T), joins(&mut pool, T)], [second; 2]);
    // All are full.
    let third = share(&mut pool, most(2));
    assert_eq!(pool.seats(&A), 5);
    assert!(pool.left(&A, second, false).is_empty());
    assert_eq!(joins(&mut pool, T), second, "of two with room, the one that is used more");
    assert_eq!(joins(&mut pool, T), third);
    assert_eq!(pool.left(&A, first, false).emptied, [first]);
    assert_eq!(open_of(&pool), [2, 1, 0, 0]);
}

#[test]
fn the_last_who_leaves_has_the_connection_idle_like_any_other() {
    let mut pool = pool(PoolConfig::default());
    let id = share(&mut pool, most(100));
    assert_eq!(joins(&mut pool, T), id);
    assert!(pool.left(&A, id, false).is_empty());
    assert_eq!(pool.left(&A, id, false).emptied, [id]);
    assert!(pool.left(&A, id, false).is_empty(), "it has no number any more");
    let shared = Back { born: T, shared: true, ..Back::default() };
    assert!(pool.put_back(&A, 7, shared, later(1)).is_empty());
    assert_eq!(pool.deadline(), Some(later(91)));
    let Get::Reuse(checked) = ask(&mut pool, later(2)) else { panic!() };
    assert!(checked.shared && checked.conn == 7 && checked.settles.is_none());
    // While that is looked at, others wait for it, and not for 100 ms alone.
    let next = waits(&mut pool, later(2));
    assert_eq!(pool.patient_until(next), None);
    let (again, changes) = pool.shares(&A, most(100), later(2));
    assert_eq!(changes.wake, [next]);
    assert_eq!(pool.poll(next), Given::Join(again));
    assert_eq!(pool.seats(&A), 2);
}

#[test]
fn while_nothing_is_known_of_a_route_others_wait_for_the_first_but_not_for_long() {
    let mut pool = pool(PoolConfig::default());
    let first = dials(&mut pool, T);
    let (second, third) = (waits(&mut pool, T), waits(&mut pool, millis(50)));
    assert_eq!(pool.patient_until(second), Some(millis(100)));
    assert_eq!(pool.opened(first), Opened::Yours);
    // It is still being set up.
    let fourth = waits(&mut pool, millis(60));
    assert_eq!(pool.lose_patience(second).wake, [second]);
    assert_eq!(pool.poll(second), Given::Dial);
    assert_eq!(pool.patient_until(third), Some(millis(150)));
    let (id, changes) = pool.shares(&A, most(3), T);
    assert_eq!(changes.wake, [second, third], "who dials has a seat if that is quicker");
    assert_eq!(pool.poll(second), Given::Join(id));
    assert_eq!(pool.opened(second), Opened::Spare);
    assert_eq!(pool.poll(third), Given::Join(id));
    assert_eq!(pool.patient_until(fourth), None, "now something is known");
    assert!(pool.lose_patience(fourth).is_empty());
    assert_eq!(pool.poll(fourth), Given::Pending);
}

#[test]
fn one_that_carries_one_at_a_time_has_all_others_dial() {
    let mut pool = pool(PoolConfig { max_per_host: Some(3), ..PoolConfig::default() });
    let first = dials(&mut pool, T);
    let [second, third, fourth] = [(); 3].map(|()| waits(&mut pool, T));
    assert_eq!(pool.opened(first), Opened::Yours);
    assert_eq!(pool.alone(&A).wake, [second, third]);
    assert_eq!(pool.poll(fourth), Given::Pending);
    assert_eq!(pool.put(&A, 1, T, T).wake, [second, fourth]);
    let given = [second, third, fourth].map(|ticket| pool.poll(ticket));
    assert_eq!(given, [Given::Conn(fresh(1)), Given::Dial, Given::Dial]);
}

#[test]
fn a_first_that_fails_or_ends_before_it_is_known_has_one_other_dial() {
    let mut pool = pool(PoolConfig::default());
    let first = dials(&mut pool, T);
    let [second, third, fourth] = [(); 3].map(|()| waits(&mut pool, T));
    assert_eq!(pool.failed(first).1.wake, [second]);
    assert_eq!(pool.poll(second), Given::Dial);
    assert_eq!(pool.opened(second), Opened::Yours);
    assert_eq!(pool.ended_early(&A).wake, [third]);
    assert!(pool.closed(&A).is_empty());
    assert_eq!(open_of(&pool), [0, 0, 1, 0]);
    assert!(pool.cancel(fourth, T).is_empty());
}

#[test]
fn a_route_that_is_known_is_dialled_one_at_a_time_once_all_are_full() {
    let mut pool = pool(PoolConfig { max_per_host: Some(2), ..PoolConfig::default() });
    let id = share(&mut pool, most(1));
    let second = dials(&mut pool, T);
    let [third, fourth] = [(); 2].map(|()| waits(&mut pool, T));
    assert_eq!([third, fourth].map(|ticket| pool.patient_until(ticket)), [None; 2]);
    // A seat that is free is taken by the first who waits, though he dials.
    assert_eq!(pool.left(&A, id, false).wake, [second]);
    assert_eq!(pool.opened(second), Opened::Joined(id));
    let (other, changes) = pool.shares(&A, most(2), T);
    assert_eq!(changes.wake, [third]);
    assert_eq!(pool.poll(third), Given::Join(other));
    // There may be no more connections: for a seat, then.
    assert_eq!(pool.poll(fourth), Given::Pending);
    let room = pool.carries(&A, id, most(2));
    assert_eq!(room.wake, [fourth]);
}

#[test]
fn what_is_known_of_a_route_outlives_its_connections() {
    let mut pool = pool(PoolConfig::default());
    let id = share(&mut pool, most(1));
    assert_eq!(pool.left(&A, id, false).emptied, [id]);
    assert!(pool.ended_early(&A).is_empty());
    assert!(pool.closed(&A).is_empty());
    assert_eq!(open_of(&pool), [0; 4]);
    let _ = dials(&mut pool, later(5));
    let next = waits(&mut pool, later(5));
    assert_eq!(pool.patient_until(next), None);
}

#[test]
fn one_that_takes_no_more_is_joined_by_nobody_and_counts_until_it_is_empty() {
    let mut pool = pool(one_per_host());
    let id = share(&mut pool, most(5));
    assert_eq!(joins(&mut pool, T), id);
    assert!(pool.carries(&A, id, OVER).is_empty());
    assert!(pool.carries(&A, id, most(5)).is_empty(), "it does not come back");
    let next = waits(&mut pool, T);
    assert!(pool.left(&A, id, false).is_empty());
    assert_eq!(pool.poll(next), Given::Pending);
    assert_eq!(pool.left(&A, id, false).emptied, [id]);
    assert!(pool.ended_early(&A).is_empty());
    assert_eq!(pool.closed(&A).wake, [next]);
    assert_eq!(pool.poll(next), Given::Dial);
}

#[test]
fn one_that_refused_an_exchange_is_full_until_one_of_its_exchanges_ends() {
    let mut pool = pool(one_per_host());
    let id = share(&mut pool, most(5));
    assert_eq!([(); 2].map(|()| joins(&mut pool, T)), [id; 2]);
    assert!(pool.left(&A, id, true).is_empty());
    let again = waits(&mut pool, T);
    assert_eq!(pool.left(&A, id, false).wake, [again]);
    assert_eq!(pool.poll(again), Given::Join(id));
    // Alone on it, there is nothing to wait for.
    assert!(pool.left(&A, id, false).is_empty());
    let next = joins(&mut pool, T);
    assert!(pool.left(&A, next, true).is_empty());
    assert_eq!(pool.left(&A, id, true).emptied, [id]);
}

#[test]
fn a_seat_that_was_given_goes_on_if_its_request_goes_away() {
    for dials_too in [true, false] {
        let config = if dials_too { PoolConfig::default() } else { one_per_host() };
        let mut pool = pool(config);
        let id = share(&mut pool, most(1));
        let gone = match ask(&mut pool, T) {
            Get::Dial(ticket) | Get::Wait(ticket) => ticket,
            other => panic!("{other:?}"),
        };
        let next = waits(&mut pool, T);
        assert_eq!(pool.left(&A, id, false).wake, [gone]);
        let changes = if dials_too { pool.failed(gone).1 } else { pool.cancel(gone, T) };
        assert_eq!(changes.wake, if dials_too { vec![next, next] } else { vec![next] });
        assert_eq!(pool.cancel(next, T).emptied, [id]);
        assert_eq!((pool.seats(&A), pool.in_use(&A)), (0, 1));
    }
}

#[test]
fn a_route_whose_server_demands_the_older_protocol_has_its_shared_connections_run_out() {
    let mut pool = pool(PoolConfig::default());
    let (id, idle) = (share(&mut pool, most(1)), share(&mut pool, most(1)));
    assert_eq!(pool.left(&A, idle, false).emptied, [idle]);
    let shared = Back { born: T, shared: true, ..Back::default() };
    assert!(pool.put_back(&A, 7, shared, T).is_empty());
    assert!(!pool.is_older(&A, T));
    let changes = pool.demand_older(&A, T);
    assert_eq!((changes.close, pool.is_older(&A, T)), (vec![7], true));
    // Nobody waits for anybody there.
    let tickets = [(); 2].map(|()| dials(&mut pool, T));
    assert_eq!(pool.left(&A, id, false).emptied, [id]);
    for ticket in tickets {
        assert_eq!(pool.opened(ticket), Opened::Yours);
        assert!(pool.alone(&A).is_empty());
    }
    // One that was on its way carries whoever has it, and nobody else.
    let (late, _) = pool.shares(&A, most(5), T);
    assert!(matches!(ask(&mut pool, T), Get::Dial(_)));
    assert_eq!(pool.left(&A, late, false).emptied, [late]);
    assert_eq!(pool.put_back(&A, 8, shared, T).close, [8]);
}

#[test]
fn other_routes_do_not_wait_for_what_cannot_be_shared() {
    let mut pool = pool(PoolConfig::default());
    let _ = dial(&mut pool, A, T);
    let _ = dial(&mut pool, A, T);
    assert_eq!(pool.dialing(&A), 2);
}

const OLDER: Need = Need { may_share: false, older: true, ..MAY_SHARE };

#[test]
fn who_asks_for_an_upgrade_has_a_connection_of_its_own_beside_a_shared_one() {
    let mut pool = pool(PoolConfig::default());
    let id = share(&mut pool, most(100));
    let (Get::Dial(upgrades), _) = pool.get_for(&A, OLDER, T) else { panic!() };
    assert_eq!(joins(&mut pool, T), id, "others go on as they did");
    assert_eq!(pool.opened(upgrades), Opened::Yours);
    assert_eq!(open_of(&pool), [1, 1, 0, 0]);
    // It was not upgraded: any request may have it, and the next of its kind.
    assert!(pool.put(&A, 3, T, T).is_empty());
    let (got, _) = pool.get_for(&A, OLDER, T);
    assert_eq!(got, Get::Reuse(Checked { idle_since: Some(T), ..fresh(3) }));
    // An idle one that was shared is none for it.
    for last in [false, true] {
        assert_eq!(pool.left(&A, id, false).emptied.len(), usize::from(last));
    }
    let shared = Back { born: T, shared: true, ..Back::default() };
    assert!(pool.put_back(&A, 7, shared, T).is_empty());
    let (Get::Dial(_), changes) = pool.get_for(&A, OLDER, T) else { panic!() };
    assert!(changes.is_empty());
}

#[test]
fn who_asks_for_an_upgrade_where_there_is_no_room_has_the_shared_connection_run_out() {
    let mut pool = pool(one_per_host());
    let id = share(&mut pool, most(100));
    let (Get::Wait(upgrades), _) = pool.get_for(&A, OLDER, T) else { panic!() };
    let next = waits(&mut pool, T);
    assert_eq!(pool.left(&A, id, false).emptied, [id]);
    let shared = Back { born: T, shared: true, ..Back::default() };
    let changes = pool.put_back(&A, 7, shared, T);
    assert_eq!((changes.close, changes.wake), (vec![7], vec![upgrades]));
    assert_eq!([upgrades, next].map(|ticket| pool.poll(ticket)), [Given::Dial, Given::Pending]);
    // One that is idle makes room at once.
    let mut pool = pool_of_idle();
    let (Get::Dial(_), changes) = pool.get_for(&A, OLDER, T) else { panic!() };
    assert_eq!(changes.close, [7]);
}

/// A pool of one connection, which was shared and is idle.
fn pool_of_idle() -> Pool<&'static str, u32> {
    let mut pool = pool(one_per_host());
    let id = share(&mut pool, most(1));
    assert_eq!(pool.left(&A, id, false).emptied, [id]);
    let shared = Back { born: T, shared: true, ..Back::default() };
    assert!(pool.put_back(&A, 7, shared, T).is_empty());
    pool
}
