//! Connections that carry many exchanges at once, and who has a seat on them.
//! Knows them by number; what they carry, their machines say.

use super::hosts::{Shared, State};
use super::protocol::Protocol;
use super::types::Offer;
use super::{Capacity, Changes, Pool, SharedId, Ticket};
use crate::time::Mono;
use std::time::Duration;

/// How long a request waits for a connection that is being opened, while it is not known
/// whether that will have a seat for it.
const PATIENCE: Duration = Duration::from_millis(100);

impl<K: Clone + Ord, C> Pool<K, C> {
    /// A connection in use turns out to carry many exchanges at once. Whoever has it keeps
    /// a seat on it.
    pub fn shares(&mut self, key: &K, capacity: Capacity, now: Mono) -> (SharedId, Changes<C>) {
        let (mut changes, host) = (Changes::default(), self.hosts.find_or_add(key));
        let over = capacity.over || self.protocols.is_older(key, now);
        self.protocols.learn(key, now);
        let id = SharedId(self.next);
        self.next += 1;
        let entry = &mut self.hosts[host];
        entry.protocol = self.protocols.of(key, now);
        entry.undecided = entry.undecided.saturating_sub(1);
        entry.in_use = entry.in_use.saturating_sub(1);
        let capacity = Capacity { over, ..capacity };
        entry.shared.push(Shared { id, seats: 1, capacity, refused: false });
        self.seats_freed(host, &mut changes);
        (id, changes)
    }

    /// A connection in use turns out to carry one exchange at a time.
    pub fn alone(&mut self, key: &K) -> Changes<C> {
        if let Some(host) = self.hosts.find(key) {
            self.hosts[host].protocol = Protocol::OneByOne;
        }
        self.ended_early(key)
    }

    /// A connection in use ends before it was known whether it is shared. It still counts:
    /// say [`Pool::closed`].
    pub fn ended_early(&mut self, key: &K) -> Changes<C> {
        let mut changes = Changes::default();
        if let Some(host) = self.hosts.find(key) {
            let entry = &mut self.hosts[host];
            entry.undecided = entry.undecided.saturating_sub(1);
            self.slots_freed(host, &mut changes);
        }
        changes
    }

    /// What a shared connection carries has changed.
    pub fn carries(&mut self, key: &K, id: SharedId, capacity: Capacity) -> Changes<C> {
        let mut changes = Changes::default();
        if let Some((host, at)) = self.find_shared(key, id) {
            let shared = &mut self.hosts[host].shared[at];
            let over = shared.capacity.over || capacity.over;
            shared.capacity = Capacity { over, ..capacity };
            self.seats_freed(host, &mut changes);
        }
        changes
    }

    /// A seat is free again; `refused` if its server did not take the exchange. If it was
    /// the last, the changes say so.
    pub fn left(&mut self, key: &K, id: SharedId, refused: bool) -> Changes<C> {
        let mut changes = Changes::default();
        if let Some((host, at)) = self.find_shared(key, id) {
            self.free_seat(host, at, refused, &mut changes);
        }
        changes
    }

    fn free_seat(&mut self, host: usize, at: usize, refused: bool, changes: &mut Changes<C>) {
        let shared = &mut self.hosts[host].shared[at];
        shared.seats = shared.seats.saturating_sub(1);
        // Where nobody else is, there is no end to wait for.
        shared.refused = refused && shared.seats > 0;
        self.seats_freed(host, changes);
        let entry = &mut self.hosts[host];
        if entry.shared[at].seats == 0 {
            changes.emptied.push(entry.shared.remove(at).id);
            entry.in_use += 1;
            entry.undecided += 1;
        }
    }

    /// A request was told to speak the older protocol there: shared connections take no
    /// more, and the idle ones of them are given up, to be closed.
    pub fn demand_older(&mut self, key: &K, now: Mono) -> Changes<C> {
        let mut changes = Changes::default();
        self.protocols.demand_older(key, now);
        let Some(host) = self.hosts.find(key) else { return changes };
        let entry = &mut self.hosts[host];
        entry.protocol = Protocol::OneByOne;
        entry.shared.iter_mut().for_each(|shared| shared.capacity.over = true);
        let shared = |(at, idle): (usize, &super::idle::Idle<C>)| {
            (idle.host == host && idle.shared).then_some(at)
        };
        let shared: Vec<usize> = self.idle.iter().filter_map(shared).collect();
        changes.close.extend(shared.into_iter().filter_map(|at| self.take_idle(at)));
        // It may have been the last that was known of it.
        if self.hosts.find(key) == Some(host) {
            self.slots_freed(host, &mut changes);
        }
        changes
    }

    /// Whether the older protocol is to be spoken there.
    pub fn is_older(&self, key: &K, now: Mono) -> bool {
        self.protocols.is_older(key, now)
    }

    /// Until when a ticket waits for a connection that may have a seat for it; then say
    /// [`Pool::lose_patience`].
    pub fn patient_until(&self, ticket: Ticket) -> Option<Mono> {
        let waiter = self.waiters.get(&ticket)?;
        let waits = matches!(waiter.state, State::Queued) && waiter.patient;
        waiter.until.filter(|_| waits && self.hosts[waiter.host].protocol == Protocol::Unknown)
    }

    /// A ticket no longer waits for what another one opens, while that may be of no use.
    pub fn lose_patience(&mut self, ticket: Ticket) -> Changes<C> {
        let mut changes = Changes::default();
        if self.patient_until(ticket).is_some() {
            if let Some(waiter) = self.waiters.get_mut(&ticket) {
                waiter.patient = false;
                let host = waiter.host;
                self.slots_freed(host, &mut changes);
            }
        }
        changes
    }

    /// When a request that begins to wait now loses its patience.
    pub(super) fn patience(now: Mono) -> Option<Mono> {
        Some(now + PATIENCE)
    }

    /// Takes a seat on the connection that is used most and has room.
    pub(super) fn join(&mut self, host: usize) -> Option<SharedId> {
        let roomy = self.hosts[host].shared.iter_mut().filter(|shared| shared.has_room());
        let most = roomy.max_by_key(|shared| shared.seats)?;
        most.seats += 1;
        Some(most.id)
    }

    /// Gives seats to those who wait, as many as there are, and lets others dial.
    pub(super) fn seats_freed(&mut self, host: usize, changes: &mut Changes<C>) {
        self.give_seats(host, changes);
        self.slots_freed(host, changes);
    }

    /// Gives seats to those who wait, as many as there are.
    pub(super) fn give_seats(&mut self, host: usize, changes: &mut Changes<C>) {
        if self.hosts[host].shared.is_empty() {
            return;
        }
        while let Some(ticket) = self.first_to_sit(host) {
            let Some(id) = self.join(host) else { break };
            self.hand_over(host, ticket, Offer::Seat(id), changes);
        }
    }

    /// The first who waits and takes a seat, unless one is in need that came before.
    fn first_to_sit(&self, host: usize) -> Option<Ticket> {
        let sits = |ticket: &&Ticket| !self.waiters.get(ticket).is_some_and(|w| w.older);
        let first = self.hosts[host].waiting.iter().find(sits).copied()?;
        let before = self.in_need(host).is_some_and(|older| older < first);
        (!before).then_some(first)
    }

    /// Whether one waits who needs a connection of its own, which it gets once a shared one
    /// is empty: nobody joins those any more.
    pub(super) fn is_in_need(&self, host: usize) -> bool {
        self.in_need(host).is_some()
    }

    pub(super) fn in_need(&self, host: usize) -> Option<Ticket> {
        let queued = &self.hosts[host].without_dial;
        let older = |ticket: &&Ticket| self.waiters.get(ticket).is_some_and(|w| w.older);
        queued.iter().find(older).copied().filter(|_| !self.room(host))
    }

    fn find_shared(&self, key: &K, id: SharedId) -> Option<(usize, usize)> {
        let host = self.hosts.find(key)?;
        let at = self.hosts[host].shared.iter().position(|shared| shared.id == id)?;
        Some((host, at))
    }

    /// A seat goes on that was given to one who went away.
    pub(super) fn give_up_seat(&mut self, host: usize, id: SharedId, changes: &mut Changes<C>) {
        let at = self.hosts[host].shared.iter().position(|shared| shared.id == id);
        if let Some(at) = at {
            let refused = self.hosts[host].shared[at].refused;
            self.free_seat(host, at, refused, changes);
        }
    }
}
