//! Purlin on smol: an HTTP server on async-io and one local executor per thread.
//! Decides nothing of the protocol; that is `purlin-core`, driven from here.
//!
//! A handler is an async function from a [`Request`] to anything that is a
//! response. It runs on the thread of its connection, so its future need not be
//! `Send`, and it may borrow what the closure captured:
//!
//! ```no_run
//! use purlin_smol::{Request, Server};
//!
//! fn main() -> purlin_smol::Result<()> {
//!     let greeting = String::from("hello");
//!     let server = Server::new(async move |request: Request| {
//!         format!("{greeting}, {}\n", request.path())
//!     });
//!     smol::block_on(server.listen("127.0.0.1:8080"))
//! }
//! ```
//!
//! | what | is |
//! |---|---|
//! | [`Server`] | an address, a handler, limits; [`Bound`] has its socket, [`Handle`] stops it |
//! | [`Mux`] | routes by Go's patterns, with groups and middleware |
//! | [`Request`], [`Body`] | what came, read piece by piece or whole |
//! | [`Response`], [`Source`] | what goes out as a value, its bytes perhaps still to come |
//! | [`streaming`], [`ResponseWriter`] | what goes out as it is written |
//! | [`Upgraded`] | what is left when HTTP is over: raw bytes both ways |
//! | [`observe`] | what a server tells of connections and requests |
//! | [`Error`] | why not; it is an answer too |
//! | [`testing`] | answers recorded without a server, and a server without a port |
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
//! | `http-body` | [`Body`] as a body of the crate `http-body` |
//! | `tower` | the module `tower`: axum and other services as handlers, a mux inside hyper |

mod alarms;
mod body;
pub mod client;
mod clock;
mod direct;
mod driver;
mod events;
mod handler;
#[cfg(feature = "http-body")]
mod http_body;
mod link;
mod mux;
pub mod observe;
mod place;
mod server;
mod shared;
mod source;
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;
mod turn;
mod upgraded;
mod warm;
mod work;
mod writer;

pub use body::{Body, Cancelled};
pub use bytes::Bytes;
pub use client::{Client, get, head, post, post_form};
pub use handler::{
    Answer, Exchange, Fallible, Handler, HandlerFuture, IntoAnswer, Next, SendHandler,
    SendHandlerFuture, Streaming, around, around_send, fallible, streaming,
};
pub use mux::{
    BoxHandler, BoxSendHandler, Mux, SendMux, SharedMux, default_mux, handle, listen_and_serve,
};
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
pub use server::{Bound, Handle, Server};
pub use source::Source;
pub use upgraded::Upgraded;
pub use writer::ResponseWriter;

/// A request, its [`Body`] still to be read.
pub type Request = purlin_core::Request<Body>;

/// A response, its bytes at hand or given by a [`Source`].
pub type Response = purlin_core::Response<Source>;

/// What may fail with an [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
