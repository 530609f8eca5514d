//! What texts become requests, and what an exchange is recorded as.

use super::*;
use crate::error::Fault;
use crate::head::{Fields, Method, ResponseHead, Status};
use crate::machine::{Body, BodyLength, Event, Machine, Recv, ServerMachine};
use crate::observe::Peer;
use crate::time::{Mono, Now};
use bytes::Bytes;

const NOW: Now = Now::at(Mono::ZERO, 0);

/// The head, length and body of a request, as a handler reads it.
fn read(request: TestRequest) -> (String, BodyLength, Vec<u8>, Option<Fields>) {
    let (mut direct, _) = request.begin();
    let Some(Event::Request { id, head, body: length, .. }) = direct.poll_event(NOW) else {
        panic!("a request");
    };
    let mut body = Vec::new();
    loop {
        match direct.recv(id, NOW) {
            Recv::Data(piece) => body.extend_from_slice(&piece),
            Recv::End(trailers) => return (format!("{head:?}"), length, body, trailers),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_text_is_read_as_a_server_reads_it() {
    let text = "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    let (head, length, body, _) = read(TestRequest::from_text(text).unwrap());
    assert_eq!(head, "POST /a?b HTTP/1.1 [Host: x, Content-Length: 4]");
    assert_eq!((length, &body[..]), (BodyLength::Known(4), &b"body"[..]));

    let head = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let text = format!("{head}3\r\nabc\r\n1;x\r\nd\r\n0\r\nX-Sum: 4\r\n\r\n");
    let (_, length, body, trailers) = read(TestRequest::from_text(text).unwrap());
    assert_eq!((length, &body[..]), (BodyLength::Unknown, &b"abcd"[..]));
    assert_eq!(trailers.unwrap().get("x-sum"), Some("4"));

    let options = TestRequest::from_text("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(options.head().target(), "*");
}

#[test]
fn a_text_may_be_larger_than_the_buffers_and_limits_of_a_connection() {
    let size = 20 << 20;
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n");
    let text = [head.as_bytes(), &vec![b'x'; size]].concat();
    let (mut direct, _) = TestRequest::from_text(text).unwrap().begin();
    let Some(Event::Request { id, .. }) = direct.poll_event(NOW) else { panic!("a request") };
    direct.limit_body(id, u64::MAX).unwrap();
    let mut count = 0;
    while let Recv::Data(piece) = direct.recv(id, NOW) {
        count += piece.len();
    }
    assert_eq!(count, size);
}

#[test]
fn a_text_that_is_not_one_request_is_refused_with_the_reason() {
    let fault = |text: &str| match TestRequest::from_text(text).unwrap_err() {
        TextError::Fault(error) => error.kind,
        other => panic!("{other}"),
    };
    assert_eq!(fault("GET / HTTP/1.1\r\n\r\n"), Fault::MissingHost);
    assert_eq!(fault("GET / HTTP/1.1\nHost: x\n\n"), Fault::BareLf);
    let short = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort";
    assert_eq!(fault(short), Fault::Truncated);
    for begun in ["", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        assert_eq!(TestRequest::from_text(begun).unwrap_err(), TextError::Incomplete, "{begun}");
    }
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let behind = TestRequest::from_text(format!("{get}body")).unwrap_err();
    assert_eq!(behind, TextError::Behind(4));
    let two = TestRequest::from_text(format!("{get}{get}")).unwrap_err();
    assert_eq!(two, TextError::Behind(get.len()));
}

#[test]
fn what_is_built_looks_as_if_it_came_from_a_peer() {
    let (head, length, body, _) = read(post("/a", "body").field("host", "other"));
    assert_eq!(head, "POST /a HTTP/1.1 [host: other, Content-Length: 4]");
    assert_eq!((length, &body[..]), (BodyLength::Known(4), &b"body"[..]));

    let mut trailers = Fields::new();
    trailers.append("X-Sum", "2").unwrap();
    let pieces = TestRequest::new(Method::PUT, "/").pieces(["a", "b"]).trailers(trailers);
    let (head, length, body, trailers) = read(pieces);
    assert_eq!(head, "PUT / HTTP/1.1 [Host: example.com, Transfer-Encoding: chunked]");
    assert_eq!((length, &body[..]), (BodyLength::Unknown, &b"ab"[..]));
    assert_eq!(trailers.unwrap().get("X-Sum"), Some("2"));
}

#[test]
fn the_peer_and_the_values_come_along() {
    let address = ([192, 0, 2, 1], 5000).into();
    let (_, values) = get("/").value(7_u8).remote(address).begin();
    assert_eq!(values.get::<u8>(), Some(&7));
    assert_eq!(values.get::<Peer>().unwrap().remote.socket_addr(), Some(address));
}

#[test]
fn a_body_that_is_cut_fails_behind_what_there_is_of_it() {
    let (mut direct, _) = post("/", "half").cut().begin();
    let Some(Event::Request { id, .. }) = direct.poll_event(NOW) else { panic!("a request") };
    assert_eq!(direct.recv(id, NOW), Recv::Data(Bytes::from("half")));
    let Recv::Failed(error) = direct.recv(id, NOW) else { panic!("it fails") };
    assert_eq!(error.kind, Fault::Truncated);
}

#[test]
#[should_panic(expected = "`no-path`: the request target has none of the four forms")]
fn a_target_that_is_none_is_a_mistake() {
    let _ = get("no-path");
}

/// What is recorded of an exchange of which this is done.
fn recorded(request: TestRequest, act: impl FnOnce(&mut crate::InMemory, u64)) -> Recorded {
    let (mut direct, _) = request.begin();
    let Some(Event::Request { id, .. }) = direct.poll_event(NOW) else { panic!("a request") };
    act(&mut direct, id);
    Recorded::take(&mut direct)
}

#[test]
fn everything_that_is_answered_is_recorded() {
    let answer = recorded(get("/"), |direct, id| {
        direct.interim(id, &ResponseHead::new(Status::EARLY_HINTS), NOW).unwrap();
        direct.respond(id, &ResponseHead::new(Status::ACCEPTED), Body::Stream, NOW).unwrap();
        for piece in ["one", "two"] {
            direct.send(id, &mut piece.into(), NOW).unwrap();
        }
        let mut trailers = Fields::new();
        trailers.append("X-Sum", "6").unwrap();
        direct.finish(id, Some(&trailers), NOW).unwrap();
    });
    assert_eq!((answer.status(), answer.text()), (Status::ACCEPTED, "onetwo"));
    assert_eq!(answer.interim()[0].status(), Status::EARLY_HINTS);
    assert_eq!(answer.trailers().get("x-sum"), Some("6"));
    assert_eq!(answer.ending(), Ending::Whole);
}

#[test]
fn head_is_recorded_with_the_length_that_it_tells() {
    let answer = recorded(TestRequest::new(Method::HEAD, "/"), |direct, id| {
        let body = Body::Full("hello".into());
        direct.respond(id, &ResponseHead::new(Status::OK), body, NOW).unwrap();
    });
    assert_eq!((answer.field("content-length"), answer.text()), (Some("5"), ""));
}

#[test]
fn other_ends_are_told_apart() {
    let aborted = recorded(get("/"), |direct, id| direct.reset(id, NOW).unwrap());
    assert_eq!(aborted.ending(), Ending::Aborted);
    assert!(aborted.head().is_none());

    let hijacked = recorded(get("/"), |direct, id| {
        direct.hijack(id, NOW).unwrap();
        direct.send(id, &mut "raw".into(), NOW).unwrap();
        direct.finish(id, None, NOW).unwrap();
    });
    assert_eq!((hijacked.ending(), hijacked.text()), (Ending::Hijacked, "raw"));

    let asks = get("/").field("Connection", "Upgrade").field("Upgrade", "x");
    let upgraded = recorded(asks, |direct, id| {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x").unwrap();
        direct.respond(id, &head, Body::Empty, NOW).unwrap();
        direct.send(id, &mut "raw".into(), NOW).unwrap();
        direct.finish(id, None, NOW).unwrap();
    });
    assert_eq!((upgraded.ending(), upgraded.text()), (Ending::Upgraded, "raw"));
    assert_eq!(upgraded.status(), Status::SWITCHING_PROTOCOLS);
}

#[test]
#[should_panic(expected = "there is no answer: Aborted")]
fn the_status_of_no_answer_is_a_mistake() {
    recorded(get("/"), |direct, id| direct.reset(id, NOW).unwrap()).status();
}
