//! Bodies of responses, those that nobody wants, and raw streams.

use super::*;

#[test]
fn a_head_with_two_framings_is_taken_without_a_body_and_not_trusted_further() {
    let mut wire = Wire::new();
    wire.go("HEAD /", Body::Empty);
    wire.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.expect(&["1 200 Empty", "closed: Fault(BothLengths)"]);
}

#[test]
fn chunks_and_trailers_are_read() {
    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    wire.expect(&["1 200 Unknown"]);
    assert_eq!((wire.body(1), wire.body(1)), (data("abc"), Recv::Pending));
    wire.answer("0\r\nX-T: 1\r\n\r\n").expect(&["Readable { id: 1 }"]);
    let Recv::End(Some(trailers)) = wire.body(1) else { panic!() };
    assert_eq!(trailers.get("x-t"), Some("1"));
    assert_eq!(wire.reuse(), Reuse::Now);
}

#[test]
fn a_body_that_the_close_delimits_is_whole_only_at_a_clean_end() {
    for (how, reason) in [
        (Eof::Clean, None),
        (Eof::Truncated, Some(Fault::Truncated)),
        (Eof::Reset, Some(Fault::Reset)),
    ] {
        let mut wire = Wire::get();
        wire.answer("HTTP/1.1 200 OK\r\n\r\nall").expect(&["1 200 Unknown"]);
        assert_eq!(wire.reuse(), Reuse::Never(CloseReason::CloseDelimited));
        wire.eof(how);
        assert_eq!(wire.body(1), data("all"));
        let end = wire.body(1);
        match reason {
            None => assert_eq!(end, Recv::End(None)),
            Some(fault) => {
                let retry = (Retry::Never, Phase::Receive);
                let Recv::Failed(error) = end else { panic!("{end:?}") };
                assert_eq!((error.kind, (error.retry, error.phase)), (fault, retry));
            }
        }
        assert_eq!(wire.close(), Some(Close::Graceful));
    }
}

#[test]
fn a_body_that_nobody_wants_is_read_where_that_saves_the_connection() {
    let most = "HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n";
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n";
    let close = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
    for (text, verdict) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", Reuse::Later),
        (OK, Reuse::Now),
        (most, Reuse::Later),
        (long, Reuse::Never(CloseReason::BodyUnread)),
        (close, Reuse::Never(CloseReason::PeerAsked)),
        ("HTTP/1.1 200 OK\r\n\r\n", Reuse::Never(CloseReason::CloseDelimited)),
    ] {
        let mut wire = Wire::get();
        wire.answer(text).events();
        wire.machine.discard(1, wire.now).unwrap();
        assert_eq!(wire.reuse(), verdict, "{text}");
        assert_eq!(wire.close().is_some(), matches!(verdict, Reuse::Never(_)));
    }
    // Before the response has come.
    let mut wire = Wire::get();
    wire.machine.discard(1, wire.now).unwrap();
    wire.answer(OK).expect(&["1 200 Known(2)"]);
    assert_eq!(wire.reuse(), Reuse::Now);
}

#[test]
fn an_upgrade_that_was_asked_for_carries_raw_bytes() {
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\nearly";
    for (text, answer) in [
        ("GET /\nUpgrade: raw", switch),
        ("CONNECT a:1", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly"),
    ] {
        let mut wire = Wire::new();
        wire.go(text, Body::Empty).answer(answer);
        let events = wire.events();
        assert!(events[0].ends_with("Empty"));
        assert_eq!(events[1..], ["Upgraded { id: 1 }"]);
        assert_eq!((wire.body(1), wire.body(1)), (data("early"), Recv::Pending));
        assert_eq!(wire.send(1, "raw"), Ok(0));
        assert_eq!(
            (wire.output(), wire.reuse()),
            ("raw".into(), Reuse::Never(CloseReason::Upgraded))
        );
        // The rates of HTTP end with HTTP.
        assert_eq!(wire.send(1, "untaken"), Ok(0));
        let mut slices = [IoSlice::new(&[]); 1];
        assert_eq!(wire.machine.output(&mut slices, wire.now), 1);
        assert_eq!(wire.machine.deadline(), None);
        assert_eq!(wire.output(), "untaken");
        wire.finish(1).unwrap();
        assert_eq!(wire.close(), Some(Close::Linger), "half closed");
        wire.answer("more").eof(Eof::Clean).expect(&["Readable { id: 1 }"]);
        assert_eq!((wire.body(1), wire.body(1)), (data("more"), Recv::End(None)));
        wire.expect(&["closed: Upgraded"]);
        assert_eq!(wire.close(), Some(Close::Graceful));
    }
}

#[test]
fn an_upgrade_that_nobody_asked_for_is_refused() {
    for text in ["GET /", "POST /\nExpect: 100-continue\nUpgrade: raw"] {
        let mut wire = Wire::new();
        wire.go(text, if text == "GET /" { Body::Empty } else { Body::Stream });
        wire.answer("HTTP/1.1 101 S\r\nUpgrade: raw\r\n\r\n");
        assert!(wire.events()[0].starts_with("UnaskedUpgrade in receive"), "{text}");
    }
}

#[test]
fn a_refused_tunnel_leaves_the_connection_as_it_was() {
    let mut wire = Wire::new();
    wire.go("CONNECT a:1", Body::Empty);
    wire.answer("HTTP/1.1 407 P\r\nContent-Length: 2\r\n\r\nno").expect(&["1 407 Known(2)"]);
    assert_eq!((wire.read(1), wire.reuse()), ("no".into(), Reuse::Now));
}

#[test]
fn trailers_are_as_many_as_fields_may_be_and_one_more_is_too_many() {
    for (count, taken) in [(100, true), (101, false)] {
        let trailers: String = (0..count).map(|n| format!("X-{n}: y\r\n")).collect();
        let mut wire = Wire::get();
        wire.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n").events();
        wire.answer(&trailers).answer("\r\n");
        match wire.body(1) {
            Recv::End(Some(fields)) => assert_eq!((fields.len(), taken), (count, true)),
            Recv::Failed(error) => assert_eq!((error.kind, taken), (Fault::TooManyFields, false)),
            other => panic!("{other:?}"),
        }
    }
}
