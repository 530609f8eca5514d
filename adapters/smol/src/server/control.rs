//! The handle that stops a server.
//! Asks for it; the serving future carries it out.

use crate::clock;
use purlin_engine::{Control, Phase};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A handle that stops a server, from anywhere; given by [`Bound::handle`](crate::Bound::handle).
///
/// ```
/// # use purlin_smol::{Request, Server};
/// # smol::block_on(async {
/// let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
/// let (one, other) = (bound.handle(), bound.handle());
/// one.close();
/// other.close(); // once is enough, twice does no harm
/// bound.serve().await?;
/// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Handle(pub(super) Arc<Control>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl Handle {
    /// Stops gracefully, beginning now: nothing is accepted any more, idle
    /// connections close, requests that have begun are answered. Connections
    /// that are left at the deadline are cut. The future ends when the server
    /// has, and says how many those were.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # use std::time::Duration;
    /// # smol::block_on(async {
    /// # let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
    /// # let handle = bound.handle();
    /// # let serving = smol::spawn(bound.serve());
    /// let cut = handle.shutdown(Duration::from_secs(10)).await;
    /// assert_eq!(cut, 0);
    /// # serving.await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn shutdown(&self, deadline: Duration) -> impl Future<Output = usize> + Send + use<> {
        self.0.drain(clock::now().mono + deadline);
        let control = self.0.clone();
        async move {
            control.reached(Phase::Ended).await;
            control.cut()
        }
    }

    /// Stops at once: connections are cut, handlers dropped.
    ///
    /// ```
    /// # use purlin_smol::{Request, Server};
    /// # smol::block_on(async {
    /// # let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
    /// bound.handle().close();
    /// bound.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn close(&self) {
        self.0.advance(Phase::Closing);
    }
}
