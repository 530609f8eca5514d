//! One connection outside any pool, for callers who manage their own.

use super::runtime::{Blocking, block};
use super::socket::Socket;
use super::{Error, IntoUrl, Request, Result, Settings};
use purlin_engine::{Agent, Opening, Run, Single};
use purlin_net::client::Threads;
use purlin_net::{Clock, Stream};
use std::fmt;
use std::sync::Arc;

/// One connection outside any pool.
///
/// It sends what it is given, one request at a time: redirects are answers
/// like any other, and nothing is sent a second time. It can be used again when
/// the last response has been read to its end.
///
/// ```no_run
/// use purlin_std::client::{Connection, Request, Settings};
///
/// let mut connection = Connection::connect("http://127.0.0.1:8080", Settings::new())?;
/// for n in 0..3 {
///     let request = Request::get(format!("http://127.0.0.1:8080/{n}"));
///     println!("{}", connection.send(request)?.text()?);
/// }
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
pub struct Connection(Single<Blocking>);

impl Connection {
    /// Connects to the server of this URL, directly or through the proxy that
    /// the settings name, and sets up TLS if its scheme is `https`.
    ///
    /// # Errors
    /// No connection could be made.
    pub fn connect(url: impl IntoUrl, settings: Settings) -> Result<Connection> {
        let agent = Agent::new(settings, None, Arc::new(Threads));
        open(Opening::connect(url.into_url()?, agent, Clock::new())?)
    }

    /// Takes over a stream that leads to the server of this URL, and sets up
    /// TLS in it if its scheme is `https`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn over(
        stream: impl Into<Stream>,
        url: impl IntoUrl,
        settings: Settings,
    ) -> Result<Connection> {
        let agent = Agent::new(settings, None, Arc::new(Threads));
        let socket = Socket::new(stream.into());
        open(Opening::over(socket, url.into_url()?, agent, Clock::new())?)
    }

    /// Sends a request and gives the response. The URL says what is asked for,
    /// not where it is sent.
    ///
    /// # Errors
    /// [`Cause::Busy`](super::Cause::Busy) if the last response is not read to its
    /// end, [`Cause::Closed`](super::Cause::Closed) if the connection has ended; else
    /// as [`Client::send`](super::Client::send).
    pub fn send(&mut self, request: Request) -> Result {
        let (parts, given) = request.into_parts()?;
        super::run(Run::on(&self.0, parts, given.map(super::fed), Clock::of_thread()))
    }

    /// Whether it takes a request now.
    pub fn is_free(&self) -> bool {
        self.0.is_free()
    }
}

fn open(mut opening: Opening<Blocking>) -> Result<Connection> {
    block(&mut opening, Opening::poll).map_err(Error::of_connecting)?.map(Connection)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
