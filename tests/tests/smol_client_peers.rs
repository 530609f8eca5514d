//! purlin-smol's client, end to end: against servers of others.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/client_peers.rs"]
mod both;
#[path = "kit/secure.rs"]
mod secure;
