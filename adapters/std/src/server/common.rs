//! What the connections of a server have in common, and who hands them on.
//! Each part knows its own affairs.

use crate::handler::Handler;
use crate::server::alarm::Alarm;
use crate::server::conn::{Conn, Wish};
use crate::server::control::Control;
use crate::server::poller::Poller;
use crate::server::pool::Pool;
use purlin_engine::{Failure, Panics, ServerContext};
use purlin_net::{Accepted, Accepting, Listeners, is_exhausted};
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One server, while it serves.
pub(crate) struct Common {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) context: ServerContext,
    pub(crate) control: Arc<Control>,
    /// So many connections there may be.
    pub(crate) most: usize,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) pool: Pool,
    pub(crate) poller: Poller,
    pub(crate) listeners: Listeners,
}

impl Common {
    /// Has these connections served by whoever is free, or will be.
    pub(crate) fn submit(&self, conns: impl IntoIterator<Item = Box<Conn>>) {
        let mut conns = conns.into_iter().peekable();
        if conns.peek().is_some() {
            self.pool.push(conns);
            self.nudge();
        }
    }

    /// Wakes a thread that waits, to look into the queue.
    pub(crate) fn nudge(&self) {
        if self.pool.has_waiting() {
            self.poller.nudge();
        } else {
            self.alarm.ring_if_asleep();
        }
    }

    /// Lets in who waits at a door, as many as a turn allows.
    pub(crate) fn accept(self: &Arc<Common>, listener: usize) -> Vec<Box<Conn>> {
        let mut accepted = Vec::new();
        let let_in = |socket| accepted.extend(self.welcome(socket));
        let accepting = self.listeners.accept(listener, || self.make_room(), let_in);
        match accepting {
            Accepting::Done => {}
            // The timekeeper tries again.
            Accepting::Later => self.alarm.ring_if_asleep(),
            Accepting::Failed(error, pause) => {
                if let Some(observer) = &self.observer {
                    observer.accept_failed(&error, pause);
                }
                if pause.is_none() {
                    self.control.abort(Some(Failure::Accept(error)));
                } else if is_exhausted(&error) {
                    self.dismiss_idlest();
                }
                self.alarm.ring_if_asleep();
            }
        }
        accepted
    }

    /// Has new connections wait for their first byte, as all do that have nothing to
    /// say: a flood of them takes no threads.
    pub(crate) fn begin(&self, accepted: Vec<Box<Conn>>) {
        for mut conn in accepted {
            let wish = conn.wish();
            self.settle(conn, wish);
        }
    }

    /// A connection that was accepted, unless what makes its values panics.
    pub(crate) fn welcome(self: &Arc<Common>, socket: Accepted) -> Option<Box<Conn>> {
        self.watch_over(|| Conn::accepted(self, socket))
    }

    /// Whether one connection more may be there.
    pub(crate) fn has_room(&self) -> bool {
        self.control.count() < self.most
    }

    /// At the cap, the connection that has been idle longest gives way.
    fn make_room(self: &Arc<Common>) -> bool {
        self.has_room() || (self.dismiss_idlest() && self.has_room())
    }

    /// Closes the connection that has been idle longest, if one is idle.
    fn dismiss_idlest(&self) -> bool {
        let Some(mut conn) = self.poller.take_idlest() else {
            return false;
        };
        self.watch_over(|| {
            let wish = conn.give_way();
            self.settle(conn, wish);
        });
        true
    }

    /// Does what may come upon code of the application that nobody guards, such as the
    /// drop of a value: its panics cost their connection and no other.
    pub(crate) fn watch_over<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        // What was shared with it is the connection, and that is gone.
        let done = catch_unwind(AssertUnwindSafe(act));
        done.map_err(|payload| self.panicked(payload)).ok()
    }

    /// Something of the application panicked, and that was told, as far as it can be.
    pub(crate) fn panicked(&self, payload: Box<dyn Any + Send>) {
        if self.panics == Panics::Propagate {
            self.control.abort(Some(Failure::Panic(payload)));
        }
    }

    /// Does what a connection wants that nobody serves just now.
    pub(crate) fn settle(&self, conn: Box<Conn>, wish: Wish) {
        let next = match wish {
            Wish::Closed => return,
            Wish::Served => Some(conn),
            Wish::Rest => self.poller.park(conn),
        };
        self.submit(next);
    }
}

impl Deref for Common {
    type Target = ServerContext;

    fn deref(&self) -> &ServerContext {
        &self.context
    }
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Common({:?})", self.control)
    }
}
