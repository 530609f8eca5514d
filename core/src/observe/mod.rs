//! What a server tells about its connections: states, faults, exchanges.
//! Holds the vocabulary; adapters call, applications listen.

mod several;
mod watch;

pub use crate::peer::{Address, Peer};
pub use several::Guarded;
pub use watch::Watch;

use crate::error::{CloseReason, Misuse, PeerError};
use crate::head::{RequestHead, Status, without_password};
use crate::machine::Facts;
use crate::router::Pattern;
use crate::secure::TlsInfo;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The states of a server's connection, in the order of Go's `http.ConnState`:
/// New, then Active and Idle in turn, then Hijacked or Closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnState {
    /// Accepted; no byte has come.
    New,
    /// A request has begun to arrive, or is being answered.
    Active,
    /// Between two requests.
    Idle,
    /// Upgraded: the handler has it for itself. Nothing follows.
    Hijacked,
    /// Closed. Nothing follows.
    Closed,
}

/// One request and its answer, told when the answer is complete or given up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// The request's head.
    pub head: RequestHead,
    /// The pattern that matched, if a mux found one.
    pub pattern: Option<Arc<Pattern>>,
    /// What became of it.
    pub facts: Facts,
}

impl Exchange {
    /// A request that was answered, for tests of observers.
    pub const fn new(head: RequestHead, pattern: Option<Arc<Pattern>>, facts: Facts) -> Exchange {
        Exchange { head, pattern, facts }
    }

    /// The request's target, as a log may show it: without a password, which a target
    /// has that is sent to a forward proxy.
    pub fn target(&self) -> Cow<'_, str> {
        without_password(self.head.target())
    }

    /// The status, if a final head went out.
    pub fn status(&self) -> Option<Status> {
        self.facts.status
    }

    /// From the whole head to the complete answer.
    pub fn duration(&self) -> Duration {
        self.facts.end.since(self.facts.head)
    }
}

/// A line of an access log: `GET /users/7 HTTP/1.1 200 5 B 113 µs`, and `-` for
/// the status of an answer that was given up before its head.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exchange { head, facts, .. } = self;
        write!(f, "{} {} {} ", head.method(), self.target(), head.version())?;
        match facts.status {
            Some(status) => write!(f, "{}", status.code())?,
            None => f.write_str("-")?,
        }
        write!(f, " {} B {} µs", facts.sent, self.duration().as_micros())
    }
}

/// A listener to what a server does. Every method does nothing unless it is written.
///
/// It is called on the threads that serve, so it had better be quick. One that panics
/// misses what it was told then, and costs nobody else anything.
///
/// ```
/// use purlin_core::observe::{ConnState, Exchange, Observer, Peer};
///
/// struct AccessLog;
/// impl Observer for AccessLog {
///     fn exchange(&self, peer: &Peer, exchange: &Exchange) {
///         println!("{} {exchange}", peer.remote);
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// A connection changed its state.
    fn state(&self, peer: &Peer, state: ConnState) {
        let _ = (peer, state);
    }

    /// A peer broke a rule or a limit; the answer, if there is one, is on its way.
    fn fault(&self, peer: &Peer, error: &PeerError) {
        let _ = (peer, error);
    }

    /// The TLS of a connection has settled this: told once, when its first request
    /// begins to arrive.
    fn secured(&self, peer: &Peer, info: &TlsInfo) {
        let _ = (peer, info);
    }

    /// TLS with a peer failed, for this reason; [`fault`](Observer::fault) is told too.
    fn tls_failed(&self, peer: &Peer, reason: &str) {
        let _ = (peer, reason);
    }

    /// An exchange is over.
    fn exchange(&self, peer: &Peer, exchange: &Exchange) {
        let _ = (peer, exchange);
    }

    /// Something of the application panicked, with this message: a handler, or what its
    /// response is made of.
    fn panicked(&self, peer: &Peer, message: &str) {
        let _ = (peer, message);
    }

    /// The application's response could not be sent as it was, for this reason:
    /// it was answered with 500, or broken off.
    fn misused(&self, peer: &Peer, misuse: Misuse) {
        let _ = (peer, misuse);
    }

    /// What an answer was to be made of failed with this: a handler that gave back an
    /// error, a source of its bytes, or a service. It was answered with the status that
    /// fits, 500 most often, or broken off. The first such failure of an exchange is told.
    fn failed(&self, peer: &Peer, message: &str) {
        let _ = (peer, message);
    }

    /// A connection ends for this reason.
    fn closed(&self, peer: &Peer, reason: CloseReason) {
        let _ = (peer, reason);
    }

    /// No connection could be accepted; the next try is after this pause, or never.
    fn accept_failed(&self, error: &std::io::Error, pause: Option<Duration>) {
        let _ = (error, pause);
    }
}

/// An observer that listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}
