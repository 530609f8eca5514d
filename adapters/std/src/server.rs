//! The server: an address, a handler, limits, and the loop that accepts.
//! Holds no bytes: a connection's thread drives it.

use crate::Error;
use crate::control::{Control, Handle};
use crate::driver::Driver;
use crate::handler::Handler;
use crate::socket::Socket;
use purlin_core::ServerConfig;
use purlin_core::observe::Address;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Connections at a time, unless told otherwise: each has a thread.
const CONNECTIONS: usize = 512;
/// The first pause after an error of the kind that passes, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

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
    connections: usize,
}

impl Server {
    /// A server of this handler, with every limit at its default.
    pub fn new(handler: impl Handler) -> Server {
        Server {
            handler: Arc::new(handler),
            config: ServerConfig::default(),
            connections: CONNECTIONS,
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

    /// Sets how many connections there may be at a time; 512 without that. At
    /// the limit the next ones wait in the system's queue.
    pub fn connections(mut self, most: usize) -> Server {
        self.connections = most;
        self
    }

    /// Sets how many bytes a request body may have; 16 MiB without that.
    /// [`Body::set_limit`](crate::Body::set_limit) changes it for one request.
    pub fn body_limit(mut self, bytes: u64) -> Server {
        self.config.limits.body_bytes = bytes;
        self
    }

    /// Sets how long a request's head may take; 30 s without that.
    pub fn head_timeout(mut self, time: Duration) -> Server {
        self.config.timeouts.head = time;
        self
    }

    /// Sets how long a connection may wait for its next request; 75 s without that.
    pub fn idle_timeout(mut self, time: Duration) -> Server {
        self.config.timeouts.idle = time;
        self
    }

    /// Sets how long requests in progress may take once a shutdown began; 30 s without that.
    pub fn drain_timeout(mut self, time: Duration) -> Server {
        self.config.timeouts.drain = time;
        self
    }

    /// Listens on `address` and serves until the process ends.
    ///
    /// # Errors
    /// [`Error::Listen`], and what [`Bound::serve`] gives.
    pub fn listen(self, address: impl ToSocketAddrs) -> Result<(), Error> {
        self.bind(address)?.serve()
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
        let unnamed = |cause| Error::Listen { address: None, cause };
        let mut failed = unnamed(ErrorKind::AddrNotAvailable.into());
        for address in address.to_socket_addrs().map_err(unnamed)? {
            let bound = TcpListener::bind(address)
                .and_then(|listener| Ok((listener.local_addr()?, listener)));
            match bound {
                Ok((local, listener)) => {
                    let control = Arc::new(Control::new(local, self.connections));
                    let config = Arc::new(self.config);
                    return Ok(Bound { listener, local, handler: self.handler, config, control });
                }
                Err(cause) => {
                    failed = Error::Listen { address: Some(Address::Tcp(address)), cause }
                }
            }
        }
        Err(failed)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A server that listens.
#[must_use = "connections are accepted once it serves"]
pub struct Bound {
    listener: TcpListener,
    local: SocketAddr,
    handler: Arc<dyn Handler>,
    config: Arc<ServerConfig>,
    control: Arc<Control>,
}

impl Bound {
    /// The address it listens on, with the port the system chose if that was 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// What ends this server from another thread.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.control))
    }

    /// Serves until a [`Handle`] ends the server, and its connections have ended.
    ///
    /// Errors of accepting that pass (too many open files, a connection that
    /// was given up before it was accepted) are waited out: 5 ms, then twice
    /// as long each time, at most 1 s.
    ///
    /// # Errors
    /// [`Error::Accept`] for an error of accepting that does not pass.
    pub fn serve(self) -> Result<(), Error> {
        let mut pause = PAUSES.0;
        while self.control.wait_for_room() {
            let accepted = self.listener.accept();
            match accepted.and_then(|(stream, _)| self.start(stream)) {
                Ok(()) => pause = PAUSES.0,
                Err(_) if !self.control.running() => break,
                Err(error) if passes(&error) => {
                    self.control.pause(pause);
                    pause = (pause * 2).min(PAUSES.1);
                }
                Err(error) => return Err(Error::Accept(error)),
            }
        }
        self.accept_rest();
        let Bound { listener, control, .. } = self;
        drop(listener);
        control.wait_for_end();
        Ok(())
    }

    /// Accepts what the system has accepted before the shutdown, up to the
    /// limit, so that it is answered or closed in order.
    fn accept_rest(&self) {
        if self.control.aborting() || self.listener.set_nonblocking(true).is_err() {
            return;
        }
        while let Ok((stream, _)) = self.listener.accept() {
            if !self.control.has_room()
                || stream.set_nonblocking(false).is_err()
                || self.start(stream).is_err()
            {
                break;
            }
        }
    }

    /// Gives the connection a thread.
    fn start(&self, stream: TcpStream) -> io::Result<()> {
        // A socket that is lost already is no error of accepting.
        let Ok(socket) = Socket::new(stream) else {
            return Ok(());
        };
        let driver = Driver::new(socket, &self.config, &self.control, &self.handler);
        thread::Builder::new().name("purlin".into()).spawn(move || driver.run()).map(drop)
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bound({})", self.local)
    }
}

/// Whether accepting may succeed after a while: the system is short of
/// something, or one connection went wrong.
fn passes(error: &io::Error) -> bool {
    let lasting = matches!(
        error.kind(),
        ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
    );
    // EBADF and ENOTSOCK: the listener is gone.
    !lasting && !matches!(error.raw_os_error(), Some(9 | 88 | 38))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_passes_and_a_bad_listener_does_not() {
        // EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED, EAGAIN.
        for code in [24, 23, 12, 105, 103, 11] {
            assert!(passes(&io::Error::from_raw_os_error(code)), "{code}");
        }
        for code in [9, 22] {
            assert!(!passes(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }
}
