//! Ways of one's own to connect.

use purlin_net::Stream;
use purlin_net::client::connect_unix;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A way of one's own to connect: to a Unix socket, in memory, through something else.
///
/// ```
/// use purlin_std::client::{Client, Dialer, Settings};
/// use std::os::unix::net::UnixStream;
///
/// // Whatever the URL's host is, the connection leads to this socket.
/// let dialer = Dialer::new(|_host, _port| Ok(UnixStream::connect("/run/service.sock")?.into()));
/// let client = Client::with_dialer(Settings::new(), dialer);
/// # let _ = client;
/// ```
#[derive(Clone)]
pub struct Dialer(pub(super) Arc<DialFn>);

/// Given the host, the port and how long it may take, which an application's own does not heed.
pub(super) type DialFn = dyn Fn(&str, u16, Option<Duration>) -> io::Result<Stream> + Send + Sync;

impl Dialer {
    /// Connections that this function makes, given the host and the port that
    /// are to be reached: a proxy's, if there is one.
    pub fn new(dial: impl Fn(&str, u16) -> io::Result<Stream> + Send + Sync + 'static) -> Dialer {
        Dialer(Arc::new(move |host, port, _| dial(host, port)))
    }

    /// Connections to a Unix socket, whatever the host is. If its server is busy and
    /// its backlog full, they wait for it as long as connecting may take.
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Dialer {
        let path = path.into();
        Dialer(Arc::new(move |_, _, limit| Ok(connect_unix(&path, limit)?.into())))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}
