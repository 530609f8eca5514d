//! What one who has a seat on a shared connection takes for the machine: its exchange alone.
//! It locks the machine for every call; bytes it has none.

use super::SharedLink;
use super::rows::Rows;
use crate::wire::ReadReady;
use bytes::Bytes;
use purlin_core::{
    Body, ClientMachine, Eof, Event, Fields, Id, Machine, Misuse, Mono, Now, Recv, RequestHead,
    Retry, Reuse, Secured, Want, Why,
};
use std::error::Error;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// The machine of a shared connection, as one exchange sees it. Dropped, that is given up.
pub(crate) struct SeatMachine<S: ReadReady + Send + 'static> {
    shared: Arc<SharedLink<S>>,
    row: usize,
    id: Option<Id>,
    /// Its server did not take the exchange.
    refused: bool,
}

impl<S: ReadReady + Send + 'static> SeatMachine<S> {
    pub(super) fn new(shared: Arc<SharedLink<S>>, row: usize) -> SeatMachine<S> {
        SeatMachine { shared, row, id: None, refused: false }
    }

    /// Does something about its exchange, which may be over by that.
    fn with<T>(
        &self,
        id: Id,
        now: Option<Now>,
        writes: bool,
        act: impl FnOnce(&mut (dyn ClientMachine + Send), Now) -> T,
    ) -> Option<T> {
        let row = self.row;
        self.shared.with(row, now, writes, |machine, rows, now| {
            let done = act(machine, now);
            if rows.is_open(row) && !machine.is_open(id) {
                rows.end(row);
            }
            done
        })
    }

    fn see<T>(&self, see: impl FnOnce(&dyn ClientMachine, &Rows) -> T) -> Option<T> {
        self.shared.see(see)
    }
}

impl<S: ReadReady + Send + 'static> Drop for SeatMachine<S> {
    fn drop(&mut self) {
        self.shared.leave(self.row, self.refused);
    }
}

impl<S: ReadReady + Send + 'static> Machine for SeatMachine<S> {
    fn read_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn filled(&mut self, _: usize, _: Now) {}

    fn eof(&mut self, _: Eof, _: Now) {}

    fn poll_event(&mut self, now: Now) -> Option<Event> {
        let event = self.shared.next_event(self.row, now)?;
        if let Event::Failed { id: Some(_), error } = &event {
            let lives = |machine: &dyn ClientMachine| !matches!(machine.reuse(), Reuse::Never(_));
            match error.retry {
                Retry::Safe => self.refused = self.see(|m, _| lives(m)).unwrap_or_default(),
                Retry::OlderProtocol => self.shared.demand_older(now),
                Retry::IfIdempotent | Retry::Never => {}
            }
        }
        Some(event)
    }

    fn output<'a>(&'a mut self, _: &mut [IoSlice<'a>], _: Now) -> usize {
        0
    }

    fn wrote(&mut self, _: usize, _: Now) {}

    fn deadline(&self) -> Option<(Mono, Why)> {
        None
    }

    fn tick(&mut self, _: Now) {}

    fn want(&self) -> Want {
        let left = |id| self.see(|machine, _| !machine.is_flushed(id));
        let write = self.id.and_then(left).unwrap_or_default();
        Want { read: true, write, close: None }
    }

    fn trim(&mut self, _: Now) {}

    fn in_exchange(&self) -> bool {
        // It may be over by what somebody else has written.
        let goes_on = |machine: &dyn ClientMachine| self.id.is_none_or(|id| machine.is_open(id));
        self.see(|machine, rows| rows.is_open(self.row) && goes_on(machine)).unwrap_or_default()
    }

    fn is_open(&self, id: Id) -> bool {
        self.id == Some(id) && self.in_exchange()
    }

    fn held(&self) -> usize {
        0
    }

    fn carries_many(&self) -> bool {
        true
    }

    fn send(&mut self, id: Id, data: &mut Bytes, now: Now) -> Result<(), Misuse> {
        self.with(id, Some(now), false, |machine, now| machine.send(id, data, now))
            .unwrap_or(Err(Misuse::NoSuchExchange))
    }

    fn finish(&mut self, id: Id, trailers: Option<&Fields>, now: Now) -> Result<(), Misuse> {
        self.with(id, Some(now), false, |machine, now| machine.finish(id, trailers, now))
            .unwrap_or(Err(Misuse::NoSuchExchange))
    }

    fn recv(&mut self, id: Id, now: Now) -> Recv {
        let got = self.with(id, Some(now), true, |machine, now| machine.recv(id, now));
        got.unwrap_or(Recv::Pending)
    }

    fn prefetch(&mut self, id: Id, most: usize, now: Now) -> bool {
        self.with(id, Some(now), true, |machine, now| machine.prefetch(id, most, now))
            .unwrap_or(true)
    }

    fn is_flushed(&self, id: Id) -> bool {
        self.see(|machine, _| machine.is_flushed(id)).unwrap_or(true)
    }

    fn flush(&mut self, id: Id) -> bool {
        self.with(id, None, false, |machine, _| machine.flush(id)).unwrap_or(true)
    }

    fn discard(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.with(id, Some(now), true, |machine, now| machine.discard(id, now))
            .unwrap_or(Err(Misuse::NoSuchExchange))
    }

    fn reset(&mut self, id: Id, now: Now) -> Result<(), Misuse> {
        self.with(id, Some(now), true, |machine, now| machine.reset(id, now))
            .unwrap_or(Err(Misuse::NoSuchExchange))
    }

    /// Others use the connection.
    fn shutdown(&mut self, _: Now) {}

    fn limit_body(&mut self, id: Id, bytes: u64) -> Result<(), Misuse> {
        self.with(id, None, false, |machine, _| machine.limit_body(id, bytes))
            .unwrap_or(Err(Misuse::NoSuchExchange))
    }
}

impl<S: ReadReady + Send + 'static> ClientMachine for SeatMachine<S> {
    /// It goes out with the next turn.
    fn request(&mut self, head: &RequestHead, body: Body, now: Now) -> Result<Id, Misuse> {
        let row = self.row;
        self.shared.catch_up(now);
        let begun = self.shared.with(row, Some(now), false, |machine, rows, now| {
            let id = machine.request(head, body, now)?;
            rows.begin(row, id);
            Ok(id)
        });
        let id = begun.unwrap_or(Err(Misuse::NotReusable))?;
        self.id = Some(id);
        Ok(id)
    }

    fn limit_wait(&mut self, id: Id, limit: Duration) -> Result<(), Misuse> {
        self.with(id, None, false, |machine, _| machine.limit_wait(id, limit))
            .unwrap_or(Err(Misuse::NoSuchExchange))
    }

    fn reuse(&self) -> Reuse {
        let reuse = self.see(|machine, rows| match machine.reuse() {
            Reuse::Now | Reuse::Later if rows.is_open(self.row) => Reuse::Later,
            Reuse::Later if self.id.is_some() => Reuse::Now,
            reuse => reuse,
        });
        reuse.unwrap_or(Reuse::Never(purlin_core::CloseReason::Aborted))
    }

    fn slots(&self) -> u32 {
        u32::from(self.id.is_none() && self.reuse() == Reuse::Now)
    }

    fn is_held(&self, id: Id) -> bool {
        self.see(|machine, _| machine.is_held(id)).unwrap_or_default()
    }

    fn trouble(&self) -> Option<Box<dyn Error + Send + Sync>> {
        self.see(|machine, _| machine.trouble()).flatten()
    }

    fn tls(&self) -> Option<Secured> {
        self.see(|machine, _| machine.tls()).flatten()
    }
}
