//! purlin-smol, end to end: how a server stops, gracefully and at once.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "smol_e2e/peer.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod peer;
#[path = "smol_e2e/told.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod told;

use peer::{Peer, Site};
use purlin_smol::{Request, Server};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use told::observer;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LONG: Duration = Duration::from_secs(60);

async fn hello(_: Request) -> &'static str {
    "hello"
}

#[test]
fn a_new_connection_may_still_ask_once_a_graceful_stop_began() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
    let mut peer = site.connect();
    told.expect(&["New"]);
    let stopped = site.handle().shutdown(LONG);
    // Nobody listens any more, so the stop has reached the connections.
    while TcpStream::connect(site.address).is_ok() {
        std::thread::yield_now();
    }
    peer.send(GET);
    let head = peer.head();
    assert!(head.contains("Connection: close\r\n"), "{head}");
    assert_eq!(peer.rest(), b"hello");
    drop(peer);
    assert_eq!(smol::block_on(stopped), 0);
}

#[test]
fn a_new_connection_that_does_not_ask_is_not_waited_for_to_the_end() {
    let site = Site::start(Server::new(hello));
    let mut peer = site.connect();
    assert_eq!(site.shutdown(), 0);
    assert!(peer.rest().is_empty());
}

#[test]
fn an_idle_connection_closes_and_a_request_in_progress_is_answered() {
    let (begin, begun) = mpsc::channel();
    let (go, gone) = smol::channel::bounded::<()>(1);
    let site = Site::start(Server::new(async move |request: Request| {
        if request.path() == "/wait" {
            begin.send(()).unwrap();
            gone.recv().await.unwrap();
        }
        "hello"
    }));
    let (mut idle, mut busy) = (site.connect(), site.connect());
    idle.send(GET);
    assert_eq!(idle.response().0, 200);
    busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    begun.recv().unwrap();
    let stopped = site.handle().shutdown(LONG);
    assert!(idle.rest().is_empty());
    go.send_blocking(()).unwrap();
    assert_eq!(busy.response(), (200, "hello".into()));
    drop(busy);
    assert_eq!(smol::block_on(stopped), 0);
}

#[test]
fn a_half_of_a_head_may_still_become_a_request() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
    let mut peer = site.connect();
    peer.send(&GET[..10]);
    told.expect(&["New", "Active"]);
    let stopped = site.handle().shutdown(LONG);
    while TcpStream::connect(site.address).is_ok() {
        std::thread::yield_now();
    }
    peer.send(&GET[10..]);
    assert_eq!(peer.response(), (200, "hello".into()));
    drop(peer);
    assert_eq!(smol::block_on(stopped), 0);
}

/// Clients that ask on one connection, and clients that connect for each
/// request, as fast as they can while the server ends: what reached a handler
/// is answered whole, and what was accepted reaches a handler.
#[test]
fn under_load_every_request_that_was_accepted_is_answered() {
    let (tells, told) = observer();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    let server = Server::new(async move |_: Request| {
        count.fetch_add(1, SeqCst);
        smol::future::yield_now().await;
        "done"
    });
    let site = Site::start(server.observe(tells));
    let address = site.address;
    let clients: Vec<_> = (0..16)
        .map(|number| {
            std::thread::spawn(move || {
                let mut answered = 0;
                while let Ok(socket) = TcpStream::connect(address) {
                    let mut peer = Peer::over(socket);
                    while peer.try_send(GET) && peer.try_response().is_some() {
                        answered += 1;
                        if number % 2 == 0 {
                            break;
                        }
                    }
                }
                answered
            })
        })
        .collect();
    while begun.load(SeqCst) < 2000 {
        std::thread::yield_now();
    }
    assert_eq!(site.shutdown(), 0);
    drop(site);
    let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(answered, begun.load(SeqCst));
    let lines = told.rest();
    let accepted = lines.iter().filter(|(_, line)| line == "New").count();
    let mut asked: Vec<u64> =
        lines.iter().filter(|(_, line)| line == "Active").map(|(number, _)| *number).collect();
    asked.sort_unstable();
    asked.dedup();
    // Each client sends at once where it has connected.
    assert_eq!(asked.len(), accepted);
}

#[test]
fn a_close_does_not_wait_for_a_handler_that_blocks_its_thread() {
    let (begin, begun) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let site = Site::start(Server::new(async move |_: Request| {
        begin.send(()).unwrap();
        // The test lets it go at the end.
        let _ = gone.lock().unwrap().recv();
        "late"
    }));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv().unwrap();
    site.handle().close();
    site.served().unwrap().unwrap();
    drop(go);
    assert!(peer.try_response().is_none());
}

#[test]
fn a_close_cuts_off_a_graceful_stop() {
    let (begin, begun) = mpsc::channel();
    let site = Site::start(Server::new(async move |_: Request| {
        begin.send(()).unwrap();
        std::future::pending::<&str>().await
    }));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv().unwrap();
    let stopped = site.handle().shutdown(LONG);
    site.handle().close();
    assert_eq!(smol::block_on(stopped), 1);
    assert!(peer.try_response().is_none());
}
