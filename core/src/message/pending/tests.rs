use super::*;
use crate::config::{Limits, ServerConfig};
use crate::error::Misuse;
use crate::machine::Body;
use crate::machine::{Event, Machine};
use crate::server::Connection;
use std::sync::Arc;

const NOW: Now = Now::at(crate::Mono::ZERO, 0);

/// A machine with one request of this method, and a draft of its answer.
fn asked(method: &str, output_bytes: usize) -> (Connection, Id, PendingResponse) {
    let limits = Limits { output_bytes, ..Limits::default() };
    let config = ServerConfig { limits, date: false, ..ServerConfig::default() };
    let mut machine = Connection::new(Arc::new(config), NOW);
    let text = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
    machine.receive(text.as_bytes(), NOW);
    let Some(Event::Request { id, head, .. }) = machine.poll_event(NOW) else {
        panic!("no request")
    };
    let draft = PendingResponse::new(head.method());
    (machine, id, draft)
}

fn written(machine: &mut Connection) -> String {
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, NOW);
    String::from_utf8(out).unwrap()
}

/// Has a response written by `write`, and gives its text.
fn response(method: &str, write: impl FnOnce(&mut PendingResponse, &mut Outlet<'_>)) -> String {
    let (mut machine, id, mut draft) = asked(method, 64 * 1024);
    write(&mut draft, &mut Outlet { machine: &mut machine, id, now: NOW });
    written(&mut machine)
}

#[test]
fn a_small_response_tells_its_length_and_its_type() {
    let text = response("GET", |draft, to| {
        assert_eq!(draft.write(to, b"<html>"), Ok(6));
        assert_eq!(draft.finish(to), Ok(true));
    });
    assert_eq!(
        text,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n\r\n<html>"
    );
}

#[test]
fn a_response_beyond_the_buffer_goes_out_in_chunks() {
    let text = response("GET", |draft, to| {
        let data = [b'x'; 5000];
        let mut rest = &data[..];
        while !rest.is_empty() {
            let count = draft.write(to, rest).unwrap();
            assert!(count > 0);
            rest = &rest[count..];
        }
        draft.finish(to).unwrap();
    });
    assert!(text.contains("Transfer-Encoding: chunked\r\n"), "{text}");
    assert!(text.contains("text/plain"), "{text}");
    assert!(text.ends_with("\r\n0\r\n\r\n"), "{text}");
}

#[test]
fn what_is_changed_behind_the_first_byte_has_no_effect() {
    let text = response("GET", |draft, to| {
        draft.write(to, b"x").unwrap();
        draft.set_status(Status::NOT_FOUND);
        draft.fields_mut().append("X-Late", "1").unwrap();
        draft.finish(to).unwrap();
    });
    assert!(text.starts_with("HTTP/1.1 200") && !text.contains("X-Late"), "{text}");
}

#[test]
fn more_than_was_declared_is_refused_and_less_is_broken_off() {
    let text = response("GET", |draft, to| {
        draft.fields_mut().append("Content-Length", "3").unwrap();
        assert_eq!(draft.write(to, b"hello"), Err(Misuse::TooMuchBody));
        assert_eq!(draft.write(to, b"hel"), Err(Misuse::TooMuchBody), "it stays refused");
        assert_eq!(draft.finish(to), Err(Misuse::TooMuchBody));
    });
    assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
}

#[test]
fn a_status_without_content_takes_none() {
    let text = response("GET", |draft, to| {
        draft.set_status(Status::NO_CONTENT);
        assert_eq!(draft.write(to, b"x"), Err(Misuse::BodyNotAllowed));
        draft.finish(to).unwrap();
    });
    assert_eq!(text, "HTTP/1.1 204 No Content\r\n\r\n");
    for status in [Status::EARLY_HINTS, Status::RESET_CONTENT, Status::NOT_MODIFIED] {
        let mut draft = PendingResponse::new(&Method::GET);
        draft.set_status(status);
        assert_eq!(draft.gather(b"x"), Err(Misuse::BodyNotAllowed), "{status:?}");
    }
}

#[test]
fn head_tells_the_length_of_what_was_written_and_no_other() {
    let told = response("HEAD", |draft, to| {
        draft.write(to, b"hello").unwrap();
        draft.finish(to).unwrap();
    });
    assert!(told.ends_with("Content-Length: 5\r\n\r\n"), "{told}");
    let silent = response("HEAD", |draft, to| assert_eq!(draft.finish(to), Ok(true)));
    assert_eq!(silent, "HTTP/1.1 200 OK\r\n\r\n");
}

#[test]
fn a_head_that_is_adopted_keeps_what_was_set_before_and_is_not_guessed_at() {
    let text = response("GET", |draft, to| {
        draft.fields_mut().append("X-Id", "7").unwrap();
        draft.fields_mut().append("X-Kind", "writer").unwrap();
        let head = ResponseHead::new(Status::CREATED).with("X-Kind", "value").unwrap();
        draft.adopt(head).unwrap();
        assert_eq!(draft.write(to, b"<html>"), Ok(6));
        assert_eq!(draft.adopt(ResponseHead::new(Status::OK)), Err(Misuse::SecondResponse));
        assert_eq!(draft.finish(to), Ok(true));
    });
    assert_eq!(
        text,
        "HTTP/1.1 201 Created\r\nX-Kind: value\r\nX-Id: 7\r\nContent-Length: 6\r\n\r\n<html>"
    );
}

#[test]
fn trailers_follow_a_whole_body_too() {
    let text = response("GET", |draft, to| {
        draft.trailers_mut().append("Checksum", "5").unwrap();
        let body = Body::Full(Bytes::from_static(b"hello"));
        draft.respond(to, ResponseHead::new(Status::OK), body).unwrap();
        assert_eq!(draft.finish(to), Ok(true));
    });
    assert!(text.ends_with("5\r\nhello\r\n0\r\nChecksum: 5\r\n\r\n"), "{text}");
}

#[test]
fn what_the_machine_has_no_room_for_is_kept_and_not_lost() {
    let (mut machine, id, mut draft) = asked("GET", 100);
    let mut given = 0;
    let mut text = String::new();
    let data: Vec<u8> = (0..10_000_u32).map(|n| b'a' + (n % 26) as u8).collect();
    while given < data.len() || !draft.is_done() {
        let mut to = Outlet { machine: &mut machine, id, now: NOW };
        if given < data.len() {
            given += draft.write(&mut to, &data[given..(given + 700).min(data.len())]).unwrap();
        } else {
            draft.finish(&mut to).unwrap();
        }
        text += &written(&mut machine);
    }
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let body: String = body.split("\r\n").skip(1).step_by(2).collect();
    assert!(body.into_bytes() == data);
}

#[test]
fn a_failure_is_the_answer_before_the_head_and_breaks_off_behind_it() {
    let error = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
    let before = response("GET", |draft, to| {
        draft.write(to, b"never seen").unwrap();
        draft.fail(to, &error, Body::Empty);
    });
    assert_eq!(before, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    let behind = response("GET", |draft, to| {
        draft.write(to, b"seen").unwrap();
        draft.flush(to).unwrap();
        draft.fail(to, &error, Body::Empty);
    });
    assert!(behind.ends_with("4\r\nseen\r\n"), "{behind}");
}

#[test]
fn behind_the_head_of_a_response_to_head_nobody_waits_and_it_can_be_finished() {
    let (mut machine, id, mut draft) = asked("HEAD", 64 * 1024);
    let mut to = Outlet { machine: &mut machine, id, now: NOW };
    draft.write(&mut to, b"never seen").unwrap();
    assert!(!draft.is_unwanted(), "its length may count");
    draft.flush(&mut to).unwrap();
    assert!(draft.is_unwanted());
    assert_eq!(draft.finish(&mut to), Ok(true));
    assert!(written(&mut machine).starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(machine.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", NOW), 27);
    assert!(matches!(machine.poll_event(NOW), Some(Event::Request { .. })));
}
