//! The server's side of a connection.
//! Today that is HTTP/1; the name stays when HTTP/2 joins it.

pub use crate::config::ServerConfig as Config;
pub use crate::h1::server::Connection;
