//! purlin-smol's client, end to end: real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/client.rs"]
mod both;
