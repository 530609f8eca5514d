//! The accept loop: takes connections, as far as there is room, and deals them out.
//! Serves none, and gives up only on errors that will not go away.

use super::common::Common;
use crate::clock;
use crate::link::Deadline;
use async_io::{Async, Timer};
use futures_lite::{FutureExt, future};
use purlin_core::Secured;
use purlin_core::observe::Peer;
use purlin_engine::served::{Entry, Served};
use purlin_engine::{Failure, Phase};
use purlin_net::{Accepted, Backoff, Listener, Stream, is_exhausted};
use std::io::{self, ErrorKind};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Connections taken before others get their turn.
const BURST: usize = 64;

/// A connection on its way to the task that will serve it.
pub(crate) struct Arrival {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) secured: Option<Secured>,
    pub(crate) shared: Arc<Served>,
    pub(crate) entry: Entry,
}

/// Why no more is accepted at the moment.
enum Pause {
    /// Nobody waits to be accepted.
    Nobody,
    /// As many are connected as may be.
    Full,
    /// It is somebody else's turn.
    Turn,
}

/// Accepts and deals out, until the server stops or accepting fails for good.
pub(crate) async fn accept(
    listener: Listener,
    common: &Arc<Common>,
    mut deal: impl FnMut(Arrival),
) {
    let control = &common.control;
    let stopped = async {
        control.reached(Phase::Draining).await;
        None
    };
    let accepting = async {
        let accepting = AssertUnwindSafe(accept_all(&listener, common, &mut deal));
        Some(match accepting.catch_unwind().await {
            Ok(error) => Failure::Accept(error),
            // Nobody would accept any more.
            Err(payload) => Failure::Panic(payload),
        })
    };
    match future::or(stopped, accepting).await {
        Some(failure) => control.fail(failure),
        // What the system had accepted before is answered, or closed in order.
        None if control.phase() == Phase::Draining => {
            // What cannot be accepted now never will be.
            let _ = burst(&listener, common, &mut Backoff::default(), &mut deal, usize::MAX);
        }
        None => {}
    }
}

/// Accepts until that fails for good.
async fn accept_all(
    listener: &Listener,
    common: &Arc<Common>,
    deal: &mut impl FnMut(Arrival),
) -> io::Error {
    let watched = match Async::new_nonblocking(listener) {
        Ok(watched) => watched,
        Err(error) => return error,
    };
    let mut backoff = Backoff::default();
    loop {
        let paused = match burst(listener, common, &mut backoff, deal, BURST) {
            Ok(Pause::Nobody) => watched.readable().await,
            Ok(Pause::Full) => {
                // Nobody has to go before somebody is there.
                let waits = watched.readable().await;
                common.registry.room(&mut Deadline::default(), || clock::now().mono).await;
                waits
            }
            Ok(Pause::Turn) => {
                future::yield_now().await;
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = paused {
            let wait = backoff.wait(&error);
            if let Some(observer) = &common.observer {
                observer.accept_failed(&error, wait);
            }
            let Some(wait) = wait else {
                return error;
            };
            if is_exhausted(&error) {
                common.registry.evict(clock::now().mono);
            }
            Timer::after(wait).await;
        }
    }
}

/// Takes connections that are there, so many at most.
fn burst(
    listener: &Listener,
    common: &Arc<Common>,
    backoff: &mut Backoff,
    deal: &mut impl FnMut(Arrival),
    most: usize,
) -> io::Result<Pause> {
    for _ in 0..most {
        let Some(entry) = common.registry.enter() else {
            return Ok(Pause::Full);
        };
        match listener.accept_nonblocking() {
            Ok(accepted) => deal(arrive(accepted, common, entry)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Pause::Nobody),
            Err(error) => return Err(error),
        }
        backoff.reset();
    }
    Ok(Pause::Turn)
}

fn arrive(accepted: Accepted, common: &Common, mut entry: Entry) -> Arrival {
    let Accepted { stream, remote, local, .. } = accepted;
    let peer = Peer::new(common.registry.number(), remote, local);
    let now = clock::now();
    let (shared, secured) = common.context.accept(now);
    entry.register(&shared);
    Arrival { stream, peer, secured, shared, entry }
}
