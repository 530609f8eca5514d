//! Who was late: the peer, or only whoever drives the machine.

use super::*;

/// The time passes while nobody drives the machine; then what came is read.
fn oversleep(wire: &mut Wire, seconds: u64) {
    wire.now = wire.now.later(Duration::from_secs(seconds));
}

#[test]
fn a_head_that_came_whole_is_not_late_when_the_time_is_told_first() {
    for seconds in [30, 31, 5000] {
        let mut wire = Wire::new();
        wire.send("GET / HTTP/1.1\r\nHost: a\r\n").expect(&[]);
        oversleep(&mut wire, seconds);
        wire.send("\r\n").wait(0).expect(&["1 GET /"]);
        // The same, of a connection that had served before.
        wire.ok(1, "x").output();
        wire.send("GET / HTTP/1.1\r\nHost: a\r\n").expect(&[]);
        oversleep(&mut wire, seconds);
        wire.send("\r\n").wait(0).expect(&["2 GET /"]);
        wire.ok(2, "x").output();
        wire.wait(74).expect(&[]);
    }
}

#[test]
fn a_head_that_still_lacks_something_is_late() {
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.1\r\nHost: a\r\n").expect(&[]);
    oversleep(&mut wire, 30);
    wire.send("X-Y: z\r\n").wait(0).expect(&["failed HeadTimeout", "Closed(Fault(HeadTimeout))"]);
    assert!(wire.output().starts_with("HTTP/1.1 408 "));
}

#[test]
fn a_request_that_came_in_time_ends_idleness_however_late_it_is_read() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.ok(1, "x").output();
    oversleep(&mut wire, 100);
    wire.send(GET).wait(0).expect(&["2 GET /"]);
}

#[test]
fn body_that_came_in_time_pays_for_the_wait_however_late_it_is_read() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n").events();
    assert_eq!(wire.body(1), Recv::Pending);
    oversleep(&mut wire, 40);
    wire.send(&"x".repeat(8000)).wait(0).expect(&["Readable { id: 1 }"]);
    assert!(matches!(wire.body(1), Recv::Data(_)));
}

/// A large response, of which the system took a part at once.
fn download(taken: usize) -> Wire {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Full(vec![b'x'; 8_000_000].into())).unwrap();
    wire.machine.transmit(&mut Vec::new(), taken, wire.now);
    // The socket is full.
    wire.machine.output(&mut [IoSlice::new(&[]); 1], wire.now);
    wire
}

#[test]
fn a_reader_that_never_rests_is_not_late_although_the_system_takes_nothing() {
    let mut wire = download(4_000_000);
    for second in 1..150 {
        wire.now = wire.now.later(Duration::from_secs(1));
        if wire.machine.deadline().is_some_and(|(at, _)| at <= wire.now.mono) {
            wire.machine.untaken(4_000_000 - second * 20_000, wire.now);
        }
        wire.wait(0).expect(&[]);
    }
}

#[test]
fn a_reader_that_takes_nothing_is_late_whatever_the_system_took() {
    let mut wire = download(4_000_000);
    wire.wait(29).expect(&[]);
    wire.machine.untaken(3_900_000, wire.now);
    let late: &[&str] = &["Closed(Fault(WriteTimeout))"];
    for expected in [&[], late] {
        oversleep(&mut wire, 30);
        wire.machine.untaken(3_900_000, wire.now);
        wire.wait(0).expect(expected);
    }
    let mut wire = download(4_000_000);
    wire.wait(29).expect(&[]);
    wire.machine.untaken(4_000_000, wire.now);
    wire.wait(0).expect(&["Closed(Fault(WriteTimeout))"]);
}

#[test]
fn nobody_has_to_ask_for_more_while_the_system_still_has_the_last_response() {
    let mut wire = download(8_001_000);
    assert!(!wire.machine.want().write);
    wire.now = wire.now.later(Duration::from_secs(75));
    wire.machine.untaken(2_000_000, wire.now);
    wire.wait(74).expect(&[]);
    wire.now = wire.now.later(Duration::from_secs(1));
    wire.machine.untaken(2_000_000, wire.now);
    wire.wait(0).expect(&["Closed(Timeout(Idle))"]);
}

#[test]
fn a_goodbye_waits_for_the_peer_that_still_reads() {
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET").events();
    let head = ResponseHead::new(Status::OK).with("Connection", "close").unwrap();
    wire.machine.respond(1, &head, Body::Full(vec![b'x'; 900_000].into()), wire.now).unwrap();
    wire.output();
    assert_eq!(wire.close(), Some(Close::Linger));
    for left in [800_000, 500_000, 1] {
        wire.now = wire.now.later(Duration::from_secs(5));
        wire.machine.untaken(left, wire.now);
        wire.wait(0);
        assert_eq!(wire.close(), Some(Close::Linger));
    }
    wire.wait(5);
    assert_eq!(wire.close(), Some(Close::Graceful));
}
