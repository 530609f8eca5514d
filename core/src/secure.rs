//! What is known of the TLS that a connection travels in, as plain data.
//! Speaks no TLS: the machine that does fills this in.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// What a TLS handshake has settled.
///
/// ```
/// let info = purlin_core::TlsInfo::default();
/// assert!(info.peer_certificates.is_empty() && !info.resumed);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// `"TLS 1.3"` or `"TLS 1.2"`.
    pub version: &'static str,
    /// The cipher suite, by its IANA name, such as `"TLS_AES_128_GCM_SHA256"`.
    pub cipher: String,
    /// How the keys were agreed on, by its IANA name, such as `"X25519MLKEM768"`;
    /// empty if it has none, or if a resumed session of TLS 1.2 brought the keys.
    pub key_exchange: &'static str,
    /// The protocol that both sides agreed on (RFC 7301), such as `http/1.1`.
    pub alpn: Option<Vec<u8>>,
    /// The name that the client asked for (RFC 6066 §3).
    pub server_name: Option<String>,
    /// The peer's certificates in DER, its own first; a server has them only if
    /// it asked for them. They have been verified.
    pub peer_certificates: Vec<Vec<u8>>,
    /// An earlier session was resumed.
    pub resumed: bool,
    /// The server asked for a second hello (HelloRetryRequest, RFC 8446 §4.1.4): it
    /// takes none of the key shares that came with the first, and the handshake took a
    /// round trip more.
    pub hello_retried: bool,
}

/// The TLS of one connection, filled in as its handshake goes: a value of the
/// connection, which [`Request::tls`](crate::Request::tls) looks into.
#[derive(Clone, Default)]
pub struct Secured(Arc<State>);

#[derive(Default)]
struct State {
    info: OnceLock<TlsInfo>,
    error: OnceLock<String>,
}

impl Secured {
    /// The handshake has ended with this. Only the first call counts.
    pub fn settle(&self, info: TlsInfo) {
        // There is one handshake to a connection.
        let _ = self.0.info.set(info);
    }

    /// TLS has failed for this reason. Only the first call counts.
    pub fn fail(&self, reason: impl fmt::Display) {
        // What follows from the first failure is none of its own.
        let _ = self.0.error.set(reason.to_string());
    }

    /// What the handshake has settled; nothing before its end.
    pub fn info(&self) -> Option<&TlsInfo> {
        self.0.info.get()
    }

    /// Why TLS has failed, if it has.
    pub fn error(&self) -> Option<&str> {
        self.0.error.get().map(String::as_str)
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secured({:?}, {:?})", self.info(), self.error())
    }
}
