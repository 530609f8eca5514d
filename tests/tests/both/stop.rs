//! How a server stops, gracefully and at once, on either adapter.

use crate::kit::peer::Peer;
use crate::kit::told::observer;
use crate::kit::{GET, LONG, until};
use crate::on::{Site, hello, pass, pause, purlin, settle};
use purlin::{Request, Server};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

#[test]
fn a_new_connection_may_still_ask_once_a_graceful_stop_began() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
    let mut peer = site.connect();
    told.expect(&["New"]);
    // Nobody listens any more, so the stop has reached the connections.
    let stopping = site.stopping();
    peer.send(GET);
    let head = peer.head();
    assert!(head.contains("Connection: close\r\n"), "{head}");
    assert_eq!(peer.rest(), b"hello");
    drop(peer);
    assert_eq!(stopping.cut(), 0);
}

#[test]
fn a_new_connection_that_does_not_ask_is_not_waited_for_to_the_end() {
    let site = Site::start(Server::new(hello));
    let mut peer = site.connect();
    assert_eq!(site.shutdown(), 0);
    assert!(peer.rest().is_empty());
}

#[test]
fn a_server_that_has_nothing_to_do_stops_without_waiting_for_its_deadline() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
    drop(site.connect());
    told.until("Closed");
    // Until every thread sleeps.
    settle();
    let begun = Instant::now();
    assert_eq!(site.shutdown(), 0);
    assert!(begun.elapsed() < LONG / 2);
}

#[test]
fn an_idle_connection_closes_and_a_request_in_progress_is_answered() {
    let (begin, begun) = mpsc::channel();
    let (go, gone) = smol::channel::bounded::<()>(1);
    let site = Site::start(Server::new(handler!(|request: Request| {
        if request.path() == "/wait" {
            begin.send(()).unwrap();
            wait!(pass(&gone));
        }
        "hello"
    })));
    let (mut idle, mut busy) = (site.connect(), site.connect());
    idle.send(GET);
    assert_eq!(idle.response().0, 200);
    busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    begun.recv_timeout(LONG).unwrap();
    let stopping = site.stop();
    assert!(idle.rest().is_empty());
    go.send_blocking(()).unwrap();
    let head = busy.head();
    assert!(head.contains("Connection: close\r\n"), "{head}");
    assert_eq!(busy.rest(), b"hello");
    drop(busy);
    assert_eq!(stopping.cut(), 0);
}

#[test]
fn a_half_of_a_head_may_still_become_a_request() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
    let mut peer = site.connect();
    peer.send(&GET[..10]);
    told.expect(&["New", "Active"]);
    let stopping = site.stopping();
    peer.send(&GET[10..]);
    assert_eq!(peer.response(), (200, "hello".into()));
    drop(peer);
    assert_eq!(stopping.cut(), 0);
}

#[test]
fn an_upload_in_progress_is_read_to_its_end() {
    let (tells, told) = observer();
    let echo = handler!(|mut request: Request| wait!(request.body_mut().text()));
    let site = Site::start(Server::new(echo).observe(tells));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    told.expect(&["New", "Active"]);
    let stopping = site.stopping();
    peer.send("def");
    assert_eq!(peer.response(), (200, "abcdef".into()));
    drop(peer);
    assert_eq!(stopping.cut(), 0);
}

/// Clients that ask on one connection, and clients that connect for each
/// request, as fast as they can while the server ends: what reached a handler
/// is answered whole, and what was accepted reaches a handler.
#[test]
fn under_load_every_request_that_was_accepted_is_answered() {
    let (tells, told) = observer();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let server = Server::new(handler!(|_: Request| {
        count.fetch_add(1, SeqCst);
        wait!(pause(Duration::ZERO));
        "done"
    }));
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
    until(|| begun.load(SeqCst) >= 2000);
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
    let (go, gone) = smol::channel::bounded::<()>(1);
    let site = Site::start(Server::new(handler!(|_: Request| {
        begin.send(()).unwrap();
        // The test lets it go at the end.
        let _ = gone.recv_blocking();
        "late"
    })));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv_timeout(LONG).unwrap();
    site.handle().close();
    site.served().unwrap().unwrap();
    drop(go);
    assert!(peer.try_response().is_none());
}

#[test]
fn a_close_cuts_off_a_graceful_stop() {
    let (begin, begun) = mpsc::channel();
    let (_go, gone) = smol::channel::bounded::<()>(1);
    let site = Site::start(Server::new(handler!(|_: Request| {
        begin.send(()).unwrap();
        wait!(pass(&gone));
        "late"
    })));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv_timeout(LONG).unwrap();
    let stopping = site.stopping();
    site.handle().close();
    assert_eq!(stopping.cut(), 1);
    assert!(peer.try_response().is_none());
}
