//! purlin-std, end to end: the knobs and hooks of a server, and what it listens on.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/server.rs"]
mod both;
