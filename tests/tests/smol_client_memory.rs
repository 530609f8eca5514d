//! purlin-smol's client, end to end: 1 GiB each way.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/client_memory.rs"]
mod both;
