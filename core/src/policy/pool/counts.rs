//! How many connections and requests a pool knows, by what they are at.
//! Counts; changes nothing.

use super::hosts::State;
use super::{Pool, Ticket, Waiter};

impl<K: Clone + Ord, C> Pool<K, C> {
    /// Idle connections of all keys.
    pub fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Idle connections of one key.
    pub fn idle_of(&self, key: &K) -> usize {
        self.hosts.find(key).map_or(0, |host| self.hosts[host].idle.len())
    }

    /// Connections that requests have, of one key.
    pub fn in_use(&self, key: &K) -> usize {
        self.hosts.find(key).map_or(0, |host| self.hosts[host].in_use)
    }

    /// Connections that are being opened, of one key.
    pub fn dialing(&self, key: &K) -> usize {
        self.hosts.find(key).map_or(0, |host| self.hosts[host].dialing)
    }

    /// Connections with seats, of one key, those that take no more included.
    pub fn shared(&self, key: &K) -> usize {
        self.hosts.find(key).map_or(0, |host| self.hosts[host].shared.len())
    }

    /// Seats that are taken on the shared connections of one key.
    pub fn seats(&self, key: &K) -> usize {
        let host = self.hosts.find(key).map(|host| &self.hosts[host]);
        let seats = host.into_iter().flat_map(|host| &host.shared).map(|one| one.seats as usize);
        seats.sum()
    }

    /// Requests without a connection, of one key, those that dial included.
    pub fn waiting(&self, key: &K) -> usize {
        self.hosts.find(key).map_or(0, |host| self.hosts[host].waiting.len())
    }

    /// Dials whose request went away or has another connection. They may be
    /// given up (say [`Pool::failed`]) or go on, for the next request.
    pub fn unclaimed(&self) -> impl Iterator<Item = Ticket> + '_ {
        let settled = |waiter: &Waiter<C>| matches!(waiter.state, State::Settled);
        self.waiters.iter().filter(move |(_, waiter)| settled(waiter)).map(|(ticket, _)| *ticket)
    }
}
