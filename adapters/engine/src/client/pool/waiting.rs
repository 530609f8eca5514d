//! A place in the row for a connection.
//! Who is next, the core's pool decides.

use super::{Next, SharedPool, act};
use crate::lease::Lease;
use crate::link::{Lender, Link};
use crate::wire::ReadReady;
use purlin_core::policy::pool::{Given, Opened, Ticket};
use purlin_core::{Mono, Now};
use std::fmt;
use std::task::Waker;
use std::time::Duration;

/// A place in the row for a connection. Dropped, it is given up.
pub struct Waiting<S> {
    pub(super) pool: SharedPool<S>,
    pub(super) ticket: Ticket,
    pub(super) dials: bool,
    pub(super) over: bool,
    /// A new connection is to speak the older protocol.
    pub(super) older: bool,
    /// A new connection may turn out to be shared.
    pub(super) may_share: bool,
    /// Until when it waits for what another one opens.
    pub(super) until: Option<Mono>,
}

impl<S: ReadReady + Send + 'static> Waiting<S> {
    /// What to do next; the waker is told when to ask again.
    pub fn poll(&mut self, waker: &Waker, now: Now) -> Next<S> {
        let mut state = self.pool.0.lock();
        let changes = self.until.filter(|until| *until <= now.mono).map(|_| {
            self.until = None;
            state.pool.lose_patience(self.ticket)
        });
        let given = state.pool.poll(self.ticket);
        if let Some(changes) = changes {
            act(state, changes);
            state = self.pool.0.lock();
        }
        match given {
            Given::Join(id) => {
                self.over = !self.dials;
                let shared = state.joined(id);
                drop(state);
                let lease = Lease::on_seat(&shared, self.pool.0.clone());
                return Next::Kept(lease, Duration::ZERO);
            }
            Given::Conn(checked) => {
                self.over = !self.dials;
                drop(state);
                let (lease, idle) = self.pool.lend(checked, now);
                return Next::Kept(lease, idle);
            }
            Given::Dial => self.dials = true,
            Given::Pending => self.until = state.pool.patient_until(self.ticket),
            Given::Over => {}
        }
        let known = state.wakers.get(&self.ticket).is_some_and(|known| known.will_wake(waker));
        if !known {
            state.wakers.insert(self.ticket, waker.clone());
        }
        if self.dials { Next::Dial } else { Next::Later }
    }

    /// The connection that was dialled is there: it is lent to the one who waited.
    pub fn opened(mut self, link: Box<Link<S>>, now: Now) -> Lease<S> {
        let mut state = self.pool.0.lock();
        self.over = true;
        state.wakers.remove(&self.ticket);
        let given = match state.pool.opened(self.ticket) {
            Opened::Given(given) => {
                // Whoever puts it back takes the lock again.
                drop(state);
                Some(given)
            }
            Opened::Joined(id) => {
                let mut changes = state.pool.left(link.route(), id, false);
                self.pool.0.take_back(&mut state, &mut changes, now);
                act(state, changes);
                None
            }
            Opened::Yours | Opened::Spare | Opened::Unknown => {
                drop(state);
                None
            }
        };
        if let Some(given) = given {
            // It came just too late: someone else may have it.
            self.pool.0.put(given.conn, None, now);
        }
        let lease = Lease::new(link, self.pool.0.clone());
        if self.may_share { lease.undecided() } else { lease }
    }
}

impl<S> Waiting<S> {
    /// When to ask again at the latest.
    pub fn until(&self) -> Option<Mono> {
        self.until
    }

    /// Whether a new connection is to speak the older protocol.
    pub fn is_older(&self) -> bool {
        self.older
    }
}

impl<S> Drop for Waiting<S> {
    fn drop(&mut self) {
        let mut state = self.pool.0.lock();
        state.wakers.remove(&self.ticket);
        if self.over {
            return;
        }
        let time = self.pool.0.system.now();
        let now = time.mono;
        let mut changes = if self.dials {
            let (given, mut changes) = state.pool.failed(self.ticket);
            if let Some(given) = given {
                let (route, back) = (given.conn.route().clone(), given.back());
                changes.join(state.pool.put_back(&route, given.conn, back, now));
            }
            changes
        } else {
            state.pool.cancel(self.ticket, now)
        };
        self.pool.0.take_back(&mut state, &mut changes, time);
        // What was given to it may be idle now.
        if let Some(end) = state.pool.deadline() {
            self.pool.0.look_after_until(&mut state, end, now);
        }
        act(state, changes);
    }
}

impl<S> fmt::Debug for Waiting<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({:?})", self.ticket)
    }
}
