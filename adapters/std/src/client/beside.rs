//! How a thread waits that uses a connection beside others: apart from its lock.
//! Who moves the connection for all, the engine says.

use super::socket::{Socket, waited_for};
use purlin_core::Mono;
use purlin_engine::{Lease, Wait};
use purlin_net::client::{Idle, Nudge, wait_for};
use purlin_net::{Clock, Stream};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// What one waits for who uses a connection beside others: to be nudged, and, if it moves
/// the connection for all, for its socket.
pub(super) struct BesideOthers {
    moves: Option<(Arc<Stream>, Wait)>,
    until: Option<Mono>,
}

impl BesideOthers {
    /// What one waits for who has this.
    pub(super) fn of(lease: &mut Lease<Socket>) -> BesideOthers {
        let moves = lease.lead(|socket, _| socket.awaited()).flatten();
        let until = moves.as_ref().map_or(lease.waits_until(), |(_, wait)| wait.until);
        BesideOthers { moves, until }
    }

    /// Waits, so long at the most; says whether the socket has something, or room.
    ///
    /// # Errors
    /// The system gives nothing to wait with.
    pub(super) fn wait(
        &self,
        nudge: &Nudge,
        limit: Option<Duration>,
        clock: &mut Clock,
    ) -> io::Result<bool> {
        let mut sockets = vec![(nudge.as_fd(), Idle::Reads)];
        if let Some((stream, wait)) = &self.moves {
            sockets.extend(waited_for(*wait).map(|idle| (stream.as_fd(), idle)));
        }
        let now = clock.look().mono;
        let time = self.until.map(|at| at.since(now)).into_iter().chain(limit).min();
        let ready = wait_for(&sockets, time)?;
        clock.look();
        if ready[0] {
            nudge.clear();
        }
        Ok(ready.get(1).is_some_and(|came| *came))
    }
}
