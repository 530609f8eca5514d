//! Transcripts of the server machine: `>` bytes in, `<` bytes out.

mod ahead;
mod between;
mod ending;
mod flush;
mod late;

use super::*;
use crate::config::Limits;
use crate::error::PeerError;
use crate::head::Status;
use crate::machine::BodyLength;
use std::time::Duration;

const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

fn start() -> Now {
    Now::at(Mono::from_secs(1), 784_111_777)
}

/// A connection, and the time it lives in.
struct Wire {
    machine: Connection,
    now: Now,
}

impl Wire {
    fn new() -> Wire {
        Wire::with(ServerConfig::default())
    }

    /// With room for so many bytes of output.
    fn with_room(output_bytes: usize) -> Wire {
        let limits = Limits { output_bytes, ..Limits::default() };
        Wire::with(ServerConfig { limits, ..ServerConfig::default() })
    }

    fn with(config: ServerConfig) -> Wire {
        Wire { machine: Connection::new(Arc::new(config), start()), now: start() }
    }

    fn send(&mut self, text: &str) -> &mut Wire {
        assert_eq!(self.machine.receive(text.as_bytes(), self.now), text.len(), "all is taken");
        self
    }

    fn eof(&mut self, how: Eof) -> &mut Wire {
        self.machine.eof(how, self.now);
        self
    }

    fn wait(&mut self, seconds: u64) -> &mut Wire {
        self.now = self.now.later(Duration::from_secs(seconds));
        self.machine.tick(self.now);
        self
    }

    /// The events that are there, in short.
    fn events(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(event) = self.machine.poll_event(self.now) {
            all.push(match event {
                Event::Request { id, head, .. } => {
                    format!("{id} {} {}", head.method(), head.target())
                }
                Event::Failed { error, .. } => format!("failed {:?}", error.kind),
                other => format!("{other:?}"),
            });
        }
        all
    }

    fn expect(&mut self, events: &[&str]) -> &mut Wire {
        assert_eq!(self.events(), events);
        self
    }

    fn respond(&mut self, id: Id, status: Status, body: Body) -> Result<(), Misuse> {
        self.machine.respond(id, &ResponseHead::new(status), body, self.now)
    }

    fn ok(&mut self, id: Id, text: &'static str) -> &mut Wire {
        self.respond(id, Status::OK, Body::Full(Bytes::from_static(text.as_bytes()))).unwrap();
        self
    }

    /// What goes out, with the Date field left out.
    fn output(&mut self) -> String {
        let mut out = Vec::new();
        self.machine.transmit(&mut out, usize::MAX, self.now);
        String::from_utf8(out).unwrap().replace(DATE, "")
    }

    fn close(&self) -> Option<Close> {
        self.machine.want().close
    }

    fn body(&mut self, id: Id) -> Recv {
        self.machine.recv(id, self.now)
    }
}

fn data(text: &'static str) -> Recv {
    Recv::Data(Bytes::from_static(text.as_bytes()))
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn a_request_is_answered_and_the_connection_waits_for_the_next() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).ok(1, "hi\n");
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n");
    assert_eq!(wire.machine.want(), Want { read: true, write: false, close: None });
    assert_eq!(wire.machine.deadline(), Some((Mono::from_secs(76), Why::Idle)));
    wire.machine.trim(wire.now);
    assert_eq!(wire.machine.held(), 0);
}

#[test]
fn pipelined_requests_are_answered_in_order_and_leave_together() {
    let mut wire = Wire::new();
    wire.send(&GET.repeat(3));
    for id in 1..=3 {
        wire.expect(&[&format!("{id} GET /")]).ok(id, "x");
    }
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".repeat(3));
}

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
fn a_fault_is_answered_told_and_lingered_over() {
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.1\r\nHost : a\r\n\r\nGET /smuggled HTTP/1.1\r\n");
    wire.expect(&["failed SpaceBeforeColon", "Closed(Fault(SpaceBeforeColon))"]);
    assert_eq!(wire.close(), None, "the answer goes first");
    let answer = wire.output();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(
        answer.contains("\r\nContent-Length: ") && answer.contains("\r\nConnection: close\r\n")
    );
    assert_eq!(wire.close(), Some(Close::Linger));
    wire.send("more\r\n\r\n").expect(&[]);
    assert_eq!(wire.eof(Eof::Clean).close(), Some(Close::Graceful));
}

#[test]
fn lingering_ends_after_its_time() {
    let mut wire = Wire::new();
    wire.send("bad\r\n").events();
    wire.output();
    assert_eq!(wire.wait(4).close(), Some(Close::Linger));
    assert_eq!(wire.wait(1).close(), Some(Close::Graceful));
}

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
fn a_peer_that_does_not_read_is_cut_off() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.ok(1, "x");
    let mut slices = [IoSlice::new(&[]); 1];
    assert_eq!(wire.machine.output(&mut slices, wire.now), 1);
    assert_eq!(wire.machine.deadline().map(|(_, why)| why), Some(Why::Write));
    wire.wait(5).expect(&["Closed(Fault(WriteTimeout))"]);
    assert_eq!(wire.close(), Some(Close::Abort));
}

#[test]
fn a_half_close_is_told_and_the_answer_still_sent() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).eof(Eof::Clean).expect(&["InputClosed"]);
    wire.ok(1, "x");
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    wire.expect(&["Closed(PeerClosed)"]);
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn pipelined_requests_before_a_half_close_are_all_answered() {
    let mut wire = Wire::new();
    wire.send(&GET.repeat(2)).eof(Eof::Clean).expect(&["1 GET /", "InputClosed"]);
    wire.ok(1, "x").expect(&["2 GET /", "InputClosed"]).ok(2, "y").expect(&["Closed(PeerClosed)"]);
    assert!(wire.output().ends_with("\r\n\r\ny"));
}

#[test]
fn a_reset_ends_everything() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").events();
    assert_eq!(wire.body(1), Recv::Pending);
    wire.eof(Eof::Reset).expect(&["Readable { id: 1 }", "Closed(Fault(Reset))"]);
    assert!(matches!(wire.body(1), Recv::Failed(PeerError { kind: Fault::Reset, .. })));
    assert_eq!(wire.respond(1, Status::OK, Body::Empty), Err(Misuse::NoSuchExchange));
    assert_eq!(wire.close(), Some(Close::Abort));
}

#[test]
fn an_upgrade_hands_out_what_came_too_early() {
    let mut wire = Wire::new();
    wire.send("GET /u HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nearly")
        .events();
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo").unwrap();
    wire.machine.respond(1, &head, Body::Empty, wire.now).unwrap();
    wire.expect(&["Upgraded { id: 1 }"]);
    assert_eq!(
        wire.output(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"
    );
    assert_eq!(wire.body(1), data("early"));
    assert_eq!(wire.body(1), Recv::Pending);
    wire.machine.send(1, &mut Bytes::from_static(b"echo"), wire.now).unwrap();
    assert_eq!(wire.output(), "echo");
    wire.machine.finish(1, None, wire.now).unwrap();
    assert_eq!(wire.close(), Some(Close::Linger), "half closed");
    wire.send("late").expect(&["Readable { id: 1 }"]);
    assert_eq!(wire.body(1), data("late"));
    wire.eof(Eof::Clean);
    assert_eq!(wire.body(1), Recv::End(None));
    wire.expect(&["Closed(Upgraded)"]);
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn connect_becomes_a_tunnel() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\x16\x03").expect(&["1 CONNECT a:443"]);
    wire.respond(1, Status::OK, Body::Empty).unwrap();
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\n\r\n");
    wire.expect(&["Upgraded { id: 1 }"]);
    assert_eq!(wire.body(1), data("\x16\x03"));
}

#[test]
fn shutdown_closes_what_is_idle_and_lets_the_rest_finish() {
    let mut wire = Wire::new();
    wire.machine.shutdown(wire.now);
    wire.expect(&["Closed(Shutdown)"]);
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.machine.shutdown(wire.now);
    wire.expect(&[]).ok(1, "x");
    assert_eq!(wire.output(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
    wire.expect(&["Closed(Shutdown)"]);
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.machine.shutdown(wire.now);
    wire.wait(30).expect(&["Closed(Fault(DrainTimeout))"]);
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
fn giving_up_cuts_the_message_short() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    wire.machine.send(1, &mut Bytes::from_static(b"part"), wire.now).unwrap();
    wire.machine.reset(1, wire.now).unwrap();
    assert!(wire.output().ends_with("4\r\npart\r\n"), "no last chunk");
    wire.expect(&["Closed(Aborted)"]);
    assert_eq!(wire.close(), Some(Close::Graceful));
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
fn a_reset_after_a_half_close_throws_the_output_away() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).eof(Eof::Clean).ok(1, "hi\n").eof(Eof::Reset);
    let want = wire.machine.want();
    assert_eq!((want.write, want.close), (false, Some(Close::Abort)));
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
fn a_close_of_ours_behind_a_response_lingers_and_one_the_peer_asked_for_does_not() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    let head = ResponseHead::new(Status::OK).with("Connection", "close").unwrap();
    wire.machine.respond(1, &head, Body::Empty, wire.now).unwrap();
    wire.expect(&["Closed(ApplicationAsked)"]).output();
    assert_eq!(wire.close(), Some(Close::Linger));
    wire.send(GET).expect(&[]).eof(Eof::Clean);
    assert_eq!(wire.close(), Some(Close::Graceful));
    let mut wire = Wire::new();
    wire.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").events();
    wire.ok(1, "").expect(&["Closed(PeerAsked)"]).output();
    assert_eq!(wire.close(), Some(Close::Graceful));
}

#[test]
fn a_reset_after_a_half_close_ends_everything() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).eof(Eof::Clean).expect(&["InputClosed"]);
    wire.eof(Eof::Reset).expect(&["Closed(Fault(Reset))"]);
    assert_eq!(wire.close(), Some(Close::Abort));
    assert_eq!(wire.respond(1, Status::OK, Body::Empty), Err(Misuse::NoSuchExchange));
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
fn an_announced_close_is_kept_to() {
    let mut wire = Wire::new();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    wire.expect(&["1 POST /"]);
    wire.respond(1, Status::OK, Body::Stream).unwrap();
    assert!(wire.output().contains("Connection: close"));
    wire.send("abc").send(GET);
    assert_eq!((wire.body(1), wire.body(1)), (data("abc"), Recv::End(None)));
    wire.machine.finish(1, None, wire.now).unwrap();
    wire.expect(&["Closed(BodyRefused)"]);
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
fn what_follows_a_refused_tunnel_is_no_request() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").send(GET).expect(&["1 CONNECT a:1"]);
    wire.respond(1, Status::FORBIDDEN, Body::Empty).unwrap();
    wire.expect(&["Closed(TunnelRefused)"]);
    assert!(wire.output().contains("Connection: close"));
    assert_eq!(wire.close(), Some(Close::Linger));
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
fn giving_up_leaves_earlier_answers_alone() {
    let mut wire = Wire::new();
    let old = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    wire.send(&old.repeat(2)).events();
    wire.ok(1, "first").events();
    wire.respond(2, Status::OK, Body::Stream).unwrap();
    wire.machine.reset(2, wire.now).unwrap();
    assert_eq!(wire.close(), None, "the answer goes first");
    assert!(wire.output().contains("first"));
    assert_eq!(wire.close(), Some(Close::Abort));
}

#[test]
fn the_end_of_a_tunnel_lingers() {
    let mut wire = Wire::new();
    wire.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").events();
    wire.respond(1, Status::OK, Body::Empty).unwrap();
    wire.machine.send(1, &mut Bytes::from_static(b"bye"), wire.now).unwrap();
    wire.machine.finish(1, None, wire.now).unwrap();
    wire.machine.discard(1, wire.now).unwrap();
    assert!(wire.output().ends_with("bye"));
    assert_eq!(wire.close(), Some(Close::Linger));
}

#[test]
fn upgrade_goes_with_its_connection_option() {
    let mut wire = Wire::new();
    wire.send(GET).events();
    let head = ResponseHead::new(Status::UPGRADE_REQUIRED).with("Upgrade", "h2c").unwrap();
    let head = head.with("Connection", "close, Upgrade").unwrap();
    let hints = ResponseHead::new(Status::EARLY_HINTS).with("Connection", "close").unwrap();
    wire.machine.interim(1, &hints, wire.now).unwrap();
    wire.machine.respond(1, &head, Body::Empty, wire.now).unwrap();
    assert_eq!(
        wire.output(),
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\n\
         Content-Length: 0\r\nConnection: upgrade, close\r\n\r\n"
    );
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
