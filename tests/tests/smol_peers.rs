//! purlin-smol's server, end to end: against clients of others.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/peers/mod.rs"]
mod peers;
#[path = "kit/secure.rs"]
mod secure;
