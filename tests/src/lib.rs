//! Proof: what the crates of Purlin are held against.
//!
//! Nothing here is shipped, and nothing here shares code with what it checks:
//! the parsers in `peer` are written a second time, plainly, from the RFCs.

pub mod answers;
pub mod asking;
pub mod assumed;
pub mod cargo;
pub mod chaos;
pub mod client_world;
pub mod peer;
pub mod rng;
pub mod sim;
pub mod tls;
pub mod traffic;
pub mod tunnel;
pub mod vectors;
pub mod virtual_client;

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
