//! Responses: how they are framed, what may not be said, and room for them.

use super::*;

#[test]
fn keep_alive_is_said_to_who_says_it() {
    for (request, said) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n",
            "Connection: keep-alive\r\n",
        ),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n"),
        (GET, ""),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
            "Connection: close\r\n",
        ),
    ] {
        let mut wire = Wire::new();
        wire.send(request).events();
        wire.ok(1, "");
        let text = wire.output();
        let connection = text.find("Connection: ").map_or("", |at| &text[at..text.len() - 2]);
        assert_eq!(connection, said, "{request}");
    }
}

#[test]
fn a_streamed_response_is_chunked_with_trailers() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    let mut piece = Bytes::from_static(b"hello");
    wire.machine.send(1, &mut piece, wire.now).unwrap();
    assert!(piece.is_empty());
    let mut trailers = Fields::new();
    trailers.append("X-Sum", "1").unwrap();
    wire.machine.finish(1, Some(&trailers), wire.now).unwrap();
    assert_eq!(
        wire.output(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
    );
    assert_eq!(wire.close(), None);
}

#[test]
fn http_1_0_streams_until_the_close_and_keeps_alive_when_asked() {
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").events();
    wire.ok(1, "x");
    assert_eq!(
        wire.output(),
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx"
    );
    wire.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").events();
    wire.respond(2, Status::OK, Body::Stream).unwrap();
    wire.machine.send(2, &mut Bytes::from_static(b"abc"), wire.now).unwrap();
    wire.machine.finish(2, None, wire.now).unwrap();
    assert_eq!(wire.output(), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nabc");
    wire.expect(&["Closed(CloseDelimited)"]);
    assert_eq!(wire.close(), Some(Close::Linger), "another request may be under way");
}

#[test]
fn interim_responses_come_first_and_not_to_http_1_0() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    let hints = ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>").unwrap();
    wire.machine.interim(1, &hints, wire.now).unwrap();
    wire.machine.interim(1, &ResponseHead::new(Status::PROCESSING), wire.now).unwrap();
    wire.ok(1, "");
    assert_eq!(
        wire.output(),
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    );
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.0\r\n\r\n").events();
    wire.machine.interim(1, &hints, wire.now).unwrap();
    assert_eq!(wire.output(), "");
}

#[test]
fn head_has_the_length_and_not_the_body() {
    let mut wire = Wire::new();
    wire.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").events();
    wire.ok(1, "hello");
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

#[test]
fn misuse_is_typed_and_leaves_the_wire_alone() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    let now = wire.now;
    assert_eq!(wire.respond(9, Status::OK, Body::Empty), Err(Misuse::NoSuchExchange));
    assert_eq!(wire.respond(1, Status::CONTINUE, Body::Empty), Err(Misuse::WrongStatus));
    assert_eq!(wire.machine.finish(1, None, now), Err(Misuse::NoResponseYet));
    assert_eq!(
        wire.machine.send(1, &mut Bytes::from_static(b"x"), now),
        Err(Misuse::NoResponseYet)
    );
    let full = Body::Full(Bytes::from_static(b"x"));
    assert_eq!(wire.respond(1, Status::NO_CONTENT, full), Err(Misuse::BodyNotAllowed));
    assert_eq!(
        wire.respond(1, Status::SWITCHING_PROTOCOLS, Body::Empty),
        Err(Misuse::NotUpgradable)
    );
    assert_eq!(wire.output(), "");
    wire.respond(1, Status::OK, Body::Length(3)).unwrap();
    assert_eq!(wire.respond(1, Status::OK, Body::Empty), Err(Misuse::SecondResponse));
    assert_eq!(
        wire.machine.send(1, &mut Bytes::from_static(b"four"), now),
        Err(Misuse::TooMuchBody)
    );
    assert_eq!(wire.machine.finish(1, None, now), Err(Misuse::TooLittleBody));
    wire.machine.send(1, &mut Bytes::from_static(b"abc"), now).unwrap();
    wire.machine.finish(1, None, now).unwrap();
    assert_eq!(wire.machine.finish(1, None, now), Err(Misuse::NoSuchExchange));
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
}

#[test]
fn send_takes_what_fits_and_tells_when_there_is_room() {
    let mut wire = Wire::with_room(64 * 1024);
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    let mut piece = Bytes::from(vec![b'x'; 200_000]);
    wire.machine.send(1, &mut piece, wire.now).unwrap();
    assert!(piece.len() > 200_000 - 70_000);
    wire.expect(&[]);
    wire.output();
    wire.expect(&["Writable { id: 1 }"]);
}

#[test]
fn room_is_given_in_one_piece_and_not_byte_by_byte() {
    let mut wire = Wire::with_room(64 * 1024);
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    let mut piece = Bytes::from(vec![b'x'; 100_000]);
    wire.machine.send(1, &mut piece, wire.now).unwrap();
    let (left, mut out) = (piece.len(), Vec::new());
    for _ in 0..10 {
        wire.machine.transmit(&mut out, 1, wire.now);
        wire.machine.send(1, &mut piece, wire.now).unwrap();
    }
    assert_eq!(piece.len(), left, "nothing is taken before Writable");
    wire.machine.transmit(&mut out, 40_000, wire.now);
    wire.expect(&["Writable { id: 1 }"]);
    wire.machine.send(1, &mut piece, wire.now).unwrap();
    assert!(piece.is_empty());
}

/// Takes `bytes` of output a second until all is written, and says what happened meanwhile.
fn take_slowly(wire: &mut Wire, bytes: usize) -> Vec<String> {
    let mut events = Vec::new();
    while wire.machine.want().write {
        wire.machine.transmit(&mut Vec::new(), bytes, wire.now);
        wire.wait(1);
        events.extend(wire.events());
    }
    events
}

#[test]
fn the_next_request_is_not_waited_for_while_output_stands_in_its_way() {
    let mut wire = Wire::new();
    wire.send(&GET.repeat(2)).events();
    wire.respond(1, Status::OK, Body::Full(vec![b'x'; 4_000_000].into())).unwrap();
    assert_eq!(take_slowly(&mut wire, 40_000), ["2 GET /"]);
    wire.respond(2, Status::OK, Body::Full(vec![b'x'; 4_000_000].into())).unwrap();
    assert_eq!(take_slowly(&mut wire, 40_000), [""; 0]);
    assert_eq!(wire.close(), None);
    assert_eq!(wire.machine.deadline().map(|(_, why)| why), Some(Why::Idle));
}

#[test]
fn each_response_has_its_own_grace() {
    let mut wire = Wire::new();
    for id in 1..=2 {
        wire.send(GET).events();
        wire.ok(id, "x");
        wire.machine.output(&mut [IoSlice::new(&[]); 1], wire.now);
        wire.wait(4).expect(&[]).output();
    }
}

#[test]
fn an_exchange_that_is_followed_tells_its_head_and_its_end_and_no_other_does() {
    let mut wire = Wire::new();
    wire.send(GET).send(GET).send(GET).expect(&["1 GET /"]);
    wire.machine.follow(1).unwrap();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    let Some(Event::Answered { id: 1, head }) = wire.machine.poll_event(wire.now) else {
        panic!("the head is told")
    };
    assert_eq!((head.status(), head.fields().get("Date")), (Status::OK, None), "as it was given");
    wire.machine.send(1, &mut "seven b".into(), wire.now).unwrap();
    assert!(wire.machine.poll_event(wire.now).is_none());
    wire.machine.finish(1, None, wire.now).unwrap();
    let told = wire.machine.poll_event(wire.now);
    let Some(Event::Done { id: 1, facts }) = told else { panic!("{told:?}") };
    assert_eq!((facts.status, facts.sent, facts.keep_alive), (Some(Status::OK), 7, true));
    // The next one is not followed, and the third is given up.
    wire.expect(&["2 GET /"]);
    assert_eq!(wire.machine.follow(1), Err(Misuse::NoSuchExchange));
    wire.ok(2, "").expect(&["3 GET /"]);
    wire.machine.follow(3).unwrap();
    wire.machine.reset(3, wire.now).unwrap();
    let told = wire.machine.poll_event(wire.now);
    let Some(Event::Done { id: 3, facts }) = told else { panic!("{told:?}") };
    assert_eq!((facts.status, facts.keep_alive), (None, false));
}
