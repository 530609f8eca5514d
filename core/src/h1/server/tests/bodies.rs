//! Bodies of requests: read, asked for, refused and thrown away.

use super::*;

#[test]
fn a_body_is_read_as_it_comes() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe").expect(&["1 POST /"]);
    assert_eq!(wire.body(1), data("he"));
    assert_eq!(wire.body(1), Recv::Pending);
    wire.send("lloGET").expect(&["Readable { id: 1 }"]);
    assert_eq!(wire.body(1), data("llo"));
    assert_eq!(wire.body(1), Recv::End(None));
    assert_eq!(wire.body(1), Recv::End(None));
    wire.ok(1, "").send(" / HTTP/1.1\r\nHost: a\r\n\r\n").expect(&["2 GET /"]);
}

#[test]
fn continue_is_sent_when_the_body_is_asked_for_and_not_before() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    wire.expect(&["1 POST /"]);
    assert_eq!(wire.output(), "");
    assert_eq!(wire.body(1), Recv::Pending);
    assert_eq!(wire.output(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(wire.body(1), Recv::Pending);
    assert_eq!(wire.output(), "", "once");
    wire.send("hi").events();
    assert_eq!(wire.body(1), data("hi"));
}

#[test]
fn continue_is_left_out_only_if_the_body_is_whole() {
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    for (framing, body) in
        [("Content-Length: 2", "hi"), ("Transfer-Encoding: chunked", "2\r\nhi\r\n0\r\n\r\n")]
    {
        let head =
            format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\nExpect: 100-continue\r\n\r\n");
        for (with_head, later) in (0..=body.len()).map(|at| body.split_at(at)) {
            // With the head, and behind it but before the application asks.
            for (first, second) in [(with_head, ""), ("", with_head)] {
                let mut wire = Wire::new();
                wire.send(&head).send(first).expect(&["1 POST /"]).send(second);
                while matches!(wire.body(1), Recv::Data(_)) {}
                let asks = if later.is_empty() { "" } else { CONTINUE };
                assert_eq!(wire.output(), asks, "{framing} {with_head:?}");
                wire.send(later).events();
                while matches!(wire.body(1), Recv::Data(_)) {}
                assert_eq!(wire.body(1), Recv::End(None));
                assert_eq!(wire.output(), "", "once");
            }
        }
    }
}

#[test]
fn a_refused_body_that_is_here_keeps_the_connection_and_the_beginning_of_one_does_not() {
    for (body, kept) in [("hi", true), ("h", false)] {
        let mut wire = Wire::new();
        wire.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        );
        wire.expect(&["1 POST /"]).send(body);
        wire.respond(1, Status::FORBIDDEN, Body::Empty).unwrap();
        assert_eq!(!wire.output().contains("Connection: close"), kept, "{body}");
        wire.expect(if kept { &[] } else { &["Closed(BodyRefused)"] });
    }
}

#[test]
fn a_refused_body_closes_the_connection() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    wire.expect(&["1 POST /"]);
    wire.respond(1, Status::FORBIDDEN, Body::Empty).unwrap();
    assert_eq!(
        wire.output(),
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    wire.expect(&["Closed(BodyRefused)"]);
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn a_small_unread_body_is_thrown_away_and_a_large_one_is_not() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").events();
    wire.ok(1, "");
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    wire.send("hello").send(GET).expect(&["2 GET /"]);
    wire.ok(2, "").output();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n").expect(&["3 POST /"]);
    wire.ok(3, "");
    assert!(wire.output().contains("Connection: close"));
    wire.expect(&["Closed(BodyUnread)"]);
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn an_endless_chunked_body_that_nobody_reads_is_cut() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").events();
    wire.ok(1, "").output();
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    for _ in 0..9 {
        if wire.close().is_none() {
            wire.send(&chunk).events();
        }
    }
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn a_stalled_body_fails_and_can_be_answered() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").events();
    assert_eq!(wire.body(1), Recv::Pending);
    wire.wait(4).expect(&[]).wait(1).expect(&["Readable { id: 1 }"]);
    let Recv::Failed(error) = wire.body(1) else { panic!("the body has failed") };
    assert_eq!((error.kind, error.answer), (Fault::BodyTimeout, Some(Status::REQUEST_TIMEOUT)));
    wire.respond(1, Status::REQUEST_TIMEOUT, Body::Empty).unwrap();
    assert!(wire.output().contains("Connection: close"));
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn a_body_over_the_limit_fails_before_it_is_read() {
    let mut wire = Wire::new();
    wire.send(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\nExpect: 100-continue\r\n\r\n",
    );
    let Some(Event::Request { body, expects_continue, .. }) = wire.machine.poll_event(wire.now)
    else {
        panic!("a request is there")
    };
    assert_eq!((body, expects_continue), (BodyLength::Known(20_000_000), true));
    assert!(matches!(wire.body(1), Recv::Failed(PeerError { kind: Fault::BodyTooLarge, .. })));
    assert_eq!(wire.output(), "", "no 100 (Continue)");
}

#[test]
fn a_limit_may_be_raised_before_the_first_read() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n").events();
    wire.machine.limit_body(1, 20_000_000).unwrap();
    assert_eq!(wire.body(1), Recv::Pending);
}

#[test]
fn a_body_that_was_thrown_away_is_no_whole_body() {
    for rest in ["", "_the rest"] {
        let mut wire = Wire::new();
        wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\npart").events();
        wire.ok(1, "").send(rest);
        wire.events();
        assert!(matches!(wire.body(1), Recv::Failed(_)), "{rest:?}");
    }
}

#[test]
fn a_connection_that_ends_anyway_does_not_wait_for_the_rest_of_a_body() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nConnection: close\r\n\r\npart");
    wire.expect(&["1 POST /"]).ok(1, "").output();
    wire.expect(&["Closed(PeerAsked)"]);
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn trailers_are_as_many_as_fields_may_be_and_one_more_is_too_many() {
    for (count, taken) in [(100, true), (101, false)] {
        let trailers: String = (0..count).map(|n| format!("X-{n}: y\r\n")).collect();
        let mut wire = Wire::new();
        wire.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n").events();
        wire.send(&trailers).send("\r\n");
        match wire.body(1) {
            Recv::End(Some(fields)) => assert_eq!((fields.len(), taken), (count, true)),
            Recv::Failed(error) => assert_eq!((error.kind, taken), (Fault::TooManyFields, false)),
            other => panic!("{other:?}"),
        }
    }
}
