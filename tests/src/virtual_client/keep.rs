//! The pool at work: connections fetched and waited for, dialled, given back and lost.
//! Which connection goes where, the core's pool decides.

use super::conn::{Conn, Key, Stage, layers};
use super::said::Said;
use super::setup::Broken;
use super::task::State;
use super::world::World;
use purlin_core::exchange::{Error, Reached, Route};
use purlin_core::policy::pool::{Changes, Checked, Get, Given, Opened, Ticket};
use purlin_core::{Machine, Phase, Retry, Reuse};
use std::io;

impl World {
    /// A connection: a kept one, or a place in the row for one.
    pub(super) fn connect(&mut self, at: usize, route: &Route) {
        let (key, need) = (self.key(at, route), self.need(at));
        loop {
            let (get, changes) = self.pool.get_for(&key, need, self.now.mono);
            self.act(changes);
            match get {
                Get::Reuse(kept) if self.take(at, &kept) => return,
                Get::Reuse(_) => {}
                Get::Dial(ticket) => return self.dial(at, ticket, key),
                Get::Join(id) => panic!("{id:?}: nothing is shared here"),
                Get::Wait(ticket) => {
                    self.tasks[at].state = State::Waiting(ticket);
                    return self.begin_phase(at, None);
                }
            }
        }
    }

    /// Takes a kept connection, if it can still be used.
    fn take(&mut self, at: usize, kept: &Checked<usize>) -> bool {
        let (conn, kept) = (kept.conn, kept.kept(self.now.mono));
        self.conns[conn - 1].kept = Some(kept);
        let why = self.conns[conn - 1].look(self.now);
        if why != Reuse::Now && !self.is_broken(Broken::UsesWhatEnded) {
            let key = self.conns[conn - 1].key.clone();
            let over = self.pool.found_unfit(&key, &kept, why);
            over.into_iter().for_each(|conn| self.close(conn));
            self.lose(conn);
            return false;
        }
        self.connected(at, conn, Reached::kept(kept.idle()));
        true
    }

    /// Asks the pool again for what a ticket stands for.
    pub(super) fn wait(&mut self, at: usize, ticket: Ticket) -> bool {
        match self.pool.poll(ticket) {
            Given::Conn(kept) if self.lends_unseen(kept.conn) => {
                self.lend_unseen(at, kept.conn);
                true
            }
            Given::Conn(kept) => {
                if !self.take(at, &kept) {
                    self.tasks[at].state = State::Asking;
                }
                true
            }
            Given::Dial => {
                let Some(route) = self.route(at) else { return false };
                let key = self.key(at, &route);
                self.dial(at, ticket, key);
                true
            }
            Given::Join(id) => panic!("{id:?}: nothing is shared here"),
            Given::Pending | Given::Over => false,
        }
    }

    /// Begins to make a connection.
    fn dial(&mut self, at: usize, ticket: Ticket, key: Key) {
        let conn = self.conns.len() + 1;
        let (host, port) = key.1.dialled();
        self.said.push(Said::Dial { conn, address: format!("{host}:{port}") });
        self.conns.push(Conn::dial(conn, key, ticket, self.now));
        self.tasks[at].state = State::Waiting(ticket);
        self.begin_phase(at, Some(Phase::Connect));
    }

    /// A dial ended: with a connection, or without.
    pub(super) fn dial_ends(&mut self, conn: usize, well: bool) {
        let Stage::Dialing(ticket) = self.conns[conn - 1].stage else { return };
        let owner = self.tasks.iter().position(|task| task.state == State::Waiting(ticket));
        let config = &self.setup.machine;
        let built = layers(&self.conns[conn - 1].key.1, config, self.now);
        let machine = match built {
            Ok(machine) if well => machine,
            built => {
                let refused = || Error::of_connecting(io::ErrorKind::ConnectionRefused.into());
                let error = built.err().unwrap_or_else(refused);
                return self.dial_fails(conn, ticket, owner, error);
            }
        };
        self.conns[conn - 1].stage = Stage::Open(machine);
        self.conns[conn - 1].back.born = self.now.mono;
        match self.pool.opened(ticket) {
            Opened::Unknown => self.close(conn),
            Opened::Spare => self.give_back(conn),
            Opened::Yours => self.lend_new(conn, owner),
            Opened::Joined(id) => panic!("{id:?}: nothing is shared here"),
            Opened::Given(kept) => {
                // It came just too late: someone else may have it.
                self.lend_new(conn, owner);
                self.give_back(kept.conn);
            }
        }
    }

    fn lend_new(&mut self, conn: usize, owner: Option<usize>) {
        let Some(at) = owner else { return self.give_back(conn) };
        if self.is_ready(conn) {
            return self.connected(at, conn, Reached::new());
        }
        let task = &mut self.tasks[at];
        (task.conn, task.state) = (Some(conn), State::SettingUp);
        self.begin_setting_up(at, conn);
    }

    fn dial_fails(&mut self, conn: usize, ticket: Ticket, owner: Option<usize>, error: Error) {
        self.conns[conn - 1].stage = Stage::Gone;
        let (given, changes) = self.pool.failed(ticket);
        self.act(changes);
        if let Some(kept) = given {
            self.give_back(kept.conn);
        }
        if let Some(at) = owner {
            self.fail(at, error, Retry::Never);
        }
    }

    /// A connection comes back, to be used again if it can be; else it is closed.
    pub(super) fn give_back(&mut self, conn: usize) {
        let now = self.now;
        let Some(machine) = self.conns[conn - 1].machine() else { return };
        // What it still has to tell is of no exchange any more.
        while machine.poll_event(now).is_some() {}
        let (reuse, written) = (machine.reuse(), !machine.want().write);
        let good = reuse == Reuse::Now && written;
        let (key, back) = (self.conns[conn - 1].key.clone(), self.conns[conn - 1].back);
        if !good && !self.is_broken(Broken::UsesWhatEnded) {
            let over = self.pool.not_kept(&key, back.bodiless, reuse, now.mono);
            over.into_iter().for_each(|conn| self.close(conn));
            return self.lose(conn);
        }
        if let Some(kept) = self.conns[conn - 1].kept.take() {
            self.pool.served(&key, &kept);
        }
        let changes = self.pool.put_back(&key, conn, back, now.mono);
        self.act(changes);
    }

    /// A connection that a request had is closed, and the pool told.
    pub(super) fn lose(&mut self, conn: usize) {
        self.close(conn);
        if !self.is_broken(Broken::ForgetsEnded) {
            let changes = self.pool.closed(&self.conns[conn - 1].key);
            self.act(changes);
        }
    }

    pub(super) fn close(&mut self, conn: usize) {
        let known = &mut self.conns[conn - 1];
        if let Stage::Open(_) = std::mem::replace(&mut known.stage, Stage::Gone) {
            known.server.lose(&mut self.said);
            self.said.push(Said::Closed { conn });
        }
    }

    /// Whom the pool wakes is asked in the next round anyway; what it gives up is closed.
    pub(super) fn act(&mut self, changes: Changes<usize>) {
        changes.close.into_iter().for_each(|conn| self.close(conn));
    }

    /// Looks at what is idle: it may have ended. Says whether any had.
    pub(super) fn sweep(&mut self) -> bool {
        if self.is_broken(Broken::UsesWhatEnded) {
            return false;
        }
        let (conns, now) = (&mut self.conns, self.now);
        let ended = self.pool.sweep(now.mono, |conn| conns[*conn - 1].look(now));
        let any = !ended.is_empty();
        ended.into_iter().for_each(|conn| self.close(conn));
        any
    }

    /// Closes what is idle for too long.
    pub(super) fn expire(&mut self) {
        if !self.is_broken(Broken::NeverExpires) {
            let over = self.pool.expire(self.now.mono);
            over.into_iter().for_each(|conn| self.close(conn));
        }
    }

    /// Closes what is idle, and gives up the dials that nobody waits for.
    pub fn close_idle(&mut self) {
        for conn in self.pool.close_idle() {
            self.close(conn);
        }
        let unclaimed: Vec<Ticket> = self.pool.unclaimed().collect();
        for ticket in unclaimed {
            let dials = |conn: &Conn| matches!(conn.stage, Stage::Dialing(of) if of == ticket);
            if let Some(place) = self.conns.iter().position(dials) {
                self.conns[place].stage = Stage::Gone;
                self.said.push(Said::DialCanceled { conn: place + 1 });
            }
            let (_, changes) = self.pool.failed(ticket);
            self.act(changes);
        }
        self.run();
    }

    pub(super) fn is_broken(&self, how: Broken) -> bool {
        self.setup.broken == Some(how)
    }
}
