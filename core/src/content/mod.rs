//! What content is, told from its bytes.
//! Holds pure functions; who asks, and what is done with the answer, is elsewhere.

mod sniff;

pub use sniff::{SNIFF_LEN, sniff};
