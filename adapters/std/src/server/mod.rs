//! The server: a handler, limits, and what is told about it.
//! Holds what was asked for; `serving` carries it out.

mod serving;

pub use serving::Bound;

use crate::Error;
use crate::control::Hook;
use crate::handler::Handler;
use crate::hub::{ConnectionValues, Panics};
use purlin_core::config::FaultAnswer;
use purlin_core::observe::{Observer, Peer};
use purlin_core::{Rate, ServerConfig, Values};
use purlin_host::{Listener, most_connections, raise_descriptor_limit};
use std::any::Any;
use std::fmt;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Worker threads, unless told otherwise.
const WORKERS: usize = 512;

/// A server that is not listening yet.
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
    config: ServerConfig,
    workers: usize,
    connections: Option<usize>,
    observer: Option<Arc<dyn Observer>>,
    values: Values,
    connection_values: Option<ConnectionValues>,
    hooks: Vec<Hook>,
    panics: Panics,
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
            config: ServerConfig::default(),
            workers: WORKERS,
            connections: None,
            observer: None,
            values: Values::default(),
            connection_values: None,
            hooks: Vec::new(),
            panics: Panics::default(),
        }
    }

    /// Sets every limit and timeout of connections at once.
    ///
    /// ```
    /// use purlin_std::{Request, Server, ServerConfig};
    /// let mut config = ServerConfig::default();
    /// config.limits.fields = 50;
    /// let server = Server::new(|_: Request| "hello\n").config(config);
    /// # let _ = server;
    /// ```
    pub fn config(mut self, config: ServerConfig) -> Server {
        self.config = config;
        self
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

    /// Sets how many connections there may be at a time. Without that it
    /// follows from how many descriptors the process may have; the soft limit of
    /// those is raised. At the cap the connection that has been idle longest is
    /// closed, and only if none is idle do the next ones wait in the system's queue.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").connections(10_000);
    /// # let _ = server;
    /// ```
    pub fn connections(mut self, most: usize) -> Server {
        self.connections = Some(most);
        self
    }

    /// Sets how many bytes a request body may have; 16 MiB without that.
    /// [`Body::set_limit`](crate::Body::set_limit) changes it for one request.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").body_limit(1 << 30);
    /// # let _ = server;
    /// ```
    pub fn body_limit(mut self, bytes: u64) -> Server {
        self.config.limits.body_bytes = bytes;
        self
    }

    /// Sets how many bytes the head of a request may have; 64 KiB without that.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").head_limit(8 * 1024);
    /// # let _ = server;
    /// ```
    pub fn head_limit(mut self, bytes: usize) -> Server {
        self.config.limits.head_bytes = bytes;
        self
    }

    /// Sets how long a request's head may take; 30 s without that.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").head_timeout(Duration::from_secs(5));
    /// # let _ = server;
    /// ```
    pub fn head_timeout(mut self, time: Duration) -> Server {
        self.config.timeouts.head = time;
        self
    }

    /// Sets how long a connection may wait for its next request; 75 s without that.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").idle_timeout(Duration::from_secs(10));
    /// # let _ = server;
    /// ```
    pub fn idle_timeout(mut self, time: Duration) -> Server {
        self.config.timeouts.idle = time;
        self
    }

    /// Sets how long requests in progress may take once a shutdown began; 30 s without that.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// let server = Server::new(|_: Request| "hello\n").drain_timeout(Duration::from_secs(5));
    /// # let _ = server;
    /// ```
    pub fn drain_timeout(mut self, time: Duration) -> Server {
        self.config.timeouts.drain = time;
        self
    }

    /// Sets how fast a request's body must come; without that at 240 bytes a
    /// second, after 5 s of grace.
    ///
    /// ```
    /// # use purlin_std::{Rate, Request, Server};
    /// let rate = Rate { bytes_per_second: 1000, ..Rate::DEFAULT };
    /// let server = Server::new(|_: Request| "hello\n").body_rate(rate);
    /// # let _ = server;
    /// ```
    pub fn body_rate(mut self, rate: Rate) -> Server {
        self.config.timeouts.body = rate;
        self
    }

    /// Sets how fast a response must be taken; without that at 240 bytes a
    /// second, after 5 s of grace.
    ///
    /// ```
    /// # use purlin_std::{Rate, Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").write_rate(Rate::UNLIMITED);
    /// # let _ = server;
    /// ```
    pub fn write_rate(mut self, rate: Rate) -> Server {
        self.config.timeouts.write = rate;
        self
    }

    /// Sets whether a connection serves more than one request; it does without that.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").keep_alive(false);
    /// # let _ = server;
    /// ```
    pub fn keep_alive(mut self, on: bool) -> Server {
        self.config.keep_alive = on;
        self
    }

    /// Sets whether `OPTIONS *` is answered here with an empty 200 (RFC 9110
    /// §9.3.7), as it is without that; else it reaches the handler.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").general_options(false);
    /// # let _ = server;
    /// ```
    pub fn general_options(mut self, on: bool) -> Server {
        self.config.general_options = on;
        self
    }

    /// Sets what answers the faults that are found before any handler runs.
    ///
    /// ```
    /// # use purlin_std::{FaultAnswer, Request, ResponseHead, Server};
    /// let answer = FaultAnswer::new(|error| {
    ///     let head = ResponseHead::new(error.answer?).with("Content-Type", "application/json").ok()?;
    ///     Some((head, format!("{{\"error\":\"{}\"}}\n", error.kind).into()))
    /// });
    /// let server = Server::new(|_: Request| "hello\n").answer_faults(answer);
    /// # let _ = server;
    /// ```
    pub fn answer_faults(mut self, answer: FaultAnswer) -> Server {
        self.config.fault_answer = Some(answer);
        self
    }

    /// Tells an observer what becomes of connections and requests: an access
    /// log, metrics, Go's `ConnState`. Several are all told.
    ///
    /// ```
    /// use purlin_std::observe::{Exchange, Observer, Peer};
    /// use purlin_std::{Request, Server};
    ///
    /// struct AccessLog;
    /// impl Observer for AccessLog {
    ///     fn exchange(&self, peer: &Peer, exchange: &Exchange) {
    ///         println!("{} {exchange}", peer.remote);
    ///     }
    /// }
    /// let server = Server::new(|_: Request| "hello\n").observe(AccessLog);
    /// # let _ = server;
    /// ```
    pub fn observe(mut self, observer: impl Observer + 'static) -> Server {
        self.config.trace = true;
        self.observer = Some(match self.observer {
            Some(first) => Arc::new((first, observer)),
            None => Arc::new(observer),
        });
        self
    }

    /// Adds a value that every handler finds with
    /// [`Request::value`](purlin_core::Request::value), by its type.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// struct Version(&'static str);
    /// let server = Server::new(|request: Request| {
    ///     request.value::<Version>().map_or("?", |version| version.0)
    /// })
    /// .value(Version("1.0"));
    /// # let _ = server;
    /// ```
    pub fn value<T: Any + Send + Sync>(mut self, value: T) -> Server {
        self.values = self.values.with(value);
        self
    }

    /// Makes the values of each connection, from who is at its other end and
    /// the server's own values.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// struct Local(bool);
    /// let server = Server::new(|request: Request| {
    ///     request.value::<Local>().map_or("?", |local| if local.0 { "local" } else { "remote" })
    /// })
    /// .connection_values(|peer, values| {
    ///     let local = peer.remote.ip().is_none_or(|address| address.ip().is_loopback());
    ///     values.with(Local(local))
    /// });
    /// # let _ = server;
    /// ```
    pub fn connection_values(
        mut self,
        make: impl Fn(&Peer, Values) -> Values + Send + Sync + 'static,
    ) -> Server {
        self.connection_values = Some(Arc::new(make));
        self
    }

    /// Has this done when the server begins to stop, on a thread of its own
    /// that is not waited for. Several are all done.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").on_shutdown(|| println!("stopping"));
    /// # let _ = server;
    /// ```
    pub fn on_shutdown(mut self, hook: impl FnOnce() + Send + 'static) -> Server {
        self.hooks.push(Box::new(hook));
        self
    }

    /// Sets what is done about a handler that panics: the request is answered
    /// with 500 without that.
    ///
    /// ```
    /// # use purlin_std::{Panics, Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").panics(Panics::Propagate);
    /// # let _ = server;
    /// ```
    pub fn panics(mut self, panics: Panics) -> Server {
        self.panics = panics;
        self
    }

    /// Listens on `address` and serves until the process ends.
    ///
    /// # Errors
    /// [`Error::Listen`], and what [`Bound::serve`] gives.
    pub fn listen(self, address: impl ToSocketAddrs) -> Result<(), Error> {
        self.bind(address)?.serve()
    }

    /// Listens on a Unix socket and serves until the process ends.
    ///
    /// # Errors
    /// [`Error::Listen`], and what [`Bound::serve`] gives.
    pub fn listen_unix(self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.bind_unix(path)?.serve()
    }

    /// Listens on `address`, without serving yet.
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

    /// Listens on a Unix socket, without serving yet. A file that a dead server
    /// left there is replaced; the server's own is removed when it ends.
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

    /// Takes over listeners: those the process was started with (see
    /// [`inherited`](crate::inherited)), or any others.
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
        let most = self.connections.unwrap_or_else(|| most_connections(raise_descriptor_limit()));
        Bound::new(self, listeners.into_iter().collect(), most)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}
