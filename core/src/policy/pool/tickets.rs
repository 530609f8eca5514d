//! What becomes of a ticket: what it is given, and its own dial.
//! To whom a connection goes that comes back, the pool says.

use super::hosts::State;
use super::idle::Idle;
use super::types::Offer;
use super::{Changes, Checked, Given, Opened, Pool, Ticket, Waiter};
use crate::time::Mono;

impl<K: Clone + Ord, C> Pool<K, C> {
    /// Asks again for what a ticket stands for.
    pub fn poll(&mut self, ticket: Ticket) -> Given<C> {
        let Some(waiter) = self.waiters.get_mut(&ticket) else { return Given::Over };
        match std::mem::replace(&mut waiter.state, State::Settled) {
            State::Given { conn, dialing } => {
                if !dialing {
                    self.waiters.remove(&ticket);
                }
                match conn {
                    Offer::Conn(conn) => Given::Conn(conn),
                    Offer::Seat(id) => Given::Join(id),
                }
            }
            State::Granted => {
                waiter.state = State::Dialing;
                Given::Dial
            }
            State::Settled => Given::Over,
            waits @ (State::Queued | State::Dialing) => {
                waiter.state = waits;
                Given::Pending
            }
        }
    }

    /// The ticket's own dial succeeded. Unless it is refused, the new
    /// connection counts as in use from now on.
    pub fn opened(&mut self, ticket: Ticket) -> Opened<C> {
        let Some(Waiter { host, state, .. }) = self.take_dial(ticket) else {
            return Opened::Unknown;
        };
        let entry = &mut self.hosts[host];
        entry.dialing -= 1;
        entry.in_use += 1;
        match state {
            State::Given { conn: Offer::Conn(conn), .. } => Opened::Given(conn),
            State::Given { conn: Offer::Seat(id), .. } => Opened::Joined(id),
            State::Settled => Opened::Spare,
            State::Queued | State::Granted | State::Dialing => {
                entry.waiting.remove(&ticket);
                Opened::Yours
            }
        }
    }

    /// The ticket's own dial failed or was given up. That ends the ticket; a
    /// connection that was given to it before is given out here, and a seat given up.
    pub fn failed(&mut self, ticket: Ticket) -> (Option<Checked<C>>, Changes<C>) {
        let mut changes = Changes::default();
        let Some(waiter) = self.take_dial(ticket) else { return (None, changes) };
        let (host, may_share) = (waiter.host, waiter.may_share());
        let entry = &mut self.hosts[host];
        entry.dialing -= 1;
        entry.undecided = entry.undecided.saturating_sub(usize::from(may_share));
        entry.waiting.remove(&ticket);
        self.slots_freed(host, &mut changes);
        match waiter.state {
            State::Given { conn: Offer::Conn(conn), .. } => (Some(conn), changes),
            State::Given { conn: Offer::Seat(id), .. } => {
                self.give_up_seat(host, id, &mut changes);
                (None, changes)
            }
            _ => (None, changes),
        }
    }

    /// The request of this ticket went away. What was given to it goes on to
    /// the next. If it dials, the dial counts until `opened` or `failed`.
    pub fn cancel(&mut self, ticket: Ticket, now: Mono) -> Changes<C> {
        let mut changes = Changes::default();
        let Some(waiter) = self.waiters.remove(&ticket) else { return changes };
        let may_share = waiter.may_share();
        let Waiter { host, once, older, patient, until, state } = waiter;
        let entry = &mut self.hosts[host];
        entry.waiting.remove(&ticket);
        entry.without_dial.remove(&ticket);
        let (given, dials) = match state {
            State::Queued => (None, false),
            State::Granted => {
                entry.dialing -= 1;
                entry.undecided = entry.undecided.saturating_sub(usize::from(may_share));
                (None, false)
            }
            State::Dialing | State::Settled => (None, true),
            State::Given { conn, dialing } => (Some(conn), dialing),
        };
        if dials {
            let state = State::Settled;
            let waiter = Waiter { host, once, older, patient, until, state };
            self.waiters.insert(ticket, waiter);
        }
        match given {
            Some(Offer::Conn(given)) => {
                let back = given.back();
                self.release(Idle::new(given.conn, host, back, now), &mut changes);
            }
            Some(Offer::Seat(id)) => self.give_up_seat(host, id, &mut changes),
            None => self.slots_freed(host, &mut changes),
        }
        changes
    }

    /// Takes the ticket out if it dials.
    fn take_dial(&mut self, ticket: Ticket) -> Option<Waiter<C>> {
        let dials = match self.waiters.get(&ticket)?.state {
            State::Queued | State::Given { dialing: false, .. } => false,
            State::Granted | State::Dialing | State::Settled | State::Given { .. } => true,
        };
        if dials { self.waiters.remove(&ticket) } else { None }
    }
}
