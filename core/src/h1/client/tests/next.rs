//! What an exchange leaves behind for the next: nothing.

use super::*;

fn with_limits(change: impl Fn(&mut Limits)) -> Wire {
    let mut config = ClientConfig::default();
    change(&mut config.limits);
    Wire::with(config)
}

#[test]
fn what_came_before_says_nothing_of_the_next_answer() {
    // An interim response.
    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 103 E\r\n\r\n").answer(EMPTY).expect(&["1 103", "1 204 Empty"]);
    wire.go("GET /", Body::Empty).eof(Eof::Reset);
    wire.expect(&["Reset in wait, IfIdempotent", "closed: Fault(Reset)"]);

    // How much interim responses have said.
    let hint = "HTTP/1.1 103 E\r\n\r\n";
    let mut wire = with_limits(|limits| limits.interim_bytes = hint.len());
    for id in 1..=2 {
        wire.go("GET /", Body::Empty).answer(hint).answer(EMPTY);
        wire.expect(&[&format!("{id} 103"), &format!("{id} 204 Empty")]);
    }

    // That the body ended by itself, and nobody said so.
    let mut wire = Wire::new();
    wire.go("PUT /", Body::Length(0)).answer(EMPTY).expect(&["1 204 Empty"]);
    wire.go("GET /", Body::Empty);
    assert_eq!(wire.finish(2), Err(Misuse::AlreadyFinished));

    // That the head's time was over just when it was whole.
    let mut wire = Wire::get();
    wire.answer(&EMPTY[..20]).wait(0).now = wire.now.later(Duration::from_secs(30));
    wire.answer(&EMPTY[20..]).wait(0).expect(&["1 204 Empty"]);
    wire.go("GET /", Body::Empty).answer(&EMPTY[..20]).expect(&[]);
    wire.answer(&EMPTY[20..]).expect(&["2 204 Empty"]);
}

#[test]
fn each_request_has_its_own_limits_and_times() {
    let mut wire = Wire::get();
    wire.machine.limit_wait(1, Duration::from_secs(5)).unwrap();
    wire.machine.limit_body(1, 1).unwrap();
    wire.answer(EMPTY).expect(&["1 204 Empty"]);
    wire.go("GET /", Body::Empty);
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
    wire.answer(OK).expect(&["2 200 Known(2)"]);
    assert_eq!(wire.read(2), "hi");
    // The grace of each body is its own.
    for id in 3..=5 {
        wire.go("GET /", Body::Empty).answer(&OK[..OK.len() - 1]);
        wire.expect(&[&format!("{id} 200 Known(2)")]);
        assert_eq!((wire.body(id), wire.body(id)), (data("h"), Recv::Pending));
        assert_eq!(wire.deadline(), Some((5, Why::Body)), "request {id}");
        wire.wait(4).answer("i");
        assert_eq!(wire.read(id), "i");
        wire.expect(&[&format!("Readable {{ id: {id} }}")]);
    }
    assert_eq!(wire.deadline(), None);
}

#[test]
fn what_nobody_wanted_of_one_answer_is_no_fault_of_the_next() {
    let mut wire = with_limits(|limits| limits.discard_bytes = 5);
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for id in 1..=3 {
        wire.go("GET /", Body::Empty);
        wire.machine.discard(id, wire.now).unwrap();
        wire.answer(chunks).expect(&[&format!("{id} 200 Unknown")]);
        assert_eq!(wire.reuse(), Reuse::Now, "as much as may be read out");
    }
    wire.go("GET /", Body::Empty).answer(OK).expect(&["4 200 Known(2)"]);
    assert_eq!(wire.read(4), "hi");
    // A byte more in all, whatever the pieces.
    wire.go("GET /", Body::Empty);
    wire.machine.discard(5, wire.now).unwrap();
    wire.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    wire.expect(&["5 200 Unknown"]);
    assert_eq!(wire.deadline(), Some((5, Why::Body)), "the rest has its time");
    wire.answer("1\r\n!\r\n").expect(&["closed: BodyUnread"]);
}

#[test]
fn a_rest_that_came_in_time_leaves_no_time_behind() {
    let mut wire = Wire::get();
    wire.answer(&OK[..OK.len() - 1]).expect(&["1 200 Known(2)"]);
    wire.machine.discard(1, wire.now).unwrap();
    assert_eq!((wire.reuse(), wire.deadline()), (Reuse::Later, Some((5, Why::Body))));
    wire.answer("i").expect(&[]);
    assert_eq!((wire.reuse(), wire.deadline()), (Reuse::Now, None));
    wire.wait(100).expect(&[]);
    assert_eq!(wire.reuse(), Reuse::Now);
    // And one that does not has had it.
    let mut wire = Wire::get();
    wire.answer(&OK[..OK.len() - 1]).expect(&["1 200 Known(2)"]);
    wire.machine.discard(1, wire.now).unwrap();
    wire.wait(5).expect(&["closed: Fault(BodyTimeout)"]);
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn nobody_is_woken_who_does_not_wait() {
    // Who waited for the answer had it before being woken.
    let mut wire = Wire::get();
    assert_eq!(wire.body(1), Recv::Pending);
    wire.answer(EMPTY);
    let first = wire.machine.poll_event(wire.now);
    assert!(matches!(first, Some(Event::Response { .. })));
    wire.go("GET /", Body::Empty).expect(&[]);

    // Who waited for a piece has had it.
    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").expect(&["1 200 Known(9)"]);
    assert_eq!(wire.body(1), Recv::Pending);
    wire.answer("hel").expect(&["Readable { id: 1 }"]);
    assert_eq!(wire.body(1), data("hel"));
    wire.answer("lo").expect(&[]);
    assert_eq!((wire.body(1), wire.body(1)), (data("lo"), Recv::Pending));
    // Nor who reads no further.
    wire.machine.discard(1, wire.now).unwrap();
    wire.answer("you").expect(&[]);

    // Nor who says that there is no more to be sent.
    let mut wire = with_limits(|limits| limits.output_bytes = 4);
    wire.go("POST /", Body::Stream);
    assert_eq!((wire.send(1, "abcdef"), wire.finish(1)), (Ok(2), Ok(())));
    wire.output();
    wire.expect(&[]);

    // Nor who has to wait for 100 (Continue) all the same.
    let mut wire = Wire::new();
    wire.ask("POST /\nExpect: 100-continue", Body::Stream).unwrap();
    assert_eq!(wire.send(1, "a"), Ok(1));
    wire.output();
    wire.expect(&[]).answer("HTTP/1.1 100 Continue\r\n\r\n");
    wire.expect(&["1 100", "Writable { id: 1 }"]);
    assert_eq!(wire.send(1, "a"), Ok(0));
}

#[test]
fn who_waits_is_woken_by_whatever_ends_the_waiting() {
    let begun = || {
        let mut wire = Wire::get();
        wire.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").expect(&["1 200 Known(9)"]);
        assert_eq!(wire.body(1), Recv::Pending);
        wire
    };
    for how in [Eof::Clean, Eof::Reset] {
        begun().eof(how).expect(&["Readable { id: 1 }"]);
    }
    begun().answer("hello").expect(&["Readable { id: 1 }"]);
    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n").expect(&["1 200 Known(90000)"]);
    assert_eq!(wire.body(1), Recv::Pending);
    wire.machine.shutdown(wire.now);
    // It is ready for as long as it takes to be cut by the time of the shutdown.
    for _ in 0..7 {
        wire.wait(4).answer(&"h".repeat(1000)).expect(&["Readable { id: 1 }"]);
        assert!(matches!(wire.body(1), Recv::Data(_)));
        assert_eq!(wire.body(1), Recv::Pending);
    }
    wire.wait(2).expect(&["Readable { id: 1 }", "closed: Fault(DrainTimeout)"]);
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::DrainTimeout));

    // Before the head.
    let mut wire = Wire::get();
    assert_eq!(wire.body(1), Recv::Pending);
    wire.answer(OK).expect(&["1 200 Known(2)", "Readable { id: 1 }"]);

    // Where there is least room, there is some.
    let mut wire = with_limits(|limits| limits.output_bytes = 0);
    wire.go("POST /", Body::Stream);
    assert_eq!((wire.send(1, "ab"), wire.send(1, "b")), (Ok(1), Ok(1)));
    wire.output();
    wire.expect(&["Writable { id: 1 }"]);
    assert_eq!(wire.send(1, "b"), Ok(0));
}
