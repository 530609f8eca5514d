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
//! # How do I ...
//!
//! **... keep state?** A handler is a closure and owns what it captures; what several
//! handlers share is in an [`Arc`](std::sync::Arc). It is called on many threads at once, so
//! what changes has a lock, which is not held over an `await`. [`Server::value`] is for what
//! middleware and handlers find by its type ([`Request::value`](purlin_core::Request::value)).
//!
//! ```
//! # smol::block_on(async {
//! use purlin_smol::testing::{Recorder, get, post};
//! use purlin_smol::{Mux, Request, Status};
//! use std::sync::{Arc, Mutex};
//!
//! let notes = Arc::new(Mutex::new(Vec::new()));
//! let mut mux = Mux::new();
//! mux.handle("POST /notes", {
//!     let notes = Arc::clone(&notes);
//!     async move |mut request: Request| -> purlin_smol::Result<Status> {
//!         let note = request.body_mut().text().await?; // 400 if no text, 413 if too long
//!         notes.lock().expect("nobody panics with it").push(note);
//!         Ok(Status::CREATED)
//!     }
//! })?;
//! mux.handle("GET /notes", async move |_: Request| {
//!     notes.lock().expect("nobody panics with it").join("\n")
//! })?;
//! let recorder = Recorder::new(mux);
//! assert_eq!(recorder.record(post("/notes", "milk")).await.status(), Status::CREATED);
//! assert_eq!(recorder.record(get("/notes")).await.text(), "milk");
//! # Ok::<(), purlin_smol::InsertError>(())
//! # }).unwrap();
//! ```
//!
//! **... speak JSON?** With the crate of your choice; there is none in here. With `serde_json`,
//! `serde_json::from_slice(&request.body_mut().bytes().await?)` reads a request, and
//! `serde_json::to_string` makes the text of an answer:
//!
//! ```
//! use purlin_smol::{InvalidField, Response};
//!
//! fn json(text: String) -> Result<Response, InvalidField> {
//!     Response::new(purlin_smol::Status::OK)
//!         .with_content(purlin_smol::Content::Full(text.into()))
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
//! # smol::block_on(async {
//! use purlin_smol::testing::{Recorder, get};
//! use purlin_smol::{Answer, Mux, Next, Request, Status, around};
//!
//! async fn signed_in(request: Request, next: Next) -> Answer {
//!     match request.field("Authorization") {
//!         Some("Bearer secret") => next.run(request).await,
//!         _ => Status::UNAUTHORIZED.into(),
//!     }
//! }
//!
//! let mut mux = Mux::new();
//! mux.handle("GET /{$}", async |_: Request| "for all")?;
//! let mut admin = mux.group("/admin");
//! admin.wrap(around(signed_in));
//! admin.handle("GET /{$}", async |_: Request| "for some")?;
//! let recorder = Recorder::new(mux);
//! assert_eq!(recorder.record(get("/")).await.text(), "for all");
//! assert_eq!(recorder.record(get("/admin/")).await.status(), Status::UNAUTHORIZED);
//! let asked = get("/admin/").field("Authorization", "Bearer secret");
//! assert_eq!(recorder.record(asked).await.text(), "for some");
//! # Ok::<(), purlin_smol::InsertError>(())
//! # }).unwrap();
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
//! # smol::block_on(async {
//! use purlin_smol::testing::{Recorder, get};
//! use purlin_smol::{Request, ResponseWriter, streaming};
//!
//! let count = streaming(async |_: Request, mut writer: ResponseWriter| -> purlin_smol::Result {
//!     for number in 1..=3 {
//!         writer.write(format!("{number}\n").as_bytes()).await?;
//!         writer.flush().await?; // the client has it now
//!     }
//!     Ok(())
//! });
//! assert_eq!(Recorder::new(count).record(get("/")).await.text(), "1\n2\n3\n");
//! # });
//! ```
//!
//! **... shut down?** [`Bound::handle`] gives what ends the server, from anywhere.
//!
//! ```
//! use purlin_smol::{Request, Server};
//! use std::time::Duration;
//!
//! # smol::block_on(async {
//! let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
//! let handle = bound.handle();
//! let serving = smol::spawn(bound.serve());
//! // On a signal, say: what has begun is answered, for ten seconds at most.
//! let cut = handle.shutdown(Duration::from_secs(10)).await;
//! assert_eq!(cut, 0);
//! serving.await?;
//! # Ok::<(), purlin_smol::Error>(())
//! # }).unwrap();
//! ```
//!
//! **... speak TLS?** [`Server::tls`] takes a certificate and its key, and a new one while it
//! serves; [`listen_and_serve_tls`] is for the simple case. A client does for `https://`.
//!
//! ```no_run
//! # #[cfg(feature = "rustls")] {
//! use purlin_smol::tls::ServerTls;
//! use purlin_smol::{Request, Server};
//!
//! let tls = ServerTls::from_files("chain.pem", "key.pem")?;
//! let server = Server::new(async |_: Request| "hello\n").tls(tls);
//! smol::block_on(server.listen("0.0.0.0:8443"))?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **... ask others?** With a [`Client`]; [`get`] and [`post`] use one that all share.
//!
//! ```no_run
//! use purlin_smol::client::{Client, Request, Settings};
//! use std::time::Duration;
//!
//! # async fn show() -> purlin_smol::client::Result<()> {
//! let client = Client::with(Settings::new().timeout(Duration::from_secs(10)));
//! let request = Request::post("https://api.test/items").bearer_auth("token").json(r#"{"a":1}"#);
//! let mut response = client.send(request).await?.error_for_status()?;
//! println!("{}", response.text().await?);
//! # Ok(()) }
//! ```
//!
//! **... run on tokio?** With a [`SendMux`], whose handlers are `Send`, and
//! [`Bound::serve_on`], which is given what spawns a connection; handlers then use what tokio
//! has. Any other executor does as well. The client is awaited on any executor as it is.
//!
//! ```no_run
//! use purlin_smol::{Request, SendMux, Server};
//!
//! # mod tokio { pub fn spawn(_: impl Future<Output = ()> + Send + 'static) {} }
//! async fn serve() -> purlin_smol::Result<()> {
//!     let mut mux = SendMux::new();
//!     mux.handle("GET /hello/{name}", async |request: Request| {
//!         format!("hello, {}\n", request.param("name"))
//!     })?;
//!     let bound = Server::new(mux).bind("127.0.0.1:8080").await?;
//!     bound.serve_on(|connection| drop(tokio::spawn(connection))).await
//! }
//! ```
//!
//! **... test?** [`testing::Recorder`], as above, needs no server;
//! [`testing::TestServer`] is a whole one without a port, with limits and deadlines.
//!
//! # What is here
//!
//! | what | is |
//! |---|---|
//! | [`Server`] | an address, a handler, limits; [`Bound`] has its socket, [`Handle`] stops it |
//! | [`Mux`] | routes by Go's patterns, with groups and middleware |
//! | [`Request`], [`Body`] | what came, read piece by piece or whole |
//! | [`Response`], [`Source`] | what goes out as a value, its bytes perhaps still to come |
//! | [`streaming`], [`ResponseWriter`] | what goes out as it is written |
//! | [`Upgraded`] | what is left when HTTP is over: raw bytes both ways |
//! | [`Client`], [`client`] | requests over kept connections, with redirects, cookies, proxies |
//! | [`observe`] | what a server tells of connections and requests |
//! | [`Error`] | why not; it is an answer too |
//! | [`testing`] | answers recorded without a server, and a server without a port |
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
//! | `http-body` | [`Body`] as a body of the crate `http-body` |
//! | `tower` | the module `tower`: axum and other services as handlers, a mux inside hyper |

// Where links of other crates lead that are documented without this one.
#![doc(html_root_url = "https://docs.rs/purlin-smol/0.1")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations)]

mod body;
pub mod client;
mod clock;
mod handler;
#[cfg(feature = "http-body")]
mod http_body;
mod link;
mod mux;
pub mod observe;
mod server;
mod source;
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;
mod upgraded;
mod writer;

pub use body::{Body, Cancelled};
pub use client::{Client, get, head, post, post_form};
pub use handler::{
    Answer, Exchange, Fallible, Handler, HandlerFuture, IntoAnswer, Next, SendHandler,
    SendHandlerFuture, Streaming, around, around_send, fallible, streaming,
};
pub use mux::{
    BoxHandler, BoxSendHandler, Mux, SendMux, SharedMux, default_mux, handle, listen_and_serve,
};
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
