//! The other side, written a second time: plain parsers that share no code with the core.
//! They look at whole inputs; they keep no state between calls.

mod chunks;
pub mod request;
pub mod response;
