//! Whether somebody still waits for the answer to a request.
//! Asks; how it is known, the adapters' bodies know, since they know the connection.

use super::Request;

/// A body that knows the connection of its request, and so whether the client is still there.
pub trait Attended {
    /// What tells when the client is gone.
    type Cancelled;

    /// Whether the client is gone, or sends nothing more.
    fn is_cancelled(&self) -> bool;

    /// What tells when that is so.
    fn cancelled(&self) -> Self::Cancelled;
}

impl<B: Attended> Request<B> {
    /// Whether nobody waits for the answer any more: the client has gone, or has ended its
    /// half of the connection. The latter is advice: a client may end its half and wait for
    /// an answer, so the answer still goes out to it.
    ///
    /// A request that comes from no connection is never cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.body().is_cancelled()
    }

    /// What tells once [`Request::is_cancelled`] is true; it borrows nothing. It is what
    /// Go's `Request.Context` is to a handler that waits for something else than its client.
    pub fn cancelled(&self) -> B::Cancelled {
        self.body().cancelled()
    }
}
