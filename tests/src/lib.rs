//! Proof: what the crates of Purlin are held against.
//!
//! Nothing here is shipped, and nothing here shares code with what it checks:
//! the parsers in `peer` are written a second time, plainly, from the RFCs.
//!
//! The simulated worlds and the vectors, which are most of it, are behind the feature
//! `worlds`, which is on by default: fuzz targets are built without them.

pub mod answers;
pub mod asking;
pub mod assumed;
pub mod cargo;
pub mod chaos;
#[cfg(feature = "worlds")]
pub mod client_world;
#[cfg(feature = "worlds")]
pub mod h2_world;
pub mod peer;
pub mod rng;
#[cfg(feature = "worlds")]
pub mod sim;
pub mod tls;
pub mod traffic;
pub mod tunnel;
#[cfg(feature = "worlds")]
pub mod vectors;
#[cfg(feature = "worlds")]
pub mod virtual_client;

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
