//! purlin-smol, end to end: the knobs and hooks of a server, and what it listens on.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/server.rs"]
mod both;

use kit::LONG;
use kit::peer::Peer;
use purlin_smol::Server;
use std::sync::mpsc;

#[test]
fn what_runs_at_the_end_runs_when_the_server_is_dropped() {
    let (tell, told) = mpsc::channel();
    let server = Server::new(on::hello).on_shutdown(move || tell.send(()).unwrap());
    let bound = smol::block_on(server.bind("127.0.0.1:0")).unwrap();
    let mut peer = Peer::new(bound.local_addr());
    let serving = smol::spawn(bound.serve());
    peer.send(kit::GET);
    assert_eq!(peer.response(), (200, "hello".into()));
    drop(serving);
    told.recv_timeout(LONG).unwrap();
}
