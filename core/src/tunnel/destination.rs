//! Where a tunnel leads, and through which proxy.
//! Whether the proxy makes it, its answer says.

use crate::head::Fields;
use crate::policy::proxy::{Kind, Proxy};
use std::fmt;
use std::time::Duration;

/// Where a tunnel leads, and through which proxy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Destination<'a> {
    /// The proxy. User and password in its URL are told it, and nobody else.
    pub proxy: &'a Proxy,
    /// The host at the far end, an IPv6 address without brackets. A name is
    /// looked up by the proxy. A zone means nothing to it and is left out.
    pub host: &'a str,
    /// The port at the far end.
    pub port: u16,
    /// Fields for CONNECT beside Host and Proxy-Authorization. SOCKS5 has none.
    pub fields: Fields,
    /// How long all of it may take; 30 s unless changed.
    pub timeout: Duration,
}

impl<'a> Destination<'a> {
    /// This host and port, through a proxy.
    pub fn new(proxy: &'a Proxy, host: &'a str, port: u16) -> Destination<'a> {
        Destination { proxy, host, port, fields: Fields::new(), timeout: Duration::from_secs(30) }
    }

    pub(super) fn is_socks(&self) -> bool {
        matches!(self.proxy.kind, Kind::Socks5 | Kind::Socks5h)
    }

    /// The host without a zone.
    pub(super) fn bare_host(&self) -> &'a str {
        self.host.split('%').next().unwrap_or_default()
    }
}

/// Why a destination cannot be told to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DestinationError {
    /// The host is empty, longer than SOCKS5 can say (255 bytes), or none.
    Host,
    /// The user or the password is longer than SOCKS5 can say: 255 bytes (RFC 1929 §2).
    Credentials,
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DestinationError::Host => "the host cannot be told to the proxy",
            DestinationError::Credentials => {
                "SOCKS5 takes a user and a password of at most 255 bytes"
            }
        })
    }
}

impl std::error::Error for DestinationError {}
