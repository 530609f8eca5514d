//! purlin-smol serving HTTP/2, end to end: our own client's machine on loopback.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/two.rs"]
mod both;
#[path = "kit/two.rs"]
mod two;
