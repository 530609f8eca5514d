//! What Purlin's adapters need of the operating system, once for all of them.
//! Waits for nothing and serves nobody; the adapters do.
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
//! | `ends` | being woken when a connection is lost that is not read |
//! | `descriptors` | how many connections the process can have |
//! | `server` | hooks, values and panics of a server |
//! | `shared_mux` | a mux that grows while it serves |
//! | `log`, `tracing` | observers that write to those crates, behind features of those names |

mod aside;
mod backoff;
pub mod client;
mod clock;
mod descriptors;
mod ends;
mod listener;
#[cfg(feature = "log")]
mod log;
mod memory;
mod readiness;
mod server;
mod shared_mux;
mod socket_file;
mod stream;
#[cfg(feature = "tracing")]
mod tracing;
mod untaken;

pub use aside::Aside;
pub use backoff::{Backoff, is_exhausted};
pub use clock::Clock;
pub use descriptors::{most_connections, raise_descriptor_limit};
pub use ends::EndWatch;
pub use listener::{Accepted, Listener, PROBE, inherited};
#[cfg(feature = "log")]
pub use log::LogObserver;
pub use memory::{Dialer, in_memory};
pub use readiness::{ENDED, NUDGE, Readiness};
pub use server::{
    Hook, MakeMachine, MakeValues, Panics, UNTOUCHED, machine, probe, run_aside, something, welcome,
};
pub use shared_mux::SharedMux;
pub use stream::{Moved, Stream};
#[cfg(feature = "tracing")]
pub use tracing::TracingObserver;
pub use untaken::untaken;
