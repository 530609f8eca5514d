//! What TLS is held against: certificates made on the spot, a machine that
//! carries raw bytes, and two machines with a wire between them.
//! Asserts nothing; the tests and the fuzz target do.

pub mod certs;
mod fuzz;
mod pair;
mod raw;

pub use fuzz::run as fuzz;
pub use pair::{End, Pair};
pub use raw::Raw;
