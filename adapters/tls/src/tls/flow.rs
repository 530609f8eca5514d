//! How bytes go through: from the engine into the inner machine, and back, and
//! what becomes of a connection on which that cannot go on.

use super::{PARTING, Phase, Tls, kind_of};
use crate::client::Sessions;
use crate::engine::{RECORD, Ran};
use crate::error::{TlsError, TlsErrorKind};
use crate::protocols::HTTP2;
use crate::{plain_http, words, x509};
use purlin_core::{Close, CloseReason, Eof, Fault, Machine, Now, PeerError, Retry, TlsInfo, Why};
use std::io::IoSlice;

/// So much ciphertext is made at a time.
const MOST_OUTPUT: usize = 4 * RECORD;
/// Slices taken from the inner machine at a time.
const SLICES: usize = 16;

/// Whether who closes so says that nothing more will be sent.
pub(super) fn is_orderly(close: Option<Close>) -> bool {
    matches!(close, Some(Close::Graceful | Close::Linger))
}

impl<M: Machine> Tls<M> {
    /// Gives the inner machine what has come, as far as it takes it.
    pub(super) fn feed(&mut self, now: Now) {
        while !self.lost && self.phase != Phase::Failed && self.hand_over(now) {
            if self.phase == Phase::Greeting && !self.greeted(now) {
                break;
            }
            // What the inner machine does not take stays as it came.
            if self.phase == Phase::Open && !self.takes_input() {
                break;
            }
            let ran = self.engine.run();
            self.note_opened(now);
            if self.phase == Phase::Failed {
                break;
            }
            match ran {
                Ran::Plain => {}
                Ran::Blocked => {
                    if self.ended {
                        self.cut_short(now);
                    }
                    break;
                }
                Ran::PeerClosed => {
                    self.heard_goodbye = true;
                    self.inner.eof(Eof::Clean, now);
                }
                Ran::Failed(_) if self.hears_plain_http() => {
                    let text = "the server speaks plain HTTP on that port, not TLS";
                    self.fail(TlsError::new(TlsErrorKind::PlainHttp, text), now);
                }
                Ran::Failed(error) => self.fail(error.into(), now),
            }
        }
        self.part(now);
    }

    /// Feeds only if there is something; for verbs that may have made room.
    pub(super) fn feed_rest(&mut self, now: Now) {
        if self.engine.has_backlog() || self.ended {
            self.feed(now);
        } else {
            self.part(now);
        }
    }

    /// Whether this is a server to which nobody has said anything.
    fn is_unheard(&self) -> bool {
        !self.touched && !self.engine.is_client()
    }

    fn takes_input(&self) -> bool {
        self.inner.want().read || self.heard_goodbye || self.engine.has_news()
    }

    /// Hands plaintext over; says whether none is left.
    fn hand_over(&mut self, now: Now) -> bool {
        let plain = &mut self.engine.plain;
        if !plain.is_empty() {
            let taken = self.inner.receive(plain.bytes(), now);
            plain.consume(taken);
            if plain.is_empty() {
                // A record seldom follows at once, and this one may be all.
                return true;
            }
            if self.inner.want().close.is_some() && !self.inner.want().read {
                // Nobody will ever take it.
                plain.clear();
            }
        }
        plain.is_empty()
    }

    /// Whether this is a client, and its server has answered in plain HTTP.
    fn hears_plain_http(&self) -> bool {
        let began = self.engine.is_client() && self.phase == Phase::Handshake;
        began && self.engine.input.bytes().starts_with(b"HTTP/")
    }

    /// Whether what came may be TLS; plain HTTP is answered.
    fn greeted(&mut self, now: Now) -> bool {
        let first = self.engine.input.bytes();
        if first.len() < plain_http::ENOUGH {
            if self.ended {
                self.cut_short(now);
            }
            return false;
        }
        if plain_http::is_http(first) {
            self.engine.output.push(&plain_http::answer(first, now.unix));
            let text = "the client sent plain HTTP to a port where TLS is spoken";
            self.fail(TlsError::new(TlsErrorKind::PlainHttp, text), now);
            return false;
        }
        self.phase = Phase::Handshake;
        true
    }

    fn note_opened(&mut self, now: Now) {
        if self.phase != Phase::Handshake || self.engine.is_handshaking() {
            return;
        }
        let (info, sessions) = (self.engine.info(), self.sessions.take());
        if let Some(error) = self.unfit(&info, sessions.as_deref(), now) {
            self.engine.say_goodbye();
            return self.fail(error, now);
        }
        self.phase = Phase::Open;
        self.due = None;
        self.inner.negotiated(info.alpn.as_deref(), now);
        self.secured.settle(info);
    }

    /// Why what the handshake has settled cannot be used.
    fn unfit(&self, info: &TlsInfo, sessions: Option<&Sessions>, now: Now) -> Option<TlsError> {
        let spoken = |name: &Vec<u8>| self.speaks.is_empty() || self.speaks.contains(&&**name);
        if let Some(name) = info.alpn.as_ref().filter(|name| !spoken(name)) {
            let name = name.escape_ascii();
            let text = format!("the two sides agreed on {name} (ALPN), which is not spoken here");
            return Some(TlsError::new(TlsErrorKind::Protocol, text));
        }
        // RFC 9113 §3.2: inside TLS it is spoken only by who has agreed on it.
        let agreed = info.alpn.is_some() || self.speaks != [HTTP2];
        if !agreed {
            let text = "the two sides agreed on nothing (ALPN), and HTTP/2 alone is spoken here";
            return Some(TlsError::new(TlsErrorKind::Protocol, text));
        }
        // rustls 0.23 verifies no certificate again that a session stands for.
        let counts = info.resumed && (sessions.is_some() || !self.engine.is_client());
        let ends = |der: &Vec<u8>| x509::facts(der).map_or(0, |facts| facts.not_after);
        let end = info.peer_certificates.iter().filter(|_| counts).map(ends).min()?;
        if now.unix <= end {
            return None;
        }
        let kind = match sessions {
            Some(sessions) => {
                sessions.forget();
                TlsErrorKind::Session
            }
            None => TlsErrorKind::Certificate,
        };
        Some(TlsError::new(kind, words::expired(end)))
    }

    /// The input has ended, and with no word of TLS that it would.
    fn cut_short(&mut self, now: Now) {
        if self.heard_goodbye {
            return;
        }
        self.heard_goodbye = true;
        match self.phase {
            Phase::Open => self.inner.eof(Eof::Truncated, now),
            Phase::Failed => {}
            // Somebody looked whether the port is open.
            _ if self.is_unheard() => self.inner.eof(Eof::Clean, now),
            _ => {
                let text = "the connection ended in the handshake";
                self.fail(TlsError::new(TlsErrorKind::Closed, text), now);
            }
        }
    }

    /// TLS cannot go on: an alert may go out yet, and the inner machine is cut off.
    pub(super) fn fail(&mut self, error: TlsError, now: Now) {
        let kind = kind_of(&error, self.phase);
        let retry = match error.kind() {
            _ if self.phase == Phase::Open => Retry::IfIdempotent,
            // Nothing was sent yet, and the next try may find a better moment.
            TlsErrorKind::Closed | TlsErrorKind::Timeout | TlsErrorKind::Session => Retry::Safe,
            _ => Retry::Never,
        };
        let quiet = kind == Fault::TlsTimeout && self.is_unheard();
        if quiet {
            self.reason = Some(CloseReason::Timeout(Why::Handshake));
        } else if !self.closed {
            let phase = purlin_core::Phase::Tls;
            self.fault = Some(PeerError::new(kind, kind.status(), retry, phase));
            self.reason = Some(CloseReason::Fault(kind));
        }
        self.secured.fail(&error);
        self.error = Some(Box::new(error));
        self.phase = Phase::Failed;
        self.due = Some((now.mono + PARTING, Why::Linger));
        self.engine.input.clear();
        self.engine.plain.clear();
        // What is encrypted still goes out before the alert: nobody may think that it does not.
        let sealed = std::mem::take(&mut self.sealed);
        if sealed > 0 {
            self.inner.wrote(sealed, now);
        }
        self.inner.eof(Eof::Reset, now);
    }

    /// The socket is of no use any more.
    pub(super) fn lose(&mut self, now: Now) {
        if self.lost {
            return;
        }
        if self.is_handshaking() && !self.is_unheard() && !self.closed {
            let (kind, phase) = (Fault::Reset, purlin_core::Phase::Tls);
            self.fault = Some(PeerError::new(kind, None, Retry::Safe, phase));
        }
        self.lost = true;
        self.due = None;
        self.sealed = 0;
        self.engine.input.clear();
        self.engine.plain.clear();
        self.engine.output.clear();
        self.inner.eof(Eof::Reset, now);
    }

    /// Our time has run out.
    pub(super) fn time_out(&mut self, why: Why, now: Now) {
        match why {
            Why::Handshake => {
                let text = "the handshake did not end in time";
                self.fail(TlsError::new(TlsErrorKind::Timeout, text), now);
            }
            _ if self.engine.output.is_empty() => {
                self.parted = true;
                self.due = None;
            }
            _ => self.lose(now),
        }
    }

    /// Whether the inner machine closes, and the peer has not been told.
    pub(super) fn owes_goodbye(&self) -> bool {
        let silent = self.phase == Phase::Open && !self.said_goodbye && !self.lost;
        silent && is_orderly(self.inner.want().close)
    }

    /// Once the inner machine has closed nobody but us watches over the last bytes.
    fn part(&mut self, now: Now) {
        if self.phase != Phase::Open || self.due.is_some() || self.lost {
            return;
        }
        let waits = !self.said_goodbye || !self.engine.output.is_empty();
        if waits && self.inner.want().close == Some(Close::Graceful) {
            self.due = Some((now.mono + PARTING, Why::Linger));
        }
    }

    /// Encrypts what the inner machine has to say, as far as there is room for it.
    pub(super) fn seal(&mut self, now: Now) {
        if self.phase != Phase::Open || self.said_goodbye {
            return;
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        // Also if there is no room: the peer's time runs from here.
        let used = self.inner.output(&mut slices, now);
        let mut skip = self.sealed;
        let gathered = &mut self.gathered;
        gathered.clear();
        for (at, slice) in slices[..used].iter().enumerate() {
            let mut piece = &slice[skip.min(slice.len())..];
            skip = skip.saturating_sub(slice.len());
            while !piece.is_empty() && self.engine.output.len() < MOST_OUTPUT {
                let count = piece.len().min(RECORD - gathered.len());
                let (now, rest) = piece.split_at(count);
                let whole = count == RECORD || (at + 1 == used && rest.is_empty());
                piece = rest;
                if gathered.is_empty() && whole {
                    self.sealed += if self.engine.seal(now) { count } else { return };
                    continue;
                }
                gathered.extend_from_slice(now);
                if gathered.len() == RECORD || whole {
                    self.sealed += if self.engine.seal(gathered) { gathered.len() } else { return };
                    gathered.clear();
                }
            }
        }
        if !gathered.is_empty() && self.engine.seal(gathered) {
            self.sealed += gathered.len();
        }
    }

    /// So much ciphertext has gone out: as much is written of what it was made of.
    pub(super) fn credit(&mut self, count: usize, now: Now) {
        self.engine.output.consume(count);
        let written = if self.engine.output.is_empty() {
            self.sealed
        } else {
            count.min(self.sealed.saturating_sub(1))
        };
        self.given = (self.given.0 + count, self.given.1 + written);
        if written > 0 {
            self.sealed -= written;
            self.inner.wrote(written, now);
        }
    }

    /// How many of the inner machine's bytes are in so many of ours that the peer
    /// has not taken: their part, as of all that were written.
    pub(super) fn untaken_inside(&mut self, bytes: usize) -> usize {
        let (ours, inside) = self.given;
        let left = bytes.min(ours);
        // None of them, if there are none.
        let part = inside as u128 * left as u128 / ours.max(1) as u128;
        let inside = usize::try_from(part).unwrap_or(inside);
        self.given = (left, inside);
        inside
    }
}
