//! purlin-smol, end to end: TLS.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/tls.rs"]
mod both;
#[path = "kit/secure.rs"]
mod secure;
