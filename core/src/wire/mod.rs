//! Bytes of the wire, below every message: finding them, the classes of the grammar, hosts and ports.
//! Holds no state, and no rule about a message.

mod authority;
mod find;
pub(crate) mod token;
pub(crate) mod uri;

pub(crate) use authority::Authority;
pub(crate) use find::{find_byte, find_control, find_lf};
