//! An observer that writes to the `log` crate.
//! Chooses levels; where lines go, the program's logger decides.

use crate::one_line::OneLine;
use purlin_core::observe::{Exchange, Observer, Peer};
use purlin_core::{Misuse, PeerError, TlsInfo};
use std::io;
use std::time::Duration;

/// An observer that writes a line for each exchange (info), fault of a peer (info), failure to
/// accept (warn; error if it is the last), and for each panic and response that
/// could not be made or sent (error), and for what the TLS of a connection settled (debug).
/// The target of all is `purlin`. A line is one line: control characters in what an
/// error or a panic says, which may be a peer's, are escaped.
///
/// ```
/// let observer: &dyn purlin_core::observe::Observer = &purlin_net::LogObserver;
/// # let _ = observer;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LogObserver;

impl Observer for LogObserver {
    fn fault(&self, peer: &Peer, error: &PeerError) {
        log::info!(target: "purlin", "{} broke a rule or a limit: {error}", peer.remote);
    }

    fn secured(&self, peer: &Peer, info: &TlsInfo) {
        let TlsInfo { version, cipher, key_exchange, .. } = info;
        log::debug!(target: "purlin", "{} speaks {version}, {cipher}, {key_exchange}", peer.remote);
    }

    fn tls_failed(&self, peer: &Peer, reason: &str) {
        log::info!(target: "purlin", "TLS with {} failed: {reason}", peer.remote);
    }

    fn exchange(&self, peer: &Peer, exchange: &Exchange) {
        log::info!(target: "purlin", "{} {exchange}", peer.remote);
    }

    fn panicked(&self, peer: &Peer, message: &str) {
        log::error!(target: "purlin", "the handler of {} panicked: {}", peer.remote, OneLine(message));
    }

    fn misused(&self, peer: &Peer, misuse: Misuse) {
        log::error!(target: "purlin", "the response to {} cannot be sent: {misuse}", peer.remote);
    }

    fn failed(&self, peer: &Peer, message: &str) {
        log::error!(target: "purlin", "the response to {} cannot be made: {}", peer.remote, OneLine(message));
    }

    fn accept_failed(&self, error: &io::Error, pause: Option<Duration>) {
        match pause {
            Some(pause) => {
                log::warn!(target: "purlin", "accepting failed, again in {pause:?}: {error}");
            }
            None => log::error!(target: "purlin", "accepting failed for good: {error}"),
        }
    }
}
