//! What a server tells about its connections, and to whom.
//! The vocabulary of [`purlin_core::observe`], whose `Exchange` is not the
//! [`Exchange`](crate::Exchange) that a handler is given.

pub use purlin_core::observe::{Address, ConnState, Exchange, NoObserver, Observer, Peer, Watch};
#[cfg(feature = "log")]
pub use purlin_net::LogObserver;
#[cfg(feature = "tracing")]
pub use purlin_net::TracingObserver;
