use super::*;
use purlin_core::{Fault, Phase, Retry};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

const LOST: PeerError = PeerError::new(Fault::Reset, None, Retry::Never, Phase::Wait);
const REFUSED: PeerError = PeerError::new(Fault::NoResponse, None, Retry::Safe, Phase::Wait);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Count>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Rows of these exchanges, each with a task that waits.
fn rows(ids: &[Id]) -> (Rows, Vec<Arc<Count>>) {
    let mut rows = Rows::default();
    let counts: Vec<Arc<Count>> = ids.iter().map(|_| Arc::default()).collect();
    for (count, id) in counts.iter().zip(ids) {
        let at = rows.add();
        rows.begin(at, *id);
        rows.wait(at, &count.clone().into(), None);
    }
    (rows, counts)
}

fn woken(counts: &[Arc<Count>], wakes: Wakes) -> Vec<usize> {
    wakes.into_iter().for_each(Waker::wake);
    counts.iter().map(|count| count.0.swap(0, SeqCst)).collect()
}

fn sort<const N: usize>(rows: &mut Rows, events: [Event; N]) -> Wakes {
    let mut wakes = Wakes::new();
    rows.sort(events.into_iter(), &mut wakes);
    wakes
}

fn told(rows: &mut Rows, at: usize) -> Vec<String> {
    std::iter::from_fn(|| rows.next_event(at)).map(|event| format!("{event:?}")).collect()
}

#[test]
fn what_came_goes_to_whom_it_is_about_and_wakes_nobody_else() {
    let (mut rows, counts) = rows(&[1, 3, 5]);
    let events = [Event::Readable { id: 3 }, Event::Writable { id: 3 }, Event::GoAway];
    let wakes = sort(&mut rows, events);
    assert_eq!(woken(&counts, wakes), [0, 1, 0]);
    assert_eq!([0, 1, 2].map(|at| rows.take_news(at)), [false, true, false]);
    assert!(!rows.take_news(1), "it has looked");
    assert_eq!(told(&mut rows, 1), ["Readable { id: 3 }", "Writable { id: 3 }"]);
    assert!(told(&mut rows, 0).is_empty());
    // Somebody who has gone.
    let wakes = sort(&mut rows, [Event::Readable { id: 9 }]);
    assert_eq!(woken(&counts, wakes), [0, 0, 0]);
}

#[test]
fn the_end_of_all_is_told_to_each_but_for_who_has_a_reason_of_its_own() {
    let (mut rows, counts) = rows(&[1, 3]);
    let closed = Event::Closed(CloseReason::Fault(Fault::Reset));
    let failed = Event::Failed { id: None, error: LOST };
    let own = Event::Failed { id: Some(3), error: REFUSED };
    let wakes = sort(&mut rows, [failed, own, closed]);
    assert_eq!(woken(&counts, wakes), [1, 1]);
    assert_eq!(told(&mut rows, 0).len(), 1);
    let of_three = told(&mut rows, 1);
    assert!(of_three.len() == 1 && of_three[0].contains("Safe"), "{of_three:?}");
    // Who comes late, too.
    let late = rows.add();
    assert_eq!(told(&mut rows, late), ["Closed(Fault(Reset))"]);
}

#[test]
fn the_first_who_waits_leads_and_leaves_the_lead_to_the_next() {
    let (mut rows, counts) = rows(&[1, 3, 5]);
    assert!(rows.leads(1, false) && !rows.leads(0, false) && rows.leads(1, false));
    let mut wakes = Wakes::new();
    rows.go_on(0, &mut wakes);
    assert!(wakes.is_empty(), "one who follows takes nothing with it");
    rows.go_on(1, &mut wakes);
    assert_eq!(woken(&counts, std::mem::take(&mut wakes)), [0, 0, 1]);
    // Whoever comes first.
    assert!(!rows.is_led() && rows.leads(0, false));
    assert_eq!(rows.remove(0, &mut wakes), Some(1));
    assert_eq!(woken(&counts, std::mem::take(&mut wakes)), [0, 0, 1]);
    assert!(rows.leads(2, false));
    assert!(rows.leads(1, true), "one that is late is relieved");
    assert!(!rows.leads(2, false));
}

#[test]
fn one_who_is_to_lead_and_has_news_of_its_own_passes_the_lead_on() {
    let (mut rows, counts) = rows(&[1, 3, 5]);
    let mut wakes = Wakes::new();
    assert!(rows.leads(0, false));
    rows.go_on(0, &mut wakes);
    assert_eq!(woken(&counts, std::mem::take(&mut wakes)), [0, 1, 0]);
    rows.go_on(1, &mut wakes);
    assert_eq!(woken(&counts, std::mem::take(&mut wakes)), [0, 0, 1]);
}

#[test]
fn the_first_time_that_is_over_is_known_and_who_is_late_is_woken() {
    let (mut rows, counts) = rows(&[1, 3]);
    let at = Mono::from_secs;
    rows.wait(0, &counts[0].clone().into(), Some(at(9)));
    rows.wait(1, &counts[1].clone().into(), Some(at(7)));
    assert_eq!((rows.until(), rows.until_of(0)), (Some(at(7)), Some(at(9))));
    let mut wakes = Wakes::new();
    rows.wake_late(at(7), &mut wakes);
    assert_eq!(woken(&counts, std::mem::take(&mut wakes)), [0, 1]);
    assert_eq!(rows.until(), Some(at(9)), "whoever leads does not wait for one who was told");
    assert!(rows.looks_last(1) && !rows.looks_last(1), "it looks once");
    rows.go_on(1, &mut wakes);
    assert_eq!((rows.until(), rows.waiting()), (Some(at(9)), 1));
}

#[test]
fn exchanges_are_open_until_they_are_over_or_their_seat_is_left() {
    let (mut rows, _) = rows(&[1, 3]);
    let mut wakes = Wakes::new();
    assert_eq!(rows.open(), 2);
    rows.end(0);
    rows.end(0);
    assert_eq!((rows.open(), rows.is_open(0), rows.is_open(1)), (1, false, true));
    assert_eq!([rows.remove(0, &mut wakes), rows.remove(1, &mut wakes)], [None, Some(3)]);
    assert_eq!(rows.open(), 0);
    assert_eq!([rows.add(), rows.add()], [0, 1], "their places are used again");
}
