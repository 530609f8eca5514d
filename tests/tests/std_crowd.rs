//! purlin-std, end to end: a crowd of connections that have nothing to do.
//! A process of its own, so that no other test's threads are counted.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "these are tests"
)]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;

use kit::child::{self, Again};
use kit::peer::Peer;
use kit::{GET, LONG};
use on::{Site, hello};
use purlin_std::Server;
use std::process::Stdio;

const MANY: usize = 10_000;

/// The threads of a process, where the system tells.
fn threads(process: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{process}/task")).ok()?.count())
}

/// The server's half, until it is killed.
fn serve() -> ! {
    let server = Server::new(hello).connections(MANY + 100);
    let site = Site::start(server.idle_timeout(60 * LONG));
    println!("address {}", site.address);
    loop {
        std::thread::sleep(LONG);
    }
}

#[test]
fn ten_thousand_idle_connections_cost_no_threads_and_are_served_after() {
    if child::is_child() {
        serve();
    }
    let name = "ten_thousand_idle_connections_cost_no_threads_and_are_served_after";
    // The other ends of the connections are in the child.
    let spare = 200;
    if let Some(most) = purlin_net::raise_descriptor_limit() {
        if most < (MANY + spare) as u64 {
            eprintln!("SKIPPED {name}: {most} descriptors are too few");
            return;
        }
    }
    let mut child = Again::start(name, "", Stdio::null(), Stdio::inherit());
    let address = child.address();
    let Some(before) = threads(child.id()) else {
        eprintln!("SKIPPED {name}: this system does not tell which threads a process has");
        return;
    };
    let mut peers: Vec<_> = (0..MANY).map(|_| Peer::new(address)).collect();
    for _ in 0..2 {
        for peer in &mut peers {
            peer.send(GET);
            assert_eq!(peer.response(), (200, "hello".into()));
        }
        let more = threads(child.id()).unwrap().saturating_sub(before);
        assert!(more < 64, "{more} threads more");
    }
    // All at once, too.
    peers.iter_mut().for_each(|peer| peer.send(GET));
    peers.iter_mut().for_each(|peer| assert_eq!(peer.response(), (200, "hello".into())));
}
