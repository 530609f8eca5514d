//! What the pool learns from connections that turned out unfit, and what it then gives
//! to requests that cannot be sent again.

use super::*;

const ONCE: Need = Need { once: true, idle_after: None, may_share: false, older: false, _more: () };
const CLOSED: Reuse = Reuse::Never(CloseReason::PeerClosed);
const LEFT: Reuse = Reuse::Never(CloseReason::Fault(Fault::UnaskedBytes));

/// One that had been idle since then, and was given then, in seconds.
fn kept(since: u64, taken: u64) -> Kept {
    Kept { since: later(since), taken: later(taken), ..Kept::default() }
}

/// One that is given at once behind an answer without a body.
const BEHIND: Kept = Kept { since: T, taken: T, bodiless: true, _more: () };

/// A connection in use comes back behind an answer without a body.
fn put_bodiless(pool: &mut Pool<&'static str, u32>, conn: u32, now: Mono) -> Changes<u32> {
    pool.put_back(&A, conn, Back { born: T, bodiless: true, ..Back::default() }, now)
}

/// What a request that cannot be sent again gets.
fn once(pool: &mut Pool<&'static str, u32>, now: Mono) -> Option<u32> {
    match pool.get_for(&A, ONCE, now).0 {
        Get::Reuse(checked) => Some(checked.conn),
        Get::Dial(ticket) => {
            assert_eq!(pool.opened(ticket), Opened::Yours);
            None
        }
        Get::Wait(_) | Get::Join(_) => panic!("there is room"),
    }
}

/// Until when that is looked at before it is used.
fn settles(get: Get<u32>) -> Option<Mono> {
    let Get::Reuse(checked) = get else { panic!("{get:?}") };
    checked.settles
}

/// What wakes this one and closes these.
fn told(wakes: Ticket, close: Vec<u32>) -> Changes<u32> {
    Changes { wake: vec![wakes], close, ..Changes::default() }
}

#[test]
fn behind_an_answer_without_a_body_what_cannot_be_sent_again_waits_until_one_was_used() {
    let mut pool = pool(PoolConfig::default());
    (0..2).for_each(|_| open(&mut pool, A, T));
    assert!(put_bodiless(&mut pool, 1, T).is_empty());
    let soon = T + Duration::from_millis(10);
    assert_eq!(settles(pool.get_for(&A, ONCE, later(1)).0), Some(soon));
    assert!(put_bodiless(&mut pool, 1, T).is_empty());
    assert_eq!(settles(pool.get(&A, T).0), None);
    pool.served(&A, &kept(0, 0));
    assert!(put_bodiless(&mut pool, 1, T).is_empty());
    assert_eq!(settles(pool.get_for(&A, ONCE, T).0), Some(soon), "that was another kind");
    pool.served(&A, &BEHIND);
    assert!(put_bodiless(&mut pool, 1, T).is_empty());
    assert_eq!(settles(pool.get_for(&A, ONCE, T).0), None);
    // What is known of a host goes with its last connection.
    assert!(pool.closed(&A).is_empty());
    assert!(pool.closed(&A).is_empty());
    open(&mut pool, B, T);
    open(&mut pool, A, T);
    assert!(put_bodiless(&mut pool, 1, T).is_empty());
    assert_eq!(settles(pool.get_for(&A, ONCE, T).0), Some(soon));
}

#[test]
fn a_host_that_leaves_a_body_behind_has_no_connection_kept_behind_such_answers() {
    for way in 0..3 {
        let mut pool = pool(PoolConfig::default());
        (1..=4).for_each(|_| open(&mut pool, A, T));
        assert!(put_bodiless(&mut pool, 1, T).is_empty());
        assert!(pool.put(&A, 2, T, T).is_empty());
        // What is idle behind such an answer is given up at once.
        let over = match way {
            0 => pool.found_unfit(&A, &BEHIND, LEFT),
            1 => pool.not_kept(&A, true, LEFT, T),
            _ => pool.died(&A, &Kept { since: Mono::ZERO, ..BEHIND }, LEFT),
        };
        assert_eq!(over, [1], "{way}");
        assert_eq!(pool.idle_of(&A), 1);
        assert_eq!(put_bodiless(&mut pool, 3, T).close, [3]);
        // Behind others they are kept as ever, and used.
        assert_eq!(once(&mut pool, T), Some(2));
        pool.served(&A, &kept(0, 0));
        assert_eq!(put_bodiless(&mut pool, 2, T).close, [2], "{way}");
        assert_eq!(pool.in_use(&A), 1);
    }
}

#[test]
fn who_waits_is_given_what_may_hold_a_body_with_care_or_not_at_all() {
    let mut pool = pool(one_per_host());
    open(&mut pool, A, T);
    for (need, settles) in [(ONCE, true), (Need::default(), false)] {
        let (Get::Wait(ticket), _) = pool.get_for(&A, need, T) else { panic!("it waits") };
        assert_eq!(put_bodiless(&mut pool, 1, T).wake, [ticket]);
        let Given::Conn(given) = pool.poll(ticket) else { panic!("it is given") };
        assert_eq!((given.kept(T), given.settles.is_some()), (BEHIND, settles));
        assert_eq!(given.back(), Back { born: T, bodiless: true, ..Back::default() });
    }
    // Where something is left behind, nobody is given such a one.
    assert_eq!(pool.found_unfit(&A, &BEHIND, LEFT), []);
    let waits = wait(&mut pool, A);
    assert_eq!(put_bodiless(&mut pool, 2, T), told(waits, vec![2]));
}

#[test]
fn what_a_sweep_finds_is_learnt() {
    let mut swept = three_idle();
    let half = later(3) + Duration::from_millis(500);
    // The last of three was ended right behind its answer.
    assert_eq!(swept.sweep(half, |conn| looks(*conn == 3)), [3]);
    assert_eq!(once(&mut swept, half), Some(1), "the one that has lived longest");
    // The first had been idle for longer than the others.
    let mut swept = three_idle();
    assert_eq!(swept.sweep(later(8), |conn| looks(*conn == 1)), [1]);
    assert!(swept.sweep(later(9), |_| Reuse::Now).is_empty());
    assert_eq!(once(&mut swept, later(9)), Some(3), "seen to be kept for so long");
    assert_eq!(once(&mut swept, later(10)), None, "not seen to be kept for so long");
    assert_eq!(reused(&mut swept, A, later(10)), 2);
    // What a body without a place left.
    let mut swept = pool(PoolConfig::default());
    (1..=3).for_each(|_| open(&mut swept, A, T));
    assert!(put_bodiless(&mut swept, 1, T).is_empty());
    assert!(put_bodiless(&mut swept, 2, T).is_empty());
    let mut over = swept.sweep(later(5), |conn| if *conn == 1 { LEFT } else { Reuse::Now });
    over.sort_unstable();
    assert_eq!(over, [1, 2]);
    assert_eq!(put_bodiless(&mut swept, 3, later(5)).close, [3]);
}

/// Three idle connections of A, idle since one second after the other.
fn three_idle() -> Pool<&'static str, u32> {
    let mut pool = pool(PoolConfig::default());
    for _ in 1..=3 {
        open(&mut pool, A, T);
        open(&mut pool, B, T);
    }
    for conn in 1..=3 {
        assert!(pool.put(&A, conn, T, later(conn.into())).is_empty());
        assert!(pool.put(&B, 10 + conn, T, later(conn.into())).is_empty());
    }
    pool
}

#[test]
fn a_connection_that_took_a_request_with_it_takes_the_older_ones_along() {
    let mut pool = three_idle();
    // Of three the second died; the third came back meanwhile.
    assert_eq!(reused(&mut pool, A, later(5)), 3);
    assert_eq!(reused(&mut pool, A, later(5)), 2);
    assert!(pool.put(&A, 3, T, later(6)).is_empty());
    assert_eq!(pool.died(&A, &kept(2, 5), CLOSED), [1]);
    assert!(pool.closed(&A).is_empty());
    assert_eq!((pool.idle_of(&A), pool.idle_of(&B), pool.in_use(&A)), (1, 3, 0));
    // The request itself takes none that was idle by then.
    let need = Need { idle_after: Some(later(6)), ..Need::default() };
    let (Get::Dial(ticket), changes) = pool.get_for(&A, need, later(7)) else { panic!("it dials") };
    assert_eq!(changes.close, [3]);
    assert_eq!(pool.opened(ticket), Opened::Yours);
    assert!(pool.put(&A, 4, T, later(8)).is_empty());
    assert!(matches!(pool.get_for(&A, need, later(8)).0, Get::Reuse(Checked { conn: 4, .. })));
    // Of a host that nothing is known of.
    assert_eq!(pool.died(&"c.test", &kept(0, 0), CLOSED), []);
    // One that is idle since the same instant is no younger.
    assert_eq!(three_idle().died(&A, &kept(2, 5), CLOSED), [1, 2]);
}

#[test]
fn what_cannot_be_sent_again_waits_for_a_host_to_prove_itself() {
    let half = Duration::from_millis(500);
    let mut pool = pool(PoolConfig::default());
    for _ in 1..=3 {
        open(&mut pool, A, T);
    }
    for conn in 1..=3 {
        assert!(pool.put(&A, conn, T, T).is_empty());
    }
    // One that was idle for longer than these had ended.
    assert_eq!(pool.found_unfit(&A, &kept(0, 5), CLOSED), []);
    assert!(matches!(pool.get_for(&A, ONCE, T).0, Get::Reuse(Checked { conn: 3, .. })));
    let early = Kept { since: T, taken: T + half, ..Kept::default() };
    assert_eq!(pool.found_unfit(&A, &early, CLOSED), []);
    assert!(pool.closed(&A).is_empty());
    let dials = |pool: &mut Pool<&'static str, u32>, now| {
        let (get, changes) = pool.get_for(&A, ONCE, now);
        assert!(changes.is_empty());
        match get {
            Get::Dial(ticket) => pool.failed(ticket).1.is_empty(),
            _ => false,
        }
    };
    assert!(dials(&mut pool, T) && dials(&mut pool, T + half));
    // Others go on as ever.
    assert_eq!(reused(&mut pool, A, T + half), 2);
    assert!(pool.put(&A, 2, T, T + half).is_empty());
    // The one that has lived longest is tried once it has lived for a second.
    assert!(matches!(pool.get_for(&A, ONCE, later(1)).0, Get::Reuse(Checked { conn: 1, .. })));
    assert!(dials(&mut pool, later(1)), "nothing is proved yet");
    pool.served(&A, &kept(0, 0));
    assert!(matches!(pool.get_for(&A, ONCE, later(1)).0, Get::Reuse(Checked { conn: 2, .. })));
}

#[test]
fn what_cannot_be_sent_again_gets_its_connection_where_there_may_be_no_more() {
    let mut pool = pool(one_per_host());
    keep(&mut pool, A, 1, T);
    assert_eq!(pool.not_kept(&A, false, CLOSED, T), []);
    let (Get::Dial(ticket), changes) = pool.get_for(&A, ONCE, T) else { panic!("it dials") };
    assert_eq!(changes.close, [1]);
    assert_eq!(pool.opened(ticket), Opened::Yours);
    // One that comes right from its answer is for others, or makes room.
    let (Get::Wait(ticket), _) = pool.get_for(&A, ONCE, T) else { panic!("it waits") };
    let other = wait(&mut pool, A);
    assert_eq!(pool.put(&A, 2, T, T), told(other, vec![]));
    assert_eq!(pool.poll(other), Given::Conn(fresh(2)));
    assert_eq!(pool.put(&A, 2, T, T), told(ticket, vec![2]));
    assert_eq!(pool.poll(ticket), Given::Dial);
    pool.served(&A, &kept(0, 0));
    let next = wait(&mut pool, A);
    assert_eq!(pool.opened(ticket), Opened::Yours);
    assert_eq!(pool.put(&A, 3, T, T).wake, [next]);
}
