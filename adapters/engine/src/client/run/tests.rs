//! Runs over a simulated world: no socket, thread and timer, and a clock that is set.

mod many;
mod world;

use super::*;
use crate::client::Settings;
use bytes::Bytes;
use purlin_core::Phase;
use purlin_core::exchange::{Cause, Request};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use world::{Feed, Pipe, Virtual, advance, agent, agent_of, dialled, look_up, pipes};

fn poll(run: &mut Run<'_, Virtual>) -> Poll<Result<Arc<Answer>, Error>> {
    run.poll(&mut Context::from_waker(Waker::noop()))
}

fn chunk(body: &mut Body<Virtual>) -> Poll<Result<Option<Bytes>, Error>> {
    body.poll_chunk(&mut Context::from_waker(Waker::noop()))
}

fn run(agent: &Agent<Virtual>, request: Request<Feed>) -> Run<'_, Virtual> {
    let (parts, given) = request.into_parts().unwrap();
    Run::new(agent, parts, given, world::Ticks::new())
}

fn answered(mut run: Run<'_, Virtual>) -> (Received, Body<Virtual>) {
    let Poll::Ready(Ok(answer)) = poll(&mut run) else { panic!("no response") };
    run.deliver(answer).unwrap()
}

/// Sends this on a new connection, which answers so.
fn asked(mut run: Run<'_, Virtual>, answer: &str) -> (Received, Body<Virtual>, Pipe) {
    assert!(poll(&mut run).is_pending());
    look_up();
    assert!(poll(&mut run).is_pending());
    dialled();
    assert!(poll(&mut run).is_pending());
    let pipe = pipes().pop().unwrap();
    pipe.say(answer);
    let (received, body) = answered(run);
    (received, body, pipe)
}

#[test]
fn a_connection_that_comes_back_while_a_name_is_looked_up_serves_the_waiter() {
    let agent = agent();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let (_, mut body, pipe) = asked(run(&agent, Request::get("http://a.test/1")), head);
    let mut second = run(&agent, Request::get("http://a.test/2"));
    assert!(poll(&mut second).is_pending());
    pipe.say("ok");
    assert_eq!(chunk(&mut body).map(Result::unwrap), Poll::Ready(Some("ok".into())));
    assert_eq!(chunk(&mut body).map(Result::unwrap), Poll::Ready(None));
    assert!(poll(&mut second).is_pending());
    assert!(pipe.heard().contains("GET /2 HTTP/1.1\r\n"));
    pipe.say("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(answered(second).0.status().code(), 204);
    assert_eq!((pipes().len(), agent.pool().idle()), (1, 1));
}

#[test]
fn an_upload_goes_on_beside_its_response_while_its_source_waits() {
    let agent = agent();
    let feed = Feed::default();
    let request = Request::post("http://a.test/").stream(feed.clone(), None);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (_, mut body, pipe) = asked(run(&agent, request), head);
    assert_eq!(chunk(&mut body).map(Result::unwrap), Poll::Ready(Some("ok".into())));
    assert!(chunk(&mut body).is_pending(), "the request is not whole");
    feed.give("piece");
    assert!(chunk(&mut body).is_pending());
    assert!(pipe.heard().ends_with("\r\n5\r\npiece\r\n"));
    advance(Duration::from_secs(3600));
    assert!(chunk(&mut body).is_pending(), "a source may take its time");
    feed.end();
    assert_eq!(chunk(&mut body).map(Result::unwrap), Poll::Ready(None));
    assert!(pipe.heard().ends_with("\r\n0\r\n\r\n"));
    assert_eq!(agent.pool().idle(), 1);
}

#[test]
fn a_refusal_and_one_who_drops_the_response_end_an_upload() {
    let agent = agent();
    for refused in [true, false] {
        let feed = Feed::default();
        let request = Request::post("http://a.test/").stream(feed.clone(), None);
        let head = if refused {
            "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno"
        };
        let (_, mut body, pipe) = asked(run(&agent, request), head);
        assert_eq!(chunk(&mut body).map(Result::unwrap), Poll::Ready(Some("no".into())));
        feed.give("more");
        if refused {
            assert_eq!(chunk(&mut body).map(Result::unwrap), Poll::Ready(None));
        }
        drop(body);
        assert!(!pipe.heard().contains("more"), "{refused}");
        assert_eq!((agent.pool().idle(), feed.left()), (0, 1), "{refused}");
    }
}

#[test]
fn a_body_whose_first_connection_was_lost_unread_goes_out_on_the_next() {
    let agent = agent();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (_, mut body, first) = asked(run(&agent, Request::get("http://a.test/")), head);
    while let Poll::Ready(Ok(Some(_))) = chunk(&mut body) {}
    first.refuse_writes();
    let feed = Feed::default();
    feed.give("whole");
    feed.end();
    let request = Request::put("http://a.test/").stream(feed.clone(), None);
    let mut run = run(&agent, request.header("Expect", "100-continue"));
    assert!(poll(&mut run).is_pending());
    look_up();
    assert!(poll(&mut run).is_pending());
    dialled();
    assert!(poll(&mut run).is_pending());
    let second = pipes().pop().unwrap();
    second.say("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(poll(&mut run).is_pending());
    assert_eq!((pipes().len(), feed.left()), (2, 0));
    second.say(head);
    assert_eq!(answered(run).0.status().code(), 200);
    assert!(second.heard().contains("\r\n5\r\nwhole\r\n0\r\n\r\n"));
}

#[test]
fn a_name_that_is_not_found_in_time_and_a_dial_that_hangs_are_late() {
    let agent = agent();
    for looked_up in [false, true] {
        let mut run = run(&agent, Request::get("http://a.test/"));
        assert!(poll(&mut run).is_pending());
        if looked_up {
            look_up();
            assert!(poll(&mut run).is_pending());
        }
        let until = run.until().expect("there is a limit");
        advance(until.since(world::now().mono));
        let Poll::Ready(Err(error)) = poll(&mut run) else { panic!("it waits on") };
        assert!(error.is_timeout(), "{error}");
    }
}

#[test]
fn a_raw_stream_that_is_closed_says_so_at_once() {
    let agent = agent();
    let request = Request::get("http://a.test/").header("Connection", "upgrade");
    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    let (_, body, pipe) = asked(run(&agent, request.header("Upgrade", "echo")), head);
    let (mut raw, cx) = (body.into_raw().unwrap(), &mut Context::from_waker(Waker::noop()));
    assert_eq!(raw.poll_write(b"hello", cx).map(Result::unwrap), Poll::Ready(5));
    assert!(pipe.heard().ends_with("\r\n\r\nhello") && !pipe.is_shut());
    assert!(raw.poll_close(cx).is_ready() && pipe.is_shut());
    pipe.say("bye");
    let mut room = [0; 8];
    assert_eq!(raw.poll_read(&mut room, cx).map(Result::unwrap), Poll::Ready(3));
    assert!(raw.poll_read(&mut room, cx).is_pending());
}

#[test]
fn an_end_behind_the_last_word_of_a_proxy_is_the_reason_of_a_failure() {
    let agent = agent_of(Settings::new().proxy("socks5h://proxy.test").unwrap());
    let mut run = run(&agent, Request::get("http://a.test/"));
    assert!(poll(&mut run).is_pending());
    look_up();
    assert!(poll(&mut run).is_pending());
    dialled();
    assert!(poll(&mut run).is_pending());
    let pipe = pipes().pop().unwrap();
    pipe.say("\x05\0");
    assert!(poll(&mut run).is_pending());
    pipe.say("\x05\0\0\x01\0\0\0\0\0\0");
    pipe.end();
    let Poll::Ready(Err(error)) = poll(&mut run) else { panic!("it goes on") };
    assert!(matches!(error.cause(), Cause::Closed(_)), "{error:?}");
    assert_eq!(error.phase(), Some(Phase::Tunnel));
}
