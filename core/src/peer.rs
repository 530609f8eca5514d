//! Both ends of a connection, as observers and handlers know them.
//! Holds addresses; opens and resolves nothing.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// A Unix socket; its path, if it has one.
    Unix(Option<PathBuf>),
    /// No socket at all: a test's connection in memory.
    Memory,
}

impl Address {
    /// The IP address and port, if it has them.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Address::Tcp(address) => Some(*address),
            _ => None,
        }
    }
}

/// `127.0.0.1:8080`, `unix:/run/app.sock`, or `memory`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Address::Unix(None) => f.write_str("unix:"),
            Address::Memory => f.write_str("memory"),
        }
    }
}

/// A connection, as observers and handlers know it.
///
/// It stays these three: what else is known of a connection is in its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Counts the server's connections from 1.
    pub number: u64,
    /// The peer's end.
    pub remote: Address,
    /// The server's end.
    pub local: Address,
}

impl Peer {
    /// The connection of this number, between these two ends.
    pub const fn new(number: u64, remote: Address, local: Address) -> Peer {
        Peer { number, remote, local }
    }
}
