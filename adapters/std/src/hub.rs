//! What the connections of a server have in common, and who hands them on.
//! Each part knows its own affairs.

use crate::alarm::Alarm;
use crate::conn::Conn;
use crate::control::Control;
use crate::doors::{Accepting, Doors};
use crate::handler::Handler;
use crate::poller::Poller;
use crate::pool::Pool;
use purlin_core::observe::{Observer, Peer};
use purlin_core::{Machine, ServerConfig, Values};
use std::fmt;
use std::sync::Arc;

/// Makes the values of a connection out of the server's.
pub(crate) type ConnectionValues = Arc<dyn Fn(&Peer, Values) -> Values + Send + Sync>;

/// What to do about a handler that panics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panics {
    /// The request is answered with 500, or its response breaks off, and the server lives.
    #[default]
    Answer,
    /// The server closes, and [`Bound::serve`](crate::Bound::serve) panics with the same payload.
    Propagate,
}

/// One server, while it serves.
pub(crate) struct Hub {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) control: Arc<Control>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) pool: Pool,
    pub(crate) poller: Poller,
    pub(crate) doors: Doors,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) values: Values,
    pub(crate) connection_values: Option<ConnectionValues>,
    pub(crate) panics: Panics,
}

impl Hub {
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
    pub(crate) fn accept(self: &Arc<Hub>, door: usize) -> Vec<Box<Conn>> {
        let mut accepted = Vec::new();
        let accepting = self.doors.accept(
            door,
            || self.make_room(),
            |socket| accepted.push(Conn::accepted(self, socket)),
        );
        match accepting {
            Accepting::Done => {}
            // The timekeeper tries again.
            Accepting::Later => self.alarm.ring_if_asleep(),
            Accepting::Failed(error, pause) => {
                if let Some(observer) = &self.observer {
                    observer.accept_failed(&error, pause);
                }
                if pause.is_none() {
                    self.control.fail(error);
                }
                self.alarm.ring_if_asleep();
            }
        }
        accepted
    }

    /// Has new connections wait for their first byte, as all do that have nothing to
    /// say: a flood of them takes no threads.
    pub(crate) fn begin(&self, accepted: Vec<Box<Conn>>) {
        for conn in accepted {
            let given_back = self.poller.park(conn);
            self.submit(given_back);
        }
    }

    /// At the cap, the connection that has been idle longest gives way.
    fn make_room(self: &Arc<Hub>) -> bool {
        if self.control.has_room() {
            return true;
        }
        let Some(mut conn) = self.poller.take_idlest() else {
            return false;
        };
        conn.give_way();
        self.settle(conn);
        self.control.has_room()
    }

    /// Closes a connection that wants nothing but that, and has another wait or served.
    pub(crate) fn settle(&self, mut conn: Box<Conn>) {
        let want = conn.machine.want();
        if want.close.is_some() {
            conn.note_events();
        }
        if want.close.is_some_and(|how| conn.close(how)) {
            return;
        }
        let served = want.write || conn.pending.is_some();
        let next = if served { Some(conn) } else { self.poller.park(conn) };
        self.submit(next);
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({:?})", self.control)
    }
}
