//! Ways of one's own to connect.

use async_io::Timer;
use purlin_engine::caught;
use purlin_net::Stream;
use purlin_net::client::try_connect_unix;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A way of one's own to connect: to a Unix socket, in memory, through something else.
///
/// ```
/// use purlin_smol::client::{Client, Dialer, Settings};
/// use std::os::unix::net::UnixStream;
///
/// // Whatever the URL's host is, the connection leads to this socket.
/// let dialer = Dialer::new(async |_host, _port| {
///     Ok(UnixStream::connect("/run/service.sock")?.into())
/// });
/// let client = Client::with_dialer(Settings::new(), dialer);
/// # let _ = client;
/// ```
#[derive(Clone)]
pub struct Dialer(Arc<DialFn>);

type DialFn = dyn Fn(String, u16) -> Dialling + Send + Sync;

type Dialling = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

/// A connection that a dialer makes.
pub(super) struct OwnDial(pub(super) Dialling);

impl Dialer {
    /// Begins to connect.
    pub(super) fn dial(&self, host: &str, port: u16) -> OwnDial {
        let begun = caught("the dialer", || Ok((self.0)(host.to_owned(), port)));
        OwnDial(begun.unwrap_or_else(|error| Box::pin(async { Err(error) })))
    }

    /// Connections that this function makes, given the host and the port that
    /// are to be reached: a proxy's, if there is one.
    pub fn new<F, T>(dial: F) -> Dialer
    where
        F: Fn(String, u16) -> T + Send + Sync + 'static,
        T: Future<Output = io::Result<Stream>> + Send + 'static,
    {
        Dialer(Arc::new(move |host, port| Box::pin(dial(host, port))))
    }

    /// Connections to a Unix socket, whatever the host is. If its server is busy and
    /// its backlog full, they wait for it as long as connecting may take.
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Dialer {
        let path = path.into();
        Dialer::new(move |_, _| {
            let path = path.clone();
            async move {
                // Nothing tells when there is a place.
                let mut rest = Duration::from_millis(1);
                loop {
                    if let Some(stream) = try_connect_unix(&path)? {
                        return Ok(stream.into());
                    }
                    Timer::after(rest).await;
                    rest = (rest * 2).min(Duration::from_millis(50));
                }
            }
        })
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}
