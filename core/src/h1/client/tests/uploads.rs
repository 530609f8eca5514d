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
        assert!(wire.machine.is_held());
        wire.answer("HTTP/1.1 100 Continue\r\n\r\n");
        if whole {
            wire.expect(&["1 100"]);
        } else {
            wire.expect(&["1 100", "Writable { id: 1 }"]);
            assert_eq!((wire.send(1, "abc"), wire.finish(1)), (Ok(0), Ok(())));
        }
        assert!(!wire.machine.is_held());
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

#[test]
fn an_early_response_is_delivered_and_stops_the_upload() {
    let mut wire = Wire::new();
    wire.go("POST /", Body::Stream);
    assert_eq!(wire.send(1, "abc"), Ok(0));
    wire.answer("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n").expect(&["1 413 Known(2)"]);
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
fn who_waits_for_room_learns_of_an_early_response() {
    let limits = Limits { output_bytes: 10, ..Limits::CLIENT };
    let mut wire = Wire::with(ClientConfig { limits, ..ClientConfig::default() });
    wire.go("POST /", Body::Length(100));
    assert_eq!(wire.send(1, "0123456789ab"), Ok(2));
    wire.answer(EMPTY).expect(&["1 204 Empty", "Writable { id: 1 }", "closed: BodyUnsent"]);
}

#[test]
fn a_whole_request_that_is_answered_early_is_still_written() {
    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full("abc".into())).unwrap();
    wire.write(10).answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!(wire.reuse(), Reuse::Later);
    wire.output();
    assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Now));

    let mut wire = Wire::new();
    wire.ask("POST /", Body::Full("abc".into())).unwrap();
    wire.write(10).answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!((wire.read(1), wire.reuse()), ("hi".into(), Reuse::Never(CloseReason::BodyUnsent)));
    assert_eq!(wire.close(), Some(Close::Abort));
}
