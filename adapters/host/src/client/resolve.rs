//! Names to addresses: the system's way, or one's own.

use super::lookup::{Lookup, Names};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// Finds the addresses of a name. It may take its time: it is called on a
/// thread of its own, and given up when the time for it has passed.
///
/// A name is looked up once for all who ask for it meanwhile, and 32 names at once;
/// if all of these hang, more begin one after the other, up to 60. Clones share these
/// limits.
///
/// ```
/// use purlin_host::client::Resolver;
/// let pinned = Resolver::new(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
/// assert_eq!(pinned.resolve("example.test", 80).unwrap()[0].to_string(), "127.0.0.1:80");
/// ```
#[derive(Clone)]
pub struct Resolver(Option<Arc<Names>>);

pub(super) type ResolveFn = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

impl Resolver {
    /// The system's (`getaddrinfo`).
    pub const fn system() -> Resolver {
        Resolver(None)
    }

    /// This function: a host and a port give addresses, the best first.
    pub fn new(
        resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Resolver {
        Resolver(Some(Names::new(Some(Arc::new(resolve)))))
    }

    fn names(&self) -> &Arc<Names> {
        static SYSTEM: OnceLock<Arc<Names>> = OnceLock::new();
        match &self.0 {
            Some(names) => names,
            None => SYSTEM.get_or_init(|| Names::new(None)),
        }
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
        self.names().find(host, port)
    }

    /// Begins to find the addresses, on a thread of its own; who asks for the same name
    /// meanwhile is given the same.
    pub fn look_up(&self, host: &str, port: u16) -> Lookup {
        self.names().look_up(host, port)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Resolver(own)" } else { "Resolver(system)" })
    }
}
