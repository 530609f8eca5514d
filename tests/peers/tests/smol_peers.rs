//! purlin-smol's server, end to end: against clients of others.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

#[path = "../../tests/kit/mod.rs"]
mod kit;
#[macro_use]
#[path = "../../tests/kit/smol.rs"]
mod on;
#[path = "both/mod.rs"]
mod peers;
#[path = "../../tests/kit/secure.rs"]
mod secure;
