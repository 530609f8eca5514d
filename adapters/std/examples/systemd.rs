//! Sockets that somebody else opened: systemd's socket activation, or an address of one's own.
//!
//! Run `cargo run -p purlin-std --example std_systemd -- [ADDR]` (default 127.0.0.1:8080): nobody
//! passes any socket on, so it listens on that address. With
//! `systemd-socket-activate -l 8080 target/debug/examples/std_systemd` the first
//! `curl http://127.0.0.1:8080/` starts it, and is answered. It prints what it listens on.

use purlin_std::{Request, Result, Server, inherited};

/// Says where a request came from and arrived.
fn whereabouts(request: Request) -> String {
    match request.peer() {
        Some(peer) => format!("from {} to {}\n", peer.remote, peer.local),
        None => "from nowhere\n".into(),
    }
}

fn main() -> Result {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let server = Server::new(whereabouts);
    let sockets = inherited()?;
    let bound = match sockets.is_empty() {
        true => server.bind(address)?,
        false => server.with_listeners(sockets),
    };
    for address in bound.addresses() {
        println!("listening on http://{address}/");
    }
    bound.serve()
}
