//! What a client needs to speak TLS: whom it trusts, and what it shows.
//! Holds it; the handshake is the machine's.

use crate::crypto::Crypto;
use crate::error::TlsError;
use crate::identity::{Identity, Roots};
use crate::protocols::Offers;
use crate::unverified::Unverified;
use crate::verify::Explaining;
use purlin_core::config::Protocols;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, WebPkiServerVerifier,
};
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use std::fmt;
use std::sync::Arc;

/// What a client needs to speak TLS 1.2 and 1.3. Clones share their sessions,
/// so that a later connection to the same server resumes an earlier one's.
///
/// ```
/// use purlin_tls::{ClientTls, Roots};
/// # #[cfg(feature = "webpki-roots")] {
/// let tls = ClientTls::new(Roots::webpki())?;
/// # let _ = tls;
/// # }
/// # Ok::<(), purlin_tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct ClientTls {
    configs: Offers<ClientConfig>,
    /// What is offered is what is spoken.
    follows: bool,
    /// The sessions that can be resumed, if they are ours and their certificates count.
    sessions: Option<Arc<ClientSessionMemoryCache>>,
}

/// So many sessions are kept, as rustls does.
const SESSIONS: usize = 256;

impl ClientTls {
    /// Trusts these roots.
    ///
    /// # Errors
    /// [`TlsError`] if the cryptography cannot be set up.
    pub fn new(roots: Roots) -> Result<ClientTls, TlsError> {
        ClientTls::with_crypto(roots, &Crypto::preferred()?)
    }

    /// Trusts these roots, and speaks with this cryptography.
    ///
    /// # Errors
    /// As [`ClientTls::new`].
    pub fn with_crypto(roots: Roots, crypto: &Crypto) -> Result<ClientTls, TlsError> {
        let provider = crypto.provider();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots.0), Arc::clone(provider))
                .build()
                .map_err(|cause| TlsError::setup("the roots cannot be used").because(cause))?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Explaining(
                verifier as Arc<dyn ServerCertVerifier>,
            )));
        Ok(ClientTls::of(builder.with_no_client_auth()))
    }

    /// Trusts Mozilla's roots, which are compiled in: it works on any machine
    /// and in an empty container, but knows nothing of a company's own roots.
    ///
    /// # Errors
    /// As [`ClientTls::new`].
    #[cfg(feature = "webpki-roots")]
    pub fn with_webpki_roots() -> Result<ClientTls, TlsError> {
        ClientTls::new(Roots::webpki())
    }

    /// Trusts what the operating system trusts.
    ///
    /// # Errors
    /// [`TlsError`] if the system's verifier or its roots cannot be had.
    #[cfg(feature = "platform-roots")]
    pub fn with_platform_roots() -> Result<ClientTls, TlsError> {
        use rustls_platform_verifier::BuilderVerifierExt;
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(Crypto::preferred()?.provider()))
                .with_safe_default_protocol_versions()?
                .with_platform_verifier()
                .map_err(|cause| {
                    TlsError::setup("the system's roots cannot be had").because(cause)
                })?;
        Ok(ClientTls::of(builder.with_no_client_auth()))
    }

    /// Trusts what the features that are on have: Mozilla's roots, else the operating system's.
    ///
    /// # Errors
    /// As [`ClientTls::new`], or neither feature is on.
    pub fn with_default_roots() -> Result<ClientTls, TlsError> {
        #[cfg(feature = "webpki-roots")]
        return ClientTls::with_webpki_roots();
        #[cfg(all(feature = "platform-roots", not(feature = "webpki-roots")))]
        return ClientTls::with_platform_roots();
        #[cfg(not(any(feature = "webpki-roots", feature = "platform-roots")))]
        return Err(TlsError::setup(
            "no roots are trusted: turn on the feature `webpki-roots` or `platform-roots`, or give some",
        ));
    }

    /// What somebody else has set up with rustls 0.23. This is the one place
    /// where a client's TLS depends on that version. What protocols it offers stands in it.
    pub fn from_rustls(config: Arc<ClientConfig>) -> ClientTls {
        ClientTls { configs: Offers::fixed(config), follows: false, sessions: None }
    }

    fn of(config: ClientConfig) -> ClientTls {
        ClientTls::with_sessions(config, true)
    }

    fn with_sessions(mut config: ClientConfig, follows: bool) -> ClientTls {
        let sessions = Arc::new(ClientSessionMemoryCache::new(SESSIONS));
        config.resumption = Resumption::store(Arc::clone(&sessions) as _);
        let configs = ClientTls::offers(config, follows);
        ClientTls { configs, follows, sessions: Some(sessions) }
    }

    fn offers(config: ClientConfig, follows: bool) -> Offers<ClientConfig> {
        if follows {
            Offers::following(&config, |config, names| config.alpn_protocols = names)
        } else {
            Offers::fixed(Arc::new(config))
        }
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn identity(self, identity: Identity) -> ClientTls {
        self.with(|config| {
            let shown = SingleCertAndKey::from(Arc::unwrap_or_clone(identity.0));
            config.client_auth_cert_resolver = Arc::new(shown);
        })
    }

    /// Sets the protocols that are offered (RFC 7301), the preferred first. Unless it is
    /// set they are those that are [spoken](crate::Tls::client_of).
    #[must_use]
    pub fn alpn(self, protocols: &[&[u8]]) -> ClientTls {
        ClientTls { follows: false, ..self }.with(|config| {
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        })
    }

    /// Takes any certificate, of anybody, for any name. Whoever stands between
    /// can then read and change everything: for tests against one's own machine.
    #[must_use]
    pub fn danger_accept_invalid(self) -> ClientTls {
        let trusting = self.with(|config| {
            let verifier = Arc::new(Unverified(Arc::clone(config.crypto_provider())));
            config.dangerous().set_certificate_verifier(verifier);
        });
        // That a certificate has expired is nothing to it.
        ClientTls { sessions: None, ..trusting }
    }

    fn with(self, change: impl FnOnce(&mut ClientConfig)) -> ClientTls {
        let mut config = ClientConfig::clone(self.configs.of(Protocols::Http1));
        change(&mut config);
        // What was agreed on under other rules is not taken over.
        match self.sessions {
            Some(_) => ClientTls::with_sessions(config, self.follows),
            None => {
                config.resumption = Resumption::default();
                let configs = ClientTls::offers(config, self.follows);
                ClientTls { configs, sessions: None, ..self }
            }
        }
    }

    pub(crate) fn config(&self, protocols: Protocols) -> Arc<ClientConfig> {
        Arc::clone(self.configs.of(protocols))
    }

    /// What forgets the sessions with this server.
    pub(crate) fn sessions_with(&self, server: ServerName<'static>) -> Option<Sessions> {
        self.sessions.clone().map(|store| Sessions { store, server })
    }
}

/// The sessions with one server, while it is not known whether one that is resumed counts.
pub(crate) struct Sessions {
    store: Arc<ClientSessionMemoryCache>,
    server: ServerName<'static>,
}

impl Sessions {
    /// Has the next connection begin anew.
    pub(crate) fn forget(&self) {
        self.store.remove_tls12_session(&self.server);
        while self.store.take_tls13_ticket(&self.server).is_some() {}
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls")
    }
}
