//! Serving on somebody else's executor: a task for each connection is all it is given.
//! Accepts, and minds the deadlines, in the future of the server itself.

use super::accept::{Arrival, accept};
use super::bound::Bound;
use super::connection::Connection;
use super::shard::Shard;
use crate::Result;
use crate::handler::{Moving, SendHandler};
use crate::link::Deadline;
use futures_lite::{FutureExt, future};
use purlin_net::{probe, something};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

impl<H: SendHandler> Bound<H> {
    /// Serves until it is stopped or accepting fails, on an executor of the
    /// caller's: `spawn` is given the future of each connection, which has to
    /// be run to its end. Handlers run in it, so their futures are `Send`.
    ///
    /// Any executor will do, tokio's with `|connection| { tokio::spawn(connection); }`:
    /// sockets and time are smol's reactor's, which has a thread of its own. What
    /// handlers await may be tokio's then. Routes are those of a [`SendMux`](crate::SendMux).
    ///
    /// Dropping the future of this stops everything, like [`Bound::serve`]. The
    /// number of threads that the server was told is of no account.
    ///
    /// ```
    /// use purlin_smol::{Request, Server};
    /// # use std::time::Duration;
    /// # smol::block_on(async {
    /// let server = Server::new(async |r: Request| format!("hello, {}\n", r.path()));
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// let handle = bound.handle();
    /// let serving = smol::spawn(bound.serve_on(|connection| smol::spawn(connection).detach()));
    /// handle.shutdown(Duration::from_secs(10)).await;
    /// serving.await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`Bound::serve`].
    ///
    /// # Panics
    /// As [`Bound::serve`].
    pub async fn serve_on(self, spawn: impl Fn(future::Boxed<()>)) -> Result<()> {
        let Bound { listeners, server, ending } = self;
        something(&listeners)?;
        probe(&listeners, server.settings.tcp_keepalive)?;
        let kind = Moving(server.handler.clone());
        let serving = server.begin(&ending);
        let common = &serving.0;
        let shard = Arc::new(Shard::new(kind, common.clone()));
        let deal = |arrival| spawn(Box::pin(connection(shard.clone(), arrival)));
        let accepting =
            listeners.into_iter().map(|listener| Box::pin(accept(listener, common, deal)));
        let mut accepting: Vec<_> = accepting.collect();
        let (alive, accepted) = async_channel::bounded::<()>(1);
        let ended = || async {
            while accepted.recv().await.is_ok() {}
            common.registry.emptied().await;
        };
        let beside = async {
            let accepting = async {
                all(&mut accepting).await;
                drop(alive);
            };
            future::zip(shard.alarms.ring(&mut Deadline::default()), accepting).await;
            // There are alarms without end.
            future::pending().await
        };
        future::or(serving.end(ended), beside).await
    }
}

/// Ends when all have.
async fn all(futures: &mut Vec<Pin<Box<impl Future<Output = ()>>>>) {
    future::poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn connection<H: SendHandler>(shard: Arc<Shard<Moving<H>>>, arrival: Arrival) {
    let served = async { Connection::new(&shard, arrival).await };
    if let Err(payload) = AssertUnwindSafe(served).catch_unwind().await {
        shard.common.panicked(payload);
    }
}
