//! Heads that are taken, and heads that are refused.

use super::*;

#[test]
fn a_head_split_anywhere_parses_the_same() {
    let text = "\r\nGET /a?b HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\n\r\n";
    for cut in 0..=text.len() {
        let mut wire = Wire::new();
        wire.send(&text[..cut]);
        let mut events = wire.events();
        wire.send(&text[cut..]);
        events.extend(wire.events());
        assert_eq!(events, ["1 GET /a?b"], "cut at {cut}");
    }
}

#[test]
fn an_answer_to_a_broken_empty_line_is_the_same_whatever_has_come_behind_it() {
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    for broken in ["\n", "\r\n\n"] {
        let answers = ["", head].map(|behind| {
            let mut wire = Wire::new();
            wire.machine.receive(format!("{broken}{behind}").as_bytes(), wire.now);
            wire.events();
            wire.output()
        });
        assert!(answers[0].starts_with("HTTP/1.1 400 "), "{broken:?}");
        assert_eq!(answers[0], answers[1], "{broken:?}");
    }
}

#[test]
fn no_answer_to_head_has_content_wherever_it_is_wrong() {
    let long = "x".repeat(70_000);
    for (request, status) in [
        ("HEAD / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n".to_owned(), 400),
        ("\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n".into(), 400),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nX: y\n".into(), 400),
        ("HEAD / HTTP/1.1\n".into(), 400),
        ("HEAD / HTTP/1.1\r\n\r\n".into(), 400),
        ("HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n".into(), 400),
        ("HEAD /\" HTTP/1.1\r\nHost: a\r\n\r\n".into(), 400),
        ("HEAD / HTTP/1.1 \r\nHost: a\r\n\r\n".into(), 400),
        ("HEAD ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n".into(), 421),
        ("HEAD / HTTP/2.0\r\nHost: a\r\n\r\n".into(), 505),
        (format!("HEAD /{}", &long[..17_000]), 414),
        (format!("HEAD / HTTP/1.1\r\nHost: a\r\nX: {long}"), 431),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n".to_owned() + &"X: y\r\n".repeat(100), 431),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".into(), 400),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n".into(), 501),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n".into(), 417),
        // Behind another request.
        (format!("{GET}HEAD / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n"), 400),
        // Cut off, and too slow.
        ("HEAD / HTTP/1.1\r\nHost: a\r\nX : y".into(), 400),
        ("HEAD /".into(), 408),
        ("HEAD / HTTP/1.1\r\nHost: a".into(), 408),
    ] {
        let mut wire = Wire::new();
        // What it does not take is behind the fault.
        wire.machine.receive(request.as_bytes(), wire.now);
        if wire.events().first().is_some_and(|event| event.ends_with("GET /")) {
            wire.ok(1, "").output();
            wire.events();
        }
        match status {
            408 => wire.wait(30),
            _ => wire.eof(Eof::Clean),
        };
        wire.events();
        let text = wire.output();
        let (head, content) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.80} {head}");
        assert!(
            head.contains("\r\nContent-Length: ") && content.is_empty(),
            "{request:.80} {text}"
        );
    }
}

#[test]
fn what_is_no_text_is_answered_at_once_and_tls_is_called_so() {
    for (bytes, fault) in [
        (&b"\x16\x03\x01\x00\xc8\x01"[..], "TlsSpoken"),
        (b"\r\n\x16\x03\x03", "TlsSpoken"),
        (b"\x16\x03\x09", "BadMethod"),
        (b"\x05\x01\x00", "BadMethod"),
        (b"\x80.\x01", "BadMethod"),
        (b"\0", "BadMethod"),
    ] {
        for cut in 0..bytes.len() {
            let mut wire = Wire::new();
            wire.machine.receive(&bytes[..cut], wire.now);
            let mut events = wire.events();
            wire.machine.receive(&bytes[cut..], wire.now);
            events.extend(wire.events());
            assert_eq!(events, [format!("failed {fault}"), format!("Closed(Fault({fault}))")]);
            assert!(wire.output().starts_with("HTTP/1.1 400 "));
        }
    }
    let mut wire = Wire::new();
    wire.machine.receive(b"\x16\x03", wire.now);
    wire.expect(&[]).eof(Eof::Clean);
    wire.expect(&["failed BadRequestLine", "Closed(Fault(BadRequestLine))"]);
}

#[test]
fn a_connect_needs_no_host_beside_its_target() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:443 HTTP/1.1\r\n\r\n").expect(&["1 CONNECT a:443"]);
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: b c\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "CONNECT a..b:443 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: ..\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: .:80\r\n\r\n",
        "GET http://a..b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: ::1:8080\r\n\r\n",
    ] {
        let mut wire = Wire::new();
        wire.send(request).events();
        assert!(wire.output().starts_with("HTTP/1.1 400 "), "{request}");
    }
    for host in ["", "a.", "[::1%lo]:80"] {
        let mut wire = Wire::new();
        wire.send(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).expect(&["1 GET /"]);
    }
}

#[test]
fn a_forward_proxy_sees_other_schemes_and_users() {
    for target in ["ftp://a/x", "https://a/", "http://u:p@a/"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut wire = Wire::new();
        wire.send(&request).events();
        assert!(wire.output().starts_with("HTTP/1.1 4"), "{target}");
        let mut wire = Wire::with(ServerConfig { forward_proxy: true, ..ServerConfig::default() });
        wire.send(&request).expect(&[&format!("1 GET {target}")]);
    }
}

#[test]
fn a_stalled_head_is_answered_and_silence_is_not() {
    let mut wire = Wire::new();
    wire.send("GET /").wait(29).expect(&[]);
    wire.wait(1).expect(&["failed HeadTimeout", "Closed(Fault(HeadTimeout))"]);
    assert!(wire.output().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    let mut wire = Wire::new();
    wire.wait(30).expect(&["Closed(Timeout(Head))"]);
    assert_eq!((wire.output().as_str(), wire.close()), ("", Some(Close::Graceful)));
}

#[test]
fn a_head_cut_by_the_end_is_answered_if_it_is_wrong_already() {
    for (text, fault) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\rX", "BareCr"),
        ("GET / HTTP/1.1\r\nHost : a", "SpaceBeforeColon"),
        ("\x16\x03", "BadRequestLine"),
    ] {
        let mut wire = Wire::new();
        wire.send(text).expect(&[]).eof(Eof::Clean);
        wire.expect(&[&format!("failed {fault}"), &format!("Closed(Fault({fault}))")]);
        assert!(wire.output().starts_with("HTTP/1.1 400 "));
        assert_eq!(wire.close(), Some(Close::Graceful));
    }
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r").eof(Eof::Clean);
    wire.expect(&["Closed(Fault(Truncated))"]);
    assert_eq!(wire.output(), "");
}

#[test]
fn bytes_that_there_was_no_room_for_did_not_come() {
    let mut wire = Wire::new();
    let now = wire.now;
    wire.machine.filled(5, now);
    wire.expect(&[]).eof(Eof::Clean).expect(&["Closed(PeerClosed)"]);
}

#[test]
fn an_application_may_word_the_answers_to_faults() {
    let answer = crate::config::FaultAnswer::new(|error| match error.kind {
        Fault::MissingHost => {
            Some((ResponseHead::new(Status::IM_A_TEAPOT), Bytes::from_static(b"{}")))
        }
        // What cannot be sent falls back to the default.
        _ => Some((ResponseHead::new(Status::NO_CONTENT), Bytes::from_static(b"{}"))),
    });
    let config = ServerConfig { fault_answer: Some(answer), ..ServerConfig::default() };
    let mut wire = Wire::with(config.clone());
    wire.send("GET / HTTP/1.1\r\n\r\n").events();
    assert_eq!(
        wire.output(),
        "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    );
    let mut wire = Wire::with(config);
    wire.send("HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n").events();
    let answer = wire.output();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && answer.ends_with("\r\n\r\n"));
}

#[test]
fn a_head_in_drops_makes_the_buffer_grow_a_few_times() {
    let mut wire = Wire::new();
    let (mut grown, mut held) = (0, 0);
    for byte in format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "y".repeat(60_000)).bytes() {
        wire.machine.receive(&[byte], wire.now);
        wire.expect(&[]);
        grown += usize::from(std::mem::replace(&mut held, wire.machine.held()) != held);
    }
    assert!(grown < 10, "{grown} times");
}

#[test]
fn limits_are_met_at_the_same_byte_however_the_input_is_split() {
    let mut config = ServerConfig::default();
    config.limits.head_bytes = 1000;
    config.limits.target_bytes = 100;
    let long = |count| "y".repeat(count);
    let mut texts: Vec<String> =
        (70..130).map(|n| format!("GET /{} HTTP/1.1\n\r\n", long(n))).collect();
    texts.extend((90..190).map(|n| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", long(n))));
    texts.extend((950..1010).map(|n| format!("GET / HTTP/1.1\r\nX: {}\n\r\n", long(n))));
    texts.extend((950..1010).map(|n| format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", long(n))));
    for text in texts {
        let mut whole = Wire::with(config.clone());
        let whole = whole.send(&text).events();
        let mut split = Wire::with(config.clone());
        let split: Vec<String> =
            text.split_inclusive(|_| true).flat_map(|byte| split.send(byte).events()).collect();
        assert_eq!(whole, split, "{} bytes: {text:.20}", text.len());
    }
}

#[test]
fn extreme_limits_neither_overflow_nor_stall() {
    let mut config = ServerConfig::default();
    config.limits.fields = usize::MAX;
    config.limits.target_bytes = usize::MAX;
    config.limits.empty_lines = u8::MAX;
    let mut wire = Wire::with(config.clone());
    wire.send(&"\r\n".repeat(255)).send(GET).expect(&["1 GET /"]);
    wire.ok(1, "").events();
    let fault = "TooManyEmptyLines";
    wire.send(&"\r\n".repeat(256));
    wire.expect(&[&format!("failed {fault}"), &format!("Closed(Fault({fault}))")]);

    config.limits.head_bytes = 1024;
    config.limits.input_bytes = 1024;
    config.limits.output_bytes = 0;
    let mut wire = Wire::with(config);
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").events();
    for byte in format!("3;a={}\r\nabc\r\n0\r\n\r\n", "x".repeat(2000)).bytes() {
        assert_eq!(wire.machine.receive(&[byte], wire.now), 1);
        wire.body(1);
    }
    wire.respond(1, Status::OK, Body::Length(3)).unwrap();
    let mut body = Bytes::from_static(b"abc");
    let mut out = wire.output();
    while !body.is_empty() {
        wire.machine.send(1, &mut body, wire.now).unwrap();
        out += &wire.output();
        wire.events();
    }
    assert!(out.ends_with("\r\n\r\nabc"));
}
