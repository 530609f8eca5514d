//! purlin-smol, end to end: what observers are told, in which order.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/observe.rs"]
mod both;
#[path = "both/guard.rs"]
mod guard;
