//! Who was late: the server, or only whoever drives the machine.

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";

fn oversleep(wire: &mut Wire, seconds: u64) {
    wire.now = wire.now.later(Duration::from_secs(seconds));
}

#[test]
fn a_head_that_came_whole_is_not_late_when_the_time_is_told_first() {
    for seconds in [30, 31, 5000] {
        let mut wire = Wire::get();
        wire.answer(&OK[..20]).expect(&[]);
        oversleep(&mut wire, seconds);
        wire.answer(&OK[20..]).wait(0).expect(&["1 200 Known(1)"]);
    }
    let mut wire = Wire::get();
    wire.answer(&OK[..20]).expect(&[]);
    oversleep(&mut wire, 30);
    wire.answer(&OK[20..30]).wait(0);
    assert!(wire.events()[0].starts_with("HeadTimeout"));
}

#[test]
fn a_response_that_came_in_time_is_not_late_however_late_it_is_read() {
    let mut wire = Wire::get();
    oversleep(&mut wire, 100);
    wire.answer(OK).wait(0).expect(&["1 200 Known(1)"]);
}

#[test]
fn a_body_is_not_sent_to_a_server_that_has_begun_to_say_no() {
    let expect = "POST /\nExpect: 100-continue";
    for (says, told, goes) in [
        ("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", "1 417 Empty", false),
        ("HTTP/1.1 100 Continue\r\n\r\n", "1 100", true),
        // Something else; and the time for a 100 is over.
        ("HTTP/1.1 102 Processing\r\n\r\n", "1 102", true),
    ] {
        for cut in [1, 20, says.len()] {
            let mut wire = Wire::new();
            wire.ask(expect, Body::Full("abc".into())).unwrap();
            wire.output();
            wire.answer(&says[..cut]).wait(1);
            assert_eq!(wire.output(), "", "{told}: not yet");
            if cut < says.len() {
                wire.expect(&[]).answer(&says[cut..]);
            }
            assert_eq!(wire.events()[0], told);
            assert_eq!(wire.output(), if goes { "abc" } else { "" }, "{told}");
        }
    }
}

/// An upload of which the system took so much at once.
fn upload(taken: usize) -> Wire {
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full(vec![b'x'; 4_000_000].into())).unwrap();
    wire.write(taken);
    wire.machine.output(&mut [IoSlice::new(&[]); 1], wire.now);
    wire
}

#[test]
fn a_server_that_reads_and_never_rests_is_not_late() {
    let mut wire = upload(2_000_000);
    for second in 1..=90 {
        oversleep(&mut wire, 1);
        if wire.machine.deadline().is_some_and(|(at, _)| at <= wire.now.mono) {
            wire.machine.untaken(2_000_000 - second * 20_000, wire.now);
        }
        wire.wait(0).expect(&[]);
    }
    // The rest is with the system at once: the answer can wait until it is taken.
    wire.output();
    for second in 1..=100 {
        oversleep(&mut wire, 1);
        if wire.machine.deadline().is_some_and(|(at, _)| at <= wire.now.mono) {
            wire.machine.untaken(2_200_000 - second * 20_000, wire.now);
        }
        wire.wait(0).expect(&[]);
    }
    wire.answer(OK).expect(&["1 200 Known(1)"]);
}

#[test]
fn a_server_that_takes_nothing_is_late() {
    let mut wire = upload(2_000_000);
    wire.wait(29).expect(&[]);
    wire.machine.untaken(2_000_000, wire.now);
    wire.wait(0);
    assert!(wire.events()[0].starts_with("WriteTimeout"));
    let mut wire = upload(4_000_000);
    wire.output();
    wire.wait(59).expect(&[]);
    wire.machine.untaken(0, wire.now);
    wire.wait(1);
    assert!(wire.events()[0].starts_with("FirstByteTimeout"));
}

#[test]
fn the_time_of_who_takes_is_not_that_of_who_gives() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream);
    for _ in 0..3 {
        // The source takes its time, and the server takes what it gives at once.
        wire.wait(100).expect(&[]);
        assert_eq!(wire.send(1, "x"), Ok(0));
        wire.output();
    }
    wire.wait(100).send(1, "x").unwrap();
    wire.machine.output(&mut [IoSlice::new(&[]); 1], wire.now);
    assert_eq!(wire.deadline(), Some((5, Why::Write)));
    wire.wait(4).expect(&[]).wait(2);
    assert!(wire.events()[0].starts_with("WriteTimeout"));
}

#[test]
fn each_request_is_granted_its_grace() {
    let mut wire = Wire::new();
    for id in 1..=3 {
        wire.ask("GET /", Body::Empty).unwrap();
        wire.machine.output(&mut [IoSlice::new(&[]); 1], wire.now);
        assert_eq!(wire.deadline(), Some((5, Why::Write)), "request {id}");
        wire.wait(4).output();
        wire.answer(OK).expect(&[&format!("{id} 200 Known(1)")]);
        assert_eq!(wire.read(id), "x");
    }
}
