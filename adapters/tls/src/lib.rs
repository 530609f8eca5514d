//! TLS around Purlin's machines: rustls without sockets.
//! Decides nothing about HTTP and moves no bytes by itself: [`Tls`] has the
//! verbs of every machine, so that drivers and simulations use it unchanged.
//!
//! # How do I ...
//!
//! **... serve over TLS?** With a certificate and its key, as a value that
//! `Server::tls` of an adapter takes, or that makes the machine of a connection
//! ([`ServerTls::connection`]). It is replaced while it serves.
//!
//! ```
//! use purlin_tls::{Identity, Roots, ServerTls};
//!
//! # let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
//! # let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
//! # let (chain, key) = (chain.as_bytes(), key.as_bytes());
//! let tls = ServerTls::from_pem(chain, key)?; // or `from_files`
//!
//! // Several names, each with its certificate, for clients that show one of their own:
//! let strict = ServerTls::builder()
//!     .identity(Identity::from_pem(chain, key)?)
//!     .client_certificates_required(Roots::from_pem(chain)?)
//!     .build()?;
//! tls.replace(&strict); // for connections to come
//! # Ok::<(), purlin_tls::TlsError>(())
//! ```
//!
//! **... trust an authority of my own?** By [`Roots`], alone or beside Mozilla's:
//!
//! ```
//! use purlin_tls::{ClientTls, Roots};
//!
//! # let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
//! # let pem = made.cert.pem();
//! let own = ClientTls::new(Roots::from_pem(pem.as_bytes())?)?;
//! # #[cfg(feature = "webpki-roots")] {
//! let both = ClientTls::new(Roots::webpki().and_pem(pem.as_bytes())?)?;
//! # }
//! # Ok::<(), purlin_tls::TlsError>(())
//! ```
//!
//! **... use rustls as I have set it up?** [`ServerTls::from_rustls`], [`ClientTls::from_rustls`]
//! and [`Crypto::from_rustls`].
//!
//! **... drive it by hand?** [`Tls`] shows how.
//!
//! # What is here
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
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `ring` (on) | the cryptography of `ring`: [`Crypto::ring`] |
//! | `aws-lc-rs` | that of `aws-lc-rs`, with post-quantum key exchange; it is preferred if both are on |
//! | `webpki-roots` (on) | Mozilla's roots, compiled in |
//! | `platform-roots` | the verifier of the operating system |

// Where links of other crates lead that are documented without this one.
#![doc(html_root_url = "https://docs.rs/purlin-tls/0.1")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations)]

mod client;
mod crypto;
mod engine;
mod error;
mod identity;
mod names;
mod plain_http;
mod protocols;
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
pub use protocols::{HTTP, alpn};
pub use purlin_core::{Secured, TlsInfo};
pub use server::{ServerTls, ServerTlsBuilder};
pub use tls::{HANDSHAKE, Tls};

/// The examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
