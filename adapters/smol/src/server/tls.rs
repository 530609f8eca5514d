//! TLS for a server: what it is to show, and the short ways to it.
//! Speaks none; the machines of `purlin_tls` do.

use super::Server;
use crate::handler::Handler;
use crate::{Result, default_mux};
use futures_lite::future;
use purlin_tls::ServerTls;
use std::net::ToSocketAddrs;
use std::path::Path;

impl<H: Handler> Server<H> {
    /// Listens on an address and serves TLS, with the certificate chain and the
    /// key in these two files of PEM, which are read at once. For more, use
    /// [`Server::tls`].
    ///
    /// ```no_run
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// smol::block_on(server.listen_tls("0.0.0.0:443", "cert.pem", "key.pem"))?;
    /// # Ok::<(), purlin_smol::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Tls`](crate::Error::Tls) says which file cannot be read or what
    /// is wrong in it; else as [`Server::listen`].
    pub fn listen_tls(
        self,
        address: impl ToSocketAddrs,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> future::Boxed<Result<()>> {
        match ServerTls::from_files(chain, key) {
            Ok(tls) => self.tls(tls).listen(address),
            Err(error) => Box::pin(future::ready(Err(error.into()))),
        }
    }
}

/// Serves the default mux with TLS at this address until it fails, with the
/// certificate chain and the key in these two files of PEM.
///
/// ```no_run
/// use purlin_smol::Request;
/// purlin_smol::handle("GET /{$}", async |_: Request| "hello\n")?;
/// smol::block_on(purlin_smol::listen_and_serve_tls("0.0.0.0:443", "cert.pem", "key.pem"))?;
/// # Ok::<(), purlin_smol::Error>(())
/// ```
///
/// # Errors
/// As for [`Server::listen_tls`].
pub async fn listen_and_serve_tls(
    address: impl ToSocketAddrs + Send + 'static,
    chain: impl AsRef<Path>,
    key: impl AsRef<Path>,
) -> Result<()> {
    Server::new(default_mux()).listen_tls(address, chain, key).await
}
