//! What Purlin's adapters need of the operating system, once for all of them.
//! Waits for nothing and serves nobody; the adapters do.
//!
//! It is for Purlin's own adapters: what they do not hand on, such as what makes up the
//! module `client`, may change with any version.
//!
//! Whoever serves or asks takes `purlin-std` or `purlin-smol`, and finds there what they
//! need of this. Whoever writes an adapter to another runtime takes this:
//!
//! ```
//! use purlin_net::{Clock, in_memory};
//! use purlin_engine::Moved;
//! use purlin_core::{Body, Event, Machine, ResponseHead, ServerMachine, Status, server};
//! use std::io::{IoSlice, Read, Write};
//! use std::sync::Arc;
//!
//! let (listener, dialer) = in_memory()?; // or `Listener::bind`
//! let mut client = dialer.connect()?;
//! client.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
//!
//! let (accepted, mut clock) = (listener.accept()?, Clock::new());
//! let mut machine = server::Connection::new(Arc::new(server::Config::default()), clock.look());
//! while machine.want().close.is_none() {
//!     let now = clock.look();
//!     match accepted.stream.read(machine.read_buf()) {
//!         Moved::Bytes(count) => machine.filled(count, now),
//!         moved => panic!("{moved:?}"),
//!     }
//!     while let Some(event) = machine.poll_event(now) {
//!         if let Event::Request { id, .. } = event {
//!             machine.respond(id, &ResponseHead::new(Status::OK), Body::Full("hello".into()), now)?;
//!         }
//!     }
//!     let mut out = Vec::new();
//!     machine.transmit(&mut out, usize::MAX, now);
//!     accepted.stream.write(&[IoSlice::new(&out)]);
//! }
//! drop(accepted);
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.ends_with("\r\n\r\nhello"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What of it clients need is in [`client`].
//!
//! | module | holds |
//! |---|---|
//! | `listener` | what connections are accepted from: TCP, Unix, inherited, in memory |
//! | `socket_file` | the file of a Unix socket: made, taken over, removed |
//! | `stream` | a connected socket of either kind, moved without waiting or with |
//! | `readiness` | waiting for sockets, by as many threads as are idle |
//! | `aside` | a server in a thread of its own, for tests |
//! | `backoff` | how long to wait after accepting failed |
//! | `clock` | the time the machines are told |
//! | `untaken` | what the system still has of what was written |
//! | `staff` | how many threads should be at work, and which of them want a core |
//! | `ends` | being woken when a connection is lost that is not read |
//! | `descriptors` | how many connections the process can have |
//! | `server` | hooks of a server, listeners that are fit to be served |
//! | `wire` | a socket as what a line moves bytes through |
//! | `log`, `tracing` | observers that write to those crates, behind features of those names |

// Where links of other crates lead that are documented without this one.
#![doc(html_root_url = "https://docs.rs/purlin-net/0.1")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations)]

mod aside;
mod backoff;
pub mod client;
mod clock;
mod crew;
mod descriptors;
mod ends;
mod listener;
mod listeners;
#[cfg(feature = "log")]
mod log;
mod memory;
#[cfg(any(feature = "log", feature = "tracing"))]
mod one_line;
mod queue;
mod readiness;
mod server;
mod socket_file;
mod staff;
mod stream;
#[cfg(feature = "tracing")]
mod tracing;
mod untaken;
mod wire;

pub use aside::Aside;
pub use backoff::{Backoff, is_exhausted};
pub use clock::Clock;
pub use crew::{Crew, Member};
pub use descriptors::{most_connections, raise_descriptor_limit};
pub use ends::EndWatch;
pub use listener::{Accepted, Listener, PROBE, inherited};
pub use listeners::{Accepting, Listeners};
#[cfg(feature = "log")]
pub use log::LogObserver;
pub use memory::in_memory;
pub use queue::Dialer;
pub use readiness::{ENDED, NUDGE, Readiness};
pub use server::{Hook, probe, run_aside, something};
pub use staff::{Look, Staff, Watched};
pub use stream::Stream;
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;
pub use untaken::untaken;

/// The examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
