//! What one exchange leaves behind for the next, which is nothing, and which time
//! runs when.

use super::*;

const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const UPGRADE: &str = "GET /u HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";

fn due(wire: &Wire) -> Option<(u64, Why)> {
    let (at, why) = wire.machine.deadline()?;
    Some((at.since(wire.now.mono).as_secs(), why))
}

/// Offers what there is to a socket that takes nothing.
fn full(wire: &mut Wire) {
    assert!(wire.machine.output(&mut [IoSlice::new(&[])], wire.now) > 0);
}

fn with_discard(discard_bytes: u64) -> Wire {
    let limits = Limits { discard_bytes, ..Limits::SERVER };
    Wire::with(ServerConfig { limits, ..ServerConfig::default() })
}

#[test]
fn each_head_has_its_time_from_its_first_byte() {
    let mut wire = Wire::new();
    assert_eq!(due(&wire), Some((30, Why::Head)));
    wire.send(GET).expect(&["1 GET /"]);
    assert_eq!(due(&wire), None);
    wire.ok(1, "x").output();
    wire.wait(70).send(&GET[..5]).expect(&[]);
    assert_eq!(due(&wire), Some((30, Why::Head)));
    wire.wait(29).send(&GET[5..10]).wait(1);
    wire.expect(&["failed HeadTimeout", "Closed(Fault(HeadTimeout))"]);
    // Also of one that came with the request before.
    let mut wire = Wire::new();
    wire.send(GET).send(&GET[..5]).expect(&["1 GET /"]);
    wire.ok(1, "x").output();
    assert_eq!(due(&wire), Some((30, Why::Head)));
}

#[test]
fn who_gives_slowly_and_steadily_is_not_late() {
    let mut wire = Wire::new();
    wire.send(POST).expect(&["1 POST /"]);
    for _ in 0..40 {
        assert_eq!(wire.body(1), Recv::Pending);
        assert!(due(&wire).is_some_and(|(after, why)| after >= 4 && why == Why::Body));
        wire.wait(4).send(&"x".repeat(1000)).expect(&["Readable { id: 1 }"]);
        assert!(matches!(wire.body(1), Recv::Data(_)));
        assert_eq!(due(&wire), None, "it is our turn");
        wire.wait(1000).expect(&[]);
    }
    // Nobody waits any more, and so nobody is woken.
    wire.send("x").expect(&[]);
    assert!(matches!(wire.body(1), Recv::Data(_)));
    assert_eq!(wire.body(1), Recv::Pending);
    wire.machine.discard(1, wire.now).unwrap();
    wire.send("x").expect(&[]);

    let mut wire = Wire::new();
    wire.send(POST).expect(&["1 POST /"]);
    assert!(!wire.machine.prefetch(1, 4000, wire.now));
    wire.wait(4).send(&"x".repeat(1000)).expect(&["Readable { id: 1 }"]);
    assert!(due(&wire).is_some_and(|(after, _)| after > 1), "bytes earn time unseen");
    // Where nothing more comes, there is nothing to wait for, and to ask for.
    wire.eof(Eof::Clean);
    assert!(wire.machine.prefetch(1, 4000, wire.now));
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    wire.expect(&["1 POST /"]).eof(Eof::Clean);
    assert!(wire.machine.prefetch(1, 4000, wire.now));
    assert_eq!(wire.output(), "");
}

#[test]
fn as_much_is_thrown_away_as_may_be_and_that_is_said_in_the_head() {
    for (length, kept) in [(999, true), (1000, false), (1001, false)] {
        let mut wire = with_discard(1000);
        wire.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"));
        wire.expect(&["1 POST /"]).ok(1, "x");
        assert_eq!(!wire.output().contains("Connection: close"), kept, "{length}");
        wire.expect(if kept { &[] } else { &["Closed(BodyUnread)"] });
    }
    // Each body by itself, and a byte more is too much.
    let mut wire = with_discard(5);
    for id in 1..=3 {
        wire.send(CHUNKED).events();
        wire.ok(id, "x").output();
        assert_eq!(due(&wire), Some((5, Why::Body)), "the rest has its time");
        wire.send("5\r\nhello\r\n").expect(&[]);
        wire.send("0\r\n\r\n").expect(&[]);
        assert_eq!(due(&wire), Some((75, Why::Idle)));
    }
    wire.send(CHUNKED).events();
    wire.ok(4, "x").output();
    wire.send("5\r\nhello\r\n1\r\n!\r\n").expect(&["Closed(BodyUnread)"]);
    // The beginning of a body that is whole in its packet is no refused one.
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi");
    wire.expect(&["1 POST /"]).ok(1, "x");
    assert!(!wire.output().contains("Connection: close"));
    wire.send(GET).expect(&["2 GET /"]);
}

#[test]
fn what_is_too_much_is_neither_read_nor_waited_for_while_the_response_goes_on() {
    let mut wire = with_discard(5);
    wire.send(CHUNKED).expect(&["1 POST /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    assert!(!wire.output().contains("Connection: close"), "it may be read yet");
    wire.machine.discard(1, wire.now).unwrap();
    assert_eq!(due(&wire), Some((5, Why::Body)));
    wire.send("6\r\nhello!\r\n").expect(&[]);
    assert_eq!((due(&wire), wire.machine.want().read), (None, false));
    wire.wait(100).expect(&[]);
    wire.machine.finish(1, None, wire.now).unwrap();
    wire.expect(&["Closed(BodyUnread)"]);

    // Nor is one that breaks a rule, or ends.
    for (rest, how, fault) in [("x\r\n", None, "BadChunkSize"), ("", Some(Eof::Clean), "Truncated")]
    {
        let mut wire = Wire::new();
        wire.send(CHUNKED).expect(&["1 POST /"]);
        wire.machine.discard(1, wire.now).unwrap();
        wire.send(rest).events();
        how.into_iter().for_each(|how| _ = wire.eof(how));
        wire.events();
        assert!(due(&wire).is_none_or(|(_, why)| why != Why::Body));
        wire.ok(1, "x").expect(&[&format!("Closed(Fault({fault}))")]);
    }
    // A large body that somebody still reads ends nothing.
    let mut wire = with_discard(5);
    wire.send(POST).expect(&["1 POST /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    assert!(!wire.output().contains("Connection: close"));
}

#[test]
fn who_takes_little_has_no_more_time_for_asking_meanwhile() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).ok(1, "x");
    full(&mut wire);
    wire.wait(4).send(GET).expect(&["2 GET /"]).ok(2, "y");
    wire.machine.transmit(&mut Vec::new(), 1, wire.now);
    assert_eq!(due(&wire), Some((1, Why::Write)), "and what a byte pays for");
    // Who had taken all has it anew.
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).ok(1, "x");
    full(&mut wire);
    wire.wait(4).output();
    wire.send(GET).expect(&["2 GET /"]).ok(2, "y");
    full(&mut wire);
    assert_eq!(due(&wire), Some((5, Why::Write)));
}

#[test]
fn what_was_sent_of_one_response_is_not_counted_for_the_next() {
    let mut wire = Wire::with(ServerConfig { trace: true, ..ServerConfig::default() });
    for id in 1..=2 {
        wire.send(GET);
        while wire.machine.poll_event(wire.now).is_some() {}
        wire.respond(id, Status::OK, Body::Stream).unwrap();
        wire.machine.send(id, &mut Bytes::from_static(b"abc"), wire.now).unwrap();
        wire.machine.finish(id, None, wire.now).unwrap();
        let event = wire.machine.poll_event(wire.now);
        let Some(Event::Done { facts, .. }) = event else { panic!("{event:?}") };
        assert_eq!(facts.sent, 3);
        wire.output();
    }
}

#[test]
fn who_takes_nothing_is_late_however_often_it_asks() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).ok(1, "x");
    full(&mut wire);
    for id in 2..=4 {
        wire.wait(1).send(GET).expect(&[&format!("{id} GET /")]).ok(id, "x");
        full(&mut wire);
    }
    assert_eq!(due(&wire), Some((2, Why::Write)));
    wire.wait(2).expect(&["Closed(Fault(WriteTimeout))"]);

    // And not told the next request of, once enough is queued for it.
    let mut wire = Wire::with_room(100);
    wire.send(&GET.repeat(2)).expect(&["1 GET /"]);
    wire.respond(1, Status::OK, Body::Full(vec![b'x'; 1000].into())).unwrap();
    wire.expect(&[]);
    assert_eq!(due(&wire), None, "nor is it late with that");
    wire.output();
    wire.expect(&["2 GET /"]);
}

#[test]
fn who_ends_a_body_waits_for_no_room() {
    let mut wire = Wire::with_room(4);
    wire.send(GET).expect(&["1 GET /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    wire.output();
    let mut data = Bytes::from_static(b"abcdef");
    wire.machine.send(1, &mut data, wire.now).unwrap();
    assert_eq!(data.len(), 2);
    wire.machine.finish(1, None, wire.now).unwrap();
    wire.output();
    wire.expect(&[]);
}

#[test]
fn a_raw_stream_begins_with_times_of_its_own() {
    let mut config = ServerConfig::default();
    config.timeouts.half_closed = Duration::from_secs(7);
    // One whose client sends nothing more, of whose body somebody waits for the rest.
    let mut wire = Wire::with(config);
    wire.send(POST).expect(&["1 POST /"]);
    assert_eq!((wire.body(1), due(&wire)), (Recv::Pending, Some((5, Why::Body))));
    wire.machine.hijack(1, wire.now).unwrap();
    assert_eq!(due(&wire), None);
    let mut config = ServerConfig::default();
    config.timeouts.half_closed = Duration::from_secs(7);
    let mut wire = Wire::with(config);
    wire.send(GET).eof(Eof::Clean).expect(&["1 GET /", "InputClosed"]);
    assert_eq!(due(&wire), Some((7, Why::HalfClosed)));
    wire.machine.hijack(1, wire.now).unwrap();
    assert_eq!(due(&wire), None);

    // What the response before cost it does not count, and what it lost is no end.
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).ok(1, "x");
    full(&mut wire);
    wire.wait(4).send(UPGRADE).events();
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo").unwrap();
    wire.machine.respond(2, &head, Body::Empty, wire.now).unwrap();
    wire.expect(&["Upgraded { id: 2 }"]);
    wire.machine.finish(2, None, wire.now).unwrap();
    wire.machine.discard(2, wire.now).unwrap();
    wire.expect(&["Closed(Upgraded)"]);
    assert_eq!(due(&wire), Some((5, Why::Write)));
    let mut wire = Wire::new();
    wire.send(UPGRADE).events();
    wire.machine.hijack(1, wire.now).unwrap();
    wire.eof(Eof::Reset);
    assert!(matches!(wire.body(1), Recv::Failed(error) if error.kind == Fault::Reset));

    // It begins behind the request, or not at all.
    let mut wire = Wire::new();
    wire.send(
        "POST /u HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: upgrade\r\n\
         Content-Length: 5\r\n\r\n",
    );
    wire.events();
    let given = wire.machine.respond(1, &head, Body::Empty, wire.now);
    assert_eq!(given, Err(Misuse::NotUpgradable));
}

#[test]
fn what_has_ended_holds_nothing() {
    let mut wire = Wire::new();
    wire.send("BAD\r\n\r\n").events();
    wire.output();
    assert_eq!(wire.close(), Some(Close::Linger));
    for _ in 0..5 {
        wire.send(&"x".repeat(4000));
    }
    wire.machine.trim(wire.now);
    assert_eq!(wire.machine.held(), 0);
}

#[test]
fn what_refuses_the_next_request_is_no_answer_of_the_last() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]);
    wire.machine.follow(1).unwrap();
    wire.ok(1, "x");
    let told = wire.events();
    assert!(told[0].starts_with("Answered") && told[1].starts_with("Done"), "{told:?}");
    wire.send("BAD\r\n\r\n").expect(&["failed BadRequestLine", "Closed(Fault(BadRequestLine))"]);
}

#[test]
fn a_head_in_the_making_has_its_time_whatever_is_written_meanwhile() {
    let mut wire = Wire::new();
    wire.send(GET).send(&GET[..5]).expect(&["1 GET /"]);
    wire.ok(1, "x");
    wire.wait(3);
    assert_eq!(due(&wire), Some((27, Why::Head)));
    wire.output();
    assert_eq!(due(&wire), Some((27, Why::Head)));
}

#[test]
fn who_takes_all_is_not_late_because_more_is_given_late() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    for _ in 0..3 {
        full(&mut wire);
        assert_eq!(due(&wire).map(|(_, why)| why), Some(Why::Write));
        wire.output();
        wire.wait(100).expect(&[]);
        wire.machine.send(1, &mut Bytes::from_static(b"x"), wire.now).unwrap();
    }
    // A 100 that the application sends itself is not sent again.
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    wire.expect(&["1 POST /"]);
    wire.machine.interim(1, &ResponseHead::new(Status::CONTINUE), wire.now).unwrap();
    assert_eq!((wire.body(1), wire.output().matches("100").count()), (Recv::Pending, 1));
}

#[test]
fn what_ends_has_the_time_of_its_end_and_no_other() {
    // What is to be written first has that time.
    let mut wire = Wire::new();
    wire.send("BAD\r\n\r\n").events();
    full(&mut wire);
    assert_eq!(due(&wire), Some((5, Why::Write)));
    wire.output();
    assert_eq!(due(&wire), Some((5, Why::Linger)));
    wire.eof(Eof::Clean);
    assert_eq!((wire.close(), due(&wire)), (Some(Close::Graceful), None));

    // Where nothing is, the goodbye begins at once.
    let mut wire = with_discard(5);
    wire.send(CHUNKED).events();
    wire.ok(1, "x").output();
    wire.send("6\r\nhello!\r\n").expect(&["Closed(BodyUnread)"]);
    assert_eq!((wire.close(), due(&wire)), (Some(Close::Linger), Some((5, Why::Linger))));

    // A shutdown that comes meanwhile bounds what is still to be written, once.
    let mut config = ServerConfig::default();
    config.timeouts.write = crate::time::Rate::UNLIMITED;
    let mut wire = Wire::with(config);
    wire.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").events();
    wire.ok(1, "x").expect(&["Closed(PeerAsked)"]);
    full(&mut wire);
    wire.machine.shutdown(wire.now);
    wire.wait(10);
    wire.machine.shutdown(wire.now);
    assert_eq!(due(&wire), Some((20, Why::Drain)));
    wire.output();
    assert_eq!((wire.close(), due(&wire)), (Some(Close::Graceful), None));

    // What is lost has none.
    let mut wire = Wire::new();
    wire.send("BAD\r\n\r\n").events();
    full(&mut wire);
    wire.eof(Eof::Reset);
    assert_eq!((wire.close(), due(&wire)), (Some(Close::Abort), None));
}
