//! Which time runs when, and for whom.

use super::*;

const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n";

/// The driver asks for output, and the system takes none.
fn full(wire: &mut Wire) -> Option<(u64, Why)> {
    assert!(wire.machine.output(&mut [IoSlice::new(&[])], wire.now) > 0);
    wire.deadline()
}

fn sends(wire: &mut Wire, size: usize) {
    let mut data = Bytes::from(vec![b'x'; size]);
    wire.machine.send(1, &mut data, wire.now).unwrap();
}

#[test]
fn who_gives_slowly_and_steadily_is_not_late() {
    let mut wire = Wire::get();
    wire.answer(LONG).expect(&["1 200 Known(90000)"]);
    let some = "x".repeat(1000);
    for _ in 0..50 {
        assert_eq!(wire.body(1), Recv::Pending);
        assert!(wire.deadline().is_some_and(|(after, why)| after >= 4 && why == Why::Body));
        wire.wait(4).answer(&some).expect(&["Readable { id: 1 }"]);
        assert!(matches!(wire.body(1), Recv::Data(_)));
        assert_eq!(wire.deadline(), None, "it is our turn");
        // What the caller takes of the time is not the server's.
        wire.wait(1000).expect(&[]);
    }
    assert_eq!(wire.body(1), Recv::Pending);
    wire.wait(31).expect(&["Readable { id: 1 }", "closed: Fault(BodyTimeout)"]);
}

#[test]
fn what_is_taken_in_ahead_is_given_at_the_same_pace() {
    let mut wire = Wire::get();
    wire.answer(LONG).expect(&["1 200 Known(90000)"]);
    assert!(!wire.machine.prefetch(1, 4000, wire.now));
    assert_eq!(wire.deadline(), Some((5, Why::Body)));
    for _ in 0..3 {
        wire.wait(4).answer(&"x".repeat(1000)).expect(&["Readable { id: 1 }"]);
        assert!(!wire.machine.prefetch(1, 4000, wire.now));
    }
    // Bytes earn time also before anybody looks at them.
    let left = wire.deadline().unwrap().0;
    wire.wait(1).answer(&"x".repeat(999));
    assert!(wire.deadline().unwrap().0 > left);
    wire.expect(&["Readable { id: 1 }"]);
    assert!(!wire.machine.prefetch(1, 4000, wire.now));
    wire.answer("x");
    assert!(wire.machine.prefetch(1, 4000, wire.now));
    assert_eq!(wire.deadline(), None);
    // Where nothing more comes, there is nothing to wait for.
    assert!(!wire.machine.prefetch(1, 5000, wire.now));
    wire.eof(Eof::Clean);
    assert!(wire.machine.prefetch(1, 5000, wire.now));
    assert!(!wire.machine.want().read);
}

#[test]
fn an_answer_is_not_waited_for_before_all_of_the_request_is_written() {
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full("abc".into())).unwrap();
    wire.write(10).answer("HTTP/1.1 103 E\r\n\r\n").expect(&["1 103"]);
    // What is left of the request is ours to write, and then it is the server's turn.
    assert_eq!(wire.deadline(), Some((5, Why::Write)));
    wire.wait(4).output();
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
}

#[test]
fn a_response_ends_the_time_for_the_request() {
    // What is refused is not written any more, and needs no time.
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full("abc".into())).unwrap();
    wire.write(10);
    assert_eq!(full(&mut wire), Some((5, Why::Write)));
    wire.answer("HTTP/1.1 403 F\r\nConnection: close\r\nContent-Length: 2\r\n\r\n");
    wire.expect(&["1 403 Known(2)"]);
    assert_eq!(wire.deadline(), None);
    wire.wait(100).answer("no");
    assert_eq!(wire.read(1), "no");

    // What goes on beside it has the time of both.
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Stream).unwrap();
    wire.write(10);
    assert_eq!(full(&mut wire), Some((5, Why::Write)));
    wire.answer(LONG).expect(&["1 200 Known(90000)"]);
    assert_eq!((wire.deadline(), full(&mut wire)), (None, None));
    assert_eq!((wire.body(1), wire.deadline()), (Recv::Pending, Some((5, Why::Body))));

    // Who is answered in place of 100 (Continue) does not wait for it any more.
    let mut wire = Wire::new();
    wire.go("POST /\nExpect: 100-continue", Body::Full("abc".into()));
    assert_eq!(wire.deadline(), Some((1, Why::Expect)));
    wire.answer(LONG).expect(&["1 200 Known(90000)"]);
    assert_eq!(wire.deadline(), None);

    // HTTP's limits end with HTTP.
    let mut wire = Wire::new();
    wire.ask("CONNECT a:1", Body::Empty).unwrap();
    wire.write(10);
    assert_eq!(full(&mut wire), Some((5, Why::Write)));
    wire.answer("HTTP/1.1 200 OK\r\n\r\n");
    wire.events();
    assert_eq!(wire.deadline(), None);
}

#[test]
fn beside_a_response_who_takes_is_not_late_and_who_is_not_waited_for_neither() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream).answer(LONG).expect(&["1 200 Known(90000)"]);
    assert_eq!(wire.body(1), Recv::Pending);
    sends(&mut wire, 50_000);
    for _ in 0..10 {
        wire.wait(4).write(2000).expect(&[]);
    }
    // The end of the request is waited for, too.
    wire.output();
    assert_eq!(wire.deadline(), None);
    wire.finish(1).unwrap();
    assert!(matches!(wire.deadline(), Some((_, Why::Body))));

    // Nobody waits for the response: nobody is late with it.
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream).answer(LONG).expect(&["1 200 Known(90000)"]);
    sends(&mut wire, 10);
    wire.write(5);
    assert_eq!(wire.deadline(), None);
    // Nor is the server late with more while it waits for us.
    assert_eq!(wire.body(1), Recv::Pending);
    wire.wait(4).output();
    assert_eq!(wire.deadline(), None);
    sends(&mut wire, 10);
    assert_eq!(wire.deadline(), Some((1, Why::Body)), "it had waited for four seconds before");
}

#[test]
fn an_answer_is_waited_for_when_the_request_is_out() {
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full("abc".into())).unwrap();
    wire.write(10).answer("HTTP/1.1 103 E\r\n\r\n").expect(&["1 103"]);
    assert_eq!(wire.deadline(), Some((5, Why::Write)));
    wire.output();
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));

    // A hint is no leave to send: neither before the head is out, nor behind it.
    for written in [10, usize::MAX] {
        let mut wire = Wire::new();
        wire.ask("POST /\nExpect: 100-continue", Body::Full("abc".into())).unwrap();
        wire.write(written).answer("HTTP/1.1 103 E\r\n\r\n").expect(&["1 103"]);
        assert!(!wire.output().ends_with("abc"));
        assert_eq!(wire.deadline(), Some((1, Why::Expect)));
    }
}

#[test]
fn what_the_server_still_takes_puts_off_its_answer_by_what_that_earns() {
    for (taken, wait) in [(0, None), (2640, Some(10)), (900_000, Some(60))] {
        let mut wire = Wire::new();
        wire.ask("POST /", Body::Full(vec![b'x'; 1_000_000].into())).unwrap();
        wire.output();
        wire.machine.untaken(1_000_000, wire.now);
        wire.now = wire.now.later(Duration::from_secs(60));
        wire.machine.untaken(1_000_000 - taken, wire.now);
        assert_eq!(wire.deadline(), Some((wait.unwrap_or(0), Why::FirstByte)), "{taken}");
    }
}

#[test]
fn what_the_server_still_takes_puts_off_the_rest_of_its_answer_too() {
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full(vec![b'x'; 1_000_000].into())).unwrap();
    wire.output();
    wire.machine.untaken(1_000_000, wire.now);
    wire.answer(LONG).expect(&["1 200 Known(90000)"]);
    assert_eq!((wire.body(1), wire.deadline()), (Recv::Pending, Some((5, Why::Body))));
    for (left, due) in [(990_000, 30), (989_000, 4)] {
        wire.now = wire.machine.deadline().map(|(at, _)| Now { mono: at, ..wire.now }).unwrap();
        wire.machine.untaken(left, wire.now);
        wire.wait(0).expect(&[]);
        assert_eq!(wire.deadline(), Some((due, Why::Body)), "{left}");
        // Whoever reads asks again, and that takes nothing of it back.
        assert_eq!((wire.body(1), wire.deadline()), (Recv::Pending, Some((due, Why::Body))));
    }
    wire.wait(5).expect(&["Readable { id: 1 }", "closed: Fault(BodyTimeout)"]);
}

#[test]
fn what_is_queued_behind_the_end_of_a_raw_stream_is_taken_in_time_or_lost() {
    let raw = || {
        let mut wire = Wire::new();
        wire.go("GET /\nUpgrade: raw", Body::Empty);
        wire.answer("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n");
        wire.events();
        wire
    };
    let mut wire = raw();
    assert_eq!((wire.send(1, "abc"), wire.finish(1)), (Ok(0), Ok(())));
    wire.eof(Eof::Clean);
    assert_eq!(wire.body(1), Recv::End(None));
    wire.expect(&["closed: Upgraded"]);
    assert_eq!((wire.close(), full(&mut wire)), (None, Some((5, Why::Write))));
    let mut late = wire;
    late.wait(5).expect(&[]);
    assert_eq!((late.close(), late.deadline()), (Some(Close::Abort), None));
    assert_eq!(late.output(), "");

    // A shutdown's time goes on, and ends with the last byte.
    let mut wire = raw();
    wire.machine.shutdown(wire.now);
    wire.wait(10);
    wire.machine.shutdown(wire.now);
    assert_eq!(wire.deadline(), Some((20, Why::Drain)), "it has begun once");
    assert_eq!((wire.send(1, "abc"), wire.finish(1)), (Ok(0), Ok(())));
    wire.wait(17).eof(Eof::Clean);
    assert_eq!(wire.body(1), Recv::End(None));
    assert_eq!(wire.deadline(), Some((3, Why::Drain)));
    assert_eq!((wire.output(), wire.deadline()), ("abc".into(), None));
    assert_eq!(wire.close(), Some(Close::Graceful));

    // Who gives it up says so, whatever is queued.
    let mut wire = raw();
    wire.machine.reset(1, wire.now).unwrap();
    assert_eq!(wire.close(), Some(Close::Abort));

    // One whose input has ended can still be lost, and who waits for room learns of it.
    let mut wire = raw();
    wire.eof(Eof::Clean);
    let mut data = Bytes::from(vec![b'x'; 1_000_000]);
    wire.machine.send(1, &mut data, wire.now).unwrap();
    assert!(!data.is_empty());
    wire.eof(Eof::Reset).expect(&["Writable { id: 1 }"]);
    assert!(!wire.machine.want().write);
}

#[test]
fn what_has_ended_holds_nothing() {
    let mut wire = Wire::get();
    wire.answer(&format!("{LONG}hello")).expect(&["1 200 Known(90000)"]);
    wire.machine.reset(1, wire.now).unwrap();
    wire.machine.trim(wire.now);
    assert_eq!(wire.machine.held(), 0);
    // What comes behind a response is seen before the connection is given to anybody.
    let mut wire = Wire::get();
    wire.answer(&format!("{OK}HTTP/1.1 40")).expect(&["1 200 Known(2)"]);
    assert_eq!(wire.read(1), "hi");
    assert!(matches!(wire.reuse(), Reuse::Never(_)));
}
