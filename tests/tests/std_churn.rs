//! purlin-std, end to end: clients that go at the worst moment and handlers
//! that panic, by the thousand, in flat memory and descriptors.
//! A process of its own, so that nothing else is counted.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/churn.rs"]
mod both;
