//! purlin-smol, end to end: the observers that write to `log` and `tracing`.
//! A process of its own, since both keep their receiver for good.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/log.rs"]
mod both;
