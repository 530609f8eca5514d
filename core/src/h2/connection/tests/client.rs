//! What the vectors of clients cannot see: who may ask, what a failure means, and what stops.

use super::*;
use crate::config::ClientConfig;
use crate::error::{Phase, Retry};
use crate::head::{Method, RequestHead};
use crate::machine::{BodyLength, ClientMachine, Reuse};

/// A client that nobody has answered.
fn fresh(max_concurrent: u32) -> Connection {
    Connection::client(Arc::new(client_config(max_concurrent)), false, NOW)
}

/// A client that its server has greeted.
pub(super) fn client(max_concurrent: u32) -> Connection {
    let mut client = fresh(max_concurrent);
    let mut hello = Vec::new();
    write::settings(&mut hello, []);
    write::settings_ack(&mut hello);
    feed(&mut client, &hello);
    let _ = output(&mut client);
    client
}

pub(super) fn head(method: Method) -> RequestHead {
    let mut head = RequestHead::new(method, "/").unwrap();
    head.fields_mut().append("Host", "a.test").unwrap();
    head
}

fn get(client: &mut Connection) -> Result<Id, Misuse> {
    client.request(&head(Method::GET), Body::Empty, NOW)
}

fn post(client: &mut Connection, body: Body) -> Id {
    client.request(&head(Method::POST), body, NOW).unwrap()
}

/// A head of a response.
pub(super) fn answer(id: u32, status: &str, end: bool) -> Vec<u8> {
    let (mut block, mut out) = (Vec::new(), Vec::new());
    Encoder::new(0).encode([(&b":status"[..], status.as_bytes())], &mut block);
    write::headers(&mut out, id, &block, end, 16_384);
    out
}

fn reset(id: u32, code: ErrorCode) -> Vec<u8> {
    let mut out = Vec::new();
    write::rst_stream(&mut out, id, code);
    out
}

fn goaway(last: u32) -> Vec<u8> {
    let mut out = Vec::new();
    write::go_away(&mut out, last, ErrorCode::NO_ERROR, b"");
    out
}

/// The request that fails next, why, and what that means for it.
fn failure(client: &mut Connection) -> (Option<Id>, Fault, Retry, Phase) {
    loop {
        match client.poll_event(NOW) {
            Some(Event::Failed { id, error }) => return (id, error.kind, error.retry, error.phase),
            Some(_) => {}
            None => panic!("nothing fails"),
        }
    }
}

#[test]
fn what_is_safe_to_be_sent_again_is_not_sent_after_all() {
    let broken = write::header(0, crate::h2::frame::Kind::Data, 0, 0);
    for (ends, written) in [(0, 0), (0, 12), (1, 0), (2, 0)] {
        let mut client = client(9);
        let _ = get(&mut client).unwrap();
        let mut out = Vec::new();
        client.transmit(&mut out, written, NOW);
        match ends {
            0 => feed(&mut client, &broken),
            1 => client.eof(Eof::Clean, NOW),
            _ => client.eof(Eof::Reset, NOW),
        }
        let (_, _, retry, _) = loop {
            let failure = failure(&mut client);
            if failure.0.is_some() {
                break failure;
            }
        };
        client.transmit(&mut out, usize::MAX, NOW);
        let sent = read(&out, settings::MAX_MAX_LEN).unwrap().is_some();
        assert_eq!(retry == Retry::Safe, written == 0, "{ends} {written}");
        assert!(written > 0 || !sent, "{ends}: it is sent after all");
    }
    // The time of one request ends, and what it said goes nevertheless.
    let mut client = client(9);
    let id = get(&mut client).unwrap();
    assert_eq!(client.limit_wait(id, Duration::ZERO), Ok(()));
    client.tick(NOW.later(Duration::from_secs(90)));
    let (_, _, retry, _) = failure(&mut client);
    assert_eq!(retry, Retry::IfIdempotent);
}

#[test]
fn an_answer_without_content_was_whole_also_if_the_request_is_not_wanted_any_more() {
    let mut client = client(9);
    let id = post(&mut client, Body::Stream);
    feed(&mut client, &[answer(1, "204", true), reset(1, ErrorCode::NO_ERROR)].concat());
    assert!(matches!(client.poll_event(NOW), Some(Event::Response { .. })));
    assert_eq!(client.recv(id, NOW), Recv::End(None));
    assert!(!client.in_exchange());
    assert_eq!(client.recv(id, NOW), Recv::End(None));
}

#[test]
fn as_many_requests_are_open_as_the_server_takes_and_each_that_ends_makes_room() {
    let mut client = client(9);
    assert_eq!((client.slots(), client.reuse()), (9, Reuse::Now));
    let mut two = Vec::new();
    write::settings(&mut two, [(settings::MAX_CONCURRENT_STREAMS, 2)]);
    feed(&mut client, &two);
    assert_eq!((client.slots(), get(&mut client), get(&mut client)), (2, Ok(1), Ok(3)));
    assert_eq!((client.slots(), client.reuse()), (0, Reuse::Later));
    assert_eq!(get(&mut client), Err(Misuse::Busy));
    feed(&mut client, &[answer(3, "200", false), data(3, b"abc", true)].concat());
    // It is open until its content was read.
    assert_eq!(client.slots(), 0);
    let Some(Event::Response { id: 3, body, .. }) = client.poll_event(NOW) else { panic!() };
    assert_eq!(body, BodyLength::Unknown);
    assert_eq!(client.recv(3, NOW), Recv::Data(Bytes::from_static(b"abc")));
    assert_eq!((client.recv(3, NOW), client.slots()), (Recv::End(None), 1));
    assert_eq!(client.recv(3, NOW), Recv::End(None), "it is said as often as it is asked");
    // One without content is over when it was told.
    feed(&mut client, &answer(1, "204", true));
    assert!(matches!(client.poll_event(NOW), Some(Event::Response { id: 1, .. })));
    assert_eq!((client.slots(), client.in_exchange()), (2, false));
    assert_eq!(get(&mut client), Ok(5));
}

#[test]
fn what_a_failure_means_is_told_of_each_request() {
    let mut unsent = fresh(9);
    get(&mut unsent).unwrap();
    unsent.eof(Eof::Clean, NOW);
    assert_eq!(failure(&mut unsent).2, Retry::Safe, "not a byte went out");

    for (code, retry) in [
        (ErrorCode::REFUSED_STREAM, Retry::Safe),
        (ErrorCode::HTTP_1_1_REQUIRED, Retry::OlderProtocol),
        (ErrorCode::INTERNAL_ERROR, Retry::IfIdempotent),
    ] {
        let mut client = client(1);
        get(&mut client).unwrap();
        output(&mut client);
        feed(&mut client, &reset(1, code));
        assert_eq!(failure(&mut client), (Some(1), Fault::Reset, retry, Phase::Wait));
        // It counts until the application has let go of it.
        assert_eq!(get(&mut client), Err(Misuse::Busy));
        assert_eq!(client.discard(1, NOW), Ok(()));
        assert_eq!(get(&mut client), Ok(3));
    }

    let mut client = client(9);
    for _ in 0..3 {
        get(&mut client).unwrap();
    }
    output(&mut client);
    feed(&mut client, &goaway(3));
    assert_eq!(failure(&mut client), (Some(5), Fault::NoResponse, Retry::Safe, Phase::Wait));
    assert_eq!(client.reuse(), Reuse::Never(CloseReason::PeerAsked));
    feed(&mut client, &goaway(1));
    assert_eq!(failure(&mut client).0, Some(3));
    feed(&mut client, &data(0, b"", false));
    assert_eq!(failure(&mut client).0, None, "the connection itself");
    let error = (Some(1), Fault::Http2Violation, Retry::IfIdempotent, Phase::Wait);
    assert_eq!(failure(&mut client), error);
    let closed = "Closed(Fault(Http2Violation))";
    assert_eq!(events(&mut client), [closed]);
    let sent = frames(&output(&mut client));
    assert_eq!(sent, ["GOAWAY 0 PROTOCOL_ERROR RFC 9113 \\xc2\\xa74.1"]);
    assert_eq!(client.want().close, Some(Close::Graceful));
}

#[test]
fn a_whole_response_is_read_though_its_server_is_gone() {
    let mut client = client(9);
    for _ in 0..2 {
        get(&mut client).unwrap();
    }
    let both = [answer(1, "200", false), data(1, b"abc", true), answer(3, "200", false)];
    feed(&mut client, &[&both.concat()[..], &data(3, b"de", false)].concat());
    client.eof(Eof::Reset, NOW);
    while client.poll_event(NOW).is_some() {}
    assert_eq!(client.recv(1, NOW), Recv::Data(Bytes::from_static(b"abc")));
    assert_eq!(client.recv(1, NOW), Recv::End(None));
    assert_eq!(client.recv(3, NOW), Recv::Data(Bytes::from_static(b"de")));
    let Recv::Failed(error) = client.recv(3, NOW) else { panic!("it is cut") };
    assert_eq!((error.kind, error.retry), (Fault::Reset, Retry::Never));
    assert_eq!(client.discard(3, NOW), Ok(()));
    assert_eq!(events(&mut client), ["Closed(PeerClosed)"]);
}

#[test]
fn a_whole_response_is_read_though_its_server_breaks_a_rule_behind_it() {
    let mut client = client(9);
    for _ in 0..2 {
        get(&mut client).unwrap();
    }
    let _ = output(&mut client);
    let both = [answer(1, "200", false), data(1, b"abc", true), answer(3, "200", false)];
    feed(&mut client, &[&both.concat()[..], &data(0, b"", false), &data(3, b"de", false)].concat());
    assert!(!client.want().read, "nothing more is looked at");
    let told = events(&mut client);
    assert!(!told.iter().any(|event| event.starts_with("Closed")), "{told:?}");
    assert_eq!(client.recv(1, NOW), Recv::Data(Bytes::from_static(b"abc")));
    assert_eq!(client.recv(1, NOW), Recv::End(None));
    let Recv::Failed(error) = client.recv(3, NOW) else { panic!("it is cut") };
    assert_eq!((error.kind, error.retry), (Fault::Http2Violation, Retry::Never));
    assert_eq!(client.discard(3, NOW), Ok(()));
    assert_eq!(events(&mut client), ["Closed(Fault(Http2Violation))"]);
    assert!(frames(&output(&mut client)).last().unwrap().starts_with("GOAWAY 0 PROTOCOL_ERROR"));
}

#[test]
fn an_upload_goes_on_beside_its_response_until_the_server_does_not_want_it() {
    let mut client = client(9);
    let id = post(&mut client, Body::Stream);
    client.send(id, &mut Bytes::from_static(b"one"), NOW).unwrap();
    feed(&mut client, &[answer(1, "200", false), data(1, b"abc", true)].concat());
    assert!(matches!(client.poll_event(NOW), Some(Event::Response { id: 1, .. })));
    client.send(id, &mut Bytes::from_static(b"two"), NOW).unwrap();
    assert_eq!(frames(&output(&mut client))[1..], ["DATA 1 3 false", "DATA 1 3 false"]);
    feed(&mut client, &reset(1, ErrorCode::NO_ERROR));
    assert!(events(&mut client).is_empty(), "the response is whole");
    let refused = client.send(id, &mut Bytes::from_static(b"three"), NOW);
    assert_eq!(
        (refused, client.finish(id, None, NOW)),
        (Err(Misuse::Answered), Err(Misuse::Answered))
    );
    assert_eq!(client.recv(1, NOW), Recv::Data(Bytes::from_static(b"abc")));
    assert_eq!(client.recv(1, NOW), Recv::End(None));
    assert!(!client.in_exchange() && output(&mut client).is_empty());
}

#[test]
fn who_is_not_waited_for_any_more_is_told_to_stop() {
    let mut client = client(9);
    for _ in 0..2 {
        post(&mut client, Body::Stream);
    }
    feed(&mut client, &[answer(1, "200", false), data(1, &[b'x'; 16_384], false)].concat());
    feed(&mut client, &[data(1, &[b'x'; 16_384], false), data(1, &[b'x'; 9], false)].concat());
    output(&mut client);
    assert_eq!((client.discard(1, NOW), client.reset(3, NOW)), (Ok(()), Ok(())));
    let sent = frames(&output(&mut client));
    assert_eq!(sent, ["RST_STREAM 1 CANCEL", "CREDIT 0 32777", "RST_STREAM 3 CANCEL"]);
    // What is on its way is skipped.
    feed(&mut client, &[data(1, b"x", true), answer(3, "200", true)].concat());
    assert!(output(&mut client).is_empty() && client.streams.is_empty());
}

#[test]
fn content_that_is_to_be_asked_for_waits_for_100_or_for_a_while_and_not_behind_a_refusal() {
    let mut client = client(9);
    let mut head = head(Method::POST);
    head.fields_mut().append("Expect", "100-continue").unwrap();
    for _ in 0..3 {
        client.request(&head, Body::Full(Bytes::from_static(b"abc")), NOW).unwrap();
    }
    let streamed = client.request(&head, Body::Stream, NOW).unwrap();
    let heads = ["HEADERS 1 false", "HEADERS 3 false", "HEADERS 5 false", "HEADERS 7 false"];
    assert_eq!(frames(&output(&mut client)), heads);
    assert!(client.is_held(1) && client.is_held(3) && client.is_held(5));
    feed(&mut client, &answer(1, "100", false));
    feed(&mut client, &answer(3, "417", true));
    let sent = frames(&output(&mut client));
    assert_eq!(sent, ["DATA 1 3 true"]);
    while client.poll_event(NOW).is_some() {}
    assert_eq!(frames(&output(&mut client)), ["RST_STREAM 3 CANCEL"]);
    assert_eq!(client.deadline().map(|(_, why)| why), Some(Why::Expect));
    client.tick(NOW.later(Duration::from_secs(1)));
    assert_eq!(frames(&output(&mut client)), ["DATA 5 3 true"]);
    // Who is to give the content waits to be told so.
    assert!(!client.is_held(streamed));
    let told = client.poll_event(NOW);
    assert!(matches!(told, Some(Event::Writable { id }) if id == streamed), "{told:?}");
}

#[test]
fn a_response_that_does_not_begin_in_time_fails_alone() {
    let mut client = client(9);
    for _ in 0..2 {
        get(&mut client).unwrap();
    }
    // It counts at once, and from the next head that is waited for.
    assert_eq!(client.limit_wait(3, Duration::MAX), Ok(()));
    assert_eq!(client.limit_wait(3, Duration::from_secs(6)), Ok(()));
    assert_eq!(client.deadline(), Some((NOW.mono + Duration::from_secs(6), Why::FirstByte)));
    assert_eq!(client.limit_wait(3, Duration::from_secs(5)), Ok(()));
    let now = NOW.later(Duration::from_secs(4));
    let hints = answer(3, "103", false);
    assert_eq!(client.receive(&hints, now), hints.len());
    output(&mut client);
    client.tick(NOW.later(Duration::from_secs(8)));
    assert!(output(&mut client).is_empty());
    client.tick(now.later(Duration::from_secs(5)));
    assert_eq!(frames(&output(&mut client)), ["RST_STREAM 3 CANCEL"]);
    let failed = (Some(3), Fault::FirstByteTimeout, Retry::Never, Phase::Receive);
    assert_eq!(failure(&mut client), failed);
    client.tick(NOW.later(Duration::from_secs(60)));
    let failed = (Some(1), Fault::FirstByteTimeout, Retry::IfIdempotent, Phase::Wait);
    assert_eq!(failure(&mut client), failed);
    assert_eq!(client.reuse(), Reuse::Now);
}

#[test]
fn the_end_of_what_has_no_content_is_told_to_who_reads_and_awaited_for_who_does_not() {
    let mut client = client(9);
    for _ in 0..3 {
        get(&mut client).unwrap();
    }
    feed(&mut client, &[1, 3, 5].map(|id| answer(id, "204", false)).concat());
    output(&mut client);
    for _ in 0..3 {
        assert!(matches!(client.poll_event(NOW), Some(Event::Response { .. })));
    }
    assert_eq!(client.recv(1, NOW), Recv::Pending);
    feed(&mut client, &[data(1, b"", true), data(3, b"", true)].concat());
    assert_eq!(events(&mut client), ["Readable { id: 1 }"]);
    assert_eq!((client.recv(1, NOW), client.recv(3, NOW)), (Recv::End(None), Recv::End(None)));
    assert_eq!(client.streams.len(), 1);
    assert_eq!(client.deadline().map(|(_, why)| why), Some(Why::Body));
    client.tick(NOW.later(Duration::from_secs(60)));
    assert_eq!(frames(&output(&mut client)), ["RST_STREAM 5 CANCEL"]);
    assert!(!client.in_exchange());
}

#[test]
fn a_head_beyond_what_the_server_takes_is_refused_before_a_byte_of_it_goes_out() {
    let mut client = client(9);
    let mut small = Vec::new();
    write::settings(&mut small, [(settings::MAX_HEADER_LIST_SIZE, 200)]);
    feed(&mut client, &small);
    output(&mut client);
    let mut large = head(Method::GET);
    large.fields_mut().append("x", "v".repeat(100)).unwrap();
    assert_eq!(client.request(&large, Body::Empty, NOW), Err(Misuse::HeadTooLarge));
    assert!(output(&mut client).is_empty());
    assert_eq!(get(&mut client), Ok(1));
}

#[test]
fn content_of_known_length_ends_with_its_last_octet() {
    let mut client = client(9);
    let id = post(&mut client, Body::Length(3));
    client.send(id, &mut Bytes::from_static(b"abc"), NOW).unwrap();
    let more = client.send(id, &mut Bytes::from_static(b"d"), NOW);
    assert_eq!(more, Err(Misuse::TooMuchBody));
    assert_eq!(client.finish(id, None, NOW), Ok(()), "who gives it may know that late");
    assert_eq!(client.finish(id, None, NOW), Err(Misuse::AlreadyFinished));
    assert_eq!(frames(&output(&mut client)), ["HEADERS 1 false", "DATA 1 3 true"]);
}

#[test]
fn a_connection_that_is_to_carry_one_request_carries_one() {
    let config = ClientConfig { keep_alive: false, ..client_config(9) };
    let mut client = Connection::client(Arc::new(config), true, NOW);
    assert_eq!(get(&mut client), Ok(1));
    assert_eq!(client.reuse(), Reuse::Never(CloseReason::KeepAliveOff));
    output(&mut client);
    let mut hello = Vec::new();
    write::settings(&mut hello, []);
    feed(&mut client, &[hello, answer(1, "204", true)].concat());
    let told = events(&mut client);
    assert_eq!(told.last().map(String::as_str), Some("Closed(KeepAliveOff)"));
}

#[test]
fn what_becomes_of_a_request_is_told_to_who_traces() {
    let config = ClientConfig { trace: true, ..client_config(9) };
    let mut client = Connection::client(Arc::new(config), false, NOW);
    let id = post(&mut client, Body::Full(Bytes::from_static(b"abc")));
    assert!(events(&mut client).is_empty());
    output(&mut client);
    assert_eq!(events(&mut client), ["Sent { id: 1 }"]);
    let mut hello = Vec::new();
    write::settings(&mut hello, []);
    feed(&mut client, &[hello, answer(1, "200", false), data(1, b"ab", true)].concat());
    assert!(matches!(client.poll_event(NOW), Some(Event::Begun)));
    assert!(matches!(client.poll_event(NOW), Some(Event::Response { .. })));
    while matches!(client.recv(id, NOW), Recv::Data(_)) {}
    let Some(Event::Done { id: 1, facts }) = client.poll_event(NOW) else { panic!("it is over") };
    assert_eq!((facts.status, facts.received, facts.sent), (Some(Status::OK), 2, 3));
    assert!(facts.keep_alive);
}
