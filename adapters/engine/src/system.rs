//! What a client is given of the system: the time where nobody tells it, and work that is
//! done elsewhere or later. The engine has no clock, thread and timer of its own.

use purlin_core::{Mono, Now};
use std::io;
use std::task::Waker;

/// Work that may block.
pub type Work = Box<dyn FnOnce() + Send>;

/// Work that is done now and then: told the time, it says when it is to be done again, or
/// that it is over.
pub type Chore = Box<dyn FnMut(Now) -> Option<Mono> + Send>;

/// The time, and who works: threads, or a simulated world.
pub trait System: Send + Sync {
    /// The time.
    fn now(&self) -> Now;

    /// Has this work done where it may block, beside the caller; the name says by whom.
    ///
    /// # Errors
    /// Nobody can do it.
    fn spawn(&self, name: &str, work: Work) -> io::Result<()>;

    /// Has this chore done soon, but not within this call, and again whenever it says or its
    /// waker is woken, until it is over.
    ///
    /// # Errors
    /// Nobody can do it.
    fn attend(&self, name: &str, chore: Chore) -> io::Result<Waker>;
}
