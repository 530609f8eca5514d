//! purlin-smol, end to end: how a server stops, gracefully and at once.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/stop.rs"]
mod both;
