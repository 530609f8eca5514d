//! The server's side of a connection, whatever is spoken on it: HTTP/1, HTTP/2, or nothing
//! at all ([`InMemory`]). Decides which; what it means the machine of each does.

mod undecided;

use crate::error::Misuse;
use crate::head::{Fields, ResponseHead};
use crate::in_memory::InMemory;
use crate::machine::{Body, Eof, Event, Id, Machine, Recv, ServerMachine, Want};
use crate::time::{Mono, Now, Why};
use crate::{h1, h2};
use bytes::Bytes;
use std::fmt;
use std::io::IoSlice;
use std::sync::Arc;
use undecided::{Told, Undecided};

use crate::config::Protocols;
pub use crate::config::ServerConfig as Config;

/// One connection, seen by the server.
///
/// [`ServerConfig::protocols`](Config::protocols) says what it speaks. With both versions of HTTP
/// the first bytes tell which, or inside TLS what the two sides have agreed on
/// ([`Machine::negotiated`]). HTTP/2 is told by [`Machine::carries_many`]; events and commands
/// are the same.
///
/// ```
/// use purlin_core::{Machine, Now, ServerConfig, server};
///
/// let now = Now::default();
/// let mut machine = server::Connection::new(ServerConfig::default().into(), now);
/// machine.receive(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", now);
/// assert!(machine.carries_many());
/// ```
#[derive(Debug)]
pub struct Connection(Spoken);

#[expect(clippy::large_enum_variant, reason = "nearly every connection is the large one")]
enum Spoken {
    Http1(h1::server::Connection),
    Http2(Box<h2::connection::Connection>),
    Undecided(Undecided),
    InMemory(Box<InMemory>),
    /// Inside another machine, such as TLS.
    Wrapped(Box<dyn ServerMachine + Send + Sync>),
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spoken::Http1(machine) => machine.fmt(f),
            Spoken::Http2(machine) => machine.fmt(f),
            Spoken::Undecided(machine) => machine.fmt(f),
            Spoken::InMemory(machine) => machine.fmt(f),
            Spoken::Wrapped(_) => f.write_str("Wrapped"),
        }
    }
}

impl Connection {
    /// A connection that was accepted just now.
    #[inline]
    pub fn new(config: Arc<Config>, now: Now) -> Connection {
        // It is made where it stays: it is large to be moved.
        if config.protocols == Protocols::Http1 {
            return Connection(Spoken::Http1(h1::server::Connection::new(config, now)));
        }
        Connection(Spoken::with_http2(config, now))
    }

    /// The exchange, if this is one without a wire.
    pub fn as_in_memory(&mut self) -> Option<&mut InMemory> {
        match &mut self.0 {
            Spoken::InMemory(direct) => Some(direct),
            _ => None,
        }
    }

    /// A connection that this machine speaks, with whatever it has inside, such as TLS.
    pub fn wrapped(machine: impl ServerMachine + Send + Sync + 'static) -> Connection {
        Connection(Spoken::Wrapped(Box::new(machine)))
    }

    /// What is spoken is known, or has to be: HTTP/1, if nothing says that it is HTTP/2.
    fn decide(&mut self, told: Told, now: Now) {
        let Spoken::Undecided(undecided) = &mut self.0 else { return };
        self.0 = match told {
            Told::Nothing => return,
            Told::Http1 => undecided.http1(now),
            Told::Http2 => undecided.http2(now),
        };
    }
}

impl Spoken {
    #[inline(never)]
    fn with_http2(config: Arc<Config>, now: Now) -> Spoken {
        if config.protocols.http1() {
            return Spoken::Undecided(Undecided::new(config, now));
        }
        Spoken::Http2(Box::new(h2::connection::Connection::new(config, now)))
    }

    #[inline(never)]
    fn machine(&self) -> &dyn ServerMachine {
        match self {
            Spoken::Http1(machine) => machine,
            Spoken::Http2(machine) => &**machine,
            Spoken::Undecided(machine) => machine,
            Spoken::InMemory(machine) => &**machine,
            Spoken::Wrapped(machine) => &**machine,
        }
    }

    #[inline(never)]
    fn machine_mut(&mut self) -> &mut dyn ServerMachine {
        match self {
            Spoken::Http1(machine) => machine,
            Spoken::Http2(machine) => &mut **machine,
            Spoken::Undecided(machine) => machine,
            Spoken::InMemory(machine) => &mut **machine,
            Spoken::Wrapped(machine) => &mut **machine,
        }
    }
}

impl From<InMemory> for Connection {
    fn from(direct: InMemory) -> Connection {
        Connection(Spoken::InMemory(Box::new(direct)))
    }
}

/// Passes a verb on to what is spoken. Only HTTP/1 is told apart here, so that it is inlined.
macro_rules! pass {
    ($self:ident, $machine:ident => $call:expr) => {
        match &$self.0 {
            Spoken::Http1($machine) => $call,
            other => {
                let $machine = other.machine();
                $call
            }
        }
    };
    (mut $self:ident, $machine:ident => $call:expr) => {
        match &mut $self.0 {
            Spoken::Http1($machine) => $call,
            other => {
                let $machine = other.machine_mut();
                $call
            }
        }
    };
}

impl Machine for Connection {
    #[inline]
    fn read_buf(&mut self) -> &mut [u8] {
        pass!(mut self, machine => machine.read_buf())
    }

    #[inline]
    fn filled(&mut self, n: usize, now: Now) {
        match &mut self.0 {
            Spoken::Http1(machine) => machine.filled(n, now),
            Spoken::Undecided(undecided) => {
                let told = undecided.took(n);
                self.decide(told, now);
            }
            other => other.machine_mut().filled(n, now),
        }
    }

    fn eof(&mut self, how: Eof, now: Now) {
        self.decide(Told::Http1, now);
        pass!(mut self, machine => machine.eof(how, now));
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        pass!(mut self, machine => machine.poll_event(now))
    }

    #[inline]
    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        pass!(mut self, machine => machine.output(slices, now))
    }

    #[inline]
    fn wrote(&mut self, n: usize, now: Now) {
        pass!(mut self, machine => machine.wrote(n, now));
    }

    #[inline]
    fn deadline(&self) -> Option<(Mono, Why)> {
        pass!(self, machine => machine.deadline())
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        pass!(mut self, machine => machine.untaken(bytes, now));
    }

    fn tick(&mut self, now: Now) {
        if let Spoken::Http1(machine) = &mut self.0 {
            return machine.tick(now);
        }
        if matches!(&self.0, Spoken::Undecided(undecided) if undecided.is_late(now)) {
            self.decide(Told::Http1, now);
        }
        pass!(mut self, machine => machine.tick(now));
    }

    #[inline]
    fn want(&self) -> Want {
        pass!(self, machine => machine.want())
    }

    fn trim(&mut self, now: Now) {
        pass!(mut self, machine => machine.trim(now));
    }

    fn in_exchange(&self) -> bool {
        pass!(self, machine => machine.in_exchange())
    }

    fn is_open(&self, id: Id) -> bool {
        pass!(self, machine => machine.is_open(id))
    }

    fn held(&self) -> usize {
        pass!(self, machine => machine.held())
    }

    fn surplus(&self) -> usize {
        pass!(self, machine => machine.surplus())
    }

    fn allow_surplus(&mut self, bytes: usize) {
        pass!(mut self, machine => machine.allow_surplus(bytes));
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.send(id, data, now))
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.finish(id, trailers, now))
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        pass!(mut self, machine => machine.recv(id, now))
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        pass!(mut self, machine => machine.prefetch(id, most, now))
    }

    fn is_flushed(&self, id: Id) -> bool {
        pass!(self, machine => machine.is_flushed(id))
    }

    fn flush(&mut self, id: Id) -> bool {
        pass!(mut self, machine => machine.flush(id))
    }

    fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
        self.decide(if alpn == Some(b"h2") { Told::Http2 } else { Told::Http1 }, now);
        pass!(mut self, machine => machine.negotiated(alpn, now));
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.discard(id, now))
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.reset(id, now))
    }

    #[inline]
    fn carries_many(&self) -> bool {
        pass!(self, machine => machine.carries_many())
    }

    fn shutdown(&mut self, now: Now) {
        self.decide(Told::Http1, now);
        pass!(mut self, machine => machine.shutdown(now));
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.limit_body(id, bytes))
    }
}

impl ServerMachine for Connection {
    fn respond(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.respond(id, head, body, now))
    }

    fn answer(&mut self, id: Id, head: &ResponseHead, body: Body, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.answer(id, head, body, now))
    }

    fn hijack(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.hijack(id, now))
    }

    fn interim(&mut self, id: Id, head: &ResponseHead, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.interim(id, head, now))
    }

    fn follow(&mut self, id: Id) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.follow(id))
    }
}

#[cfg(test)]
mod tests;
