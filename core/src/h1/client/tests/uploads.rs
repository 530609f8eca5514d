//! Requests with bodies: how they are sent, held back and stopped.

use super::*;

#[test]
fn a_stream_is_sent_in_chunks() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream);
    assert_eq!(wire.deadline(), None, "the waiting is ours");
    assert_eq!((wire.send(1, "abc"), wire.output()), (Ok(0), "3\r\nabc\r\n".into()));
    let mut trailers = Fields::new();
    trailers.append("X-Sum", "1").unwrap();
    wire.machine.finish(1, Some(&trailers), wire.now).unwrap();
    assert_eq!(wire.output(), "0\r\nX-Sum: 1\r\n\r\n");
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
    assert_eq!(wire.send(1, "x"), Err(Misuse::AlreadyFinished));
}

#[test]
fn a_declared_length_is_kept_to() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Length(3));
    assert_eq!(wire.send(1, "abcd"), Err(Misuse::TooMuchBody));
    assert_eq!(wire.send(1, "ab"), Ok(0));
    assert_eq!(wire.finish(1), Err(Misuse::TooLittleBody));
    assert_eq!((wire.send(1, "c"), wire.output(), wire.finish(1)), (Ok(0), "abc".into(), Ok(())));
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
    let mut wire = Wire::new();
    wire.go("GET /", Body::Length(0));
    assert_eq!((wire.send(1, "x"), wire.finish(1)), (Err(Misuse::TooMuchBody), Ok(())));
}

#[test]
fn send_takes_what_fits_and_tells_when_there_is_room() {
    let limits = Limits { output_bytes: 100, ..Limits::CLIENT };
    let mut wire = Wire::with(ClientConfig { limits, ..ClientConfig::default() });
    wire.go("POST /", Body::Length(150));
    let mut data = Bytes::from(vec![b'x'; 150]);
    wire.machine.send(1, &mut data, wire.now).unwrap();
    assert_eq!(data.len(), 50);
    wire.machine.send(1, &mut data, wire.now).unwrap();
    assert_eq!(data.len(), 50, "room is given in one piece");
    wire.write(40).expect(&[]).write(10).expect(&["Writable { id: 1 }"]);
    wire.machine.send(1, &mut data, wire.now).unwrap();
    assert_eq!((data.len(), wire.output().len(), wire.finish(1)), (0, 100, Ok(())));
}

const EXPECT: &str = "POST /\nExpect: 100-continue";

#[test]
fn an_expected_body_waits_for_100() {
    for whole in [true, false] {
        let mut wire = Wire::new();
        let body = if whole { Body::Full("abc".into()) } else { Body::Length(3) };
        wire.ask(EXPECT, body).unwrap();
        assert!(wire.output().ends_with("Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
        assert_eq!(wire.deadline(), Some((1, Why::Expect)));
        assert_eq!(wire.send(1, "abc"), if whole { Err(Misuse::AlreadyFinished) } else { Ok(3) });
        assert!(wire.machine.is_held(1));
        wire.answer("HTTP/1.1 100 Continue\r\n\r\n");
        if whole {
            wire.expect(&["1 100"]);
        } else {
            wire.expect(&["1 100", "Writable { id: 1 }"]);
            assert_eq!((wire.send(1, "abc"), wire.finish(1)), (Ok(0), Ok(())));
        }
        assert!(!wire.machine.is_held(1));
        assert_eq!(wire.output(), "abc");
        assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
        wire.answer(OK).expect(&["1 200 Known(2)"]);
        assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));
    }
}

#[test]
fn a_body_waits_for_100_also_if_more_is_expected() {
    for (expect, waits) in [("other, 100-Continue", true), ("other", false)] {
        let mut wire = Wire::new();
        wire.ask(&format!("POST /\nExpect: {expect}"), Body::Full("abc".into())).unwrap();
        assert_eq!(!wire.output().ends_with("abc"), waits, "{expect}");
    }
}

#[test]
fn an_expected_body_is_sent_anyway_after_a_while() {
    let mut wire = Wire::new();
    wire.go(EXPECT, Body::Full("abc".into())).wait(1);
    assert_eq!(wire.output(), "abc");
    // The server's 100 (Continue) comes late.
    wire.answer("HTTP/1.1 100 Continue\r\n\r\n").answer(OK).expect(&["1 100", "1 200 Known(2)"]);
    assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));
}

#[test]
fn a_final_status_instead_of_100_ends_the_connection_with_its_response() {
    let mut wire = Wire::new();
    wire.go(EXPECT, Body::Full("abc".into())).answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!(wire.reuse(), Reuse::Never(CloseReason::BodyUnsent));
    assert_eq!((wire.read(1), wire.output()), ("hi".into(), String::new()));
    wire.expect(&["closed: BodyUnsent"]);
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn nothing_is_expected_without_a_body() {
    for body in [Body::Empty, Body::Length(0)] {
        let mut wire = Wire::new();
        wire.ask(EXPECT, body).unwrap();
        assert_eq!(wire.output(), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    }
    // A stream that turns out to be empty has nothing to wait with.
    let mut wire = Wire::new();
    wire.go(EXPECT, Body::Stream);
    wire.finish(1).unwrap();
    assert_eq!(wire.output(), "0\r\n\r\n");
    assert_eq!(wire.deadline(), Some((60, Why::FirstByte)));
}

/// A refusal that closes the connection.
const REFUSAL: &str = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";

#[test]
fn a_refusal_is_delivered_and_stops_the_upload() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream);
    assert_eq!(wire.send(1, "abc"), Ok(0));
    wire.answer(REFUSAL).expect(&["1 413 Known(2)"]);
    assert_eq!(
        (wire.send(1, "def"), wire.finish(1)),
        (Err(Misuse::Answered), Err(Misuse::Answered))
    );
    assert_eq!(wire.reuse(), Reuse::Never(CloseReason::BodyUnsent));
    // What is queued may go out, and the server need not take it.
    assert!(wire.machine.want().write);
    wire.wait(100).answer("no");
    assert_eq!(wire.read(1), "no");
    wire.expect(&["closed: BodyUnsent"]);
    assert_eq!(wire.close(), Some(Close::Abort), "a chunk is cut");
}

#[test]
fn who_waits_for_room_learns_of_a_refusal() {
    let limits = Limits { output_bytes: 10, ..Limits::CLIENT };
    let mut wire = Wire::with(ClientConfig { limits, ..ClientConfig::default() });
    wire.go("POST /", Body::Length(100));
    assert_eq!(wire.send(1, "0123456789ab"), Ok(2));
    wire.answer(REFUSAL).expect(&["1 413 Known(2)", "Writable { id: 1 }"]);
    assert_eq!(wire.send(1, "ab"), Err(Misuse::Answered));
}

#[test]
fn an_upload_goes_on_beside_its_response() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream);
    assert_eq!((wire.send(1, "abc"), wire.output().len()), (Ok(0), 8));
    wire.answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab").expect(&["1 200 Known(4)"]);
    assert_eq!((wire.body(1), wire.body(1)), (data("ab"), Recv::Pending));
    assert_eq!((wire.reuse(), wire.deadline()), (Reuse::Later, None), "the server waits for us");
    // One time for both directions, once the server has something to do.
    assert_eq!((wire.send(1, "def"), wire.deadline()), (Ok(0), Some((5, Why::Body))));
    assert_eq!((wire.output(), wire.deadline()), ("3\r\ndef\r\n".into(), None));
    wire.wait(100).answer("cd").expect(&["Readable { id: 1 }"]);
    assert_eq!(wire.read(1), "cd");
    // The response is whole, and the request is not.
    assert!(wire.machine.in_exchange());
    assert_eq!((wire.reuse(), wire.deadline()), (Reuse::Later, None));
    assert_eq!(wire.send(1, "g"), Ok(0));
    let mut slices = [IoSlice::new(&[]); 4];
    assert!(wire.machine.output(&mut slices, wire.now) > 0);
    assert_eq!(wire.deadline(), Some((5, Why::Write)));
    assert_eq!((wire.output(), wire.finish(1)), ("1\r\ng\r\n".into(), Ok(())));
    assert_eq!((wire.reuse(), wire.output()), (Reuse::Later, "0\r\n\r\n".into()));
    assert_eq!((wire.reuse(), wire.deadline()), (Reuse::Now, None));
}

#[test]
fn a_server_that_neither_takes_nor_gives_beside_a_response_is_too_slow() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream).answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    wire.expect(&["1 200 Known(4)"]);
    assert_eq!((wire.body(1), wire.send(1, "abc")), (Recv::Pending, Ok(0)));
    wire.wait(5).expect(&["Readable { id: 1 }", "closed: Fault(BodyTimeout)"]);
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::BodyTimeout));

    // The response is here: that its request is not taken is no failure of it.
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream).answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!((wire.read(1), wire.send(1, "abc")), ("hi".into(), Ok(0)));
    let mut slices = [IoSlice::new(&[]); 4];
    assert!(wire.machine.output(&mut slices, wire.now) > 0);
    wire.wait(5).expect(&["closed: Fault(WriteTimeout)"]);
    assert_eq!((wire.body(1), wire.close()), (Recv::End(None), Some(Close::Abort)));
}

#[test]
fn an_upload_goes_on_behind_a_failure_whose_server_keeps_the_connection() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream);
    wire.answer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n").expect(&["1 404 Known(2)"]);
    assert_eq!((wire.send(1, "abc"), wire.output().len()), (Ok(0), 8));
    wire.answer("no");
    assert_eq!((wire.read(1), wire.reuse()), ("no".into(), Reuse::Later));
    assert_eq!((wire.send(1, "d"), wire.finish(1)), (Ok(0), Ok(())));
    assert_eq!((wire.output(), wire.reuse()), ("1\r\nd\r\n0\r\n\r\n".into(), Reuse::Now));
}

#[test]
fn an_upload_behind_a_whole_response_ends_when_nobody_wants_it_or_the_server_closes() {
    for closes in [false, true] {
        let mut wire = Wire::new();
        wire.go("POST /", Body::Stream);
        wire.answer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
        wire.expect(&["1 404 Known(2)"]);
        assert_eq!((wire.read(1), wire.send(1, "abc")), ("no".into(), Ok(0)));
        if closes {
            wire.eof(Eof::Clean);
        } else {
            wire.machine.discard(1, wire.now).unwrap();
        }
        assert_eq!(wire.send(1, "d"), Err(Misuse::NoSuchExchange));
        wire.expect(&["closed: BodyUnsent"]);
        assert_eq!(wire.body(1), Recv::End(None), "the response is whole in any case");
    }
}

#[test]
fn an_upload_ends_with_its_connection_and_with_the_interest_in_its_response() {
    let begin = || {
        let mut wire = Wire::new();
        wire.go("POST /", Body::Stream).answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        wire.expect(&["1 200 Known(4)"]);
        assert_eq!(wire.send(1, "abc"), Ok(0));
        wire
    };
    for how in [Eof::Clean, Eof::Truncated, Eof::Reset] {
        let mut wire = begin();
        wire.eof(how);
        assert_eq!(
            (wire.send(1, "d"), wire.body(1)),
            (Err(Misuse::Answered), data("ab")),
            "{how:?}"
        );
        assert!(matches!(wire.body(1), Recv::Failed(_)));
    }
    let mut wire = begin();
    wire.machine.discard(1, wire.now).unwrap();
    assert_eq!(wire.send(1, "d"), Err(Misuse::NoSuchExchange));
    wire.expect(&["closed: BodyUnsent"]);
}

#[test]
fn a_response_that_ends_with_the_connection_is_read_beside_an_upload() {
    let mut wire = Wire::new();
    wire.go("PUT /", Body::Stream).answer("HTTP/1.0 200 OK\r\n\r\n").expect(&["1 200 Unknown"]);
    assert_eq!(wire.body(1), Recv::Pending);
    assert_eq!((wire.send(1, "abc"), wire.output()), (Ok(0), "3\r\nabc\r\n".into()));
    wire.answer("hi").eof(Eof::Clean);
    assert_eq!((wire.send(1, "d"), wire.read(1)), (Err(Misuse::Answered), "hi".into()));
}

#[test]
fn a_whole_request_that_is_answered_early_is_still_written() {
    for status in ["200 OK", "404 Not Found"] {
        let mut wire = Wire::new();
        wire.ask("POST /", Body::Full("abc".into())).unwrap();
        wire.write(10).answer(&format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n"));
        wire.events();
        assert_eq!(wire.reuse(), Reuse::Later);
        wire.output();
        wire.answer("hi");
        assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));
    }
    // To its end, though the response has been read.
    for status in ["200 OK", "404 Not Found"] {
        let mut wire = Wire::new();
        wire.ask("POST /", Body::Full("abc".into())).unwrap();
        wire.write(10).answer(&format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nhi"));
        wire.events();
        assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Later), "{status}");
        assert!(wire.output().ends_with("abc"));
        assert_eq!(wire.reuse(), Reuse::Now);
    }
}

#[test]
fn a_body_of_known_length_ends_with_its_last_byte() {
    for (text, body) in [("PUT /", Body::Length(4)), ("PUT /\nContent-Length: 4", Body::Stream)] {
        let mut wire = Wire::new();
        wire.go(text, body);
        assert_eq!(
            (wire.send(1, "ab"), wire.send(1, "cd"), wire.output()),
            (Ok(0), Ok(0), "abcd".into())
        );
        assert_eq!(wire.deadline(), Some((60, Why::FirstByte)), "the request is whole");
        assert_eq!(wire.send(1, ""), Err(Misuse::AlreadyFinished));
        assert_eq!(wire.send(1, "e"), Err(Misuse::TooMuchBody));
        wire.answer(OK).expect(&["1 200 Known(2)"]);
        assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));
        // Whoever gave it may say so, late and once.
        assert_eq!((wire.finish(1), wire.finish(1)), (Ok(()), Err(Misuse::NoSuchExchange)));
    }
    let mut wire = Wire::new();
    wire.go("PUT /", Body::Length(0)).answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));
}

#[test]
fn a_raw_stream_that_is_reset_is_read_to_where_it_was_cut() {
    let mut wire = Wire::new();
    wire.go("GET /\nUpgrade: raw", Body::Empty);
    wire.answer(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\nab",
    );
    wire.events();
    assert_eq!(wire.send(1, "x"), Ok(0));
    wire.eof(Eof::Reset);
    assert_eq!((wire.send(1, "y"), wire.output()), (Err(Misuse::AlreadyFinished), String::new()));
    assert_eq!(wire.body(1), data("ab"));
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::Reset));
    wire.expect(&["closed: Upgraded"]);
}

#[test]
fn what_is_asked_of_an_exchange_is_asked_by_its_id() {
    let mut wire = Wire::new();
    assert_eq!(wire.machine.slots(), 1);
    wire.ask(EXPECT, Body::Length(3)).unwrap();
    assert_eq!(wire.machine.slots(), 0);
    assert!(!wire.machine.is_flushed(1), "its head is to be written");
    wire.output();
    assert!(wire.machine.is_flushed(1));
    assert!(wire.machine.is_held(1) && !wire.machine.is_held(2));
    wire.answer("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 2 OK\r\n\r\n");
    let failed = std::iter::from_fn(|| wire.machine.poll_event(wire.now))
        .find(|event| matches!(event, Event::Failed { .. }));
    assert!(matches!(failed, Some(Event::Failed { id: Some(1), .. })), "{failed:?}");
    assert_eq!(wire.machine.slots(), 0);
}

#[test]
fn who_asks_is_told_once_the_request_is_out() {
    for lost in [false, true] {
        let mut wire = Wire::new();
        wire.ask("POST /", Body::Stream).unwrap();
        assert!(!wire.machine.flush(1));
        wire.write(10).expect(&[]);
        if lost {
            // Nothing is left to be written, and a response may still be read.
            wire.eof(Eof::Reset);
        } else {
            wire.output();
        }
        assert!(wire.events().contains(&"Flushed { id: 1 }".to_owned()), "{lost}");
        assert!(wire.machine.flush(1));
    }
}
