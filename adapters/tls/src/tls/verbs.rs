//! The verbs for bytes, events and time.

use super::flow::is_orderly;
use super::{Phase, Tls};
use bytes::Bytes;
use purlin_core::{Close, Eof, Event, Fields, Id, Machine, Misuse, Mono, Now, PeerError};
use purlin_core::{Recv, Want, Why};
use std::io::IoSlice;

impl<M: Machine> Machine for Tls<M> {
    fn read_buf(&mut self) -> &mut [u8] {
        if self.want().read { self.engine.read_buf() } else { &mut [] }
    }

    fn filled(&mut self, n: usize, now: Now) {
        if n == 0 || !self.want().read {
            return;
        }
        self.touched = true;
        self.engine.filled(n);
        if self.phase == Phase::Failed {
            // It is read so that closing does not destroy our last words.
            self.engine.input.clear();
        } else {
            self.feed(now);
        }
    }

    fn eof(&mut self, how: Eof, now: Now) {
        if how == Eof::Reset {
            return self.lose(now);
        }
        self.ended = true;
        self.feed(now);
    }

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        self.feed_rest(now);
        loop {
            let ended = self.ending.take().map(Event::Closed);
            let (event, fault) = (ended.or_else(|| self.inner.poll_event(now)), self.fault);
            match (event, fault) {
                // Whose it was, and what that means for each, the inner machine knows.
                (Some(Event::Failed { id: id @ Some(_), error }), Some(fault)) => {
                    self.told = true;
                    let PeerError { kind, answer, phase, .. } = fault;
                    let error = PeerError::new(kind, answer, error.retry, phase);
                    return Some(Event::Failed { id, error });
                }
                (Some(Event::Failed { .. }), Some(_)) if self.told => {}
                (Some(Event::Closed(reason)), Some(fault)) if !self.told => {
                    (self.told, self.ending) = (true, Some(reason));
                    return Some(Event::Failed { id: None, error: fault });
                }
                (Some(Event::Failed { .. }) | None, Some(fault)) if !self.told => {
                    self.told = true;
                    return Some(Event::Failed { id: None, error: fault });
                }
                (Some(Event::Closed(reason)), _) => {
                    self.closed = true;
                    return Some(Event::Closed(self.reason.unwrap_or(reason)));
                }
                (event, _) => return event,
            }
        }
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], now: Now) -> usize {
        if slices.is_empty() || !self.want().write {
            return 0;
        }
        self.seal(now);
        if self.owes_goodbye() {
            self.said_goodbye = true;
            self.engine.say_goodbye();
        }
        self.feed_rest(now);
        match self.engine.output.bytes() {
            [] => 0,
            bytes => {
                slices[0] = IoSlice::new(bytes);
                1
            }
        }
    }

    fn wrote(&mut self, n: usize, now: Now) {
        if n > 0 && !self.lost {
            self.credit(n, now);
            self.feed_rest(now);
        }
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        let inner = if self.phase == Phase::Failed { None } else { self.inner.deadline() };
        self.due.into_iter().chain(inner).min_by_key(|(at, _)| *at)
    }

    fn untaken(&mut self, bytes: usize, now: Now) {
        let inside = self.untaken_inside(bytes);
        self.inner.untaken(inside, now);
    }

    fn tick(&mut self, now: Now) {
        self.inner.tick(now);
        self.feed_rest(now);
        if let Some((_, why)) = self.due.filter(|(at, _)| *at <= now.mono) {
            self.time_out(why, now);
        }
    }

    fn want(&self) -> Want {
        if self.lost {
            return Want { read: false, write: false, close: Some(Close::Abort) };
        }
        let written = self.engine.output.is_empty();
        if self.phase == Phase::Failed {
            let over = self.ended || self.parted;
            let how = if over { Close::Graceful } else { Close::Linger };
            return Want { read: !over, write: !written, close: written.then_some(how) };
        }
        let inner = self.inner.want();
        if inner.close == Some(Close::Abort) {
            return Want { read: false, write: false, close: inner.close };
        }
        let open = self.phase == Phase::Open;
        let speaks = open && !self.said_goodbye && (inner.write || is_orderly(inner.close));
        let write = !written || speaks;
        let read =
            !self.ended && !self.heard_goodbye && self.engine.has_room() && (inner.read || !open);
        let close = if write { None } else { inner.close };
        Want { read, write, close }
    }

    fn trim(&mut self, now: Now) {
        self.engine.trim();
        self.gathered = Vec::new();
        self.inner.trim(now);
    }

    fn in_exchange(&self) -> bool {
        self.inner.in_exchange()
    }

    fn is_open(&self, id: Id) -> bool {
        self.inner.is_open(id)
    }

    fn held(&self) -> usize {
        self.engine.held() + self.gathered.capacity() + self.inner.held()
    }

    /// What TLS itself holds is a part of the share: it does not grow with what there is.
    fn surplus(&self) -> usize {
        self.inner.surplus()
    }

    fn allow_surplus(&mut self, bytes: usize) {
        self.inner.allow_surplus(bytes);
    }

    /// Bytes that were read while others used the machine are taken in any case.
    fn receive(&mut self, bytes: &[u8], now: Now) -> usize {
        if self.lost || self.ended || self.heard_goodbye {
            return 0;
        }
        self.touched |= !bytes.is_empty();
        let taken = self.engine.receive(bytes);
        if self.phase == Phase::Failed {
            self.engine.input.clear();
            return bytes.len();
        }
        self.feed_rest(now);
        taken
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.inner.send(id, data, now)
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        let done = self.inner.finish(id, trailers, now);
        self.feed_rest(now);
        done
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        let mut got = self.inner.recv(id, now);
        let open = self.phase == Phase::Open;
        while open && got == Recv::Pending && self.engine.has_backlog() && self.inner.want().read {
            self.feed(now);
            got = self.inner.recv(id, now);
        }
        self.feed_rest(now);
        match (got, self.fault) {
            (Recv::Failed(_), Some(fault)) => Recv::Failed(fault),
            (got, _) => got,
        }
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        let ready = self.inner.prefetch(id, most, now);
        self.feed_rest(now);
        ready || self.inner.prefetch(id, most, now)
    }

    /// Output counts as written inside once its ciphertext is.
    fn is_flushed(&self, id: Id) -> bool {
        self.inner.is_flushed(id)
    }

    fn flush(&mut self, id: Id) -> bool {
        self.inner.flush(id)
    }

    fn carries_many(&self) -> bool {
        self.inner.carries_many()
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let done = self.inner.discard(id, now);
        self.feed_rest(now);
        done
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        let done = self.inner.reset(id, now);
        self.feed_rest(now);
        done
    }

    fn shutdown(&mut self, now: Now) {
        self.inner.shutdown(now);
        self.feed_rest(now);
    }

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.inner.limit_body(id, bytes)
    }
}
