//! purlin-std's client, end to end: real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/client.rs"]
mod both;
