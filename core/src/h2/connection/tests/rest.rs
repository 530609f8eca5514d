//! What is done with the rest of a request that is answered and that nobody reads.

use super::*;

const RESET: &str = "RST_STREAM 1 NO_ERROR";

/// A server that throws away so much, and has answered a request whose content is to come.
fn answered(discard_bytes: u64) -> Connection {
    let mut config = config(9);
    config.limits.discard_bytes = discard_bytes;
    let mut server = Connection::new(Arc::new(config), NOW);
    let mut hello = PREFACE.to_vec();
    write::settings(&mut hello, []);
    write::settings_ack(&mut hello);
    feed(&mut server, &[hello, request(1, false)].concat());
    assert_eq!(events(&mut server), ["Request 1"]);
    let _ = output(&mut server);
    server.respond(1, &ok(), Body::Empty, NOW).unwrap();
    server
}

#[test]
fn a_short_rest_is_thrown_away_and_its_stream_is_not_reset() {
    let mut server = answered(100);
    assert_eq!(frames(&output(&mut server)), ["HEADERS 1 true"]);
    assert!(!server.in_exchange() && !server.streams.is_empty());
    feed(&mut server, &data(1, &[b'x'; 60], false));
    feed(&mut server, &data(1, &[b'x'; 40], true));
    assert!(output(&mut server).is_empty() && server.streams.is_empty());
    assert_eq!(server.credit.left(), 65_535 - 100);
    feed(&mut server, &request(3, true));
    assert_eq!(events(&mut server), ["Request 3"]);
}

#[test]
fn what_had_come_unread_counts_for_nobody_and_is_credited() {
    let mut server = server(9);
    let piece = data(1, &[b'x'; 12_000], false);
    feed(&mut server, &[request(1, false), piece.repeat(3)].concat());
    assert_eq!(events(&mut server), ["Request 1"]);
    server.respond(1, &ok(), Body::Empty, NOW).unwrap();
    let out = frames(&output(&mut server));
    assert_eq!(out, ["HEADERS 1 true", "CREDIT 0 36000", "CREDIT 1 36000"]);
    feed(&mut server, &data(1, b"", true));
    assert!(output(&mut server).is_empty() && server.streams.is_empty());
}

#[test]
fn a_rest_that_is_too_long_is_not_wanted() {
    let mut server = answered(100);
    let _ = output(&mut server);
    feed(&mut server, &data(1, &[b'x'; 100], false));
    assert!(output(&mut server).is_empty());
    feed(&mut server, &data(1, b"x", false));
    assert_eq!(frames(&output(&mut server)), [RESET]);
    assert!(server.streams.is_empty());
    // What was on its way is no fault.
    feed(&mut server, &data(1, b"x", true));
    assert!(output(&mut server).is_empty());
}

#[test]
fn a_rest_that_is_said_to_be_too_long_is_not_wanted_at_all() {
    for (length, reset) in [("99", false), ("100", true)] {
        let mut server = answered(100);
        let fields = [
            (&b":method"[..], &b"POST"[..]),
            (b":scheme", b"http"),
            (b":path", b"/"),
            (b"host", b"a"),
            (b"content-length", length.as_bytes()),
        ];
        let (mut block, mut head) = (Vec::new(), Vec::new());
        Encoder::new(0).encode(fields, &mut block);
        write::headers(&mut head, 3, &block, false, 16_384);
        let _ = output(&mut server);
        feed(&mut server, &head);
        assert_eq!(events(&mut server), ["Request 3"]);
        server.respond(3, &ok(), Body::Empty, NOW).unwrap();
        let out = frames(&output(&mut server));
        assert_eq!(out.contains(&"RST_STREAM 3 NO_ERROR".to_owned()), reset, "{length}: {out:?}");
    }
}

#[test]
fn a_rest_that_comes_too_slowly_is_not_wanted() {
    let mut server = answered(100);
    let _ = output(&mut server);
    let (at, why) = server.deadline().unwrap();
    assert_eq!(why, Why::Body);
    server.tick(Now { mono: at, ..NOW });
    assert_eq!(frames(&output(&mut server)), [RESET]);
    assert!(server.streams.is_empty());
}

#[test]
fn a_rest_that_waits_to_be_asked_for_is_not_wanted() {
    let mut server = server(9);
    let fields = [
        (&b":method"[..], &b"POST"[..]),
        (b":scheme", b"http"),
        (b":path", b"/"),
        (b"host", b"a"),
        (b"expect", b"100-continue"),
    ];
    let (mut block, mut head) = (Vec::new(), Vec::new());
    Encoder::new(0).encode(fields, &mut block);
    write::headers(&mut head, 1, &block, false, 16_384);
    feed(&mut server, &head);
    assert_eq!(events(&mut server), ["Request 1"]);
    server.respond(1, &ok(), Body::Empty, NOW).unwrap();
    assert_eq!(frames(&output(&mut server)), ["HEADERS 1 true", RESET]);
}

#[test]
fn who_ends_the_connection_sends_no_rest() {
    let mut server = answered(100);
    let _ = output(&mut server);
    server.eof(Eof::Clean, NOW);
    assert!(server.streams.is_empty());
    let _ = output(&mut server);
    assert_eq!(events(&mut server).last().unwrap(), "Closed(PeerClosed)");
}

#[test]
fn a_server_that_stops_waits_for_a_rest_no_longer_than_for_anything() {
    let mut server = answered(100);
    server.shutdown(NOW);
    let _ = output(&mut server);
    let mut now = NOW;
    while server.want().close.is_none() {
        let (at, _) = server.deadline().expect("it ends by itself");
        now.mono = at;
        server.tick(now);
        let mut out = Vec::new();
        server.transmit(&mut out, usize::MAX, now);
    }
    assert!(now.mono.since(NOW.mono) <= Duration::from_secs(30) + Duration::from_secs(5));
}
