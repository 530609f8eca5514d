//! What Purlin's adapters have in common: connections and exchanges, as far as nothing
//! has to be waited for.
//!
//! It owns no socket, thread, clock or timer: bytes move through a [`Wire`] that is given
//! to it, and the time is told. An adapter is then a way to wait, and takes this;
//! whoever serves or asks takes `purlin-std` or `purlin-smol`.
//!
//! A line moves a machine's bytes as far as they go, and says what is to be waited for:
//!
//! ```
//! use purlin_core::client::{Config, Connection};
//! use purlin_core::{Body, ClientMachine, Method, Mono, Now, RequestHead};
//! use purlin_engine::{Line, Moved, Progress, Wire};
//! use std::io::IoSlice;
//! use std::sync::Arc;
//!
//! /// A wire that takes all that is written, and from which nothing comes.
//! #[derive(Default)]
//! struct Sink(Vec<u8>);
//!
//! impl Wire for Sink {
//!     fn read(&mut self, _: &mut [u8]) -> Moved {
//!         Moved::Nothing
//!     }
//!     fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
//!         slices.iter().for_each(|slice| self.0.extend_from_slice(slice));
//!         Moved::Bytes(slices.iter().map(|slice| slice.len()).sum())
//!     }
//!     fn shut_writing(&mut self) {}
//!     fn untaken(&self) -> Option<usize> {
//!         None
//!     }
//! }
//!
//! let now = Now::at(Mono::ZERO, 0);
//! let mut machine = Connection::new(Arc::new(Config::default()), now);
//! let mut head = RequestHead::new(Method::GET, "/").unwrap();
//! head.fields_mut().append("Host", "example.org").unwrap();
//! machine.request(&head, Body::Empty, now).unwrap();
//!
//! let mut line = Line::new(Sink::default());
//! let Progress::Waits(wait) = line.advance(&mut machine, false, None, now) else { panic!() };
//! assert!(wait.read && !wait.write);
//! assert!(line.wire().0.starts_with(b"GET / HTTP/1.1\r\n"));
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `wire` | what bytes move through, and what tells a task when they can |
//! | `line` | a client's connection, moved as far as it goes |
//! | `link`, `lease` | a connection of a client's or a seat on one, and where it leads; one that is lent and given back |
//! | `client` | a client's settings, its pool, names, and a request's run to its response; what it needs of an adapter |
//! | `sync` | the locks of what is shared |
//! | `system` | the time, and who does work elsewhere or later: both are given |
//! | `layers` | the machines of a connection, one around the other |
//! | `in_flight` | a request on its way, and its body |
//! | `received`, `inflate` | what a response is known by, and its body's coding |
//! | `jar`, `shared_mux` | cookies and routes that many use at once |
//! | [`served`] | a connection that is served, its bodies, writers and raw streams |
//! | `server` | a server's settings, what its connections begin with, how it is stopped; the methods that adapters show alike |
//! | `names` | the names of the core that adapters show as theirs |
//! | `budget` | the books of what a server's connections may hold together |
//! | `caught` | an application's function that panics |

// Where links of other crates lead that are documented without this one.
#![doc(html_root_url = "https://docs.rs/purlin-engine/0.1")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations)]

mod budget;
mod caught;
mod client;
mod in_flight;
#[cfg(feature = "gzip")]
mod inflate;
#[cfg(not(feature = "gzip"))]
#[path = "no_inflate.rs"]
mod inflate;
mod jar;
mod layers;
mod lease;
mod line;
mod link;
mod names;
mod received;
pub mod served;
mod server;
mod shared_mux;
mod sync;
mod system;
mod wire;

pub use budget::{BUFFERS, BULK, Books, Budget};
pub use caught::caught;
pub use client::{
    Agent, Attempt, Awaited, Beside, Body, Clock, Gathered, Got, Leaving, Lookup, Next, Opening,
    Pieces, Question, Raw, Resolved, Resolver, Run, Runtime, Service, Settings, SharedPool, Single,
    Socket, Ticks, Waiting, Waits,
};
pub use in_flight::{InFlight, Needs, Upload, blame};
pub use inflate::{Inflate, Pulled};
pub use jar::SharedJar;
pub use layers::Layers;
pub use lease::{Lease, PoolOfOne};
pub use line::{Line, Progress, Turn, Wait};
pub use link::{BoxMachine, Lender, Link, SharedLink};
pub use received::Received;
pub use server::{
    Control, Ending, Failure, InMemoryAnswer, MakeMachine, MakeValues, Panics, Phase,
    ServerContext, ServerSettings, UNTOUCHED, machine, welcome,
};
pub use shared_mux::SharedMux;
pub use system::{Chore, System, Work, attended};
pub use wire::{Moved, ReadReady, Ready, Timer, Wire};

/// The examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
