//! What may be spoken inside TLS, by the names of RFC 7301.
//! Settles nothing: what is offered and taken, rustls does.

/// The protocol that is spoken unless others are named.
pub(crate) const HTTP1: &[u8] = b"http/1.1";
/// What the machines of [`purlin_core`] speak, for [`Tls::speaking`](crate::Tls::speaking).
pub const HTTP: &[&[u8]] = &[HTTP1];
