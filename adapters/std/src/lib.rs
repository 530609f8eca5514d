//! Purlin on plain threads: an HTTP server as in Go, in blocking code.
//! Decides nothing about HTTP; the machines of `purlin-core` do, and this
//! moves their bytes.
//!
//! ```no_run
//! use purlin_std::{Request, Response, Server};
//!
//! fn main() -> Result<(), purlin_std::Error> {
//!     Server::new(|request: Request| match request.path() {
//!         "/" => Response::text("hello\n"),
//!         _ => Response::text("no such page\n").with_status(purlin_std::Status::NOT_FOUND),
//!     })
//!     .listen("127.0.0.1:8080")
//! }
//! ```
//!
//! A handler is a function of a [`Request`], or one that takes the
//! [`ResponseWriter`] too (see [`streaming`]). It runs on a thread of a bounded
//! pool. A connection that waits, for a request, for the rest of a head or for
//! a small body, needs no thread. Limits and timeouts are all on; [`Server`]
//! changes them.
//!
//! | what | is |
//! |---|---|
//! | [`Server`] | a handler, limits, what is told; [`Bound`] has its sockets, [`Handle`] ends it |
//! | [`Mux`] | routes by Go's patterns, with groups and middleware |
//! | [`Request`], [`Body`] | what came, read piece by piece or whole |
//! | [`Response`], [`Source`] | what goes out as a value, its bytes perhaps still to come |
//! | [`streaming`], [`ResponseWriter`] | what goes out as it is written |
//! | [`Upgraded`] | what is left when HTTP is over: raw bytes both ways |
//! | [`observe`] | what a server tells of connections and requests |
//! | [`testing`] | answers recorded without a server, and a server without a port |
//! | [`Error`] | why not; it is an answer too |
//!
//! | feature | adds |
//! |---|---|
//! | `gzip` (on) | a client undoes gzip, which it asks for |
//! | `tls` (on) | [`Server::tls`], [`listen_and_serve_tls`], and `https` for clients: `ring` and `webpki-roots` |
//! | `rustls` | the same, with cryptography and roots still to be chosen: by the features below, or by the application ([`tls::Crypto`], [`tls::Roots`]) |
//! | `ring`, `aws-lc-rs` | the cryptography of these crates; `aws-lc-rs` has post-quantum key exchange, and is preferred if both are on |
//! | `webpki-roots`, `platform-roots` | Mozilla's roots, compiled in; what the operating system trusts |
//! | `log`, `tracing` | observers that write to those crates, in [`observe`] |
//! | `http` | the module `convert`: heads to and from the types of the crate `http` |

#![allow(
    clippy::vec_box,
    reason = "a connection moves from owner to owner; in a box that is cheap"
)]

mod alarm;
mod body;
pub mod client;
mod conn;
mod control;
mod doors;
mod driver;
mod exchange;
mod handler;
mod hub;
mod mux;
pub mod observe;
mod poller;
mod pool;
mod server;
mod shared;
mod socket;
mod source;
pub mod testing;
mod upgraded;
mod worker;
mod writer;

pub use body::{Body, Cancelled};
pub use bytes::Bytes;
pub use client::{Client, get, head, post, post_form};
pub use control::Handle;
pub use exchange::Exchange;
pub use handler::{
    Answer, Fallible, FullDuplex, Handler, IntoAnswer, Next, Streaming, around, fallible,
    full_duplex, streaming,
};
pub use mux::{BoxHandler, Mux, SharedMux, default_mux, handle, listen_and_serve};
pub use purlin_core::config::FaultAnswer;
#[cfg(feature = "http")]
pub use purlin_core::convert;
pub use purlin_core::message::{BoxError, Error, Streamed};
pub use purlin_core::observe::{Address, ConnState, Observer, Peer};
pub use purlin_core::router::{InsertError, RouterOptions};
pub use purlin_core::{
    BodyLength, CloseReason, Content, Facts, Fault, Field, Fields, IntoResponse, InvalidField,
    Leniency, Limits, Method, Misuse, PeerError, Rate, RequestHead, ResponseHead, ServerConfig,
    Status, Timeouts, Values, Version, names,
};
pub use purlin_host::{Dialer, Listener, Panics, Stream, in_memory, inherited};
#[cfg(feature = "rustls")]
pub use purlin_tls as tls;
#[cfg(feature = "rustls")]
pub use server::listen_and_serve_tls;
pub use server::{Bound, Server};
pub use source::Source;
pub use upgraded::Upgraded;
pub use writer::ResponseWriter;

/// A request, its [`Body`] still to be read.
pub type Request = purlin_core::Request<Body>;

/// A response, its bytes at hand or given by a [`Source`].
pub type Response = purlin_core::Response<Source>;

/// What may fail with an [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
