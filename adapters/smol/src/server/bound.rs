//! A server that has its listeners.
//! Says where it listens, and begins to serve.

use super::Server;
use super::control::{Control, Ending, Handle};
use super::crew::Crew;
use super::place::Common;
use super::serving::Serving;
use crate::Result;
use crate::handler::Handler;
use purlin_core::observe::Address;
use purlin_engine::Budget;
use purlin_engine::served::Registry;
use purlin_net::{Listener, most_connections, probe, raise_descriptor_limit, something};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A server that has its listeners.
///
/// ```
/// use purlin_smol::{Request, Server};
/// use std::time::Duration;
/// # smol::block_on(async {
/// let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
/// let handle = bound.handle();
/// let serving = smol::spawn(bound.serve());
/// handle.shutdown(Duration::from_secs(10)).await;
/// serving.await?;
/// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
/// ```
#[must_use = "connections are accepted once it serves"]
pub struct Bound<H> {
    pub(super) listeners: Vec<Listener>,
    pub(super) server: Server<H>,
    pub(super) ending: Ending,
}

impl<H> Bound<H> {
    pub(super) fn new(mut server: Server<H>, listeners: Vec<Listener>) -> Bound<H> {
        let ending = Ending(Control::new(std::mem::take(&mut server.on_shutdown)));
        // What cannot be set is told where it serves.
        let _ = probe(&listeners, server.tcp_keepalive);
        Bound { listeners, server, ending }
    }

    /// The same server with one listener more.
    ///
    /// ```
    /// use purlin_smol::{Listener, Request, Server};
    /// # smol::block_on(async {
    /// let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
    /// let bound = bound.and(Listener::bind("[::1]:0").or_else(|_| Listener::bind("127.0.0.1:0"))?);
    /// assert_eq!(bound.addresses().count(), 2);
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn and(mut self, listener: Listener) -> Bound<H> {
        let _ = listener.set_tcp_keepalive(self.server.tcp_keepalive);
        self.listeners.push(listener);
        self
    }

    /// Where it listens, with the ports that the system chose for port 0.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// for address in bound.addresses() {
    ///     println!("listening on {address}");
    /// }
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.listeners.iter().map(Listener::address)
    }

    /// The first TCP address it listens on; `0.0.0.0:0` if there is none.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// assert_ne!(bound.local_addr().port(), 0);
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        let nowhere = || (Ipv4Addr::UNSPECIFIED, 0).into();
        self.addresses().find_map(Address::socket_addr).unwrap_or_else(nowhere)
    }

    /// What stops it, from any thread.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// let handle = bound.handle();
    /// std::thread::spawn(move || handle.close());
    /// bound.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn handle(&self) -> Handle {
        self.ending.0.handle()
    }
}

impl<H: Handler> Bound<H> {
    /// Serves until it is stopped or accepting fails, on threads of its own.
    /// Dropping the future stops everything.
    ///
    /// ```no_run
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// server.bind("127.0.0.1:8080").await?.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Accept`](crate::Error::Accept) if accepting failed for good, [`Error::Io`](crate::Error::Io) if no
    /// thread can be started, [`Error::Listen`](crate::Error::Listen) if there is nothing to listen on.
    ///
    /// # Panics
    /// With a handler's panic, if that is [`Panics::Propagate`](crate::Panics::Propagate).
    pub async fn serve(self) -> Result<()> {
        let Bound { listeners, server, ending } = self;
        something(&listeners)?;
        probe(&listeners, server.tcp_keepalive)?;
        let (handler, threads) = (server.handler.clone(), server.threads);
        let serving = server.begin(&ending);
        let crew = Crew::start(threads, &handler, &serving.0, listeners)?;
        serving.end(|| crew.ended()).await
    }
}

impl<H> fmt::Debug for Bound<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

impl<H> Server<H> {
    /// From here on it serves, as long as somebody holds what this gives.
    pub(super) fn begin(self, ending: &Ending) -> Serving {
        let mut config = self.config;
        config.trace |= self.observer.is_some();
        config.secure |= self.make_machine.is_some();
        let descriptors = raise_descriptor_limit();
        let most = self.connections.unwrap_or_else(|| most_connections(descriptors));
        Serving(Arc::new(Common {
            budget: Budget::new(self.buffers, &config.limits),
            config: Arc::new(config),
            control: ending.0.clone(),
            registry: Registry::new(most),
            panics: self.panics,
            observer: self.observer,
            make_machine: self.make_machine,
            values: self.values,
            connection_values: self.connection_values,
        }))
    }
}
