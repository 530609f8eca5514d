//! The server: a handler, limits, and what is told about it.
//! Holds what was asked for; `serving` carries it out.

mod alarm;
mod bound;
mod common;
pub(crate) mod conn;
mod control;
pub(crate) mod driver;
pub(crate) mod line;
pub(crate) mod many;
mod poller;
mod pool;
mod timekeeper;
#[cfg(feature = "rustls")]
mod tls;
pub(crate) mod waiting;
mod worker;

pub use bound::Bound;
pub use control::Handle;
#[cfg(feature = "rustls")]
pub use tls::listen_and_serve_tls;

use crate::Error;
use crate::handler::Handler;
use purlin_engine::ServerSettings;
use purlin_net::{Listener, PROBE};
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;

/// Worker threads, unless told otherwise.
const WORKERS: usize = 512;

/// A server to be: a handler, and how to serve with it.
///
/// ```no_run
/// use purlin_std::{Request, Server};
///
/// fn main() -> Result<(), purlin_std::Error> {
///     Server::new(|request: Request| format!("you asked for {}\n", request.path()))
///         .listen("127.0.0.1:8080")
/// }
/// ```
#[must_use = "a server does nothing until it listens"]
pub struct Server {
    handler: Arc<dyn Handler>,
    settings: ServerSettings,
    workers: usize,
}

impl Server {
    /// A server of this handler, with every limit at its default.
    ///
    /// ```
    /// let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// # let _ = server;
    /// ```
    pub fn new(handler: impl Handler) -> Server {
        Server {
            handler: Arc::new(handler),
            settings: ServerSettings::new(PROBE),
            workers: WORKERS,
        }
    }

    /// Sets how many threads run handlers at a time, at most; 512 without that.
    /// They are made as they are needed. A connection that waits for a request,
    /// for the rest of a head or for a small body needs none.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").workers(8);
    /// # let _ = server;
    /// ```
    pub fn workers(mut self, most: usize) -> Server {
        self.workers = most;
        self
    }

    /// Listens on an address and serves until it is stopped or accepting fails.
    ///
    /// A host name is looked up at once, which takes its time. Use
    /// [`Server::bind`] to know the port or to stop gracefully.
    ///
    /// ```no_run
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// server.listen("127.0.0.1:8080")?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`], and what [`Bound::serve`] gives.
    pub fn listen(self, address: impl ToSocketAddrs) -> Result<(), Error> {
        self.bind(address)?.serve()
    }

    /// Listens on a Unix socket and serves, as [`Server::listen`] does on an
    /// address. The socket of a server that does not run any more is replaced; any
    /// other file there is left alone, and the address is in use.
    ///
    /// ```no_run
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// server.listen_unix("/run/app.sock")?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Server::listen`].
    pub fn listen_unix(self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.bind_unix(path)?.serve()
    }

    /// Listens on an address, and accepts nothing yet.
    ///
    /// ```
    /// use purlin_std::{Request, Server};
    ///
    /// let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
    /// assert_ne!(bound.local_addr().port(), 0);
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub fn bind(self, address: impl ToSocketAddrs) -> Result<Bound, Error> {
        Ok(self.with_listeners([Listener::bind(address)?]))
    }

    /// Listens on a Unix socket, and accepts nothing yet; the file that it makes is removed at the end.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # let path = std::env::temp_dir().join(format!("purlin-doc-{}.sock", std::process::id()));
    /// let bound = Server::new(|_: Request| "hello\n").bind_unix(&path)?;
    /// assert_eq!(bound.addresses().next().unwrap().to_string(), format!("unix:{}", path.display()));
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub fn bind_unix(self, path: impl AsRef<Path>) -> Result<Bound, Error> {
        Ok(self.with_listeners([Listener::bind_unix(path)?]))
    }

    /// Takes these listeners, such as those that were [`inherited`](crate::inherited).
    ///
    /// ```
    /// # use purlin_std::{Listener, Request, Server, inherited};
    /// let mut listeners = inherited()?; // from systemd
    /// if listeners.is_empty() {
    ///     listeners.push(Listener::bind("127.0.0.1:0")?);
    /// }
    /// let bound = Server::new(|_: Request| "hello\n").with_listeners(listeners);
    /// # let _ = bound;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn with_listeners(self, listeners: impl IntoIterator<Item = Listener>) -> Bound {
        Bound::new(self, listeners.into_iter().collect())
    }
}

purlin_engine::server_settings! {
    Server;
    example "# use purlin_std::*;\n# let server = Server::new(|_: Request| \"hello\\n\");"
}
