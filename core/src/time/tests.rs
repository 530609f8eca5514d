use super::*;

#[test]
fn the_earliest_deadline_comes_first_with_its_reason() {
    let mut table = AllDeadlines::new();
    assert_eq!(table.next(), None);
    table.set(Why::Idle, Mono::from_secs(75));
    table.set(Why::Head, Mono::from_secs(30));
    assert_eq!(table.next(), Some((Mono::from_secs(30), Why::Head)));
    assert_eq!(table.take_expired(Mono::from_secs(29)), None);
    assert_eq!(table.take_expired(Mono::from_secs(30)), Some(Why::Head));
    assert_eq!(table.next(), Some((Mono::from_secs(75), Why::Idle)));
}

#[test]
fn every_reason_has_its_own_slot() {
    for (index, why) in Why::ALL.into_iter().enumerate() {
        assert_eq!(why as usize, index);
    }
}

#[test]
fn one_byte_in_29_seconds_does_not_keep_a_transfer_alive() {
    let mut pace = Pace::new(Rate::DEFAULT);
    let mut now = Mono::ZERO;
    let mut lived = 0;
    while pace.wait(now).is_some_and(|until| until > now + Duration::from_secs(29)) {
        now = now + Duration::from_secs(29);
        pace.moved(1, now);
        lived += 1;
    }
    assert_eq!(lived, 0, "the grace is 5 s");
}

#[test]
fn a_steady_peer_above_the_rate_lives_for_ever() {
    let mut pace = Pace::new(Rate::DEFAULT);
    let mut now = Mono::ZERO;
    for _ in 0..10_000 {
        assert!(pace.wait(now).is_some_and(|until| until > now + Duration::from_secs(1)));
        now = now + Duration::from_secs(1);
        pace.moved(241, now);
    }
}

#[test]
fn speed_pays_for_a_stall_but_not_for_more_than_the_burst() {
    let mut pace = Pace::new(Rate::DEFAULT);
    pace.wait(Mono::ZERO);
    pace.moved(100 << 20, Mono::ZERO);
    assert_eq!(pace.wait(Mono::ZERO), Some(Mono::from_secs(30)));
}

#[test]
fn our_own_waiting_is_not_charged() {
    let mut pace = Pace::new(Rate::DEFAULT);
    pace.wait(Mono::ZERO);
    pace.rest(Mono::from_secs(1));
    assert_eq!(pace.wait(Mono::from_secs(1000)), Some(Mono::from_secs(1004)));
}

#[test]
fn a_deadline_that_is_put_off_never_comes_earlier() {
    let mut table = AllDeadlines::new();
    table.prolong(Why::Idle, Mono::from_secs(5));
    assert_eq!(table.next(), None, "there was none");
    table.set(Why::Idle, Mono::from_secs(10));
    for (until, due) in [(5, 10), (12, 12)] {
        table.prolong(Why::Idle, Mono::from_secs(until));
        assert_eq!(table.get(Why::Idle), Some(Mono::from_secs(due)));
    }
}
