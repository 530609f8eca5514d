//! purlin-std's client, end to end: HTTP/2 inside TLS.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/client_two.rs"]
mod both;
#[path = "kit/secure.rs"]
mod secure;
