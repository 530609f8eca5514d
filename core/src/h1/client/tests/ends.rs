//! How connections end: closed, cut, timed out, shut down, or by bytes that nobody asked for.

use super::*;

#[test]
fn a_failure_says_how_far_it_came_and_whether_a_retry_is_safe() {
    let post = || Body::Full("abc".into());
    for (written, answer, how, told) in [
        (0, "", Eof::Clean, "NoResponse in send, Safe"),
        (0, "", Eof::Reset, "Reset in send, Safe"),
        (0, OK, Eof::Clean, "UnaskedBytes in send, Safe"),
        (10, "", Eof::Clean, "NoResponse in send, IfIdempotent"),
        (10, "", Eof::Reset, "Reset in send, IfIdempotent"),
        (500, "", Eof::Clean, "NoResponse in wait, IfIdempotent"),
        (500, "", Eof::Truncated, "NoResponse in wait, IfIdempotent"),
        (500, "", Eof::Reset, "Reset in wait, IfIdempotent"),
        (500, "HTTP/1.1 200", Eof::Clean, "Truncated in receive, Never"),
        (500, "HTTP/1.1 200", Eof::Reset, "Reset in receive, Never"),
        (500, "HTTP/1.1 20x\r\n", Eof::Clean, "BadStatusLine in receive, Never"),
        (500, "HTTP/1.1 100 C\r\n\r\n", Eof::Clean, "NoResponse in wait, Never"),
    ] {
        let mut wire = Wire::new();
        wire.ask("POST /", post()).unwrap();
        wire.write(written).answer(answer);
        let mut events = wire.events();
        wire.eof(how);
        events.extend(wire.events());
        let kind = told.split(' ').next().unwrap();
        let at = events.len() - 2;
        assert_eq!(events[at..], [told.to_owned(), format!("closed: Fault({kind})")]);
        assert!(matches!(wire.body(1), Recv::Failed(_)));
        assert!(wire.close().is_some());
    }
}

#[test]
fn a_response_that_came_before_a_reset_is_read() {
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Stream).unwrap();
    wire.write(10).answer("HTTP/1.1 413 T\r\nContent-Length: 2\r\n\r\nno").eof(Eof::Reset);
    wire.expect(&["1 413 Known(2)"]);
    assert_eq!(wire.read(1), "no");
    assert!(matches!(wire.reuse(), Reuse::Never(_)));
    assert!(!wire.machine.want().write);
}

#[test]
fn a_tunnel_that_is_lost_already_is_none() {
    let mut wire = Wire::new();
    wire.go("CONNECT a:1", Body::Empty).answer("HTTP/1.1 200 OK\r\n\r\nearly").eof(Eof::Reset);
    wire.expect(&["Reset in receive, Never", "closed: Fault(Reset)"]);
}

#[test]
fn what_an_idle_connection_hears_ends_it() {
    let late = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    let unasked = CloseReason::Fault(Fault::UnaskedBytes);
    for (text, how, reason) in [
        ("", Some(Eof::Clean), CloseReason::PeerClosed),
        ("", Some(Eof::Reset), CloseReason::Fault(Fault::Reset)),
        ("X", None, unasked),
        ("\r\n", None, unasked),
        (OK, None, unasked),
        (late, None, CloseReason::PeerClosed),
        (late, Some(Eof::Clean), CloseReason::PeerClosed),
        ("HTTP/1.1 408 Request", Some(Eof::Clean), unasked),
    ] {
        let mut wire = Wire::get();
        wire.answer(OK).expect(&["1 200 Known(2)"]);
        assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));
        wire.answer(text);
        if !text.is_empty() {
            assert_eq!(wire.reuse(), Reuse::Never(unasked));
            assert_eq!(wire.ask("GET /", Body::Empty), Err(Misuse::NotReusable));
        }
        if let Some(how) = how {
            wire.eof(how);
        }
        wire.expect(&[&format!("closed: {reason:?}")]);
        assert_eq!(wire.reuse(), Reuse::Never(reason), "{text}");
    }
    // A beginning that might be a 408 is not waited for without end.
    let mut wire = Wire::new();
    wire.answer("HTTP/1.1 408 ").expect(&[]).wait(30);
    wire.expect(&["closed: Fault(UnaskedBytes)"]);
}

#[test]
fn bytes_behind_a_response_are_never_a_response() {
    for extra in ["X", OK, "\r\n"] {
        let mut wire = Wire::get();
        wire.answer(OK).answer(extra).expect(&["1 200 Known(2)"]);
        assert_eq!(wire.read(1), "hi");
        wire.expect(&["closed: Fault(UnaskedBytes)"]);
        assert_eq!(wire.ask("GET /", Body::Empty), Err(Misuse::NotReusable));
    }
}

#[test]
fn every_wait_has_its_end() {
    let mut wire = Wire::get();
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
    wire.wait(59).answer("HTTP/1.1 102 P\r\n\r\n").expect(&["1 102"]);
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)), "an interim response starts it anew");
    wire.wait(60).expect(&["FirstByteTimeout in wait, Never", "closed: Fault(FirstByteTimeout)"]);

    let mut wire = Wire::get();
    wire.answer("H").wait(29).answer("T").wait(1);
    wire.expect(&["HeadTimeout in receive, Never", "closed: Fault(HeadTimeout)"]);

    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").expect(&["1 200 Known(9)"]);
    assert_eq!(wire.deadline(), None, "nobody waits for the body");
    assert_eq!((wire.body(1), wire.deadline()), (Recv::Pending, Some((5, Why::Body))));
    wire.wait(5).expect(&["Readable { id: 1 }", "closed: Fault(BodyTimeout)"]);
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::BodyTimeout));

    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full("abc".into())).unwrap();
    wire.write(10);
    wire.machine.output(&mut [IoSlice::new(&[])], wire.now);
    wire.wait(6).expect(&["WriteTimeout in send, IfIdempotent", "closed: Fault(WriteTimeout)"]);
    assert_eq!(wire.close(), Some(Close::Abort));
}

#[test]
fn a_shutdown_ends_what_is_idle_and_lets_an_exchange_end() {
    let mut wire = Wire::new();
    wire.machine.shutdown(wire.now);
    wire.expect(&["closed: Shutdown"]);

    let mut wire = Wire::get();
    wire.machine.shutdown(wire.now);
    assert_eq!(wire.reuse(), Reuse::Never(CloseReason::Shutdown));
    wire.answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!(wire.read(1), "hi");
    wire.expect(&["closed: Shutdown"]);

    let mut wire = Wire::get();
    wire.machine.shutdown(wire.now);
    wire.wait(30).expect(&["DrainTimeout in wait, IfIdempotent", "closed: Fault(DrainTimeout)"]);
}

#[test]
fn giving_up_ends_the_connection() {
    for (written, close) in [(usize::MAX, Close::Graceful), (3, Close::Abort)] {
        let mut wire = Wire::new();
        wire.ask("POST /", Body::Stream).unwrap();
        wire.write(written);
        wire.machine.reset(1, wire.now).unwrap();
        wire.expect(&["closed: Aborted"]);
        assert_eq!((wire.close(), wire.send(1, "x")), (Some(close), Err(Misuse::NoSuchExchange)));
    }
}

#[test]
fn a_broken_body_ends_the_connection() {
    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx")
        .expect(&["1 200 Unknown"]);
    wire.answer("\r\n");
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::BadChunkSize));
    wire.expect(&["closed: Fault(BadChunkSize)"]);

    let mut wire = Wire::get();
    wire.answer(OK).expect(&["1 200 Known(2)"]);
    wire.machine.limit_body(1, 1).unwrap();
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::BodyTooLarge));
}

#[test]
fn timeouts_can_be_set() {
    let timeouts = ClientTimeouts { first_byte: Duration::from_secs(7), ..Default::default() };
    let mut wire = Wire::with(ClientConfig { timeouts, ..ClientConfig::default() });
    wire.go("GET /", Body::Empty);
    assert_eq!(wire.deadline(), Some((7, Why::FirstByte)));
}

#[test]
fn what_the_last_answer_left_behind_is_no_part_of_the_next() {
    let left = ["UnaskedBytes in wait, IfIdempotent", "closed: Fault(UnaskedBytes)"];
    let answer = ["Truncated in receive, Never", "closed: Fault(Truncated)"];
    let broken = ["BadStatusLine in receive, Never", "closed: Fault(BadStatusLine)"];
    for (used, text, how, told) in [
        (true, "hello", None, left),
        (true, "\r\n", None, left),
        (true, "HTTX", None, left),
        (true, "<html>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", None, left),
        (true, "h", Some(Eof::Clean), left),
        (true, "HTTP", Some(Eof::Clean), answer),
        (true, "HTTP/1.1 20x\r\n\r\n", None, broken),
        // A connection that was never used holds nothing of anybody's.
        (false, "hello\r\n\r\n", None, broken),
    ] {
        let mut wire = Wire::new();
        if used {
            wire.go("HEAD /", Body::Empty).answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            wire.expect(&["1 200 Empty"]);
        }
        wire.go("GET /", Body::Empty).answer(text);
        if let Some(how) = how {
            wire.eof(how);
        }
        wire.expect(&told);
    }
    // Behind an interim response it is one that is broken.
    let mut wire = Wire::new();
    wire.go("HEAD /", Body::Empty).answer("HTTP/1.1 204 N\r\n\r\n").expect(&["1 204 Empty"]);
    wire.go("GET /", Body::Empty).answer("HTTP/1.1 103 E\r\n\r\nhello\r\n\r\n");
    assert_eq!(wire.events()[1], "BadStatusLine in receive, Never");
}

#[test]
fn an_exchange_without_a_response_has_received_nothing() {
    let mut wire = Wire::with(ClientConfig { trace: true, ..ClientConfig::default() });
    wire.go("GET /", Body::Empty).answer(OK).events();
    assert_eq!(wire.read(1), "hi");
    wire.go("GET /", Body::Empty).eof(Eof::Clean);
    let told: Vec<_> = wire.events().into_iter().filter(|text| text.starts_with("Done")).collect();
    let received = |text: &String| text.contains("received: 2");
    assert_eq!(told.iter().map(received).collect::<Vec<_>>(), [true, false], "{told:?}");
}
