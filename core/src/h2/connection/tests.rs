//! What the vectors cannot see: what counts as open, who is told what, and any order of calls.

mod advisories;
mod again;
mod calls;
mod client;
mod connect;
mod leaving;
mod pair;
mod rest;
mod shares;
mod told;

use super::*;
use crate::config::Http2;
use crate::error::{CloseReason, ErrorCode, Fault};
use crate::h2::buckets::Budget;
use crate::h2::frame::{Frame, PREFACE, read, settings};
use crate::head::{ResponseHead, Status};
use crate::machine::{Body, ServerMachine};
use std::time::Duration;

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);

fn config(max_concurrent: u32) -> ServerConfig {
    let http2 = Http2 { max_concurrent, connection_window: 65_535, ..Http2::DEFAULT };
    ServerConfig { http2, ..ServerConfig::default() }
}

fn client_config(max_concurrent: u32) -> ClientConfig {
    ClientConfig { http2: config(max_concurrent).http2, ..ClientConfig::default() }
}

/// A server that a client has greeted.
fn server(max_concurrent: u32) -> Connection {
    let mut server = Connection::new(Arc::new(config(max_concurrent)), NOW);
    let mut hello = PREFACE.to_vec();
    write::settings(&mut hello, []);
    write::settings_ack(&mut hello);
    feed(&mut server, &hello);
    let _ = output(&mut server);
    server
}

fn feed(server: &mut Connection, octets: &[u8]) {
    assert_eq!(server.receive(octets, NOW), octets.len());
}

fn output(server: &mut Connection) -> Vec<u8> {
    let mut out = Vec::new();
    server.transmit(&mut out, usize::MAX, NOW);
    out
}

/// GET, or POST if content follows.
fn request(id: u32, end: bool) -> Vec<u8> {
    let method = if end { &b"GET"[..] } else { b"POST" };
    let fields =
        [(&b":method"[..], method), (b":scheme", b"http"), (b":path", b"/"), (b"host", b"a")];
    // An encoder of its own: nothing is in its table, and nothing in the peer's is used.
    let (mut block, mut out) = (Vec::new(), Vec::new());
    Encoder::new(0).encode(fields, &mut block);
    write::headers(&mut out, id, &block, end, 16_384);
    out
}

fn data(id: u32, octets: &[u8], end: bool) -> Vec<u8> {
    [&write::data_header(id, octets.len(), end)[..], octets].concat()
}

fn rst(id: u32) -> Vec<u8> {
    let mut out = Vec::new();
    write::rst_stream(&mut out, id, ErrorCode::CANCEL);
    out
}

/// The frames of an output, as text; field blocks are not shown.
fn frames(mut octets: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while let Some((frame, length)) = read(octets, settings::MAX_MAX_LEN).unwrap() {
        all.push(match frame {
            Frame::Headers { stream, end_stream, .. } => format!("HEADERS {stream} {end_stream}"),
            Frame::Data { stream, data, end_stream, .. } => {
                format!("DATA {stream} {} {end_stream}", data.len())
            }
            Frame::RstStream { stream, code } => {
                format!("RST_STREAM {stream} {}", ErrorCode::new(code).name().unwrap())
            }
            Frame::GoAway { last, code, debug } => {
                let code = ErrorCode::new(code).name().unwrap();
                format!("GOAWAY {last} {code} {}", debug.escape_ascii())
            }
            Frame::WindowUpdate { stream, increment } => format!("CREDIT {stream} {increment}"),
            other => format!("{other:?}"),
        });
        octets = &octets[length..];
    }
    all
}

fn events(server: &mut Connection) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = server.poll_event(NOW) {
        all.push(match event {
            Event::Request { id, .. } => format!("Request {id}"),
            Event::Failed { id, error } => format!("Failed {id:?} {:?}", error.kind),
            other => format!("{other:?}"),
        });
    }
    all
}

fn ok() -> ResponseHead {
    ResponseHead::new(Status::OK)
}

#[test]
fn a_request_that_is_given_up_counts_until_the_application_lets_go() {
    let mut server = server(1);
    feed(&mut server, &request(1, true));
    assert_eq!(events(&mut server), ["Request 1"]);
    feed(&mut server, &rst(1));
    feed(&mut server, &request(3, true));
    assert_eq!(events(&mut server), ["Reset { id: 1, code: Some(ErrorCode(CANCEL (0x8))) }"]);
    assert_eq!(frames(&output(&mut server)), ["RST_STREAM 3 REFUSED_STREAM"]);
    assert!(server.in_exchange());
    assert_eq!(server.discard(1, NOW), Ok(()));
    assert!(!server.in_exchange());
    feed(&mut server, &request(5, true));
    assert_eq!(events(&mut server), ["Request 5"]);
}

#[test]
fn a_request_that_is_given_up_before_anybody_knows_of_it_is_nothing() {
    let mut server = server(1);
    for id in [1, 3, 5] {
        feed(&mut server, &[request(id, false), rst(id)].concat());
    }
    assert!(events(&mut server).is_empty() && server.streams.is_empty());
    assert_eq!(server.reset(1, NOW), Err(Misuse::NoSuchExchange));
}

#[test]
fn what_came_before_a_reset_can_be_read_and_nothing_behind_it() {
    let mut server = server(9);
    feed(&mut server, &request(1, false));
    events(&mut server);
    feed(&mut server, &[data(1, b"ab", false), rst(1), data(1, b"cd", true)].concat());
    assert_eq!(server.recv(1, NOW), Recv::Data(Bytes::from_static(b"ab")));
    assert!(matches!(server.recv(1, NOW), Recv::Failed(error) if error.kind == Fault::Reset));
    assert_eq!(frames(&output(&mut server)), ["RST_STREAM 1 STREAM_CLOSED"]);

    // All of it had come: the reset says only that nobody waits for the answer.
    feed(&mut server, &[request(3, false), data(3, b"ab", true)].concat());
    events(&mut server);
    feed(&mut server, &rst(3));
    assert_eq!(server.recv(3, NOW), Recv::Data(Bytes::from_static(b"ab")));
    assert_eq!(server.recv(3, NOW), Recv::End(None));
    assert_eq!(server.respond(3, &ok(), Body::Empty, NOW), Ok(()));
    assert!(output(&mut server).is_empty());
}

#[test]
fn content_waits_for_its_window_and_takes_turns() {
    let mut server = server(9);
    feed(&mut server, &[request(1, true), request(3, true)].concat());
    events(&mut server);
    for id in [1, 3] {
        let body = Body::Full(vec![b'x'; 40_000].into());
        assert_eq!(server.respond(id, &ok(), body, NOW), Ok(()));
    }
    let sent = frames(&output(&mut server));
    let first = ["HEADERS 1 false", "DATA 1 16384 false", "HEADERS 3 false", "DATA 1 16384 false"];
    assert_eq!(sent[..4], first);
    assert_eq!(sent[4..6], ["DATA 1 7232 true", "DATA 3 16384 false"]);
    assert_eq!(sent[6..], ["DATA 3 9151 false"], "the connection's window is used up");
    let mut more = Vec::new();
    write::window_update(&mut more, 0, 100_000);
    feed(&mut server, &more);
    assert_eq!(frames(&output(&mut server)), ["DATA 3 14465 true"]);
    assert!(!server.in_exchange() && server.streams.is_empty());
}

#[test]
fn room_and_the_end_of_output_are_told_once() {
    let mut server = server(9);
    feed(&mut server, &request(1, true));
    events(&mut server);
    assert_eq!(server.respond(1, &ok(), Body::Stream, NOW), Ok(()));
    let mut body = Bytes::from(vec![b'x'; 200_000]);
    while !body.is_empty() {
        let before = body.len();
        assert_eq!(server.send(1, &mut body, NOW), Ok(()));
        if body.len() == before {
            break;
        }
    }
    assert!(!body.is_empty() && !server.flush(1));
    assert!(events(&mut server).is_empty());
    output(&mut server);
    assert_eq!(events(&mut server), ["Writable { id: 1 }"]);
    let mut more = Vec::new();
    write::window_update(&mut more, 0, 1 << 20);
    write::window_update(&mut more, 1, 1 << 20);
    feed(&mut server, &more);
    output(&mut server);
    assert_eq!(events(&mut server), ["Flushed { id: 1 }"]);
    assert!(server.is_flushed(1) && server.flush(1));
}

#[test]
fn who_asks_twice_whether_output_is_out_is_told_once_and_once_it_is() {
    let mut server = server(9);
    feed(&mut server, &request(1, true));
    events(&mut server);
    assert_eq!(server.respond(1, &ok(), Body::Stream, NOW), Ok(()));
    assert!(!server.flush(1) && !server.flush(1));
    output(&mut server);
    // That would be told now; but there is more.
    assert_eq!(server.send(1, &mut Bytes::from_static(b"abc"), NOW), Ok(()));
    assert!(!server.flush(1));
    assert!(events(&mut server).is_empty());
    output(&mut server);
    assert_eq!(events(&mut server), ["Flushed { id: 1 }"]);
}

#[test]
fn a_body_that_stalls_fails_for_its_reader_and_an_answer_that_nobody_takes_is_reset() {
    let mut server = server(9);
    feed(&mut server, &[request(1, false), request(3, true)].concat());
    events(&mut server);
    assert_eq!(server.recv(1, NOW), Recv::Pending);
    assert_eq!(server.deadline().map(|(_, why)| why), Some(Why::Body));
    let later = NOW.later(Duration::from_secs(6));
    server.tick(later);
    assert_eq!(events(&mut server), ["Readable { id: 1 }"]);
    let failed = server.recv(1, later);
    assert!(matches!(failed, Recv::Failed(error) if error.answer == Some(Status::REQUEST_TIMEOUT)));

    let mut none = Vec::new();
    write::settings(&mut none, [(settings::INITIAL_WINDOW_SIZE, 0)]);
    feed(&mut server, &none);
    let body = Body::Full(Bytes::from_static(b"ok"));
    assert_eq!(server.respond(3, &ok(), body, later), Ok(()));
    output(&mut server);
    assert_eq!(server.deadline().map(|(_, why)| why), Some(Why::Write));
    server.tick(later.later(Duration::from_secs(6)));
    assert_eq!(frames(&output(&mut server)), ["RST_STREAM 3 CANCEL"]);
}

#[test]
fn what_becomes_of_an_exchange_is_told_to_who_follows_it() {
    let mut server = server(9);
    feed(&mut server, &[request(1, false), request(3, true), request(5, true)].concat());
    events(&mut server);
    for id in [1, 3] {
        assert_eq!(server.follow(id), Ok(()));
    }
    feed(&mut server, &data(1, b"abc", true));
    assert_eq!(server.recv(1, NOW), Recv::Data(Bytes::from_static(b"abc")));
    for id in [1, 5] {
        let body = Body::Full(Bytes::from_static(b"ok"));
        assert_eq!(server.respond(id, &ok(), body, NOW), Ok(()));
    }
    let answered = server.poll_event(NOW);
    assert!(matches!(answered, Some(Event::Answered { id: 1, .. })), "{answered:?}");
    let Some(Event::Done { id: 1, facts }) = server.poll_event(NOW) else { panic!("it is over") };
    assert_eq!((facts.status, facts.received, facts.sent), (Some(Status::OK), 3, 2));
    assert!(facts.keep_alive && server.poll_event(NOW).is_none());
    server.eof(Eof::Reset, NOW);
    let Some(Event::Done { id: 3, facts }) = server.poll_event(NOW) else { panic!("it is over") };
    assert_eq!((facts.status, facts.keep_alive), (None, false));
    assert_eq!(events(&mut server), ["Closed(Fault(Reset))"]);
}

#[test]
fn a_request_that_is_not_taken_is_answered_as_the_configuration_says() {
    use crate::config::FaultAnswer;
    let answer = FaultAnswer::new(|error| Some((ResponseHead::new(error.answer?), "no".into())));
    for (made, length) in [(Some(answer), 2), (Some(FaultAnswer::new(|_| panic!("oh"))), 39)] {
        let config = ServerConfig { fault_answer: made, secure: true, ..config(9) };
        let mut server = Connection::new(Arc::new(config), NOW);
        let hello = [PREFACE, &write::header(0, crate::h2::frame::Kind::Settings, 0, 0)[..]];
        feed(&mut server, &[&hello.concat()[..], &request(1, true)].concat());
        let panicked = length != 2;
        assert_eq!(events(&mut server).len(), usize::from(panicked), "nobody else is told");
        let sent = frames(&output(&mut server));
        assert_eq!(sent[2..], ["HEADERS 1 false".to_owned(), format!("DATA 1 {length} true")]);
    }
}

#[test]
fn a_limit_is_named_in_the_goodbye_and_the_end_is_told_last() {
    let mut server = server(9);
    let mut pings = Vec::new();
    for _ in 0..=Budget::Pings.burst() {
        write::ping(&mut pings, false, [0; 8]);
    }
    let mut rest = &pings[..];
    let mut sent = Vec::new();
    while !rest.is_empty() && server.want().close.is_none() {
        rest = &rest[server.receive(rest, NOW)..];
        assert!(server.answers <= Cap::Unanswered.most());
        sent = frames(&output(&mut server));
    }
    assert_eq!(sent.last().unwrap(), "GOAWAY 0 ENHANCE_YOUR_CALM pings");
    assert_eq!(events(&mut server), ["Failed None TooMuchAsked", "Closed(Fault(TooMuchAsked))"]);
    assert!(matches!(server.want(), Want { write: false, close: Some(Close::Linger), .. }));
    server.eof(Eof::Clean, NOW);
    assert_eq!(server.want().close, Some(Close::Graceful));
    assert!(events(&mut server).is_empty());
    assert_eq!(closed_by(Eof::Reset), CloseReason::Fault(Fault::Reset));
}

#[test]
fn what_is_begun_behind_a_goodbye_is_ignored_with_all_that_follows_on_it() {
    let mut server = server(9);
    feed(&mut server, &request(1, true));
    events(&mut server);
    server.shutdown(NOW);
    assert_eq!(frames(&output(&mut server)).len(), 2, "it is told, and time is taken");
    let mut heard = Vec::new();
    write::ping(&mut heard, true, super::leaving::LEAVING);
    let late = [request(3, false), data(3, b"abc", false), data(3, b"", true)].concat();
    feed(&mut server, &[heard, late].concat());
    assert!(events(&mut server).is_empty());
    assert_eq!(server.respond(1, &ok(), Body::Empty, NOW), Ok(()));
    let sent = frames(&output(&mut server));
    assert_eq!(sent, ["GOAWAY 1 NO_ERROR ", "HEADERS 1 true"]);
    assert_eq!(events(&mut server), ["Closed(Shutdown)"]);
}

#[test]
fn nothing_is_told_behind_the_end_whatever_becomes_of_what_is_still_to_be_written() {
    let mut server = server(9);
    feed(&mut server, &request(1, false));
    events(&mut server);
    assert_eq!(server.respond(1, &ok(), Body::Stream, NOW), Ok(()));
    assert!(!server.flush(1));
    let mut lapse = Vec::new();
    write::ping(&mut lapse, false, [0; 8]);
    lapse.extend_from_slice(&write::header(0, crate::h2::frame::Kind::Data, 0, 0));
    feed(&mut server, &lapse);
    assert!(events(&mut server).last().unwrap().starts_with("Closed"));
    let mut out = Vec::new();
    server.transmit(&mut out, 10, NOW);
    let later = NOW.later(Duration::from_secs(60));
    server.tick(later);
    assert_eq!((events(&mut server).len(), server.want().close), (0, Some(Close::Abort)));

    let mut server = self::server(9);
    feed(&mut server, &request(1, false));
    events(&mut server);
    assert_eq!(server.respond(1, &ok(), Body::Stream, NOW), Ok(()));
    assert!(!server.flush(1));
    feed(&mut server, &lapse);
    events(&mut server);
    assert!(!output(&mut server).is_empty() && events(&mut server).is_empty());
}

/// The reason of a connection that ends so while a request is open.
fn closed_by(how: Eof) -> CloseReason {
    let mut server = server(9);
    feed(&mut server, &request(1, true));
    events(&mut server);
    server.eof(how, NOW);
    match server.poll_event(NOW) {
        Some(Event::Closed(reason)) => reason,
        other => panic!("{other:?}"),
    }
}
