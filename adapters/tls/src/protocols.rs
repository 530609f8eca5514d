//! What may be spoken inside TLS, by the names of RFC 7301.
//! Settles nothing: what is offered and taken, rustls does.

use purlin_core::config::Protocols;
use std::sync::Arc;

/// HTTP/1.1, which is also spoken by whoever names nothing.
pub(crate) const HTTP1: &[u8] = b"http/1.1";
/// HTTP/2 inside TLS (RFC 9113 §3.2).
pub(crate) const HTTP2: &[u8] = b"h2";
/// What a machine of HTTP/1 speaks, for [`Tls::speaking`](crate::Tls::speaking).
pub const HTTP: &[&[u8]] = &[HTTP1];

/// The names of these protocols, the preferred first.
///
/// ```
/// use purlin_core::config::Protocols;
/// assert_eq!(purlin_tls::alpn(Protocols::Both), [&b"h2"[..], b"http/1.1"]);
/// ```
pub const fn alpn(protocols: Protocols) -> &'static [&'static [u8]] {
    match protocols {
        Protocols::Http1 => HTTP,
        Protocols::Http2 => &[HTTP2],
        Protocols::Both => &[HTTP2, HTTP1],
    }
}

/// rustls set up for each choice of protocols.
#[derive(Clone)]
pub(crate) struct Offers<C> {
    http1: Arc<C>,
    http2: Arc<C>,
    both: Arc<C>,
}

impl<C: Clone> Offers<C> {
    /// What is offered stands in it.
    pub(crate) fn fixed(config: Arc<C>) -> Offers<C> {
        Offers { http1: Arc::clone(&config), http2: Arc::clone(&config), both: config }
    }

    /// What is offered is what is spoken, once `offer` has put it in.
    pub(crate) fn following(config: &C, offer: impl Fn(&mut C, Vec<Vec<u8>>)) -> Offers<C> {
        let offering = |protocols| {
            let mut config = config.clone();
            offer(&mut config, alpn(protocols).iter().map(|name| name.to_vec()).collect());
            Arc::new(config)
        };
        Offers {
            http1: offering(Protocols::Http1),
            http2: offering(Protocols::Http2),
            both: offering(Protocols::Both),
        }
    }

    pub(crate) fn of(&self, protocols: Protocols) -> &Arc<C> {
        match protocols {
            Protocols::Http1 => &self.http1,
            Protocols::Http2 => &self.http2,
            Protocols::Both => &self.both,
        }
    }
}
