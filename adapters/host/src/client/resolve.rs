//! Names to addresses: the system's way, or one's own.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

/// Finds the addresses of a name. It may take its time: it is called on a
/// thread of its own, and given up when the time for it has passed.
///
/// ```
/// use purlin_host::client::Resolver;
/// let pinned = Resolver::new(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
/// assert_eq!(pinned.resolve("example.test", 80).unwrap()[0].to_string(), "127.0.0.1:80");
/// ```
#[derive(Clone)]
pub struct Resolver(Option<Arc<ResolveFn>>);

type ResolveFn = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

impl Resolver {
    /// The system's (`getaddrinfo`).
    pub const fn system() -> Resolver {
        Resolver(None)
    }

    /// This function: a host and a port give addresses, the best first.
    pub fn new(
        resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Resolver {
        Resolver(Some(Arc::new(resolve)))
    }

    /// The address, if the host is one and nobody else is to be asked.
    pub fn literal(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let address: IpAddr = host.parse().ok().filter(|_| self.0.is_none())?;
        Some(SocketAddr::new(address, port))
    }

    /// The addresses.
    ///
    /// # Errors
    /// Whatever the look-up says; and `NotFound` if it gives no address.
    pub fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = match &self.0 {
            Some(resolve) => resolve(host, port)?,
            None => (host, port).to_socket_addrs()?.collect(),
        };
        if found.is_empty() {
            let text = format!("the name {host:?} has no address");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(found)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Resolver(own)" } else { "Resolver(system)" })
    }
}
