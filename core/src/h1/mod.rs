//! HTTP/1.0 and HTTP/1.1 (RFC 9112).
//! The machines are in `server`; what they decide stands in the small modules beside them.

pub(crate) mod decide;
pub(crate) mod lines;
pub(crate) mod request;
pub mod server;
pub mod states;
mod write;
