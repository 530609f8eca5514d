//! purlin-std, end to end: what a writer and a response that is a value become on the wire.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/responses.rs"]
mod both;
