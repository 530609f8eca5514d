//! The verbs of a machine, and the commands of a client's, on a tunnel.

use super::{Stage, Told, Tunnel};
use crate::error::{CloseReason, Fault, Misuse, Phase, Retry};
use crate::head::{Fields, RequestHead};
use crate::machine::{Body, ClientMachine, Close, Eof, Event, Id, Machine, Recv, Reuse, Want};
use crate::secure::Secured;
use crate::time::{Mono, Now, Why};
use bytes::Bytes;
use std::io::IoSlice;
use std::time::Duration;

impl<M: ClientMachine> Machine for Tunnel<M> {
    fn read_buf(&mut self) -> &mut [u8] {
        match self.stage {
            _ if !self.want().read => &mut [],
            Stage::Open => self.inner.read_buf(),
            _ => self.input.spare(),
        }
    }

    fn filled(&mut self, n: usize, now: Now) {
        if n == 0 || !self.want().read {
            return;
        }
        if self.is_asking() {
            self.input.filled(n);
            self.talk(now);
            self.feed(now);
        } else {
            self.inner.filled(n, now);
        }
    }

    fn eof(&mut self, how: Eof, now: Now) {
        match self.stage {
            Stage::Failed => {}
            Stage::Open if how == Eof::Reset => {
                self.input.clear();
                self.ended = None;
                self.inner.eof(how, now);
            }
            Stage::Open => {
                self.ended = Some(how);
                self.feed(now);
            }
            Stage::Http(_) | Stage::Socks(_) => {
                let fault = match how {
                    Eof::Reset => Fault::Reset,
                    _ if self.input.is_empty() => Fault::NoResponse,
                    Eof::Clean | Eof::Truncated => Fault::Truncated,
                };
                self.fail(fault, Retry::Safe, now);
            }
        }
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        if let (Some(fault), told) = (self.fault, self.told) {
            let (event, told) = match told {
                Told::Nothing => (Event::Failed { id: None, error: fault }, Told::Failed),
                Told::Failed => (Event::Closed(CloseReason::Fault(fault.kind)), Told::Closed),
                Told::Closed => return None,
            };
            self.told = told;
            return Some(event);
        }
        loop {
            self.feed(now);
            if let Some(event) = self.inner.poll_event(now) {
                // What is told once is not told again if the tunnel fails after it.
                self.told = match event {
                    Event::Failed { .. } => Told::Failed,
                    Event::Closed(_) => Told::Closed,
                    _ => self.told,
                };
                return Some(event);
            }
            // The inside has used up what it had: there may be room for the rest.
            if !self.has_more() {
                return None;
            }
        }
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        match self.stage {
            Stage::Open => self.inner.output(slices, now),
            _ if self.want().write => self.output.slices(slices),
            _ => 0,
        }
    }

    fn wrote(&mut self, n: usize, now: Now) {
        match self.stage {
            Stage::Open => self.inner.wrote(n, now),
            _ => self.output.consume(n),
        }
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        match self.stage {
            Stage::Open => self.inner.deadline(),
            Stage::Failed => None,
            // The time of what is inside has not begun: none of it has gone out.
            Stage::Http(_) | Stage::Socks(_) => Some((self.due, Why::Handshake)),
        }
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        if matches!(self.stage, Stage::Open) {
            self.inner.untaken(bytes, now);
        }
    }

    fn tick(&mut self, now: Now) {
        if matches!(self.stage, Stage::Open) {
            self.inner.tick(now);
            self.feed(now);
        } else if self.is_asking() && self.due <= now.mono {
            self.fail(Fault::ProxyTimeout, Retry::Never, now);
        }
    }

    fn want(&self) -> Want {
        let inner = self.inner.want();
        match self.stage {
            Stage::Failed => Want { read: false, write: false, close: Some(Close::Graceful) },
            Stage::Open => {
                Want { read: inner.read && self.input.is_empty() && self.ended.is_none(), ..inner }
            }
            // Nobody needs the tunnel any more.
            _ if inner.close.is_some() => {
                Want { read: false, write: false, close: Some(Close::Graceful) }
            }
            Stage::Http(_) | Stage::Socks(_) => {
                let read = self.input.has_room();
                Want { read, write: !self.output.is_empty(), close: None }
            }
        }
    }

    fn trim(&mut self, now: Now) {
        self.input.trim();
        self.output.trim();
        self.inner.trim(now);
    }

    fn in_exchange(&self) -> bool {
        self.inner.in_exchange()
    }

    fn is_open(&self, id: Id) -> bool {
        self.inner.is_open(id)
    }

    fn held(&self) -> usize {
        self.input.held() + self.output.held() + self.inner.held()
    }

    fn surplus(&self) -> usize {
        self.inner.surplus()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        self.inner.allow_surplus(bytes);
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.inner.send(id, data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        self.inner.finish(id, trailers, now)
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        let mut got = self.inner.recv(id, now);
        while got == Recv::Pending && self.has_more() {
            self.feed(now);
            got = self.inner.recv(id, now);
        }
        match (got, self.fault) {
            (Recv::Failed(_), Some(fault)) => Recv::Failed(fault),
            (got, _) => got,
        }
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        self.feed(now);
        self.inner.prefetch(id, most, now)
    }

    fn is_flushed(&self, id: Id) -> bool {
        matches!(self.stage, Stage::Open) && self.inner.is_flushed(id)
    }

    fn flush(&mut self, id: Id) -> bool {
        self.inner.flush(id)
    }

    fn carries_many(&self) -> bool {
        self.inner.carries_many()
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let done = self.inner.discard(id, now);
        self.feed(now);
        done
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let done = self.inner.reset(id, now);
        self.feed(now);
        done
    }

    fn shutdown(&mut self, now: Now) {
        self.inner.shutdown(now);
        self.feed(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.inner.limit_body(id, bytes)
    }
}

impl<M: ClientMachine> ClientMachine for Tunnel<M> {
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        if self.fault.is_some() {
            return Err(Misuse::NotReusable);
        }
        self.inner.request(head, body, now)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        self.inner.limit_wait(id, limit)
    }

    fn reuse(&self) -> Reuse {
        match self.fault {
            Some(fault) => Reuse::Never(CloseReason::Fault(fault.kind)),
            None => self.inner.reuse(),
        }
    }

    fn setting_up(&self) -> Option<Phase> {
        match self.stage {
            Stage::Open => self.inner.setting_up(),
            Stage::Http(_) | Stage::Socks(_) | Stage::Failed => Some(Phase::Tunnel),
        }
    }

    fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Open) && self.inner.is_ready()
    }

    fn slots(&self) -> u32 {
        self.inner.slots()
    }

    fn is_held(&self, id: Id) -> bool {
        self.inner.is_held(id)
    }

    fn trouble(&self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        match self.fault {
            Some(fault) => Some(Box::new(self.trouble_of(fault.kind))),
            None => self.inner.trouble(),
        }
    }

    fn tls(&self) -> Option<Secured> {
        self.inner.tls()
    }
}
