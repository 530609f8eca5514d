//! The server: what it is told, the socket it listens on, and how it is stopped.
//! Serves no connection itself: those live on the worker threads.

mod accept;
mod control;
mod crew;
mod executor;
mod roll;
mod serving;
mod worker;

pub(crate) use accept::Arrival;
pub(crate) use control::Control;
pub use control::Handle;
pub(crate) use roll::{Roll, Seat};

use crate::Result;
use crate::handler::Handler;
use crate::place::Common;
use control::Ending;
use crew::Crew;
use futures_lite::future;
use purlin_core::ServerConfig;
use purlin_host::Listener;
use serving::Serving;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

/// A server to be: a handler, and how to serve with it.
///
/// ```no_run
/// use purlin_smol::{Request, Server};
/// let server = Server::new(async |_: Request| "hello\n").threads(2);
/// smol::block_on(server.listen("127.0.0.1:8080"))?;
/// # Ok::<(), purlin_smol::Error>(())
/// ```
pub struct Server<H> {
    handler: Arc<H>,
    config: ServerConfig,
    threads: usize,
    connections: usize,
}

impl<H: Handler> Server<H> {
    /// A server with this handler, a thread per core, and every limit at its default.
    ///
    /// ```
    /// let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// # let _ = server;
    /// ```
    pub fn new(handler: H) -> Server<H> {
        Server {
            handler: Arc::new(handler),
            config: ServerConfig::default(),
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            connections: usize::MAX,
        }
    }

    /// Sets all limits and timeouts of its connections.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server, ServerConfig};
    /// let config = ServerConfig { keep_alive: false, ..ServerConfig::default() };
    /// let server = Server::new(async |_: Request| "hello\n").config(config);
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn config(mut self, config: ServerConfig) -> Server<H> {
        self.config = config;
        self
    }

    /// Sets how many threads serve connections; at least one does.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// let server = Server::new(async |_: Request| "hello\n").threads(1);
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Server<H> {
        self.threads = threads.max(1);
        self
    }

    /// Sets how many connections may be open; at that many, accepting waits. No limit by default.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// let server = Server::new(async |_: Request| "hello\n").connections(10_000);
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn connections(mut self, most: usize) -> Server<H> {
        self.connections = most.max(1);
        self
    }

    /// Sets how many bytes a request body may have; a handler may change it for its own.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// let server = Server::new(async |_: Request| "hello\n").body_limit(1 << 30);
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn body_limit(mut self, bytes: u64) -> Server<H> {
        self.config.limits.body_bytes = bytes;
        self
    }

    /// Sets how long a head may take to arrive.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(async |_: Request| "hello\n").head_timeout(Duration::from_secs(5));
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Server<H> {
        self.config.timeouts.head = timeout;
        self
    }

    /// Sets how long a connection may be idle between two requests.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(async |_: Request| "hello\n").idle_timeout(Duration::from_secs(10));
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Server<H> {
        self.config.timeouts.idle = timeout;
        self
    }

    /// Sets how long exchanges may take to end once a graceful stop began.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(async |_: Request| "hello\n").drain_timeout(Duration::from_secs(5));
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn drain_timeout(mut self, timeout: Duration) -> Server<H> {
        self.config.timeouts.drain = timeout;
        self
    }

    /// Listens on an address and serves until it is stopped or accepting fails.
    /// Dropping the future stops everything.
    ///
    /// A host name is looked up at once, which blocks. Use [`Server::bind`] to
    /// know the port or to stop gracefully.
    ///
    /// ```no_run
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// smol::block_on(server.listen("127.0.0.1:8080"))?;
    /// # Ok::<(), purlin_smol::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`], and what [`Bound::serve`] gives.
    pub fn listen(self, addr: impl ToSocketAddrs) -> future::Boxed<Result<()>> {
        let bound = Listener::bind(addr).map(|listener| self.with(listener));
        Box::pin(async move { bound?.serve().await })
    }

    /// Listens on an address, and accepts nothing yet.
    ///
    /// ```
    /// # smol::block_on(async {
    /// let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// println!("http://{}", bound.local_addr());
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub async fn bind(self, addr: impl ToSocketAddrs) -> Result<Bound<H>> {
        Ok(self.with(Listener::bind(addr)?))
    }

    fn with(self, listener: Listener) -> Bound<H> {
        Bound { listeners: vec![listener], server: self, ending: Ending(Control::new()) }
    }
}

/// A server that has its socket.
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
pub struct Bound<H> {
    listeners: Vec<Listener>,
    server: Server<H>,
    ending: Ending,
}

impl<H: Handler> Bound<H> {
    /// The address it listens on, with the port that the system chose for port 0.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// assert_ne!(bound.local_addr().port(), 0);
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        let mut addresses = self.listeners.iter().filter_map(|listener| listener.address().ip());
        addresses.next().unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into())
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

    /// Serves until it is stopped or accepting fails. Dropping the future stops everything.
    ///
    /// ```no_run
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// server.bind("127.0.0.1:8080").await?.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Accept`] if accepting failed for good, [`Error::Io`] if no thread can be started.
    pub async fn serve(self) -> Result<()> {
        let Bound { listeners, server, ending } = self;
        let Server { handler, config, threads, connections } = server;
        let common = Common {
            config: Arc::new(config),
            control: ending.0.clone(),
            roll: Roll::new(connections),
        };
        let serving = Serving(Arc::new(common));
        let crew = Crew::start(threads, &handler, &serving.0, listeners)?;
        serving.end(|| crew.ended()).await
    }
}
