//! Why TLS cannot be set up, or has failed, in words that say what to mend.
//! Holds no secret: neither keys nor plaintext are in any of them.

use purlin_core::imf_fixdate;
use rustls::pki_types::{UnixTime, pem};
use rustls::{AlertDescription, CertificateError, Error as Cause};
use std::fmt;
use std::sync::Arc;

/// Why TLS cannot be set up, or has failed.
///
/// `Display` says it in one line; [`source`](std::error::Error::source) has what that
/// does not say, so that a report which walks the chain says nothing twice.
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

/// What has failed while TLS was spoken.
impl From<Cause> for TlsError {
    fn from(cause: Cause) -> TlsError {
        let (kind, text) = match &cause {
            Cause::InvalidCertificate(why) => (TlsErrorKind::Certificate, certificate(why)),
            Cause::NoCertificatesPresented => {
                (TlsErrorKind::Certificate, "the peer has sent no certificate".into())
            }
            Cause::AlertReceived(alert) => (TlsErrorKind::Alert, told(*alert)),
            cause => (TlsErrorKind::Protocol, cause.to_string()),
        };
        TlsError::new(kind, text)
    }
}

fn told(alert: AlertDescription) -> String {
    format!("the peer ended TLS with the alert {alert:?}")
}

fn certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = match presented.as_slice() {
                [] => "no name".into(),
                names => names.join(", "),
            };
            format!("the certificate is not for {}, but for {names}", expected.to_str())
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate expired on {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate is not valid before {}", date(*not_before))
        }
        CertificateError::UnknownIssuer => {
            "the certificate's issuer is not among the roots that are trusted".into()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate is an authority's (CA:TRUE), which cannot be a server's own".into()
        }
        why => format!("the certificate cannot be used: {why}"),
    }
}

fn date(time: UnixTime) -> String {
    String::from_utf8_lossy(&imf_fixdate(time.as_secs())).into_owned()
}
