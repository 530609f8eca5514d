//! What a server needs to speak TLS: certificates by name, whom it lets in.
//! Holds it; the handshake is the machine's.

use crate::crypto::Crypto;
use crate::error::TlsError;
use crate::identity::{Identity, Roots};
use crate::names::{ByName, Noting};
use crate::protocols::{Offers, alpn};
use crate::tls::{HANDSHAKE, Tls};
use crate::verify::Explaining;
use purlin_core::config::Protocols;
use purlin_core::{Now, Secured, server};
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, UnbufferedServerConnection, WebPkiClientVerifier};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What a server needs to speak TLS 1.2 and 1.3. Clones share one setting, so
/// that [`replace`](ServerTls::replace) changes it for all of them.
///
/// ```no_run
/// use purlin_tls::ServerTls;
/// let tls = ServerTls::from_files("cert.pem", "key.pem")?;
/// // Later, with a certificate that was renewed:
/// tls.replace(&ServerTls::from_files("cert.pem", "key.pem")?);
/// # Ok::<(), purlin_tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct ServerTls(Arc<RwLock<Setting>>);

/// What a connection is begun with.
#[derive(Clone)]
struct Setting {
    configs: Offers<ServerConfig>,
    handshake: Duration,
}

impl ServerTls {
    /// With one certificate: a chain, its own first, and the key, in PEM.
    ///
    /// # Errors
    /// As [`Identity::from_pem`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<ServerTls, TlsError> {
        ServerTls::builder().identity(Identity::from_pem(chain, key)?).build()
    }

    /// With one certificate, from two files of PEM.
    ///
    /// # Errors
    /// As [`Identity::from_files`].
    pub fn from_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<ServerTls, TlsError> {
        ServerTls::builder().identity(Identity::from_files(chain, key)?).build()
    }

    /// With several certificates, or with certificates of clients.
    ///
    /// ```no_run
    /// use purlin_tls::{Identity, Roots, ServerTls};
    /// let tls = ServerTls::builder()
    ///     .identity(Identity::from_files("example.com.pem", "example.com.key")?)
    ///     .identity(Identity::from_files("example.org.pem", "example.org.key")?)
    ///     .client_certificates_optional(Roots::from_file("clients.pem")?)
    ///     .build()?;
    /// # Ok::<(), purlin_tls::TlsError>(())
    /// ```
    pub fn builder() -> ServerTlsBuilder {
        ServerTlsBuilder {
            identities: Vec::new(),
            crypto: None,
            clients: Clients::Unasked,
            alpn: None,
        }
    }

    /// What somebody else has set up with rustls 0.23. This is the one place
    /// where a server's TLS depends on that version.
    ///
    /// What protocols it offers stands in it (`h2` and `http/1.1`, to speak both versions of
    /// HTTP), whatever a server is configured to speak.
    ///
    /// rustls does not verify a client's certificate again when a session is
    /// resumed. Here such a session is refused once the certificate has expired;
    /// whoever verifies clients had better keep no sessions.
    ///
    /// # Errors
    /// [`TlsError`] if no connection can be made with it.
    pub fn from_rustls(config: Arc<ServerConfig>) -> Result<ServerTls, TlsError> {
        let mut config = Arc::unwrap_or_clone(config);
        config.cert_resolver = Arc::new(Noting(config.cert_resolver));
        ServerTls::of(config, false)
    }

    /// It offers what is configured to be spoken, if it `follows` that.
    fn of(mut config: ServerConfig, follows: bool) -> Result<ServerTls, TlsError> {
        // What comes before the handshake's end may be an attacker's copy.
        config.max_early_data_size = 0;
        let configs = if follows {
            Offers::following(&config, |config, names| config.alpn_protocols = names)
        } else {
            Offers::fixed(Arc::new(config))
        };
        UnbufferedServerConnection::new(Arc::clone(configs.of(Protocols::Http1)))?;
        Ok(ServerTls::with(Setting { configs, handshake: HANDSHAKE }))
    }

    fn with(setting: Setting) -> ServerTls {
        ServerTls(Arc::new(RwLock::new(setting)))
    }

    /// These settings, with handshakes that may take so long, [`HANDSHAKE`] without
    /// this. What it was made from stays as it is.
    ///
    /// ```no_run
    /// use purlin_tls::ServerTls;
    /// use std::time::Duration;
    /// let tls = ServerTls::from_files("cert.pem", "key.pem")?
    ///     .with_handshake_timeout(Duration::from_secs(3));
    /// # let _ = tls;
    /// # Ok::<(), purlin_tls::TlsError>(())
    /// ```
    #[must_use]
    pub fn with_handshake_timeout(&self, limit: Duration) -> ServerTls {
        ServerTls::with(Setting { handshake: limit, ..self.setting() })
    }

    /// The machine of a connection that was accepted just now: HTTP inside TLS, in the
    /// version that the two sides agree on (RFC 7301), of those that `config` has.
    /// What its handshake settles will stand in the second value.
    ///
    /// ```
    /// # let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    /// # let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// use purlin_core::{Now, ServerConfig};
    /// let tls = purlin_tls::ServerTls::from_pem(chain.as_bytes(), key.as_bytes())?;
    /// let config = ServerConfig { secure: true, ..ServerConfig::default() };
    /// let (machine, secured) = tls.connection(config.into(), Now::default());
    /// assert!(secured.info().is_none()); // nothing was said yet
    /// # let _ = machine;
    /// # Ok::<(), purlin_tls::TlsError>(())
    /// ```
    pub fn connection(
        &self,
        config: Arc<server::Config>,
        now: Now,
    ) -> (server::Connection, Secured) {
        let protocols = config.protocols;
        let inner = server::Connection::new(config, now);
        let tls = Tls::server_of(self, protocols, inner, now).speaking(alpn(protocols));
        let secured = tls.secured().clone();
        (server::Connection::wrapped(tls), secured)
    }

    /// From now on new connections are served as `with` says; those that are
    /// open stay as they are, and their sessions cannot be resumed.
    pub fn replace(&self, with: &ServerTls) {
        let setting = with.setting();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = setting;
    }

    fn setting(&self) -> Setting {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What rustls is to be set up with, and how long a handshake may take.
    pub(crate) fn config(&self, protocols: Protocols) -> (Arc<ServerConfig>, Duration) {
        let setting = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(setting.configs.of(protocols)), setting.handshake)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}

/// A builder of a [`ServerTls`]; from [`ServerTls::builder`].
#[derive(Debug)]
#[must_use = "it is nothing until it is built"]
pub struct ServerTlsBuilder {
    identities: Vec<Identity>,
    crypto: Option<Crypto>,
    clients: Clients,
    alpn: Option<Vec<Vec<u8>>>,
}

/// Whether clients show certificates.
#[derive(Debug)]
enum Clients {
    Unasked,
    Optional(Roots),
    Required(Roots),
}

impl ServerTlsBuilder {
    /// Adds a certificate. It is shown to who asks for a name it is for, exactly
    /// or by a wildcard for one label; the first one to everybody else.
    pub fn identity(mut self, identity: Identity) -> ServerTlsBuilder {
        self.identities.push(identity);
        self
    }

    /// Asks clients for a certificate by one of these roots; without one, the handshake fails.
    /// Every handshake is a whole one then: no session is resumed.
    pub fn client_certificates_required(mut self, roots: Roots) -> ServerTlsBuilder {
        self.clients = Clients::Required(roots);
        self
    }

    /// Asks clients for a certificate by one of these roots; they may have none,
    /// but a wrong one fails the handshake, and so does a session that is resumed
    /// once the certificate it stands for has expired.
    pub fn client_certificates_optional(mut self, roots: Roots) -> ServerTlsBuilder {
        self.clients = Clients::Optional(roots);
        self
    }

    /// Speaks with this cryptography; [`Crypto::preferred`] unless it is set.
    pub fn crypto(mut self, crypto: &Crypto) -> ServerTlsBuilder {
        self.crypto = Some(crypto.clone());
        self
    }

    /// Sets the protocols that are offered (RFC 7301), the preferred first. Unless it is
    /// set they are those that are [spoken](server::Config::protocols): `h2`, `http/1.1` or
    /// both. A client that offers others only is refused, and so is one with which another
    /// is agreed on than the machine inside speaks: see [`Tls::speaking`].
    pub fn alpn(mut self, protocols: &[&[u8]]) -> ServerTlsBuilder {
        self.alpn = Some(protocols.iter().map(|name| name.to_vec()).collect());
        self
    }

    /// Puts it together.
    ///
    /// # Errors
    /// [`TlsError`] if there is no certificate, or one cannot be read, or if
    /// clients are to be asked by no root.
    pub fn build(self) -> Result<ServerTls, TlsError> {
        if self.identities.is_empty() {
            return Err(TlsError::setup("a server needs a certificate"));
        }
        let keys = self.identities.into_iter().map(|identity| identity.0).collect();
        let crypto = match self.crypto {
            Some(crypto) => crypto,
            None => Crypto::preferred()?,
        };
        let provider = Arc::clone(crypto.provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let resumes = !matches!(self.clients, Clients::Required(_));
        let (roots, optional) = match self.clients {
            Clients::Unasked => (None, false),
            Clients::Optional(roots) => (Some(roots), true),
            Clients::Required(roots) => (Some(roots), false),
        };
        let builder = match roots {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let mut verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots.0), provider);
                if optional {
                    verifier = verifier.allow_unauthenticated();
                }
                let verifier = verifier.build().map_err(|cause| {
                    TlsError::setup("the roots for clients cannot be used").because(cause)
                })?;
                let verifier = Explaining(verifier as Arc<dyn ClientCertVerifier>);
                builder.with_client_cert_verifier(Arc::new(verifier))
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(ByName::new(keys)?));
        let follows = self.alpn.is_none();
        config.alpn_protocols = self.alpn.unwrap_or_default();
        if resumes {
            if let Some(ticketer) = crypto.ticketer()? {
                config.ticketer = ticketer;
            }
            config.send_tls13_tickets = 1; // one is what a client of HTTP/1.1 uses
        } else {
            // Every session would stand for a client's certificate, and outlive it:
            // rustls 0.23 does not verify it again.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        ServerTls::of(config, follows)
    }
}
