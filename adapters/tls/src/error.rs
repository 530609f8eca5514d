//! Why TLS cannot be set up, or has failed, in words that say what to mend.
//! Holds no secret: neither keys nor plaintext are in any of them.

use crate::words;
use rustls::Error as Cause;
use rustls::pki_types::pem;
use std::fmt;
use std::sync::Arc;

/// Why TLS cannot be set up, or has failed.
///
/// `Display` says it in one line, in which nothing of the peer's choosing stands
/// but a few names of its certificate, escaped;
/// [`source`](std::error::Error::source) has what that does not say, so that a
/// report which walks the chain says nothing twice.
///
/// ```
/// use purlin_tls::{ServerTls, TlsErrorKind};
/// let error = ServerTls::from_pem(b"no certificate", b"no key").unwrap_err();
/// assert_eq!(error.kind(), TlsErrorKind::Setup);
/// assert_eq!(error.to_string(), "there is no certificate in the chain's PEM");
/// ```
#[derive(Clone, Debug)]
pub struct TlsError {
    kind: TlsErrorKind,
    text: String,
    source: Option<Source>,
}

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// What kind of thing has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// A certificate, a key, roots or a name that was given here.
    Setup,
    /// The peer's certificate: not trusted, expired, or not for this name.
    Certificate,
    /// The peer ended TLS with an alert.
    Alert,
    /// The session that was resumed stands for a certificate of the server's that
    /// has expired since: the next connection begins anew.
    Session,
    /// Time ran out in the handshake.
    Timeout,
    /// The connection ended in the handshake.
    Closed,
    /// The peer spoke plain HTTP.
    PlainHttp,
    /// The two sides have nothing in common, or the peer broke the protocol.
    Protocol,
}

impl TlsError {
    pub(crate) fn new(kind: TlsErrorKind, text: impl Into<String>) -> TlsError {
        TlsError { kind, text: text.into(), source: None }
    }

    pub(crate) fn because(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn setup(text: impl Into<String>) -> TlsError {
        TlsError::new(TlsErrorKind::Setup, text)
    }

    /// A PEM text from which `what` was to be read.
    pub(crate) fn pem(what: &str, part: &str, cause: pem::Error) -> TlsError {
        match cause {
            pem::Error::NoItemsFound => {
                TlsError::setup(format!("there is no {what} in the {part}'s PEM"))
            }
            cause => TlsError::setup(format!("the {part}'s PEM is broken")).because(cause),
        }
    }

    /// What kind of thing has failed.
    pub fn kind(&self) -> TlsErrorKind {
        self.kind
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// For [`purlin_core::message::Error`], the error of the adapters.
impl From<TlsError> for purlin_core::message::Error {
    fn from(error: TlsError) -> purlin_core::message::Error {
        purlin_core::message::Error::Tls(Box::new(error))
    }
}

/// What has failed while TLS was spoken. What rustls says of it may be long, and
/// holds what the peer chose, so that it is told in words and has no source.
impl From<Cause> for TlsError {
    fn from(cause: Cause) -> TlsError {
        let kind = match &cause {
            Cause::InvalidCertificate(_) | Cause::NoCertificatesPresented => {
                TlsErrorKind::Certificate
            }
            Cause::AlertReceived(_) => TlsErrorKind::Alert,
            _ => TlsErrorKind::Protocol,
        };
        TlsError::new(kind, words::of(&cause))
    }
}
