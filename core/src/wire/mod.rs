//! Bytes of the wire, below every message: finding them, the classes of the grammar, hosts and ports.
//! Holds no state, and no rule about a message.

mod authority;
mod decimal;
mod find;
mod length;
pub(crate) mod token;
pub(crate) mod uri;

pub(crate) use authority::Authority;
pub(crate) use decimal::decimal;
pub(crate) use find::{find_byte, find_control, find_lf};
pub(crate) use length::{host_length, is_plain, token_length};
