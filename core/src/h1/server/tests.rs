//! Transcripts of the server machine: `>` bytes in, `<` bytes out.

mod ahead;
mod between;
mod bodies;
mod ending;
mod flush;
mod heads;
mod late;
mod raw;
mod replies;

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
fn a_reset_after_a_half_close_throws_the_output_away() {
    let mut wire = Wire::new();
    wire.send(GET).expect(&["1 GET /"]).eof(Eof::Clean).ok(1, "hi\n").eof(Eof::Reset);
    let want = wire.machine.want();
    assert_eq!((want.write, want.close), (false, Some(Close::Abort)));
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
fn a_connection_that_waits_takes_little_memory() {
    // What few connections need is in places of its own.
    assert!(size_of::<Connection>() <= 700, "{}", size_of::<Connection>());
}
