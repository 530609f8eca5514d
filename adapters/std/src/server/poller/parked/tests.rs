use super::*;

fn at(seconds: u64) -> Option<Mono> {
    Some(Mono::from_secs(seconds))
}

fn now(seconds: u64) -> Mono {
    Mono::from_secs(seconds)
}

/// Gives a connection a slot, and parks it.
fn slot(parked: &mut Parked<char>, who: char, due: Option<Mono>, idle: bool) -> usize {
    let (number, idle) = (parked.take(), idle.then_some(Mono::ZERO));
    assert!(matches!(parked.park(number, who, due, idle), Parking::Here { .. }));
    number
}

#[test]
fn a_socket_that_became_ready_while_its_connection_was_away_is_not_forgotten() {
    let mut parked = Parked::default();
    let number = parked.take();
    assert_eq!(parked.ready(number, Told::default()), None);
    assert!(matches!(
        parked.park(number, 'a', None, None),
        Parking::Ready('a', Told { ended: false })
    ));
    // What ended stays so, whatever is told behind that.
    assert_eq!(parked.ready(number, Told { ended: true }), None);
    assert_eq!(parked.ready(number, Told::default()), None);
    assert!(matches!(
        parked.park(number, 'a', None, None),
        Parking::Ready('a', Told { ended: true })
    ));
    assert!(matches!(parked.park(number, 'a', None, None), Parking::Here { .. }), "told once");
    assert_eq!(parked.ready(number, Told::default()), Some('a'));
}

#[test]
fn the_one_that_is_idle_longest_goes_first() {
    let mut parked = Parked::default();
    let numbers = ['a', 'b', 'c', 'd'].map(|who| slot(&mut parked, who, None, who != 'b'));
    assert_eq!(parked.ready(numbers[0], Told::default()), Some('a'));
    assert!(matches!(parked.park(numbers[0], 'a', None, at(1)), Parking::Here { .. }));
    let order: Vec<char> = std::iter::from_fn(|| parked.take_idlest()).collect();
    assert_eq!(order, ['c', 'd', 'a'], "b is not idle, and a has been busy since");
}

#[test]
fn one_that_comes_late_is_idle_since_it_says() {
    let mut parked = Parked::default();
    for (who, since) in [('a', 1), ('c', 3), ('d', 4), ('b', 2)] {
        let number = parked.take();
        assert!(matches!(parked.park(number, who, None, at(since)), Parking::Here { .. }));
    }
    let order: Vec<char> = std::iter::from_fn(|| parked.take_idlest()).collect();
    assert_eq!(order, ['a', 'b', 'c', 'd']);
}

#[test]
fn deadlines_come_in_their_order_and_once() {
    let mut parked = Parked::default();
    slot(&mut parked, 'a', at(3), false);
    slot(&mut parked, 'b', at(1), false);
    slot(&mut parked, 'c', None, false);
    assert_eq!(parked.begin_waiting(), at(1));
    assert_eq!(parked.expired(now(0)), None);
    assert_eq!(parked.expired(now(5)), Some('b'));
    assert_eq!(parked.expired(now(5)), Some('a'));
    assert_eq!(parked.expired(now(u64::MAX)), None);
}

#[test]
fn a_deadline_that_moved_later_is_looked_at_and_put_off() {
    let mut parked = Parked::default();
    let number = slot(&mut parked, 'a', at(1), false);
    for due in 2..100 {
        assert_eq!(parked.ready(number, Told::default()), Some('a'));
        assert!(matches!(parked.park(number, 'a', at(due), None), Parking::Here { .. }));
    }
    assert_eq!(parked.deadlines.len(), 1, "parking again adds nothing");
    assert_eq!(parked.expired(now(50)), None);
    assert_eq!(parked.begin_waiting(), at(99));
    assert_eq!(parked.expired(now(99)), Some('a'));
}

#[test]
fn a_deadline_that_moved_earlier_is_met() {
    let mut parked = Parked::default();
    let number = slot(&mut parked, 'a', at(10), false);
    parked.ready(number, Told::default());
    assert!(matches!(parked.park(number, 'a', at(2), None), Parking::Here { .. }));
    assert_eq!(parked.expired(now(2)), Some('a'));
    assert!(matches!(parked.park(number, 'a', at(20), None), Parking::Here { .. }));
    assert_eq!(parked.expired(now(10)), None, "the old entry does not count");
    assert_eq!(parked.expired(now(20)), Some('a'));
}

#[test]
fn a_connection_that_is_away_has_no_deadline_and_has_one_again_when_it_is_back() {
    let mut parked = Parked::default();
    let number = slot(&mut parked, 'a', at(1), false);
    parked.ready(number, Told::default());
    assert_eq!(parked.expired(now(5)), None);
    assert!(matches!(parked.park(number, 'a', at(6), None), Parking::Here { .. }));
    assert_eq!(parked.expired(now(6)), Some('a'));
}

#[test]
fn the_polling_thread_is_woken_for_a_deadline_before_its_own_and_for_no_other() {
    let mut parked = Parked::default();
    let number = parked.take();
    let wakes = |parked| matches!(parked, Parking::Here { wake: true });
    assert!(!wakes(parked.park(number, 'a', at(5), None)), "it does not wait");
    parked.begin_waiting();
    let other = parked.take();
    assert!(!wakes(parked.park(other, 'b', at(7), None)));
    let third = parked.take();
    assert!(wakes(parked.park(third, 'c', at(3), None)));
    parked.end_waiting();
}

#[test]
fn a_seat_is_used_again_and_the_last_ones_deadline_does_not_count_for_the_next() {
    let mut parked = Parked::default();
    let number = slot(&mut parked, 'a', at(1), true);
    assert_eq!(parked.ready(number, Told::default()), Some('a'));
    parked.give_back(number);
    assert_eq!(parked.ready(number, Told::default()), None, "nobody");
    assert_eq!(slot(&mut parked, 'b', at(9), true), number);
    assert_eq!(parked.expired(now(5)), None);
    assert_eq!(parked.expired(now(9)), Some('b'));
}

/// Against a plain list, over many random steps.
#[test]
fn any_order_of_steps_agrees_with_a_plain_list() {
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut parked = Parked::default();
    // (who, slot, due, idle) in the order of parking, and (who, slot) of those that are away.
    let mut here: Vec<(u64, usize, u64, bool)> = Vec::new();
    let mut away: Vec<(u64, usize)> = Vec::new();
    let mut time = 0;
    for who in 0..20_000 {
        match random(6) {
            0 => away.push((who, parked.take())),
            1 if !away.is_empty() => {
                let (_, number) = away.swap_remove(random(away.len()));
                parked.give_back(number);
            }
            2 if !here.is_empty() => {
                let (who, number, ..) = here.remove(random(here.len()));
                assert_eq!(parked.ready(number, Told::default()), Some(who));
                away.push((who, number));
            }
            3 => {
                time += random(3) as u64;
                let mut due: Vec<_> = here.iter().filter(|(_, _, due, _)| *due <= time).collect();
                due.sort_by_key(|(who, ..)| *who);
                let due: Vec<_> =
                    due.into_iter().map(|(who, number, ..)| (*who, *number)).collect();
                let mut found: Vec<_> = std::iter::from_fn(|| parked.expired(now(time))).collect();
                found.sort_unstable();
                assert_eq!(found, due.iter().map(|(who, _)| *who).collect::<Vec<_>>());
                here.retain(|(_, _, due, _)| *due > time);
                away.extend(due);
            }
            4 => {
                let idlest = here.iter().position(|(.., idle)| *idle);
                assert_eq!(parked.take_idlest(), idlest.map(|place| here[place].0));
                if let Some(place) = idlest {
                    let (who, number, ..) = here.remove(place);
                    away.push((who, number));
                }
            }
            _ if !away.is_empty() => {
                let (who, number) = away.swap_remove(random(away.len()));
                let (due, idle) = (time + 1 + random(20) as u64, random(2) == 0);
                let since = idle.then_some(now(time));
                assert!(matches!(parked.park(number, who, at(due), since), Parking::Here { .. }));
                here.push((who, number, due, idle));
            }
            _ => {}
        }
    }
    assert_eq!(parked.close(Phase::Ended).len(), here.len());
}
