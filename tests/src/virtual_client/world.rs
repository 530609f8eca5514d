//! All there is: requests, connections, the pool between them, and the script's hand.

use super::conn::{Conn, Key, Stage};
use super::said::Said;
use super::setup::{BEGIN, Setup};
use super::task::{Start, Task};
use bytes::Bytes;
use purlin_core::exchange::{Ask, Error, Route};
use purlin_core::policy::pool::Pool;
use purlin_core::{ClientMachine, Eof, Machine, Now};

/// A client, its servers and the time, all in one hand.
pub struct World {
    pub(super) setup: Setup,
    pub(super) now: Now,
    /// Holds connections by their numbers.
    pub(super) pool: Pool<Key, usize>,
    /// Number 1 is the first.
    pub(super) conns: Vec<Conn>,
    pub(super) tasks: Vec<Task>,
    pub(super) said: Vec<Said>,
    /// Which requests were answered before they were whole.
    pub(super) early: Vec<String>,
}

impl World {
    /// One in which nothing has happened.
    pub fn new(setup: Setup) -> World {
        let pool = Pool::new(setup.pool.clone());
        World {
            setup,
            now: Now::at(BEGIN, 1_700_000_000),
            pool,
            conns: Vec::new(),
            tasks: Vec::new(),
            said: Vec::new(),
            early: Vec::new(),
        }
    }

    /// All that has happened.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// How many connections were begun.
    pub fn dials(&self) -> usize {
        self.conns.len()
    }

    /// The connections that the client has not closed, those included that are being made.
    pub fn open(&self) -> Vec<usize> {
        let open = |number: &usize| !matches!(self.conns[number - 1].stage, Stage::Gone);
        (1..=self.conns.len()).filter(open).collect()
    }

    /// The requests that were answered before they were whole: the rest of them
    /// is not sent, and their connections end.
    pub fn answered_early(&self) -> &[String] {
        &self.early
    }

    /// Sends a request.
    ///
    /// # Errors
    /// It is none that can be sent.
    pub fn start(&mut self, start: Start) -> Result<(), Error> {
        let task = Task::new(start, self)?;
        self.tasks.push(task);
        self.run();
        Ok(())
    }

    /// The server says this, on the connection that has the request of that id.
    pub fn respond(&mut self, id: &str, bytes: &[u8]) {
        if let Some(conn) = self.carrier(id) {
            self.send(conn, bytes);
        }
    }

    /// The server of this connection says this.
    pub fn send(&mut self, conn: usize, bytes: &[u8]) {
        self.with(conn, |conn| conn.socket.push(bytes));
    }

    /// The server of this connection ends it.
    pub fn server_ends(&mut self, conn: usize, how: Eof) {
        self.with(conn, |conn| conn.socket.end(how));
    }

    /// Writing to this connection fails after so many bytes more; reading goes on.
    pub fn break_write(&mut self, conn: usize, after: usize) {
        self.with(conn, |conn| conn.socket.break_write(after));
    }

    /// The dial of this connection ends: well, or not.
    pub fn dialled(&mut self, conn: usize, well: bool) {
        if (1..=self.conns.len()).contains(&conn) {
            self.dial_ends(conn, well);
        }
        self.run();
    }

    /// More of the body of a request that is a pipe.
    pub fn feed(&mut self, id: &str, bytes: Bytes) {
        if let Some(at) = self.find(id) {
            self.tasks[at].source.pieces.push_back(bytes);
        }
        self.run();
    }

    /// That was all of it.
    pub fn feed_end(&mut self, id: &str) {
        if let Some(at) = self.find(id) {
            self.tasks[at].source.ended = true;
        }
        self.run();
    }

    fn with(&mut self, conn: usize, act: impl FnOnce(&mut Conn)) {
        if let Some(conn) = conn.checked_sub(1).and_then(|at| self.conns.get_mut(at)) {
            act(conn);
        }
        self.run();
    }

    /// The connection that had the head of this request last.
    pub fn carrier(&self, id: &str) -> Option<usize> {
        self.said.iter().rev().find_map(|said| match said {
            Said::Request { conn, id: of, .. } if of == id => Some(*conn),
            _ => None,
        })
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.tasks.iter().position(|task| task.id == id)
    }

    /// Runs everything until nothing moves.
    pub(super) fn run(&mut self) {
        loop {
            let mut moved = false;
            for conn in 1..=self.conns.len() {
                let dials = matches!(self.conns[conn - 1].stage, Stage::Dialing(_));
                if dials && !self.setup.manual_dial {
                    self.dial_ends(conn, true);
                    moved = true;
                }
            }
            for at in 0..self.tasks.len() {
                moved |= self.step(at);
            }
            moved |= self.sweep();
            if !moved {
                return;
            }
        }
    }

    /// One turn of a connection: time, what is to be written, one read.
    pub(super) fn move_bytes(&mut self, conn: usize) -> bool {
        let (now, conn) = (self.now, &mut self.conns[conn - 1]);
        if let Some(machine) = conn.machine() {
            machine.tick(now);
        }
        let wrote = conn.write(now, &mut self.said);
        conn.read(now) || wrote
    }

    pub(super) fn is_ready(&mut self, conn: usize) -> bool {
        self.conns[conn - 1].machine().is_some_and(|machine| machine.is_ready())
    }

    /// Where the task's exchange wants to be connected to.
    pub(super) fn route(&mut self, at: usize) -> Option<Route> {
        match self.tasks[at].exchange.ask(self.now) {
            Ask::Connect(route) => Some(route),
            _ => None,
        }
    }
}
