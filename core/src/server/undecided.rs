//! A server's connection whose first bytes are to tell what is spoken on it.
//! Decides that alone: what it has looked at goes on to the machine that speaks it.
//!
//! A client of HTTP/2 begins with a preface (RFC 9113 §3.4). Whoever does not is a client of
//! HTTP/1 at the first byte that differs, which is among the first two of every method but those
//! that begin with `PR`. Inside TLS the two sides have agreed, and the bytes are not looked at.

use super::Spoken;
use crate::buf::InBuf;
use crate::config::ServerConfig;
use crate::error::Misuse;
use crate::h2::frame::PREFACE;
use crate::head::{Fields, ResponseHead};
use crate::machine::{Body, Eof, Event, Id, Machine, Recv, ServerMachine, Want};
use crate::time::{Mono, Now, Why};
use crate::{h1, h2};
use bytes::Bytes;
use std::io::IoSlice;
use std::sync::Arc;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Not enough yet.
    Nothing,
    Http1,
    Http2,
}

/// What is spoken by a client that begins so.
fn told(first: &[u8]) -> Told {
    let known = first.len().min(PREFACE.len());
    match first[..known] == PREFACE[..known] {
        false => Told::Http1,
        true if known < PREFACE.len() => Told::Nothing,
        true => Told::Http2,
    }
}

/// A connection on which nobody has said what is spoken.
#[derive(Debug)]
pub(super) struct Undecided {
    config: Arc<ServerConfig>,
    input: InBuf,
    accepted: Now,
    surplus: Option<usize>,
}

impl Undecided {
    pub(super) fn new(config: Arc<ServerConfig>, now: Now) -> Undecided {
        let input = InBuf::new(config.limits.most_input());
        Undecided { config, input, accepted: now, surplus: None }
    }

    /// More bytes came.
    pub(super) fn took(&mut self, n: usize) -> Told {
        self.input.filled(n);
        told(self.input.bytes())
    }

    /// HTTP/1 is spoken.
    pub(super) fn http1(&mut self, now: Now) -> Spoken {
        let input = std::mem::replace(&mut self.input, InBuf::new(0));
        let mut machine =
            h1::server::Connection::begun(Arc::clone(&self.config), input, self.accepted, now);
        if let Some(surplus) = self.surplus {
            machine.allow_surplus(surplus);
        }
        Spoken::Http1(machine)
    }

    /// HTTP/2 is spoken.
    pub(super) fn http2(&mut self, now: Now) -> Spoken {
        let mut machine = h2::connection::Connection::new(Arc::clone(&self.config), self.accepted);
        if let Some(surplus) = self.surplus {
            machine.allow_surplus(surplus);
        }
        let taken = machine.receive(self.input.bytes(), now);
        debug_assert_eq!(taken, self.input.len(), "a first read is no more than it has room for");
        Spoken::Http2(Box::new(machine))
    }

    fn due(&self) -> Mono {
        self.accepted.mono + self.config.timeouts.head
    }

    /// Whether who has to say what is spoken is late.
    pub(super) fn is_late(&self, now: Now) -> bool {
        self.due() <= now.mono
    }
}

/// Nothing has happened, and there is no exchange. What changes it is `server`'s.
impl Machine for Undecided {
    fn read_buf(&mut self) -> &mut [u8] {
        self.input.spare()
    }

    fn filled(&mut self, _: usize, _: Now) {}

    fn eof(&mut self, _: Eof, _: Now) {}

    fn poll_event(&mut self, _: Now) -> Option<Event> {
        None
    }

    fn output<'a>(&'a mut self, _: &mut [IoSlice<'a>], _: Now) -> usize {
        0
    }

    fn wrote(&mut self, _: usize, _: Now) {}

    fn deadline(&self) -> Option<(Mono, Why)> {
        Some((self.due(), Why::Head))
    }

    fn tick(&mut self, _: Now) {}

    fn want(&self) -> Want {
        Want { read: true, write: false, close: None }
    }

    fn trim(&mut self, _: Now) {
        self.input.trim();
    }

    fn in_exchange(&self) -> bool {
        false
    }

    fn held(&self) -> usize {
        self.input.held()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        self.surplus = Some(bytes);
    }

    fn send(&mut self, _: Id, _: &mut Bytes, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn finish(&mut self, _: Id, _: Option<&Fields>, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn recv(&mut self, _: Id, _: Now) -> Recv {
        Recv::Failed(crate::error::PeerError::of_request(crate::error::Fault::Truncated))
    }

    fn prefetch(&mut self, _: Id, _: usize, _: Now) -> bool {
        true
    }

    fn discard(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn reset(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn shutdown(&mut self, _: Now) {}

    fn limit_body(&mut self, _: Id, _: u64) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }
}

impl ServerMachine for Undecided {
    fn respond(&mut self, _: Id, _: &ResponseHead, _: Body, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn hijack(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn interim(&mut self, _: Id, _: &ResponseHead, _: Now) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_begins_otherwise_than_by_the_preface_speaks_http1() {
        for (first, expected) in [
            (&b""[..], Told::Nothing),
            (b"P", Told::Nothing),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Told::Nothing),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Told::Http2),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", Told::Http2),
            (b"G", Told::Http1),
            (b"PUT", Told::Http1),
            (b"PRI * HTTP/2.0\r\n\r\nXX", Told::Http1),
            (b"\x16\x03\x01", Told::Http1),
        ] {
            assert_eq!(told(first), expected, "{:?}", String::from_utf8_lossy(first));
        }
    }
}
