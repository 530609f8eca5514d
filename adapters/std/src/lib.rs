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
//! # How do I ...
//!
//! **... keep state?** A handler is a closure and owns what it captures; what several
//! handlers share is in an [`Arc`](std::sync::Arc). It is called on many threads at once, so
//! what changes has a lock. [`Server::value`] is for what middleware and handlers find by its
//! type ([`Request::value`](purlin_core::Request::value)).
//!
//! ```
//! use purlin_std::testing::{Recorder, get, post};
//! use purlin_std::{Mux, Request, Status};
//! use std::sync::{Arc, Mutex};
//!
//! let notes = Arc::new(Mutex::new(Vec::new()));
//! let mut mux = Mux::new();
//! mux.handle("POST /notes", {
//!     let notes = Arc::clone(&notes);
//!     move |mut request: Request| -> purlin_std::Result<Status> {
//!         let note = request.body_mut().text()?; // 400 if it is no text, 413 if too long
//!         notes.lock().expect("nobody panics with it").push(note);
//!         Ok(Status::CREATED)
//!     }
//! })?;
//! mux.handle("GET /notes", move |_: Request| {
//!     notes.lock().expect("nobody panics with it").join("\n")
//! })?;
//! let recorder = Recorder::new(mux);
//! assert_eq!(recorder.record(post("/notes", "milk")).status(), Status::CREATED);
//! assert_eq!(recorder.record(get("/notes")).text(), "milk");
//! # Ok::<(), purlin_std::InsertError>(())
//! ```
//!
//! **... speak JSON?** With the crate of your choice; there is none in here. With
//! `serde_json`, `serde_json::from_slice(&request.body_mut().bytes()?)` reads a request, and
//! `serde_json::to_string` makes the text of an answer:
//!
//! ```
//! use purlin_std::{InvalidField, Response};
//!
//! fn json(text: String) -> Result<Response, InvalidField> {
//!     Response::new(purlin_std::Status::OK)
//!         .with_content(purlin_std::Content::Full(text.into()))
//!         .with("Content-Type", "application/json")
//! }
//! assert_eq!(json("[1,2]".into())?.fields().get("content-type"), Some("application/json"));
//! # Ok::<(), InvalidField>(())
//! ```
//!
//! **... write middleware?** As a function of the request and what is next; [`around`] makes a
//! layer of it, for a whole [`Mux`] or a group of its routes.
//!
//! ```
//! use purlin_std::testing::{Recorder, get};
//! use purlin_std::{Answer, Mux, Next, Request, Status, around};
//!
//! fn signed_in(request: Request, next: Next) -> Answer {
//!     match request.field("Authorization") {
//!         Some("Bearer secret") => next.run(request),
//!         _ => Status::UNAUTHORIZED.into(),
//!     }
//! }
//!
//! let mut mux = Mux::new();
//! mux.handle("GET /{$}", |_: Request| "for all")?;
//! let mut admin = mux.group("/admin");
//! admin.wrap(around(signed_in));
//! admin.handle("GET /{$}", |_: Request| "for some")?;
//! let recorder = Recorder::new(mux);
//! assert_eq!(recorder.record(get("/")).text(), "for all");
//! assert_eq!(recorder.record(get("/admin/")).status(), Status::UNAUTHORIZED);
//! let asked = get("/admin/").field("Authorization", "Bearer secret");
//! assert_eq!(recorder.record(asked).text(), "for some");
//! # Ok::<(), purlin_std::InsertError>(())
//! ```
//!
//! **... return errors?** With `?`: an [`Error`], an `io::Error` and a [`BoxError`] are
//! answers, and [`fallible`] takes any other. The client is told a status and no more;
//! observers are told the cause.
//!
//! **... stream?** [`streaming`] gives the handler a [`ResponseWriter`]; a [`Source`] gives
//! the bytes of a response as they are wanted; [`Body::chunk`] reads a request piece by piece.
//!
//! ```
//! use purlin_std::testing::{Recorder, get};
//! use purlin_std::{Request, ResponseWriter, streaming};
//! use std::io::Write;
//!
//! let count = streaming(|_: Request, mut writer: ResponseWriter| -> purlin_std::Result {
//!     for number in 1..=3 {
//!         writeln!(writer, "{number}")?;
//!         writer.flush()?; // the client has it now
//!     }
//!     Ok(())
//! });
//! assert_eq!(Recorder::new(count).record(get("/")).text(), "1\n2\n3\n");
//! ```
//!
//! **... shut down?** [`Bound::handle`] gives what ends the server, from any thread.
//!
//! ```
//! use purlin_std::{Request, Server};
//! use std::time::Duration;
//!
//! let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
//! let handle = bound.handle();
//! let serving = std::thread::spawn(move || bound.serve());
//! // On a signal, say: what has begun is answered, for ten seconds at most.
//! let cut = handle.shutdown(Duration::from_secs(10));
//! assert_eq!(cut, 0);
//! serving.join().expect("serving does not panic")?;
//! # Ok::<(), purlin_std::Error>(())
//! ```
//!
//! **... speak TLS?** [`Server::tls`] takes a certificate and its key, and a new one while it
//! serves; [`listen_and_serve_tls`] is for the simple case. A client does for `https://`.
//!
//! ```no_run
//! # #[cfg(feature = "rustls")] {
//! use purlin_std::tls::ServerTls;
//! use purlin_std::{Request, Server};
//!
//! let tls = ServerTls::from_files("chain.pem", "key.pem")?;
//! Server::new(|_: Request| "hello\n").tls(tls).listen("0.0.0.0:8443")?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **... ask others?** With a [`Client`]; [`get`] and [`post`] use one that all share.
//!
//! ```no_run
//! use purlin_std::client::{Client, Request, Settings};
//! use std::time::Duration;
//!
//! let client = Client::with(Settings::new().timeout(Duration::from_secs(10)));
//! let request = Request::post("https://api.test/items").bearer_auth("token").json(r#"{"a":1}"#);
//! let mut response = client.send(request)?.error_for_status()?;
//! println!("{}", response.text()?);
//! # Ok::<(), purlin_std::client::Error>(())
//! ```
//!
//! **... test?** [`testing::Recorder`], as above, needs no server;
//! [`testing::TestServer`] is a whole one without a port, with limits and deadlines.
//!
//! # What is here
//!
//! | what | is |
//! |---|---|
//! | [`Server`] | a handler, limits, what is told; [`Bound`] has its sockets, [`Handle`] ends it |
//! | [`Mux`] | routes by Go's patterns, with groups and middleware |
//! | [`Request`], [`Body`] | what came, read piece by piece or whole |
//! | [`Response`], [`Source`] | what goes out as a value, its bytes perhaps still to come |
//! | [`streaming`], [`ResponseWriter`] | what goes out as it is written |
//! | [`Upgraded`] | what is left when HTTP is over: raw bytes both ways |
//! | [`Client`], [`client`] | requests over kept connections, with redirects, cookies, proxies |
//! | [`observe`] | what a server tells of connections and requests |
//! | [`testing`] | answers recorded without a server, and a server without a port |
//! | [`Error`] | why not; it is an answer too |
//!
//! # Features
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

// Where links of other crates lead that are documented without this one.
#![doc(html_root_url = "https://docs.rs/purlin-std/0.1")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations)]
#![allow(
    clippy::vec_box,
    reason = "a connection moves from owner to owner; in a box that is cheap"
)]

mod body;
pub mod client;
mod duplex;
mod handler;
mod mux;
pub mod observe;
mod server;
mod source;
pub mod testing;
mod upgraded;
mod writer;

pub use body::{Body, Cancelled};
pub use client::{Client, get, head, post, post_form};
pub use handler::{
    Answer, Exchange, Fallible, FullDuplex, Handler, IntoAnswer, Next, Streaming, around, fallible,
    full_duplex, streaming,
};
pub use mux::{BoxHandler, Mux, SharedMux, default_mux, handle, listen_and_serve};
pub use purlin_net::{Dialer, Listener, Stream, in_memory, inherited};
#[cfg(feature = "rustls")]
pub use server::listen_and_serve_tls;
pub use server::{Bound, Handle, Server};
pub use source::Source;
pub use upgraded::Upgraded;
pub use writer::ResponseWriter;

purlin_engine::server_names! {}

/// A request, its [`Body`] still to be read.
///
/// What asks it are the methods of [`purlin_core::Request`]: `method`, `path`, `query`,
/// `field`, `cookie`, `param`, `value`, `peer`, `body_mut` and more. This crate adds what
/// reads the body, to [`Body`].
pub type Request = purlin_core::Request<Body>;

/// A response, its bytes at hand or given by a [`Source`].
///
/// What makes it are the functions of [`purlin_core::Response`]: `new`, `text`, `html`,
/// `bytes` and `stream` to begin, `with_status`, `with`, `with_static`, `with_cookie` and
/// more to go on.
pub type Response = purlin_core::Response<Source>;

/// What may fail with an [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// The examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
