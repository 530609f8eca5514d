//! The body of a response: read as its caller asks for it, or left, and what
//! becomes of its connection.

use super::said::{Failure, Said};
use super::setup::{Broken, PATIENCE};
use super::task::State;
use super::world::World;
use purlin_core::exchange::Answer;
use purlin_core::{BodyLength, Machine, Mono, Recv, Reuse};

/// A body that is being read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What its caller waits for.
    pub(super) wanted: Option<Wanted>,
    /// What came and was not asked for yet.
    rest: Vec<u8>,
    /// It came to its end.
    ended: bool,
    /// Or it will not.
    failure: Option<Failure>,
}

/// How much a caller reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// To the end.
    All,
    /// What is there, and so many bytes at the most.
    UpTo(usize),
}

impl World {
    pub(super) fn begin_reading(&mut self, at: usize, answer: &Answer) {
        // A body without bytes is at its end: its connection is free at once.
        if answer.body == BodyLength::Empty && !answer.is_upgraded() {
            self.receive(at);
        }
    }

    /// Takes what the machine has of the body; says whether that was anything.
    fn receive(&mut self, at: usize) -> bool {
        let task = &mut self.tasks[at];
        let conn = task.conn.and_then(|conn| self.conns[conn - 1].machine());
        let Some(machine) = conn else { return false };
        match machine.recv(task.exchange_id, self.now) {
            Recv::Pending => return false,
            Recv::Data(data) => task.reading.rest.extend_from_slice(&data),
            Recv::End(_) => {
                task.reading.ended = true;
                task.conn.take().into_iter().for_each(|conn| self.give_back(conn));
            }
            Recv::Failed(error) => {
                task.reading.failure = Some(Failure::of_peer(error.kind));
                task.conn.take().into_iter().for_each(|conn| self.lose(conn));
            }
        }
        true
    }

    /// Reads as far as the caller waits for it; says whether anything moved.
    pub(super) fn read_on(&mut self, at: usize) -> bool {
        let Some(wanted) = self.tasks[at].reading.wanted else { return false };
        let reading = &self.tasks[at].reading;
        let over = reading.ended || reading.failure.is_some();
        let most = match wanted {
            Wanted::UpTo(most) if over || !reading.rest.is_empty() => most,
            Wanted::All if over => reading.rest.len(),
            _ => return self.receive(at) || self.pull(at),
        };
        let (count, id) = (most.min(reading.rest.len()), self.tasks[at].id.clone());
        let reading = &mut self.tasks[at].reading;
        reading.wanted = None;
        let body: Vec<u8> = reading.rest.drain(..count).collect();
        let failure = reading.failure.clone().filter(|_| reading.rest.is_empty());
        let look = reading.rest.is_empty();
        self.said.push(Said::Read { id, body, failure });
        if look {
            // The end may be right behind it.
            self.receive(at);
        }
        true
    }

    /// Moves bytes for a body.
    fn pull(&mut self, at: usize) -> bool {
        let Some(conn) = self.tasks[at].conn else { return false };
        let moved = self.move_bytes(conn);
        if let Some(machine) = self.conns[conn - 1].machine() {
            // What it tells besides is told by `recv` too.
            while machine.poll_event(self.now).is_some() {}
        }
        moved
    }

    /// The caller wants no more of a body. Its rest is read, as far as that is
    /// cheaper than a new connection.
    pub fn close_body(&mut self, id: &str) {
        let Some(at) = self.find(id) else { return };
        self.said.push(Said::BodyClosed { id: id.to_owned() });
        let (now, task) = (self.now, &mut self.tasks[at]);
        if task.state == State::Reading {
            task.reading.wanted = None;
            task.reading.rest.clear();
            task.reading.failure = Some(Failure::BodyClosed);
            let conn = task.conn.and_then(|conn| self.conns[conn - 1].machine());
            let discarded = conn.is_some_and(|conn| conn.discard(task.exchange_id, now).is_ok());
            if discarded && self.setup.broken != Some(Broken::LeavesBodies) {
                task.state = State::Leaving(now.mono + PATIENCE);
            } else {
                task.conn.take().into_iter().for_each(|conn| self.give_back(conn));
            }
        }
        self.run();
    }

    /// Reads what nobody wants; says whether anything moved.
    pub(super) fn leave(&mut self, at: usize, until: Mono) -> bool {
        let Some(conn) = self.tasks[at].conn else { return false };
        let now = self.now;
        let Some(machine) = self.conns[conn - 1].machine() else { return false };
        while machine.poll_event(now).is_some() {}
        let goes_on = machine.reuse() == Reuse::Later && machine.want().close.is_none();
        if goes_on && until > now.mono {
            return self.move_bytes(conn);
        }
        let task = &mut self.tasks[at];
        (task.state, task.conn) = (State::Reading, None);
        self.give_back(conn);
        true
    }

    /// The caller is told to stop: the connection is closed, and what has come stays readable.
    pub(super) fn stop_reading(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        task.state = State::Reading;
        let Some(conn) = task.conn.take() else { return };
        let reading = &mut task.reading;
        while let Some(machine) = self.conns[conn - 1].machine() {
            match machine.recv(task.exchange_id, self.now) {
                Recv::Data(data) => reading.rest.extend_from_slice(&data),
                Recv::End(_) => {
                    reading.ended = true;
                    break;
                }
                Recv::Pending | Recv::Failed(_) => {
                    reading.failure.get_or_insert(Failure::Canceled);
                    break;
                }
            }
        }
        self.lose(conn);
    }
}
