//! TLS around Purlin's machines: rustls without sockets.
//! Decides nothing about HTTP and moves no bytes by itself: [`Tls`] has the
//! verbs of every machine, so that drivers and simulations use it unchanged.
//!
//! | what | is |
//! |---|---|
//! | [`Tls`] | a machine around a machine |
//! | [`ServerTls`] | what a server needs: certificates by name, whom it lets in; replaceable while it serves |
//! | [`ClientTls`] | what a client needs: whom it trusts, what it shows |
//! | [`Crypto`] | the cryptography, if another than the preferred is wanted |
//! | [`Identity`], [`Roots`] | certificates and keys, read from PEM |
//! | [`TlsError`] | what is wrong with them, or with the peer |
//!
//! | feature | adds |
//! |---|---|
//! | `ring` (on) | the cryptography of `ring`: [`Crypto::ring`] |
//! | `aws-lc-rs` | that of `aws-lc-rs`, with post-quantum key exchange; it is preferred if both are on |
//! | `webpki-roots` (on) | Mozilla's roots, compiled in |
//! | `platform-roots` | the verifier of the operating system |

mod client;
mod crypto;
mod engine;
mod error;
mod identity;
mod names;
mod plain_http;
mod room;
mod server;
mod tls;
mod unverified;
mod verify;
mod words;
mod x509;

pub use client::ClientTls;
pub use crypto::Crypto;
pub use error::{TlsError, TlsErrorKind};
pub use identity::{Identity, Roots};
pub use purlin_core::{Secured, TlsInfo};
pub use server::{HTTP, ServerTls, ServerTlsBuilder};
pub use tls::{HANDSHAKE, Tls};
