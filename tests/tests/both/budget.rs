//! What connections hold together beyond their shares, on either adapter: those who take
//! nothing take it from each other, and a share is enough for any message.

use crate::kit::peer::Peer;
use crate::kit::until;
use crate::on::{Site, purlin};
use purlin::{Bytes, Request, ResponseWriter, Result, Server, in_memory, streaming};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const KIB: usize = 1024;
const ATTACKERS: usize = 12;
/// What an attacker takes before it stops: its queue has grown by then.
const TAKEN: usize = 4096 * KIB;
/// What is granted to each beyond its share where there is a budget, and seen of it.
const GROWN: usize = 64 * KIB;

/// Clients that take a part of a large response and then no more; what was written for all of them.
fn attack(budget: usize, look: impl FnOnce(&dyn Fn() -> Peer, &dyn Fn() -> usize)) {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    let handler = streaming(handler!(|request: Request, mut writer: ResponseWriter| {
        if request.path() == "/healthy" {
            wait!(writer.write_bytes(Bytes::from(vec![b'h'; TAKEN])))?;
            return wait!(writer.finish());
        }
        loop {
            wait!(writer.write_bytes(Bytes::from_static(&[b'x'; 64 * KIB])))?;
            count.fetch_add(64 * KIB, SeqCst);
        }
    }));
    let (listener, dialer) = in_memory().unwrap();
    let bound = Server::new(handler).buffer_budget(budget).with_listeners([listener]);
    let _site = Site::of(bound);
    let dial = || Peer::over(dialer.connect().unwrap());
    let attackers: Vec<(usize, Peer)> = (0..ATTACKERS)
        .map(|_| {
            let mut peer = dial();
            peer.send("GET / HTTP/1.0\r\n\r\n");
            (peer.skip(TAKEN), peer)
        })
        .collect();
    let taken: usize = attackers.iter().map(|(taken, _)| taken).sum();
    look(&dial, &|| written.load(SeqCst) - taken);
    drop(attackers);
}

#[test]
fn who_takes_no_more_of_a_response_has_a_share_of_it_held_where_there_is_no_budget_left() {
    let mut shares = 0;
    attack(0, |dial, held| {
        let mut healthy = dial();
        healthy.send("GET /healthy HTTP/1.0\r\n\r\n");
        assert!(healthy.rest().ends_with(&vec![b'h'; TAKEN]), "it is served all the same");
        until(|| held() > ATTACKERS * GROWN);
        shares = held();
    });
    attack(usize::MAX, |_, held| until(|| held() > shares + ATTACKERS * GROWN));
}

#[test]
fn a_share_is_enough_for_any_message() {
    let echo = handler!(|mut request: Request| -> Result<Vec<u8>> {
        let long = request.head().fields().get("X").map_or(0, str::len);
        let mut all = wait!(request.body_mut().bytes())?.to_vec();
        let trailers = request.body().trailers().and_then(|fields| fields.get("X"));
        all.extend(format!("{long} {}", trailers.map_or(0, str::len)).bytes());
        Ok(all)
    });
    let site = Site::start(Server::new(echo).buffer_budget(0));
    let long = format!("X: {}\r\n", "x".repeat(60_000));
    let body = "b".repeat(3_000_000);
    let mut peer = site.connect();
    let mut twin = peer.twin();
    let count = 4;
    let (head, sent) = (long.clone(), body.clone());
    let sender = std::thread::spawn(move || {
        for _ in 0..count {
            twin.send(&format!(
                "POST / HTTP/1.1\r\nHost: a\r\n{head}Content-Length: {}\r\n\r\n",
                sent.len()
            ));
            twin.send(&sent);
            twin.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            twin.send(&format!("{:x}\r\n{sent}\r\n0\r\n{head}\r\n", sent.len()));
        }
    });
    for _ in 0..count {
        let (status, text) = peer.response();
        assert_eq!((status, text.strip_prefix(&body)), (200, Some("60000 0")));
        let (status, text) = peer.response();
        assert_eq!((status, text.strip_prefix(&body)), (200, Some("0 60000")));
    }
    sender.join().unwrap();
    // Requests whose answers wait to be read.
    let one =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{}", &body[..1000]);
    let mut twin = peer.twin();
    let all = one.repeat(2000);
    let sender = std::thread::spawn(move || twin.send(&all));
    for _ in 0..2000 {
        assert_eq!(peer.response().1.len(), 1003);
    }
    sender.join().unwrap();
}
