//! Transcripts of the client machine: `>` requests in, `<` bytes of the server.

mod bodies;
mod ends;
mod heads;
mod late;
mod next;
mod pace;
mod uploads;

use super::*;
use crate::config::{ClientTimeouts, Limits};
use crate::error::{Fault, Phase, Retry};
use crate::head::Method;
use std::time::Duration;

/// A connection, and the time it lives in.
struct Wire {
    machine: Connection,
    now: Now,
}

impl Wire {
    fn new() -> Wire {
        Wire::with(ClientConfig::default())
    }

    fn with(config: ClientConfig) -> Wire {
        let now = Now::at(Mono::from_secs(1), 784_111_777);
        Wire { machine: Connection::new(Arc::new(config), now), now }
    }

    /// A request of the text's method and target, with its fields and Host.
    fn ask(&mut self, text: &str, body: Body) -> Result<Id, Misuse> {
        self.machine.request(&head(text), body, self.now)
    }

    /// A request that is written at once.
    fn go(&mut self, text: &str, body: Body) -> &mut Wire {
        self.ask(text, body).unwrap();
        self.output();
        self
    }

    fn get() -> Wire {
        let mut wire = Wire::new();
        wire.go("GET /", Body::Empty);
        wire
    }

    fn output(&mut self) -> String {
        let mut out = Vec::new();
        self.machine.transmit(&mut out, usize::MAX, self.now);
        String::from_utf8(out).unwrap()
    }

    fn write(&mut self, bytes: usize) -> &mut Wire {
        self.machine.transmit(&mut Vec::new(), bytes, self.now);
        self
    }

    fn answer(&mut self, text: &str) -> &mut Wire {
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
                Event::Response { id, head, body } => {
                    format!("{id} {} {body:?}", head.status().code())
                }
                Event::Interim { id, head } => format!("{id} {}", head.status().code()),
                Event::Failed { error, .. } => {
                    format!("{:?} in {}, {:?}", error.kind, error.phase, error.retry)
                }
                Event::Closed(reason) => format!("closed: {reason:?}"),
                other => format!("{other:?}"),
            });
        }
        all
    }

    fn expect(&mut self, events: &[&str]) -> &mut Wire {
        assert_eq!(self.events(), events);
        self
    }

    fn body(&mut self, id: Id) -> Recv {
        self.machine.recv(id, self.now)
    }

    /// Reads the body to its end.
    fn read(&mut self, id: Id) -> String {
        let mut text = Vec::new();
        loop {
            match self.body(id) {
                Recv::Data(data) => text.extend_from_slice(&data),
                Recv::End(_) => return String::from_utf8(text).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    fn send(&mut self, id: Id, text: &'static str) -> Result<usize, Misuse> {
        let mut data = Bytes::from_static(text.as_bytes());
        self.machine.send(id, &mut data, self.now)?;
        Ok(data.len())
    }

    fn finish(&mut self, id: Id) -> Result<(), Misuse> {
        self.machine.finish(id, None, self.now)
    }

    fn close(&self) -> Option<Close> {
        self.machine.want().close
    }

    fn reuse(&self) -> Reuse {
        self.machine.reuse()
    }

    fn deadline(&self) -> Option<(u64, Why)> {
        let (at, why) = self.machine.deadline()?;
        Some((at.since(self.now.mono).as_secs(), why))
    }
}

fn head(text: &str) -> RequestHead {
    let mut lines = text.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let mut head =
        RequestHead::new(Method::from_bytes(method.as_bytes()).unwrap(), target).unwrap();
    head.fields_mut().append("Host", "a").unwrap();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        head.fields_mut().append(name, value).unwrap();
    }
    head
}

fn data(text: &'static str) -> Recv {
    Recv::Data(Bytes::from_static(text.as_bytes()))
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[test]
fn a_request_is_answered_and_the_connection_takes_the_next() {
    let mut wire = Wire::new();
    for id in 1..=3 {
        assert_eq!(wire.reuse(), Reuse::Now);
        assert_eq!(wire.ask("GET /a?b", Body::Empty), Ok(id));
        assert_eq!(wire.output(), "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(wire.reuse(), Reuse::Later);
        wire.answer(OK).expect(&[&format!("{id} 200 Known(2)")]);
        assert_eq!(wire.body(id), data("hi"));
        assert_eq!(wire.body(id), Recv::End(None));
    }
    assert_eq!(wire.machine.want(), Want { read: true, write: false, close: None });
    assert_eq!(wire.deadline(), None);
    wire.machine.trim(wire.now);
    assert_eq!(wire.machine.held(), 0);
}

#[test]
fn requests_are_framed_by_what_is_given() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (text, body, framing) in [
        ("GET /", Body::Empty, ""),
        ("GET /", Body::Full(Bytes::new()), ""),
        ("DELETE /", Body::Length(0), ""),
        ("POST /", Body::Empty, "Content-Length: 0\r\n"),
        ("PUT /", Body::Full(Bytes::new()), "Content-Length: 0\r\n"),
        ("PATCH /", Body::Length(0), "Content-Length: 0\r\n"),
        ("QUERY /", Body::Empty, "Content-Length: 0\r\n"),
        ("GET /\nContent-Length: 0", Body::Empty, "Content-Length: 0\r\n"),
        ("GET /", Body::Full("x".into()), "Content-Length: 1\r\n"),
        ("POST /", Body::Length(7), "Content-Length: 7\r\n"),
        ("POST /\nContent-Length: 7", Body::Stream, "Content-Length: 7\r\n"),
        ("POST /", Body::Stream, chunked),
        (
            "POST /\nConnection: close, x",
            Body::Stream,
            &format!("{chunked}Connection: x, close\r\n"),
        ),
        ("GET /\nUpgrade: raw", Body::Empty, "Upgrade: raw\r\nConnection: upgrade\r\n"),
    ] {
        let mut wire = Wire::new();
        wire.ask(text, body.clone()).unwrap();
        let line = text.lines().next().unwrap();
        let rest = if let Body::Full(bytes) = &body { bytes.as_ref() } else { b"" };
        let rest = String::from_utf8(rest.to_vec()).unwrap();
        let expected = format!("{line} HTTP/1.1\r\nHost: a\r\n{framing}\r\n{rest}");
        assert_eq!(wire.output(), expected, "{text} {body:?}");
    }
}

#[test]
fn requests_that_contradict_themselves_are_refused() {
    for (text, body, misuse) in [
        ("POST /\nTransfer-Encoding: chunked", Body::Stream, Misuse::FramingField),
        ("POST /\nContent-Length: 3", Body::Full("x".into()), Misuse::LengthMismatch),
        ("POST /\nContent-Length: 3", Body::Empty, Misuse::LengthMismatch),
        ("POST /\nContent-Length: x", Body::Stream, Misuse::LengthMismatch),
        ("POST /\nContent-Length: 3\nContent-Length: 3", Body::Length(3), Misuse::LengthMismatch),
        ("GET /\nHost: b", Body::Empty, Misuse::BadHost),
        ("TRACE /", Body::Stream, Misuse::BodyNotAllowed),
        ("CONNECT a:1", Body::Length(1), Misuse::BodyNotAllowed),
        ("CONNECT a:1", Body::Length(0), Misuse::BodyNotAllowed),
    ] {
        let mut wire = Wire::new();
        assert_eq!(wire.ask(text, body), Err(misuse), "{text}");
        assert_eq!((wire.output(), wire.reuse()), (String::new(), Reuse::Now));
    }
    let mut wire = Wire::new();
    let bare = RequestHead::new(Method::GET, "/").unwrap();
    assert_eq!(wire.machine.request(&bare, Body::Empty, wire.now), Err(Misuse::BadHost));
    let mut old = head("POST /");
    old.set_version(crate::head::Version::Http10);
    assert_eq!(wire.machine.request(&old, Body::Stream, wire.now), Err(Misuse::LengthRequired));
    wire.go("GET /", Body::Empty);
    assert_eq!(wire.ask("GET /", Body::Empty), Err(Misuse::Busy));
}

#[test]
fn what_persists_is_what_both_sides_keep_open() {
    let old = |option: &str| format!("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n{option}\r\nhi");
    for (request, answer, verdict) in [
        ("GET /", OK.to_owned(), Reuse::Now),
        ("GET /", old(""), Reuse::Never(CloseReason::Http10)),
        ("GET /", old("Connection: keep-alive\r\n"), Reuse::Now),
        ("GET /", old("Connection: close\r\n"), Reuse::Never(CloseReason::PeerAsked)),
        ("GET /\nConnection: Close", OK.to_owned(), Reuse::Never(CloseReason::ApplicationAsked)),
    ] {
        let mut wire = Wire::new();
        wire.go(request, Body::Empty).answer(&answer).expect(&["1 200 Known(2)"]);
        assert_eq!(wire.read(1), "hi");
        assert_eq!(wire.reuse(), verdict, "{request} {answer}");
    }
    let mut wire = Wire::with(ClientConfig { keep_alive: false, ..ClientConfig::default() });
    wire.ask("GET /", Body::Empty).unwrap();
    assert_eq!(wire.output(), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(wire.reuse(), Reuse::Never(CloseReason::KeepAliveOff));
}

#[test]
fn a_trace_tells_when_things_happened() {
    let mut wire = Wire::with(ClientConfig { trace: true, ..ClientConfig::default() });
    wire.go("POST /", Body::Full("abc".into())).expect(&["Sent { id: 1 }"]);
    wire.wait(1).answer("HTTP").expect(&["Begun"]);
    wire.wait(1).answer("/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").expect(&["1 200 Known(2)"]);
    wire.wait(1);
    assert_eq!(wire.read(1), "hi");
    let Some(Event::Done { id: 1, facts }) = wire.machine.poll_event(wire.now) else { panic!() };
    let times = [facts.first_byte, facts.head, facts.end].map(|at| at.since(Mono::ZERO).as_secs());
    assert_eq!((times, facts.sent, facts.received, facts.keep_alive), ([2, 3, 4], 3, 2, true));
}

#[test]
fn every_exchange_is_told_to_be_over_also_if_the_next_fails_at_once() {
    let mut wire = Wire::with(ClientConfig { trace: true, ..ClientConfig::default() });
    wire.go("GET /", Body::Empty).answer(OK).events();
    assert_eq!(wire.read(1), "hi");
    wire.ask("GET /", Body::Empty).unwrap();
    wire.eof(Eof::Clean);
    let events = wire.events();
    assert!(events[0].starts_with("Done { id: 1") && events[1].starts_with("Done { id: 2"));
    assert_eq!(events[2], "NoResponse in send, Safe");
}
