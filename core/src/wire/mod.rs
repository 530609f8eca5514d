//! Bytes of the wire, below every message: finding them, and the classes of the grammar.
//! Holds no state, and no rule about a message.

mod find;
pub(crate) mod token;

pub(crate) use find::{find_byte, find_lf};
