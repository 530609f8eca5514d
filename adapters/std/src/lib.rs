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
//! A connection has a thread, and its handler runs there. A handler is a
//! function of a [`Request`], or one that takes the [`ResponseWriter`] too
//! (see [`streaming`]). Limits and timeouts are all on; [`Server`] changes them.

mod body;
mod clock;
mod conn;
mod control;
mod driver;
mod handler;
mod mux;
mod server;
mod shared;
mod socket;
mod upgraded;
mod writer;

pub use body::Body;
pub use bytes::Bytes;
pub use control::Handle;
pub use handler::{Handler, Source, Streamed, Streaming, streaming};
pub use mux::{BoxHandler, Mux, SharedMux, default_mux, handle, listen_and_serve};
pub use purlin_core::message::Error;
pub use purlin_core::router::{InsertError, RouterOptions};
pub use purlin_core::{
    BodyLength, CloseReason, Content, Fault, Field, Fields, IntoResponse, InvalidField, Leniency,
    Limits, Method, Misuse, PeerError, Rate, RequestHead, ResponseHead, ServerConfig, Status,
    Timeouts, Version, names,
};
pub use server::{Bound, Server};
pub use upgraded::Upgraded;
pub use writer::ResponseWriter;

/// A request, as a handler gets it.
pub type Request = purlin_core::Request<Body>;

/// A response, as a handler gives it.
pub type Response = purlin_core::Response<Source>;

/// A result whose error is this crate's.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
