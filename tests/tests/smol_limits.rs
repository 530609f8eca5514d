//! purlin-smol, end to end: caps, timeouts, rates, and what happens at them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/limits.rs"]
mod both;
#[path = "both/budget.rs"]
mod budget;
#[path = "both/late.rs"]
mod late;
