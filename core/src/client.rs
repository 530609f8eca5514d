//! The client's side of a connection, whatever is spoken on it: HTTP/1 or HTTP/2.
//! Decides which; what it means the machine of each does.

use crate::error::Misuse;
use crate::head::{Fields, RequestHead};
use crate::machine::{Body, ClientMachine, Eof, Event, Id, Machine, Recv, Reuse, Want};
use crate::time::{Mono, Now, Why};
use crate::{h1, h2};
use bytes::Bytes;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

pub use crate::config::ClientConfig as Config;
use crate::config::Protocols;
pub use crate::h1::client::Came;

/// One connection, seen by the client.
///
/// ```
/// use purlin_core::{Body, ClientMachine, Event, Machine, Method, Now, Recv, RequestHead, Reuse, client};
/// use std::sync::Arc;
///
/// let now = Now::default();
/// let mut machine = client::Connection::new(Arc::new(client::Config::default()), now);
///
/// // A request goes out.
/// let mut head = RequestHead::new(Method::GET, "/hello").unwrap();
/// head.fields_mut().append("Host", "example.test")?;
/// let id = machine.request(&head, Body::Empty, now)?;
/// let mut out = Vec::new();
/// machine.transmit(&mut out, usize::MAX, now);
/// assert_eq!(out, b"GET /hello HTTP/1.1\r\nHost: example.test\r\n\r\n");
///
/// // Its response comes in.
/// machine.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n", now);
/// let Some(Event::Response { head, .. }) = machine.poll_event(now) else { panic!() };
/// assert_eq!(head.status().code(), 200);
/// assert_eq!(machine.recv(id, now), Recv::Data("hi\n".into()));
/// assert_eq!(machine.recv(id, now), Recv::End(None));
///
/// // The connection is free for the next.
/// assert_eq!(machine.reuse(), Reuse::Now);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection(Spoken);

#[derive(Debug)]
enum Spoken {
    Http1(h1::client::Connection),
    Http2(Box<h2::connection::Connection>),
    /// Inside TLS, where the two sides have not agreed yet. The machine is the one that it is
    /// if they agree on nothing; it has said nothing so far.
    Undecided(Arc<Config>, h1::client::Connection),
}

impl Connection {
    /// A plain connection that was opened just now. It speaks HTTP/1, unless
    /// [`protocols`](Config::protocols) says that HTTP/2 alone is spoken.
    pub fn new(config: Arc<Config>, now: Now) -> Connection {
        Connection(match config.protocols {
            Protocols::Http1 | Protocols::Both => Spoken::http1(config, now),
            Protocols::Http2 => Spoken::http2(config, false, now),
        })
    }

    /// A connection inside TLS that was opened just now. With both versions of HTTP
    /// it takes requests once [`Machine::negotiated`] has told what is spoken; until then
    /// [`ClientMachine::is_ready`] says no.
    ///
    /// ```
    /// use purlin_core::config::Protocols;
    /// use purlin_core::{ClientConfig, ClientMachine, Machine, Now, client};
    ///
    /// let config = ClientConfig { protocols: Protocols::Both, ..ClientConfig::default() };
    /// let now = Now::default();
    /// let mut machine = client::Connection::secure(config.into(), now);
    /// assert!(!machine.is_ready());
    /// machine.negotiated(Some(b"h2"), now);
    /// assert!(machine.is_ready() && machine.carries_many());
    /// assert!(machine.slots() > 1);
    /// ```
    pub fn secure(config: Arc<Config>, now: Now) -> Connection {
        Connection(match config.protocols {
            Protocols::Http1 => Spoken::http1(config, now),
            Protocols::Http2 => Spoken::http2(config, true, now),
            Protocols::Both => {
                let http1 = h1::client::Connection::new(Arc::clone(&config), now);
                Spoken::Undecided(config, http1)
            }
        })
    }
}

impl Connection {
    /// The machine of what is spoken, for a driver that takes any: it saves the question at
    /// each call.
    pub fn boxed(self) -> Box<dyn ClientMachine + Send + Sync> {
        match self.0 {
            Spoken::Http1(machine) => Box::new(machine),
            Spoken::Http2(machine) => machine,
            undecided @ Spoken::Undecided(..) => Box::new(Connection(undecided)),
        }
    }
}

impl Spoken {
    fn http1(config: Arc<Config>, now: Now) -> Spoken {
        Spoken::Http1(h1::client::Connection::new(config, now))
    }

    fn http2(config: Arc<Config>, secure: bool, now: Now) -> Spoken {
        Spoken::Http2(Box::new(h2::connection::Connection::client(config, secure, now)))
    }
}

/// Passes a verb on to what is spoken.
macro_rules! pass {
    ($self:ident, $machine:ident => $call:expr) => {
        match &$self.0 {
            Spoken::Http1($machine) => $call,
            Spoken::Http2($machine) => $call,
            Spoken::Undecided(_, $machine) => $call,
        }
    };
    (mut $self:ident, $machine:ident => $call:expr) => {
        match &mut $self.0 {
            Spoken::Http1($machine) => $call,
            Spoken::Http2($machine) => $call,
            Spoken::Undecided(_, $machine) => $call,
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
        pass!(mut self, machine => machine.filled(n, now));
    }

    fn eof(&mut self, how: Eof, now: Now) {
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
        match &self.0 {
            // One that has ended in the meantime stays so.
            Spoken::Undecided(config, machine) if machine.reuse() == Reuse::Now => {
                let config = Arc::clone(config);
                self.0 = match alpn {
                    Some(b"h2") => Spoken::http2(config, true, now),
                    _ => Spoken::http1(config, now),
                };
            }
            _ => {}
        }
        pass!(mut self, machine => machine.negotiated(alpn, now));
    }

    fn carries_many(&self) -> bool {
        pass!(self, machine => machine.carries_many())
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.discard(id, now))
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.reset(id, now))
    }

    fn shutdown(&mut self, now: Now) {
        pass!(mut self, machine => machine.shutdown(now));
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.limit_body(id, bytes))
    }
}

impl ClientMachine for Connection {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        match &mut self.0 {
            Spoken::Http1(machine) => machine.request(head, body, now),
            Spoken::Http2(machine) => machine.request(head, body, now),
            Spoken::Undecided(..) => Err(Misuse::Busy),
        }
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        pass!(mut self, machine => machine.limit_wait(id, limit))
    }

    fn reuse(&self) -> Reuse {
        match &self.0 {
            Spoken::Http1(machine) => machine.reuse(),
            Spoken::Http2(machine) => machine.reuse(),
            // It will take one.
            Spoken::Undecided(_, machine) => match machine.reuse() {
                Reuse::Now => Reuse::Later,
                other => other,
            },
        }
    }

    fn slots(&self) -> u32 {
        match &self.0 {
            Spoken::Http1(machine) => machine.slots(),
            Spoken::Http2(machine) => machine.slots(),
            Spoken::Undecided(..) => 0,
        }
    }

    fn is_ready(&self) -> bool {
        !matches!(self.0, Spoken::Undecided(..))
    }

    fn is_held(&self, id: Id) -> bool {
        pass!(self, machine => machine.is_held(id))
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        pass!(self, machine => machine.trouble())
    }
}
