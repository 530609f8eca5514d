//! An observer that gives events to the `tracing` crate.
//! Chooses levels and names of fields; what becomes of them, the program's subscriber decides.

use crate::one_line::OneLine;
use purlin_core::observe::{Exchange, Observer, Peer};
use purlin_core::{Misuse, PeerError, Status, TlsInfo};
use std::io;
use std::time::Duration;

/// An observer that gives an event for each exchange (info), fault of a peer (info), failure to
/// accept (warn; error if it is the last), and for each panic and response that
/// could not be made or sent (error). The target of all is `purlin`.
///
/// The fields are `remote`, `connection`, and of an exchange `method`, `target`,
/// `pattern`, `status` (0 for none), `received` and `sent` in bytes, and
/// `microseconds` from the whole head to the complete answer.
///
/// ```
/// let observer: &dyn purlin_core::observe::Observer = &purlin_net::TracingObserver;
/// # let _ = observer;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn fault(&self, peer: &Peer, error: &PeerError) {
        let Peer { remote, number, .. } = peer;
        let rule = error.rule();
        tracing::info!(target: "purlin", %remote, connection = number, rule, "fault: {}", error.kind);
    }

    fn secured(&self, peer: &Peer, info: &TlsInfo) {
        let Peer { remote, number, .. } = peer;
        let TlsInfo { version, cipher, key_exchange, resumed, .. } = info;
        tracing::debug!(
            target: "purlin", %remote, connection = number, version, cipher, key_exchange, resumed,
            "TLS"
        );
    }

    fn tls_failed(&self, peer: &Peer, reason: &str) {
        let Peer { remote, number, .. } = peer;
        tracing::info!(target: "purlin", %remote, connection = number, "TLS failed: {reason}");
    }

    fn exchange(&self, peer: &Peer, exchange: &Exchange) {
        let facts = &exchange.facts;
        tracing::info!(
            target: "purlin",
            remote = %peer.remote,
            connection = peer.number,
            method = %exchange.head.method(),
            target = %exchange.target(),
            pattern = exchange.pattern.as_ref().map(|pattern| pattern.as_str()),
            status = exchange.status().map_or(0, Status::code),
            received = facts.received,
            sent = facts.sent,
            microseconds = u64::try_from(exchange.duration().as_micros()).unwrap_or(u64::MAX),
            "exchange"
        );
    }

    fn panicked(&self, peer: &Peer, message: &str) {
        let Peer { remote, number, .. } = peer;
        tracing::error!(target: "purlin", %remote, connection = number, "panic: {}", OneLine(message));
    }

    fn misused(&self, peer: &Peer, misuse: Misuse) {
        let Peer { remote, number, .. } = peer;
        tracing::error!(target: "purlin", %remote, connection = number, "misuse: {misuse}");
    }

    fn failed(&self, peer: &Peer, message: &str) {
        let Peer { remote, number, .. } = peer;
        tracing::error!(target: "purlin", %remote, connection = number, "failure: {}", OneLine(message));
    }

    fn accept_failed(&self, error: &io::Error, pause: Option<Duration>) {
        match pause {
            Some(pause) => {
                tracing::warn!(target: "purlin", ?pause, "accepting failed: {error}");
            }
            None => tracing::error!(target: "purlin", "accepting failed for good: {error}"),
        }
    }
}
