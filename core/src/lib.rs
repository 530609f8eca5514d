//! The pure core of Purlin: HTTP connection machines that decide everything
//! and touch nothing. No socket, no clock, no thread, no random number.
//!
//! A machine is driven by hand, in six steps. Bytes and time go in; events and
//! bytes come out:
//!
//! 1. **Readable?** [`Machine::read_buf`] gives room, you read into it and say
//!    how much with [`Machine::filled`] (or say [`Machine::eof`]).
//! 2. **Events.** [`Machine::poll_event`] until it gives `None`; answer them with commands.
//! 3. **Output.** [`Machine::output`] gives slices, you write them and say how
//!    much went with [`Machine::wrote`], until [`Want::write`] is false or the socket is full.
//!    Ask for the slices of a full socket too: the peer's time to take them runs from there.
//! 4. **Again?** If step 3 moved anything, go back to 2: a pipelined request may have come free.
//! 5. **The end?** [`Want::close`] tells whether and how to close.
//! 6. **Wait.** [`Machine::trim`], then wait for the socket, for your handler, or until
//!    [`Machine::deadline`]. If that has come, do steps 1 and 3 once more, tell what is
//!    [`Machine::untaken`], and then [`Machine::tick`].
//!
//! A request served out of a `Vec<u8>`:
//!
//! ```
//! use purlin_core::{Body, Event, Machine, Now, ResponseHead, ServerMachine, Status, server};
//! use std::sync::Arc;
//!
//! let now = Now::default(); // there is no clock in here: time is what you say it is
//! let mut machine = server::Connection::new(Arc::new(server::Config::default()), now);
//!
//! // 1. Bytes come in.
//! let wire = b"GET /hello HTTP/1.1\r\nHost: example.test\r\n\r\n";
//! let room = machine.read_buf();
//! room[..wire.len()].copy_from_slice(wire);
//! machine.filled(wire.len(), now);
//!
//! // 2. Events come out; commands answer them.
//! while let Some(event) = machine.poll_event(now) {
//!     if let Event::Request { id, head, .. } = event {
//!         let text = format!("you asked for {}\n", head.path());
//!         let ok = ResponseHead::new(Status::OK);
//!         machine.respond(id, &ok, Body::Full(text.into()), now)?;
//!     }
//! }
//!
//! // 3. Bytes go out. (`transmit` is `output` and `wrote` in one, by value.)
//! let mut out = Vec::new();
//! machine.transmit(&mut out, usize::MAX, now);
//! assert!(out.starts_with(b"HTTP/1.1 200 OK\r\n"));
//! assert!(out.ends_with(b"\r\n\r\nyou asked for /hello\n"));
//!
//! // 5. and 6. Nothing to close: it waits for the next request, 75 seconds at most.
//! assert_eq!(machine.want().close, None);
//! machine.trim(now);
//! assert_eq!(machine.deadline().unwrap().0.as_nanos(), 75_000_000_000);
//! # Ok::<(), purlin_core::Misuse>(())
//! ```
//!
//! The same loop serves every machine: the traits [`Machine`], [`ServerMachine`]
//! and [`ClientMachine`] are the whole contract. Any order of calls is legal;
//! a command that makes no sense gives a [`Misuse`] and changes nothing. They are
//! open: a layer of one's own is a machine around a machine, as [`Tunnel`] is.
//!
//! What will grow is `#[non_exhaustive]`: what happened, what went wrong, why. What a
//! driver must do something about is not, and says so: one more of those would be another
//! contract. What is configured is written as a literal that ends in `..`.
//!
//! # How do I ...
//!
//! **... drive a client?** With the same verbs, and its own commands:
//!
//! ```
//! use purlin_core::{Body, ClientMachine, Event, Machine, Method, Now, Recv, RequestHead, client};
//! use std::sync::Arc;
//!
//! let now = Now::default();
//! let mut machine = client::Connection::new(Arc::new(client::Config::default()), now);
//! let mut head = RequestHead::new(Method::GET, "/hello").unwrap();
//! head.fields_mut().append("Host", "example.test").unwrap();
//! let id = machine.request(&head, Body::Empty, now)?;
//!
//! let mut out = Vec::new();
//! machine.transmit(&mut out, usize::MAX, now);
//! assert_eq!(out, b"GET /hello HTTP/1.1\r\nHost: example.test\r\n\r\n");
//!
//! // `receive` is `read_buf` and `filled` in one.
//! machine.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", now);
//! while let Some(event) = machine.poll_event(now) {
//!     if let Event::Response { head, .. } = event {
//!         assert_eq!(head.status().code(), 200);
//!     }
//! }
//! assert!(matches!(machine.recv(id, now), Recv::Data(data) if data == "hi"));
//! # Ok::<(), purlin_core::Misuse>(())
//! ```
//!
//! That is one exchange on one connection. From a URL to a response, over redirects, retries,
//! proxies and cookies, it is [`exchange::Exchange`], which says what to do next.
//!
//! **... route requests?** With a [`Mux`] of any type of handler, or a [`router::Router`] of
//! any values:
//!
//! ```
//! use purlin_core::{BodyLength, Method, Mux, Request, RequestHead};
//!
//! let mut mux: Mux<fn(&Request<()>) -> String> = Mux::new();
//! let hello: fn(&Request<()>) -> String = |request| format!("hello, {}", request.param("name"));
//! mux.handle("GET /hello/{name}", hello)?;
//!
//! let head = RequestHead::new(Method::GET, "/hello/gopher").unwrap();
//! let mut request = Request::new(head, BodyLength::Empty, ());
//! let found = mux.dispatch::<_, ()>(&mut request).unwrap(); // or the answer: 404, 405, a redirect
//! assert_eq!(found(&request), "hello, gopher");
//! # Ok::<(), purlin_core::router::InsertError>(())
//! ```
//!
//! **... change limits?** They are plain data, in the configuration that a machine is given:
//!
//! ```
//! use purlin_core::server::Config;
//! use std::time::Duration;
//!
//! let mut config = Config::default();
//! config.limits.body_bytes = 1 << 30;
//! config.timeouts.idle = Duration::from_secs(20);
//! ```
//!
//! **... speak TLS, or go through a proxy?** A machine may lie around a machine: [`tunnel`]
//! here, `Tls` in the crate `purlin-tls`.
//!
//! **... test?** Time is what you say it is, and a peer is what you write into the buffer;
//! [`testing`] has requests and answers of handlers as values.
//!
//! # What is here
//!
//! | module | holds |
//! |---|---|
//! | [`machine`] | the contract: verbs, commands, events |
//! | [`server`] | the server's connection, and its configuration |
//! | [`client`] | the client's connection, and its configuration |
//! | [`h1`] | HTTP/1.0 and HTTP/1.1: the machines |
//! | [`head`] | methods, statuses, fields, heads, dates |
//! | [`target`] | request targets and authorities |
//! | [`tunnel`] | a machine around a machine: a proxy's tunnel, by CONNECT or SOCKS5 |
//! | [`url`] | URLs: taken apart, checked, resolved |
//! | [`router`] | Go's patterns: which route answers a request, and which conflict |
//! | [`mux`] | a router with handlers, groups and middleware |
//! | [`message`] | requests and responses as handlers see them |
//! | [`content`] | what content is, told from its bytes |
//! | [`observe`] | what a server tells about its connections |
//! | [`budget`] | what the connections of a server may hold together |
//! | [`config`] | limits and timeouts, all on by default |
//! | `convert` | to and from the types of the crate `http`, behind the feature `http` |
//! | [`testing`] | requests without a peer and answers as values, for tests of handlers |
//! | [`time`] | instants and deadlines as data |
//! | [`secure`] | what is known of the TLS that a connection travels in |
//! | [`error`] | misuse, faults of the peer, reasons to close |

// Where links of other crates lead that are documented without this one.
#![doc(html_root_url = "https://docs.rs/purlin-core/0.1")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![warn(missing_debug_implementations)]

pub(crate) mod body;
pub mod budget;
pub(crate) mod buf;
pub mod client;
pub mod config;
pub mod content;
#[cfg(feature = "http")]
pub mod convert;
pub mod error;
pub mod exchange;
pub mod h1;
#[doc(hidden)] // for the vectors and fuzz targets, until its machine is there
pub mod h2;
pub mod head;
mod in_memory;
pub(crate) mod lines;
pub mod machine;
pub mod message;
pub(crate) mod method;
pub mod mux;
pub mod observe;
pub(crate) mod peer;
pub mod policy;
pub mod router;
pub mod secure;
pub mod server;
pub(crate) mod status;
pub mod target;
pub mod testing;
pub mod time;
pub mod tunnel;
pub mod url;
pub(crate) mod wire;

pub use config::{ClientConfig, ClientTimeouts, Leniency, Limits, ServerConfig, Timeouts};
pub use error::{CloseReason, ErrorCode, Fault, Misuse, PeerError, Phase, Retry};
pub use head::{
    Field, Fields, InvalidField, Method, NotAStatus, NotAToken, NotAVersion, RequestHead,
    ResponseHead, Status, Version, imf_fixdate, names,
};
pub use in_memory::InMemory;
pub use machine::{
    Body, BodyLength, ClientMachine, Close, Eof, Event, Facts, Id, Machine, Recv, Reuse,
    ServerMachine, Want,
};
pub use message::{Content, IntoResponse, Request, Response, Values};
pub use mux::Mux;
pub use secure::{Secured, TlsInfo};
pub use target::Form;
pub use time::{Mono, Now, Rate, Why};
pub use tunnel::Tunnel;
pub use url::{Origin, Url, UrlError};

/// The examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
