//! purlin-std, end to end: how a server stops, gracefully and at once.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/stop.rs"]
mod both;

use kit::peer::Peer;
use kit::{GET, LONG};
use on::Site;
use purlin_std::{Request, Server, full_duplex, streaming};
use std::sync::mpsc;
use std::time::Duration;

const UPLOAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";

#[test]
fn after_the_deadline_what_is_left_is_cut() {
    let site = Site::start(Server::new(full_duplex(streaming(|_, mut writer| {
        // Until it is cut off.
        while writer.write_all(&[b'x'; 10_000]).is_ok() && writer.flush().is_ok() {}
    }))));
    let ask = |text: &str| {
        let mut peer = site.connect();
        peer.send(text);
        peer.head();
        peer
    };
    let peers = [ask(GET), ask(UPLOAD)];
    assert_eq!(site.shutdown_within(Duration::from_millis(100)), 2);
    site.served().unwrap().unwrap();
    for mut peer in peers {
        assert!(!peer.rest().ends_with(b"0\r\n\r\n"));
    }
}

#[test]
fn a_close_ends_a_handler_that_reads() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(Server::new(full_duplex(move |mut request: Request| {
        tell.send(None).unwrap();
        let error = request.body_mut().text().unwrap_err();
        tell.send(Some(error)).unwrap();
    })));
    let mut peer = site.connect();
    peer.send(UPLOAD);
    peer.send("abc");
    assert!(told.recv_timeout(LONG).unwrap().is_none());
    site.handle().close();
    assert!(told.recv_timeout(LONG).unwrap().is_some());
    assert!(peer.try_response().is_none());
    site.served().unwrap().unwrap();
}

#[test]
fn a_writer_that_is_never_finished_does_not_outlive_the_server() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(Server::new(streaming(move |_, writer| {
        std::mem::forget(writer);
        tell.send(()).unwrap();
    })));
    let mut peer: Peer = site.connect();
    peer.send(GET);
    told.recv_timeout(LONG).unwrap();
    assert_eq!(site.shutdown_within(Duration::from_millis(50)), 1);
    site.served().unwrap().unwrap();
    assert!(peer.try_response().is_none());
}
