//! Waiting for sockets to become ready, by as many threads as there are idle.
//! Tells once that a socket became ready, and one thread of it; it reads and writes nothing.
//!
//! On Linux the threads wait on one epoll instance, and the kernel is the queue:
//! whoever is woken has its socket already, without another thread between.
//! Elsewhere `mio` waits, and the threads take turns.

#[cfg(all(any(target_os = "linux", target_os = "android"), not(purlin_portable)))]
#[path = "epoll.rs"]
mod system;
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(purlin_portable))))]
#[path = "portable.rs"]
mod system;

pub use system::Readiness;

/// What a thread is told that was woken for nothing but to look around.
pub const NUDGE: u64 = u64::MAX;

/// Set in the token of a socket whose peer sends nothing more: behind what is
/// there is the end, of which nothing tells again. Tokens are smaller.
pub const ENDED: u64 = 1 << 63;

#[cfg(test)]
mod tests;
