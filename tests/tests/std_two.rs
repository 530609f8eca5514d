//! purlin-std serving HTTP/2, end to end: our own client's machine on loopback.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/two.rs"]
mod both;
#[path = "kit/two.rs"]
mod two;

use kit::GET;
use on::Site;
use purlin_core::config::Protocols;
use purlin_core::{Body, Method};
use purlin_std::{Request, Result, Server, full_duplex};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use two::Two;

#[test]
fn uploads_that_keep_every_worker_still_come() {
    const SIZE: usize = 200_000;
    let count = |mut request: Request| -> Result<String> {
        let mut bytes = 0;
        while let Some(piece) = request.body_mut().chunk()? {
            bytes += piece.len();
        }
        Ok(bytes.to_string())
    };
    let site = Site::start(Server::new(full_duplex(count)).workers(2).protocols(Protocols::Both));
    let mut two = Two::connect(site.address);
    let all: Vec<_> =
        (0..100).map(|_| two.ask(Method::POST, "/", Body::Length(SIZE as u64))).collect();
    // Every worker is kept by a body of which nothing has come.
    std::thread::sleep(Duration::from_millis(50));
    let mut left = vec![SIZE; all.len()];
    while left.iter().any(|left| *left > 0) {
        for (id, left) in all.iter().zip(&mut left).rev().filter(|(_, left)| **left > 0) {
            *left -= two.give(*id, &vec![b'y'; (*left).min(20_000)]);
        }
        two.turn();
    }
    for id in all {
        assert_eq!(two.answer(id), (200, SIZE.to_string()));
    }
}

#[test]
fn handlers_that_run_for_requests_given_up_count_among_those_at_once() {
    let (open, gate) = smol::channel::unbounded::<()>();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (its, highest) = (running.clone(), most.clone());
    let handler = move |_: Request| {
        highest.fetch_max(its.fetch_add(1, SeqCst) + 1, SeqCst);
        on::pass(&gate);
        its.fetch_sub(1, SeqCst);
        "hello"
    };
    let site = Site::start(Server::new(handler).protocols(Protocols::Both));
    let mut two = Two::connect(site.address);
    // As many as are forgiven within a second.
    for _ in 0..3 {
        for _ in 0..60 {
            let id = two.get("/");
            two.reset(id);
        }
        two.turn();
    }
    kit::until(|| running.load(SeqCst) > 0);
    std::thread::sleep(Duration::from_millis(100));
    assert!(most.load(SeqCst) <= 100, "{most:?}");
    drop(open);
    kit::until(|| running.load(SeqCst) == 0);
}

#[test]
fn idle_connections_hold_no_thread() {
    let server = Server::new(|_: Request| "hello").workers(2).protocols(Protocols::Both);
    let site = Site::start(server);
    let mut idle: Vec<_> = (0..20).map(|_| Two::connect(site.address)).collect();
    for two in &mut idle {
        let id = two.get("/");
        assert_eq!(two.answer(id), (200, "hello".into()));
    }
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response(), (200, "hello".into()));
    for two in &mut idle {
        let id = two.get("/");
        assert_eq!(two.answer(id), (200, "hello".into()));
    }
}
