//! What stands for a client's connection inside a tunnel.

use crate::buf::{InBuf, LEAST_READ, OutBuf};
use crate::machine::{Body, ClientMachine, Close, Eof, Event, Id, Machine, Recv, Reuse, Want};
use crate::{Fields, Misuse, Mono, Now, RequestHead, Why};
use bytes::Bytes;
use std::io::IoSlice;
use std::time::Duration;

/// A machine that says what it is given to say, and keeps what it hears.
pub(super) struct Echo {
    pub(super) says: OutBuf,
    pub(super) heard: Vec<u8>,
    room: InBuf,
    /// Bytes it takes before it wants no more.
    pub(super) takes: usize,
    pub(super) ended: Option<Eof>,
    pub(super) closes: bool,
}

impl Echo {
    pub(super) fn new() -> Echo {
        Echo {
            says: OutBuf::default(),
            heard: Vec::new(),
            room: InBuf::new(LEAST_READ),
            takes: usize::MAX,
            ended: None,
            closes: false,
        }
    }
}

impl Machine for Echo {
    fn read_buf(&mut self) -> &mut [u8] {
        if self.want().read { self.room.spare() } else { &mut [] }
    }

    fn filled(&mut self, n: usize, _: Now) {
        self.room.filled(n);
        self.heard.extend_from_slice(self.room.bytes());
        self.room.clear();
    }

    fn eof(&mut self, how: Eof, _: Now) {
        self.ended = Some(how);
    }

    fn poll_event(&mut self, _: Now) -> Option<Event> {
        None
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], _: Now) -> usize {
        self.says.slices(slices)
    }

    fn wrote(&mut self, n: usize, _: Now) {
        self.says.consume(n);
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        Some((Mono::from_secs(1), Why::FirstByte))
    }

    fn tick(&mut self, _: Now) {}

    fn want(&self) -> Want {
        let close = self.closes.then_some(Close::Linger);
        let read = self.heard.len() < self.takes;
        Want { read, write: !self.says.is_empty(), close }
    }

    fn trim(&mut self, _: Now) {
        self.room.trim();
    }

    fn in_exchange(&self) -> bool {
        false
    }

    fn held(&self) -> usize {
        self.room.held()
    }

    fn send(&mut self, _: Id, data: &mut Bytes, _: Now) -> Result<(), Misuse> {
        self.says.push(std::mem::take(data));
        Ok(())
    }

    fn finish(&mut self, _: Id, _: Option<&Fields>, _: Now) -> Result<(), Misuse> {
        Ok(())
    }

    fn recv(&mut self, _: Id, _: Now) -> Recv {
        Recv::Pending
    }

    fn prefetch(&mut self, _: Id, _: usize, _: Now) -> bool {
        true
    }

    fn discard(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        Ok(())
    }

    fn reset(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        Ok(())
    }

    fn shutdown(&mut self, _: Now) {
        self.closes = true;
    }

    fn limit_body(&mut self, _: Id, _: u64) -> Result<(), Misuse> {
        Ok(())
    }
}

impl ClientMachine for Echo {
    fn request(&mut self, _: &RequestHead, _: Body, _: Now) -> Result<Id, Misuse> {
        self.says.push(Bytes::from_static(b"REQUEST"));
        Ok(1)
    }

    fn limit_wait(&mut self, _: Id, _: Duration) -> Result<(), Misuse> {
        Err(Misuse::NoSuchExchange)
    }

    fn reuse(&self) -> Reuse {
        Reuse::Now
    }
}
