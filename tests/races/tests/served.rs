//! A connection that is served, its driver on one thread and a handler on another.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use bytes::Bytes;
use purlin_core::server::{Config, Connection};
use purlin_core::{Eof, Event, Machine, Mono, Now};
use purlin_races::served::{Heard, Reader, Served, Stop, obey};
use shuttle::future::block_on;
use shuttle::{check_pct, check_random, thread};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

const NOW: Now = Now::at(Mono::from_secs(1), 784_111_777);
const TRIES: usize = 1000;
const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The whole body comes.
    Whole,
    /// It is lost before.
    Lost,
}

/// The driver's part: gives bytes, tells events, and takes the output until the response is
/// out; waits to be told of commands in between.
fn drive(served: &Served, ends: Ends, wakes: bool) -> Vec<u8> {
    let mut rest: Vec<&[u8]> = match ends {
        Ends::Whole => vec![b"def", b"abc"],
        Ends::Lost => vec![b"abc"],
    };
    let mut out = Vec::new();
    block_on(poll_fn(|cx| {
        let mut state = served.lock();
        if wakes {
            state.driver = Some(cx.waker().clone());
        }
        let lost = rest.is_empty() && ends == Ends::Lost;
        match rest.pop() {
            Some(piece) => assert_eq!(state.machine.receive(piece, NOW), piece.len()),
            None if lost => state.machine.eof(Eof::Reset, NOW),
            None => {}
        }
        let told = |_| panic!("nobody panics");
        let mut heard = Heard::default();
        state = obey(&told, served, state, Waker::noop(), &mut heard, NOW);
        state.machine.transmit(&mut out, 64, NOW);
        state = obey(&told, served, state, Waker::noop(), &mut heard, NOW);
        let writes = state.machine.want().write;
        drop(state);
        if lost || (out.ends_with(b"abcdef") && !writes) {
            return Poll::Ready(());
        }
        if writes || !rest.is_empty() || ends == Ends::Lost {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }));
    out
}

/// The handler's part: reads all of the body, then writes it and waits until it is out.
fn handle(served: &Arc<Served>, mut reader: Reader, id: u64) -> bool {
    let mut body = Vec::new();
    loop {
        match block_on(poll_fn(|cx| reader.poll_chunk(cx, NOW))) {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break,
            Err(_) => return false,
        }
    }
    let mut writer = served.lock().writer(served, id);
    for piece in body.chunks(2) {
        let mut piece = Bytes::copy_from_slice(piece);
        if block_on(poll_fn(|cx| writer.poll_write_bytes(cx, &mut piece, NOW))).is_err() {
            return false;
        }
    }
    let ended = block_on(poll_fn(|cx| writer.poll_end(cx, NOW)));
    ended.is_ok() && body == b"abcdef"
}

fn play(ends: Ends, wakes: bool) {
    let served = Served::over(Connection::new(Arc::new(Config::default()), NOW), NOW);
    let (id, length) = {
        let mut state = served.lock();
        assert_eq!(state.machine.receive(HEAD.as_bytes(), NOW), HEAD.len());
        let Some(Event::Request { id, head, body, .. }) = state.machine.poll_event(NOW) else {
            panic!("no request");
        };
        state.begin(id, head.method());
        (id, body)
    };
    let reader = Reader::new(served.clone(), id, length);
    let cancelled = reader.cancelled();
    let waits = thread::spawn(move || block_on(cancelled));
    let its = served.clone();
    let handler = thread::spawn(move || handle(&its, reader, id));
    let out = drive(&served, ends, wakes);
    assert_eq!(handler.join().unwrap(), ends == Ends::Whole);
    assert_eq!(out.starts_with(b"HTTP/1.1 200 OK\r\n"), ends == Ends::Whole);
    // Whoever waits for the peer to go is told at the end.
    let mut state = served.lock();
    state.machine.eof(Eof::Reset, NOW);
    let told = |_| panic!("nobody panics");
    drop(obey(&told, &served, state, Waker::noop(), &mut Heard::default(), NOW));
    served.stop(Stop::Cut);
    waits.join().unwrap();
}

#[test]
fn a_body_and_its_answer_pass_between_driver_and_handler() {
    for ends in [Ends::Whole, Ends::Lost] {
        check_random(move || play(ends, true), TRIES);
        check_pct(move || play(ends, true), TRIES, 3);
    }
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_driver_that_is_not_woken_is_found() {
    check_random(|| play(Ends::Whole, false), TRIES);
}
