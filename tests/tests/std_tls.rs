//! purlin-std, end to end: TLS.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/tls.rs"]
mod both;
#[path = "kit/secure.rs"]
mod secure;
