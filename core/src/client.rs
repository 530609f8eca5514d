//! The client's side of a connection, whatever is spoken on it.
//! Today that is HTTP/1; the names stay when HTTP/2 joins.

use crate::error::Misuse;
use crate::h1;
use crate::head::{Fields, RequestHead};
use crate::machine::{Body, ClientMachine, Eof, Event, Id, Machine, Recv, Reuse, Want};
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

pub use crate::config::ClientConfig as Config;
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
pub struct Connection(h1::client::Connection);

impl Connection {
    /// A connection that was opened just now.
    pub fn new(config: Arc<Config>, now: Now) -> Connection {
        Connection(h1::client::Connection::new(config, now))
    }
}

impl Machine for Connection {
    #[inline]
    fn read_buf(&mut self) -> &mut [u8] {
        self.0.read_buf()
    }

    #[inline]
    fn filled(&mut self, n: usize, now: Now) {
        self.0.filled(n, now);
    }

    fn eof(&mut self, how: Eof, now: Now) {
        self.0.eof(how, now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        self.0.poll_event(now)
    }

    #[inline]
    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        self.0.output(slices, now)
    }

    #[inline]
    fn wrote(&mut self, n: usize, now: Now) {
        self.0.wrote(n, now);
    }

    #[inline]
    fn deadline(&self) -> Option<(Mono, Why)> {
        self.0.deadline()
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        self.0.untaken(bytes, now);
    }

    fn tick(&mut self, now: Now) {
        self.0.tick(now);
    }

    #[inline]
    fn want(&self) -> Want {
        self.0.want()
    }

    fn trim(&mut self, now: Now) {
        self.0.trim(now);
    }

    fn in_exchange(&self) -> bool {
        self.0.in_exchange()
    }

    fn held(&self) -> usize {
        self.0.held()
    }

    fn surplus(&self) -> usize {
        self.0.surplus()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        self.0.allow_surplus(bytes);
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.0.send(id, data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        self.0.finish(id, trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        self.0.recv(id, now)
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        self.0.prefetch(id, most, now)
    }

    fn is_flushed(&self, id: Id) -> bool {
        self.0.is_flushed(id)
    }

    fn flush(&mut self, id: Id) -> bool {
        self.0.flush(id)
    }

    fn negotiated(&mut self, alpn: Option<&[u8]>, now: Now) {
        self.0.negotiated(alpn, now);
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.0.discard(id, now)
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.0.reset(id, now)
    }

    fn shutdown(&mut self, now: Now) {
        self.0.shutdown(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.0.limit_body(id, bytes)
    }
}

impl ClientMachine for Connection {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        self.0.request(head, body, now)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        self.0.limit_wait(id, limit)
    }

    fn reuse(&self) -> Reuse {
        self.0.reuse()
    }

    fn slots(&self) -> u32 {
        self.0.slots()
    }

    fn is_held(&self, id: Id) -> bool {
        self.0.is_held(id)
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.0.trouble()
    }
}
