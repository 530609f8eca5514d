use super::*;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn now(readiness: &Readiness) -> Vec<u64> {
    let mut ready = Vec::new();
    readiness.wait(&mut ready, 8, AT_ONCE).unwrap();
    ready
}

#[test]
fn a_socket_is_told_when_it_becomes_ready_and_once() {
    let readiness = Readiness::new().unwrap();
    let (watched, mut other) = UnixStream::pair().unwrap();
    readiness.watch(&watched, 5, false).unwrap();
    assert!(now(&readiness).is_empty());
    other.write_all(b"a").unwrap();
    assert_eq!(now(&readiness), [5]);
    assert!(now(&readiness).is_empty(), "told");
    other.write_all(b"b").unwrap();
    assert_eq!(now(&readiness), [5], "more came");
    (&watched).read_exact(&mut [0; 2]).unwrap();
    readiness.forget(&watched).unwrap();
    other.write_all(b"c").unwrap();
    assert!(now(&readiness).is_empty());
    readiness.watch(&watched, 6, false).unwrap();
    assert_eq!(now(&readiness), [6], "what is there already");
}

#[test]
fn the_end_is_told_with_what_came_before_it() {
    let readiness = Readiness::new().unwrap();
    let (watched, mut other) = UnixStream::pair().unwrap();
    readiness.watch(&watched, 5, false).unwrap();
    other.write_all(b"a").unwrap();
    other.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(now(&readiness), [5 | ENDED]);
    (&watched).read_exact(&mut [0; 1]).unwrap();
    assert!(now(&readiness).is_empty(), "told");
}

#[test]
fn room_to_write_is_told_to_who_wants_it() {
    let readiness = Readiness::new().unwrap();
    let (watched, _other) = UnixStream::pair().unwrap();
    readiness.watch(&watched, 1, false).unwrap();
    assert!(now(&readiness).is_empty());
    readiness.watch_again(&watched, 2, true).unwrap();
    assert_eq!(now(&readiness), [2]);
}

#[test]
fn of_many_threads_each_gets_one() {
    let readiness = Readiness::new().unwrap();
    let pairs: Vec<_> = (0..4).map(|_| UnixStream::pair().unwrap()).collect();
    for (token, (watched, _)) in (0..).zip(&pairs) {
        readiness.watch(watched, token, false).unwrap();
    }
    let mut told: Vec<u64> = std::thread::scope(|scope| {
        let wait = || {
            let mut ready = Vec::new();
            while ready.is_empty() {
                readiness.wait(&mut ready, 1, None).unwrap();
            }
            ready
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(wait)).collect();
        for (_, other) in &pairs {
            (&*other).write_all(b"x").unwrap();
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2, 3]);
}

#[test]
fn a_nudge_wakes_one_and_the_next_wakes_one_again() {
    let readiness = Readiness::new().unwrap();
    for _ in 0..3 {
        readiness.nudge();
        assert_eq!(now(&readiness), [NUDGE]);
        assert!(now(&readiness).is_empty());
    }
}
