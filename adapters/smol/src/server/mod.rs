//! The server: what it is told, the socket it listens on, and how it is stopped.
//! Serves no connection itself: those live on the worker threads.

mod accept;
mod control;
mod crew;
mod executor;
mod gate;
mod worker;

pub use control::Handle;

use crate::handler::Handler;
use crate::{Error, Result};
use accept::{accept, accept_rest};
use async_io::{Async, Timer};
use control::{Control, Served};
use crew::Crew;
use futures_lite::future;
use gate::Gate;
use purlin_core::ServerConfig;
use purlin_core::observe::Address;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 4096;

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
        let bound = self.bind_now(addr);
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
        self.bind_now(addr)
    }

    fn bind_now(self, addr: impl ToSocketAddrs) -> Result<Bound<H>> {
        let unnamed = |cause| Error::Listen { address: None, cause };
        let mut failed = unnamed(io::ErrorKind::AddrNotAvailable.into());
        for address in addr.to_socket_addrs().map_err(unnamed)? {
            match listen_at(address) {
                Ok((listener, address)) => {
                    let served = Served(Control::new());
                    return Ok(Bound { listener, address, server: self, served });
                }
                Err(cause) => {
                    failed = Error::Listen { address: Some(Address::Tcp(address)), cause }
                }
            }
        }
        Err(failed)
    }
}

fn listen_at(address: SocketAddr) -> io::Result<(Async<TcpListener>, SocketAddr)> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    if cfg!(unix) {
        // A restarted server takes over from its own old connections.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((Async::new(listener)?, address))
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
    listener: Async<TcpListener>,
    address: SocketAddr,
    server: Server<H>,
    served: Served,
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
        self.address
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
        self.served.0.handle()
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
        let Bound { listener, server, served, .. } = self;
        let control = &served.0;
        let gate = Gate::new(server.connections);
        let mut crew = Crew::start(server.threads, &server.handler, &Arc::new(server.config))?;
        let accepting = async { Err(Error::Accept(accept(&listener, &gate, &mut crew).await)) };
        let stopped = async {
            control.stopped().await;
            Ok(())
        };
        future::or(stopped, accepting).await?;
        if let Some(until) = control.drains_until() {
            accept_rest(&listener, &gate, &mut crew).await;
            drop(listener);
            crew.drain();
            future::or(crew.ended(), future::or(sleep_until(until), control.closed())).await;
        }
        control.cutting(gate.inside());
        crew.close().await;
        Ok(())
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => {
            Timer::at(at).await;
        }
        None => future::pending().await,
    }
}
