//! What an exchange without a wire allows, and how fast it goes.

use super::*;
use crate::error::Misuse;
use crate::head::Status;
use crate::machine::{Body, Event, ServerMachine};
use crate::time::{Mono, Now};

const NOW: Now = Now::at(Mono::ZERO, 0);

/// An exchange of this method whose handler has its request.
fn exchange(method: &str, length: BodyLength) -> InMemory {
    let head = RequestHead::new(method.parse().unwrap(), "/").unwrap();
    begun(InMemory::new(head, length))
}

fn begun(mut direct: InMemory) -> InMemory {
    assert!(matches!(direct.poll_event(NOW), Some(Event::Request { id: ID, .. })));
    direct
}

fn ok() -> ResponseHead {
    ResponseHead::new(Status::OK)
}

#[test]
fn a_body_is_wanted_only_while_it_is_waited_for() {
    let mut direct = exchange("POST", BodyLength::Unknown);
    assert!(!direct.wants_body());
    assert_eq!(direct.recv(ID, NOW), Recv::Pending);
    assert!(direct.wants_body());
    direct.supply("one".into());
    assert!(!direct.wants_body());
    assert!(matches!(direct.poll_event(NOW), Some(Event::Readable { .. })));
    assert_eq!(direct.recv(ID, NOW), Recv::Data("one".into()));
    assert_eq!(direct.recv(ID, NOW), Recv::Pending);
    direct.supply_end(None);
    assert!(!direct.wants_body());
    assert_eq!(direct.recv(ID, NOW), Recv::End(None));
}

#[test]
fn a_body_over_its_limit_fails_and_one_that_nobody_reads_is_not_wanted() {
    let mut direct = exchange("POST", BodyLength::Unknown);
    direct.limit_body(ID, 3).unwrap();
    direct.supply("four".into());
    let Recv::Failed(error) = direct.recv(ID, NOW) else { panic!("it is too long") };
    assert_eq!(error.kind, Fault::BodyTooLarge);

    let mut direct = exchange("POST", BodyLength::Unknown);
    assert_eq!(direct.recv(ID, NOW), Recv::Pending);
    direct.discard(ID, NOW).unwrap();
    assert!(!direct.wants_body());
}

#[test]
fn an_answer_that_is_not_taken_waits() {
    let mut direct = exchange("GET", BodyLength::Empty);
    direct.respond(ID, &ok(), Body::Stream, NOW).unwrap();
    let mut data = Bytes::from(vec![b'x'; 1 << 20]);
    let mut taken = 0;
    while !data.is_empty() {
        let before = data.len();
        direct.send(ID, &mut data, NOW).unwrap();
        assert!(before - data.len() <= direct.room);
        assert!(direct.poll_event(NOW).is_none(), "nothing was taken yet");
        while let Recv::Data(piece) = direct.take() {
            taken += piece.len();
        }
        assert_eq!(direct.poll_event(NOW).is_some(), !data.is_empty());
    }
    direct.finish(ID, None, NOW).unwrap();
    assert_eq!((taken, direct.take()), (1 << 20, Recv::End(None)));
}

#[test]
fn what_a_connection_refuses_is_refused() {
    let mut direct = exchange("GET", BodyLength::Empty);
    assert_eq!(direct.finish(ID, None, NOW), Err(Misuse::NoResponseYet));
    assert_eq!(direct.interim(ID, &ok(), NOW), Err(Misuse::WrongStatus));
    let framed = ok().with("Transfer-Encoding", "chunked").unwrap();
    assert_eq!(direct.respond(ID, &framed, Body::Empty, NOW), Err(Misuse::FramingField));
    direct.respond(ID, &ok(), Body::Length(3), NOW).unwrap();
    assert_eq!(direct.respond(ID, &ok(), Body::Empty, NOW), Err(Misuse::SecondResponse));
    assert_eq!(direct.send(ID, &mut "four".into(), NOW), Err(Misuse::TooMuchBody));
    assert_eq!(direct.finish(ID, None, NOW), Err(Misuse::TooLittleBody));
    direct.send(ID, &mut "abc".into(), NOW).unwrap();
    let mut trailers = Fields::new();
    trailers.append("X-Sum", "1").unwrap();
    assert_eq!(direct.finish(ID, Some(&trailers), NOW), Err(Misuse::TrailersNotAllowed));
    direct.finish(ID, None, NOW).unwrap();
    assert_eq!(direct.reset(ID, NOW), Err(Misuse::NoSuchExchange));
}

#[test]
fn head_leaves_the_body_out_and_tells_its_length() {
    let mut direct = exchange("HEAD", BodyLength::Empty);
    direct.respond(ID, &ok(), Body::Length(3), NOW).unwrap();
    direct.send(ID, &mut "abc".into(), NOW).unwrap();
    assert_eq!(direct.take_head().unwrap().fields().get("content-length"), Some("3"));
    assert_eq!((direct.answer_length(), direct.take()), (Some(0), Recv::Pending));
}

#[test]
fn a_host_without_a_raw_stream_refuses_to_give_one() {
    let mut head = RequestHead::new(Method::GET, "/").unwrap();
    head.fields_mut().append("Connection", "upgrade").unwrap();
    head.fields_mut().append("Upgrade", "x").unwrap();
    let switch = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x").unwrap();
    let mut direct = begun(InMemory::new(head.clone(), BodyLength::Empty).without_raw());
    assert_eq!(direct.respond(ID, &switch, Body::Empty, NOW), Err(Misuse::NotUpgradable));
    assert_eq!(direct.hijack(ID, NOW), Err(Misuse::NotUpgradable));

    let mut direct = begun(InMemory::new(head, BodyLength::Empty));
    direct.respond(ID, &switch, Body::Empty, NOW).unwrap();
    assert!(direct.is_upgraded() && direct.in_exchange());
    assert_eq!(direct.hijack(ID, NOW), Err(Misuse::NotUpgradable), "it is raw already");
}

#[test]
fn whoever_is_abandoned_is_told() {
    let mut direct = exchange("POST", BodyLength::Unknown);
    assert_eq!(direct.recv(ID, NOW), Recv::Pending);
    direct.abandon();
    let told: Vec<_> = std::iter::from_fn(|| direct.poll_event(NOW)).collect();
    assert!(matches!(told[..], [Event::InputClosed, Event::Readable { .. }, Event::Closed(_)]));
    assert_eq!(direct.send(ID, &mut "x".into(), NOW), Err(Misuse::NoSuchExchange));
}

#[test]
fn an_exchange_that_is_followed_tells_its_head_and_its_end() {
    let mut direct = exchange("GET", BodyLength::Empty);
    let (id, now) = (ID, NOW);
    direct.follow(id).unwrap();
    direct.respond(id, &ResponseHead::new(Status::CREATED), Body::Stream, now).unwrap();
    let told = direct.poll_event(now);
    assert!(
        matches!(&told, Some(Event::Answered { head, .. }) if head.status() == Status::CREATED)
    );
    direct.send(id, &mut "seven b".into(), now).unwrap();
    assert!(direct.poll_event(now).is_none());
    direct.finish(id, None, now).unwrap();
    let told = direct.poll_event(now);
    let Some(Event::Done { facts, .. }) = told else { panic!("{told:?}") };
    assert_eq!((facts.status, facts.sent), (Some(Status::CREATED), 7));
    assert!(direct.poll_event(now).is_none() && direct.follow(id).is_err());
}
