//! HTTP/1.0 and HTTP/1.1 (RFC 9112).
//! The machines are in `server` and `client`; what they decide stands in the small modules beside them.

pub mod client;
pub(crate) mod control;
pub(crate) mod decide;
mod inbound;
mod notices;
mod outbound;
pub(crate) mod protocols;
pub(crate) mod request;
pub(crate) mod response;
pub mod server;
#[doc(hidden)] // for the diagrams in docs/
pub mod states;
mod write;
