//! The server: what it is told, the sockets it listens on, and how it is stopped.
//! Serves no connection itself: those live on the worker threads.

mod accept;
mod bound;
mod common;
mod connection;
mod control;
mod crew;
mod elsewhere;
mod executor;
mod serving;
mod shard;
#[cfg(feature = "rustls")]
mod tls;
mod worker;

pub use bound::Bound;
pub use control::Handle;
#[cfg(feature = "rustls")]
pub use tls::listen_and_serve_tls;

use crate::Result;
use crate::handler::Handler;
use futures_lite::future;
use purlin_engine::ServerSettings;
use purlin_net::{Listener, PROBE};
use std::net::ToSocketAddrs;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

/// A server to be: a handler, and how to serve with it.
///
/// ```no_run
/// use purlin_smol::{Request, Server};
/// let server = Server::new(async |_: Request| "hello\n").threads(2);
/// smol::block_on(server.listen("127.0.0.1:8080"))?;
/// # Ok::<(), purlin_smol::Error>(())
/// ```
#[must_use = "a server does nothing until it listens"]
pub struct Server<H> {
    handler: Arc<H>,
    settings: ServerSettings,
    threads: usize,
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
            settings: ServerSettings::new(PROBE),
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
        }
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
    /// [`Error::Listen`](crate::Error::Listen), and what [`Bound::serve`] gives.
    pub fn listen(self, address: impl ToSocketAddrs) -> future::Boxed<Result<()>> {
        self.listen_on(Listener::bind(address))
    }

    /// Listens on a Unix socket and serves, as [`Server::listen`] does on an
    /// address. The socket of a server that does not run any more is replaced; any
    /// other file there is left alone, and the address is in use.
    ///
    /// ```no_run
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// smol::block_on(server.listen_unix("/run/app.sock"))?;
    /// # Ok::<(), purlin_smol::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Server::listen`].
    pub fn listen_unix(self, path: impl AsRef<Path>) -> future::Boxed<Result<()>> {
        self.listen_on(Listener::bind_unix(path))
    }

    fn listen_on(self, listener: Result<Listener>) -> future::Boxed<Result<()>> {
        Box::pin(async move { self.with_listeners([listener?]).serve().await })
    }
}

impl<H> Server<H> {
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
    /// [`Error::Listen`](crate::Error::Listen).
    pub async fn bind(self, address: impl ToSocketAddrs) -> Result<Bound<H>> {
        Ok(self.with_listeners([Listener::bind(address)?]))
    }

    /// Listens on a Unix socket, and accepts nothing yet; the file that it makes is removed at the end.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("purlin-{}.sock", std::process::id()));
    /// let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind_unix(&path).await?;
    /// assert!(path.exists());
    /// # drop(bound); assert!(!path.exists());
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`](crate::Error::Listen).
    pub async fn bind_unix(self, path: impl AsRef<Path>) -> Result<Bound<H>> {
        Ok(self.with_listeners([Listener::bind_unix(path)?]))
    }

    /// Takes these listeners, such as those that were [`inherited`](crate::inherited).
    ///
    /// ```
    /// use purlin_smol::{Request, Server, inherited};
    /// # smol::block_on(async {
    /// let server = Server::new(async |_: Request| "hello\n");
    /// let listeners = inherited()?;
    /// let bound = match listeners.is_empty() {
    ///     true => server.bind("127.0.0.1:0").await?, // nobody passed any on
    ///     false => server.with_listeners(listeners),
    /// };
    /// # let _ = bound;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn with_listeners(self, listeners: impl IntoIterator<Item = Listener>) -> Bound<H> {
        Bound::new(self, listeners.into_iter().collect())
    }

    /// Sets how many threads serve connections; at least one does, and one per
    /// core unless it is set.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// let server = Server::new(async |_: Request| "hello\n").threads(1);
    /// # let _ = server;
    /// ```
    pub fn threads(mut self, threads: usize) -> Server<H> {
        self.threads = threads.max(1);
        self
    }
}

purlin_engine::server_settings! {
    Server<H> where H;
    example "# use purlin_smol::*;\n# let server = Server::new(async |_: Request| \"hello\\n\");"
}
