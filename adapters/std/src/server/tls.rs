//! TLS for a server: what it is to show, and the short ways to it.
//! Speaks none; the machines of `purlin_tls` do.

use super::Server;
use crate::{Error, default_mux};
use purlin_tls::ServerTls;
use std::net::ToSocketAddrs;
use std::path::Path;

impl Server {
    /// Listens on an address and serves TLS, with the certificate chain and the
    /// key in these two files of PEM. For more, use [`Server::tls`].
    ///
    /// ```no_run
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// server.listen_tls("0.0.0.0:443", "cert.pem", "key.pem")?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Tls`] says which file cannot be read or what is wrong in it;
    /// else as [`Server::listen`].
    pub fn listen_tls(
        self,
        address: impl ToSocketAddrs,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<(), Error> {
        self.tls(ServerTls::from_files(chain, key)?).listen(address)
    }
}

/// Serves the default mux with TLS at this address until it fails, with the
/// certificate chain and the key in these two files of PEM.
///
/// ```no_run
/// use purlin_std::Request;
/// purlin_std::handle("GET /{$}", |_: Request| "hello\n")?;
/// purlin_std::listen_and_serve_tls("0.0.0.0:443", "cert.pem", "key.pem")?;
/// # Ok::<(), purlin_std::Error>(())
/// ```
///
/// # Errors
/// As for [`Server::listen_tls`].
pub fn listen_and_serve_tls(
    address: impl ToSocketAddrs,
    chain: impl AsRef<Path>,
    key: impl AsRef<Path>,
) -> Result<(), Error> {
    Server::new(default_mux()).listen_tls(address, chain, key)
}
