//! Heads of responses: which are taken, how they are delimited, and what interim ones may say.

use super::*;

#[test]
fn responses_without_a_body_end_with_their_head() {
    for (method, text) in [
        ("GET", EMPTY),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let mut wire = Wire::new();
        wire.go(&format!("{method} /"), Body::Empty).answer(text);
        assert!(wire.events()[0].ends_with("Empty"), "{text}");
        assert_eq!((wire.reuse(), wire.body(1)), (Reuse::Now, Recv::End(None)), "{text}");
    }
}

#[test]
fn interim_responses_are_told_up_to_a_limit() {
    let mut wire = Wire::get();
    wire.answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 P\r\n\r\n").answer(OK);
    wire.expect(&["1 103", "1 102", "1 200 Known(2)"]);
    assert_eq!(wire.read(1), "hi");

    let mut wire = Wire::get();
    wire.answer(&"HTTP/1.1 102 P\r\n\r\n".repeat(1000)).answer(OK);
    assert_eq!(wire.events().len(), 1001, "a thousand short ones");

    let mut wire = Wire::get();
    let flood = "HTTP/1.1 102 P\r\n\r\n".repeat(4000);
    wire.machine.receive(flood.as_bytes(), wire.now);
    let events = wire.events();
    assert_eq!(
        events[events.len() - 3..],
        ["1 102", "TooManyInterims in receive, Never", "closed: Fault(TooManyInterims)"]
    );

    let mut wire = Wire::with(ClientConfig {
        limits: Limits { interim_bytes: 100, ..Limits::CLIENT },
        ..ClientConfig::default()
    });
    let long = format!("HTTP/1.1 102 P\r\nA: {}\r\n\r\n", "b".repeat(50));
    wire.go("GET /", Body::Empty).answer(&long.repeat(2));
    assert_eq!(wire.events()[1], "TooManyInterims in receive, Never");

    // A job of a day that tells of itself.
    let mut wire = Wire::get();
    for _ in 0..24 * 360 {
        wire.answer("HTTP/1.1 102 Processing\r\n\r\n").wait(10).expect(&["1 102"]);
    }
    wire.answer(OK).expect(&["1 200 Known(2)"]);
}

#[test]
fn an_interim_response_ends_at_its_empty_line_whatever_its_fields_say() {
    for lines in [
        "Content-Length: 5",
        "Content-Length: x",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 9",
    ] {
        let mut wire = Wire::get();
        wire.answer(&format!("HTTP/1.1 103 E\r\n{lines}\r\n\r\n")).answer(OK);
        assert_eq!(wire.events()[..2], ["1 103", "1 200 Known(2)"], "{lines}");
        assert_eq!(wire.read(1), "hi");
        let never = Reuse::Never(CloseReason::Fault(Fault::InterimContent));
        assert_eq!(wire.reuse(), never, "{lines}");
    }
}

#[test]
fn what_came_in_place_of_a_status_line_is_told_with_the_trouble() {
    let told = |text: &str| {
        let mut wire = Wire::get();
        wire.answer(text).events();
        wire.machine.trouble().map(|why| why.to_string())
    };
    let said = |text: &str| Some(format!("the server sent \"{text}\""));
    assert_eq!(told("ICY 200 OK\r\nicy-name: x\r\n\r\n"), said("ICY 200 OK"));
    assert_eq!(told("HTTP/1.1  200 OK\r\n\r\n"), said("HTTP/1.1  200 OK"));
    assert_eq!(told("HTTP/1.1 2x0 \u{1b}[2J\r\n\r\n"), said("HTTP/1.1 2x0 \\x1b[2J"));
    assert_eq!(told("HTTP/3 200 OK\r\n\r\n"), said("HTTP/3 200 OK"));
    assert_eq!(told("HTTP/2.0 200 OK\r\n\r\n"), said("HTTP/2.0 200 OK"));
    assert_eq!(told("HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n"), None);
    assert_eq!(told(OK), None);
    let mut wire = Wire::get();
    wire.machine.receive(b"\x15\x03\x01\0\x02\x02\x46", wire.now);
    assert_eq!(wire.events()[0], "TlsSpoken in receive, Never");
}

#[test]
fn a_leniency_reads_what_old_servers_answer_and_ends_the_connection() {
    let chunks = "\r\n2 ;\r\nhi\r\n0\t\r\n\r\n";
    for (head, leniency) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n", 0),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n", 1),
    ] {
        let mut config = ClientConfig::default();
        let mut wire = Wire::with(config.clone());
        wire.go("GET /", Body::Empty).answer(head).answer(chunks);
        assert!(wire.events()[0].contains("in receive, Never"), "{head}");
        match leniency {
            0 => config.limits.leniency.both_lengths = true,
            _ => config.limits.leniency.chunked_http10 = true,
        }
        let mut wire = Wire::with(config);
        wire.go("GET /", Body::Empty).answer(head).answer(chunks);
        assert_eq!(wire.events()[0], "1 200 Unknown", "{head}");
        assert_eq!(wire.read(1), "hi");
        assert!(matches!(wire.reuse(), Reuse::Never(CloseReason::Fault(_))), "{:?}", wire.reuse());
    }
    let mut config = ClientConfig::default();
    config.limits.leniency.space_before_colon = true;
    let mut wire = Wire::with(config.clone());
    wire.go("GET /", Body::Empty).answer("HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(wire.events()[0], "1 200 Known(2)");
    let mut wire = Wire::with(config);
    wire.go("GET /", Body::Empty).answer("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi");
    assert_eq!(wire.events()[0], "SpaceBeforeColon in receive, Never");
}

#[test]
fn a_response_split_anywhere_is_the_same() {
    let text = "HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nhi\r\n0\r\n\r\n";
    for cut in 0..=text.len() {
        let mut wire = Wire::get();
        wire.answer(&text[..cut]);
        let mut events = wire.events();
        wire.answer(&text[cut..]);
        events.extend(wire.events());
        assert_eq!(events, ["1 103", "1 200 Unknown"], "cut at {cut}");
        assert_eq!((wire.read(1), wire.reuse()), ("hi".to_owned(), Reuse::Now), "cut at {cut}");
    }
}
