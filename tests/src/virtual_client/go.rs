//! Go's ways, where a world is to go them: each is one decision taken otherwise.

use super::conn::Key;
use super::setup::Way;
use super::task::State;
use super::world::World;
use purlin_core::exchange::{Ask, Cause, Error, Reached, Route};
use purlin_core::policy::pool::Need;
use purlin_core::{Eof, Fault, Method, PeerError, Phase, Retry, Reuse};
use std::time::Duration;

impl World {
    fn goes(&self, way: Way) -> bool {
        self.setup.ways.contains(&way)
    }

    /// Whether Go would not send again what failed so, where the core may.
    pub(super) fn is_once_in_go(&self, at: usize, error: &Error, fact: Retry) -> bool {
        let unasked = |peer: &PeerError| peer.kind == Fault::UnaskedBytes;
        let left = matches!(error.cause(), Cause::Peer(peer) if unasked(peer));
        let task = &self.tasks[at];
        let (parts, reused) = (task.exchange.parts(), task.exchange.trace().reused);
        let cut = task.conn.is_some_and(|conn| self.conns[conn - 1].socket.write_failed());
        let put = parts.method == Method::PUT || parts.method == Method::DELETE;
        match fact {
            Retry::IfIdempotent if left => self.goes(Way::LeftIsAnswer),
            Retry::Safe => !reused && self.goes(Way::FreshOnce),
            Retry::IfIdempotent if cut => self.goes(Way::CutOnce),
            Retry::IfIdempotent => put && !self.has_key(at) && self.goes(Way::PutOnce),
            Retry::OlderProtocol | Retry::Never => false,
        }
    }

    /// What its request needs of a connection.
    pub(super) fn need(&self, at: usize) -> Need {
        if self.goes(Way::LearnsNothing) {
            return Need::default();
        }
        self.tasks[at].exchange.need()
    }

    /// A request was lost with the connection that it had.
    pub(super) fn learn(&mut self, at: usize, error: &Error) {
        let Some(conn) = self.tasks[at].conn.filter(|_| error.is_of_connection()) else { return };
        let Some(kept) = self.conns[conn - 1].kept else { return };
        if !self.goes(Way::LearnsNothing) {
            let (key, why) =
                (self.conns[conn - 1].key.clone(), self.conns[conn - 1].look(self.now));
            let over = self.pool.died(&key, &kept, why);
            over.into_iter().for_each(|conn| self.close(conn));
        }
    }

    /// What connections of this route are shared by.
    pub(super) fn key(&self, at: usize, route: &Route) -> Key {
        let spells = self.goes(Way::HostCase) && !route.is_forwarded();
        let spelled = if spells { self.tasks[at].spelled.clone() } else { String::new() };
        (spelled, route.clone())
    }

    /// Whether Go would give away a connection that has ended.
    pub(super) fn lends_unseen(&mut self, conn: usize) -> bool {
        self.goes(Way::LendsUnseen) && self.conns[conn - 1].look(self.now) != Reuse::Now
    }

    /// Gives it away, and its request fails.
    pub(super) fn lend_unseen(&mut self, at: usize, conn: usize) {
        self.connected(at, conn, Reached::kept(Duration::ZERO));
        // What is to be sent is not: nobody is there.
        if let Ask::Send { .. } = self.tasks[at].exchange.ask(self.now) {
            self.tasks[at].state = State::Driving;
        }
        let parts = self.tasks[at].exchange.parts();
        let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
        let reset = self.conns[conn - 1].socket.ended() == Some(Eof::Reset);
        // That a reset came before the request was sent is known to Go, of a close it is not.
        let again = reset || safe.contains(&parts.method) || self.has_key(at);
        let again = again && parts.payload.is_replayable();
        let retry = if again { Retry::Safe } else { Retry::Never };
        let kind = if reset { Fault::Reset } else { Fault::NoResponse };
        let error = PeerError::new(kind, None, retry, Phase::Wait);
        self.fail(at, Error::new(error).during(Phase::Wait), retry);
    }

    fn has_key(&self, at: usize) -> bool {
        let fields = &self.tasks[at].exchange.parts().fields;
        fields.contains("Idempotency-Key") || fields.contains("X-Idempotency-Key")
    }
}
