//! An observer that keeps what it is told, as lines of text.
//! Waits for them; which should come, the tests say.

use super::LONG;
use purlin_core::observe::{ConnState, Exchange, Observer, Peer};
use purlin_core::{CloseReason, Misuse, PeerError, Status, TlsInfo};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What connection number so and so did; 0 is the server itself.
type Line = (u64, String);

/// Tells.
pub(crate) struct Tells(Sender<Line>);

/// Was told.
pub(crate) struct Told(Receiver<Line>);

pub(crate) fn observer() -> (Tells, Told) {
    let (tells, told) = channel();
    (Tells(tells), Told(told))
}

impl Told {
    /// The next line of any connection.
    #[track_caller]
    pub(crate) fn next(&self) -> Line {
        self.0.recv_timeout(LONG).expect("something is told")
    }

    /// The next line, however long that takes: for a child that its parent ends.
    pub(crate) fn wait(&self) -> Line {
        self.0.recv().expect("something is told")
    }

    /// Lines until each of these was in one.
    #[track_caller]
    pub(crate) fn all_of(&self, parts: &[&str]) {
        let mut left = parts.to_vec();
        while !left.is_empty() {
            let (_, line) = self.next();
            left.retain(|part| !line.contains(part));
        }
    }

    /// The next lines are these, all of one connection.
    #[track_caller]
    pub(crate) fn expect(&self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.next().1, *line);
        }
    }

    /// All lines until this one, which belongs to them.
    #[track_caller]
    pub(crate) fn until(&self, last: &str) -> Vec<Line> {
        let mut all = Vec::new();
        while all.last().is_none_or(|(_, line)| line != last) {
            all.push(self.next());
        }
        all
    }

    /// What is left, once nobody tells any more.
    pub(crate) fn rest(&self) -> Vec<Line> {
        std::iter::from_fn(|| self.0.recv_timeout(LONG).ok()).collect()
    }
}

impl Tells {
    fn tell(&self, peer: &Peer, line: String) {
        // Nobody listens any more.
        let _ = self.0.send((peer.number, line));
    }
}

impl Observer for Tells {
    fn state(&self, peer: &Peer, state: ConnState) {
        self.tell(peer, format!("{state:?}"));
    }

    fn fault(&self, peer: &Peer, error: &PeerError) {
        self.tell(peer, format!("fault: {:?}", error.kind));
    }

    fn secured(&self, peer: &Peer, info: &TlsInfo) {
        self.tell(peer, format!("TLS: {} by {}", info.version, info.key_exchange));
    }

    fn tls_failed(&self, peer: &Peer, reason: &str) {
        self.tell(peer, format!("TLS: {reason}"));
    }

    fn exchange(&self, peer: &Peer, exchange: &Exchange) {
        let (head, facts) = (&exchange.head, &exchange.facts);
        let pattern = exchange.pattern.as_ref().map_or("-", |pattern| pattern.as_str());
        let status = exchange.status().map_or(0, Status::code);
        let (received, sent) = (facts.received, facts.sent);
        assert!(facts.first_byte <= facts.head && facts.head <= facts.end);
        let line = format!("{} {} by {pattern}: {status}", head.method(), head.target());
        self.tell(peer, format!("{line} in {received} out {sent}"));
    }

    fn panicked(&self, peer: &Peer, message: &str) {
        self.tell(peer, format!("panicked: {message}"));
    }

    fn misused(&self, peer: &Peer, misuse: Misuse) {
        self.tell(peer, format!("misused: {misuse:?}"));
    }

    fn failed(&self, peer: &Peer, message: &str) {
        self.tell(peer, format!("failed: {message}"));
    }

    fn closed(&self, peer: &Peer, reason: CloseReason) {
        self.tell(peer, format!("closed: {reason:?}"));
    }

    fn accept_failed(&self, error: &std::io::Error, pause: Option<Duration>) {
        let _ = self.0.send((0, format!("accept failed: {:?}, {pause:?}", error.kind())));
    }
}
