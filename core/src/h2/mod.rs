//! HTTP/2 (RFC 9113), as far as it is built: what its machine will be made of.
//! Nothing of it is used by a connection yet, and nothing of it is public.
//!
//! | module | holds |
//! |---|---|
//! | [`frame`] | single frames: read, checked for their form, written |
//! | [`hpack`] | fields as octets, and back |
//! | [`errors`] | what a peer can break, whom it ends, and by which code |

pub mod errors;
pub mod frame;
pub mod hpack;
