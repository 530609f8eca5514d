//! Names to addresses, and to what else a service may be known by: the system's way, or one's own.

use super::lookup::{Lookup, Names};
use super::question::{Question, Resolved};
use crate::system::System;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// A resolver: it finds the addresses of a name. It may take its time: it is called on a
/// thread of its own, and given up when the time for it has passed.
///
/// A name is looked up once for all who ask for it meanwhile, and 32 names at once;
/// if all of these hang, more begin one after the other, up to 60. Clones share these
/// limits.
///
/// ```
/// use purlin_engine::Resolver;
/// let pinned = Resolver::new(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
/// assert_eq!(pinned.resolve("example.test", 80).unwrap()[0].to_string(), "127.0.0.1:80");
/// ```
#[derive(Clone)]
pub struct Resolver(Option<Arc<Names>>);

impl Resolver {
    /// The system's (`getaddrinfo`).
    pub const fn system() -> Resolver {
        Resolver(None)
    }

    /// A resolver that asks this function: a host and a port give addresses, the best first.
    pub fn new(
        resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Resolver {
        let resolve =
            move |asked: &Question<'_>| resolve(asked.host, asked.port).map(Resolved::from);
        Resolver(Some(Names::new(Some(Arc::new(resolve)), false)))
    }

    /// This function, which may find more than addresses: HTTPS records (RFC 9460).
    ///
    /// ```
    /// use purlin_engine::{Question, Resolved, Resolver, Service};
    /// let records = Resolver::with_services(|asked: &Question<'_>| {
    ///     let mut found = Resolved::from(vec![([127, 0, 0, 1], asked.port).into()]);
    ///     if asked.secure {
    ///         found.services.push(Service::new(1, ""));
    ///     }
    ///     Ok(found)
    /// });
    /// let found = records.find(&Question::new("example.test", 443, true)).unwrap();
    /// assert_eq!((found.addresses.len(), found.services.len()), (1, 1));
    /// ```
    pub fn with_services(
        resolve: impl Fn(&Question<'_>) -> io::Result<Resolved> + Send + Sync + 'static,
    ) -> Resolver {
        Resolver(Some(Names::new(Some(Arc::new(resolve)), true)))
    }

    fn names(&self) -> &Arc<Names> {
        static SYSTEM: OnceLock<Arc<Names>> = OnceLock::new();
        match &self.0 {
            Some(names) => names,
            None => SYSTEM.get_or_init(|| Names::new(None, false)),
        }
    }

    /// The address, if the host is one and nobody else is to be asked.
    pub fn literal(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let address: IpAddr = host.parse().ok().filter(|_| self.0.is_none())?;
        Some(SocketAddr::new(address, port))
    }

    /// The addresses of a host.
    ///
    /// # Errors
    /// Whatever the look-up says; and `NotFound` if it gives no address.
    pub fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.find(&Question::new(host, port, false)).map(|found| found.addresses)
    }

    /// What is known of a host: its addresses, and its services if the resolver finds any.
    ///
    /// # Errors
    /// Whatever the look-up says; and `NotFound` if it gives no address.
    pub fn find(&self, asked: &Question<'_>) -> io::Result<Resolved> {
        self.names().find(asked)
    }

    /// Begins to find what is known of a host, on a thread of this system's; who asks the
    /// same meanwhile is given the same.
    pub fn look_up(&self, asked: &Question<'_>, system: &Arc<dyn System>) -> Lookup {
        self.names().look_up(asked, system)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Resolver(own)" } else { "Resolver(system)" })
    }
}
