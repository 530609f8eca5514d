//! What the server was asked, as lines.

use purlin_core::{PeerError, RequestHead, Status};

use purlin_core::observe::{Exchange, Observer, Peer};

pub(crate) struct Lines;

impl Observer for Lines {
    fn fault(&self, peer: &Peer, error: &PeerError) {
        println!("{} FAULT {error}", peer.number);
    }

    fn failed(&self, peer: &Peer, message: &str) {
        println!("{} FAILED {message}", peer.number);
    }

    fn exchange(&self, peer: &Peer, exchange: &Exchange) {
        let status = exchange.status().map_or(0, Status::code);
        println!("{} {} -> {status}", peer.number, line(&exchange.head));
    }
}

fn line(head: &RequestHead) -> String {
    let mut line = format!("{} {} {}", head.method(), head.target(), head.version());
    for field in head.fields().iter() {
        let value = String::from_utf8_lossy(field.value);
        line.push_str(&format!("; {}: {value}", field.name));
    }
    line
}
