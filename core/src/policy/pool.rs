//! Which connection a client's request gets: an idle one, a new one, or one
//! that comes back while it waits. Holds connections of any type as values;
//! opens, closes and wakes nothing, but says what is to be.

mod counts;
mod habit;
mod hosts;
mod idle;
mod learning;
mod limit;
mod protocol;
mod shared;
#[cfg(test)]
mod tests;
mod tickets;
mod types;
mod upkeep;

pub use limit::idle_limit;
pub use types::{
    Back, Capacity, Changes, Checked, Get, Given, Kept, Need, Opened, PoolConfig, SharedId, Ticket,
};

use crate::time::Mono;
use habit::Habits;
use hosts::{Hosts, State};
use idle::{Idle, IdleList};
use protocol::{Protocol, Protocols};
use std::collections::BTreeMap;
use types::Offer;

/// The connections of a client, by key: all that must be equal for a connection
/// to serve a request, such as scheme, host, port and proxy.
///
/// A connection is *idle* here, *in use* by a request, *shared* by several that have seats
/// on it, or being *dialed*. Every
/// call that may concern others answers with [`Changes`] too: whom to wake, and
/// what to close, best after the lock around the pool is released.
///
/// 1. [`Pool::get`]: a connection, or a ticket and whether to dial. One that was given and
///    had ended is told of by [`Pool::found_unfit`], or [`Pool::died`] if a request was lost on it.
/// 2. With a ticket: [`Pool::poll`] when woken; [`Pool::opened`] or
///    [`Pool::failed`] when a dial ends; [`Pool::cancel`] if the request gives up.
/// 3. [`Pool::put`] for a connection that can be used again, [`Pool::closed`] for one that ended.
/// 4. One that carries many exchanges is told of once that is known ([`Need::may_share`]).
///    From then on requests [join](Get::Join) it: [`Pool::left`] when one is over,
///    [`Pool::carries`] when there is room for others than before.
/// 5. [`Pool::expire`] at [`Pool::deadline`], and [`Pool::sweep`] for those that the peer closed.
///
/// Those who wait for one key are served in the order in which they came.
///
/// ```
/// use purlin_core::Mono;
/// use purlin_core::policy::pool::{Get, Opened, Pool, PoolConfig};
///
/// let mut pool = Pool::new(PoolConfig::default());
/// let now = Mono::from_secs(1);
/// let (Get::Dial(ticket), _) = pool.get(&"a.test:80", now) else { unreachable!() };
/// assert_eq!(pool.opened(ticket), Opened::Yours);
/// // A request and its answer later:
/// let changes = pool.put(&"a.test:80", "connection 1", now, now);
/// assert!(changes.is_empty());
/// let (Get::Reuse(again), _) = pool.get(&"a.test:80", now) else { unreachable!() };
/// assert_eq!(again.conn, "connection 1");
/// ```
#[derive(Debug)]
pub struct Pool<K, C> {
    config: PoolConfig,
    hosts: Hosts<K>,
    idle: IdleList<C>,
    waiters: BTreeMap<Ticket, Waiter<C>>,
    habits: Habits<K>,
    protocols: Protocols<K>,
    next: u64,
    /// Nothing was asked for since the idle ones were closed: what comes back
    /// is closed as well.
    winding_down: bool,
    /// One was put back whose server keeps it for less long than others, so that the
    /// one that came back first need not be the first whose time is over.
    limited: bool,
}

#[derive(Debug)]
struct Waiter<C> {
    host: usize,
    /// Its request cannot be sent again.
    once: bool,
    /// It needs a connection that carries one exchange at a time.
    older: bool,
    /// It waits for a connection that is being opened, since that may have a seat for it.
    patient: bool,
    /// Until when it does so where nothing is known of the route.
    until: Option<Mono>,
    state: State<Offer<C>>,
}

impl<C> Waiter<C> {
    /// Whether what it dials may turn out to be shared.
    fn may_share(&self) -> bool {
        self.patient || self.until.is_some()
    }
}

impl<K: Clone + Ord, C> Pool<K, C> {
    /// An empty pool.
    pub fn new(config: PoolConfig) -> Pool<K, C> {
        let (hosts, idle, habits) = (Hosts::new(), IdleList::new(), Habits::new());
        let (waiters, protocols) = (BTreeMap::new(), Protocols::new());
        let (winding_down, limited) = (false, false);
        Pool { config, hosts, idle, waiters, habits, protocols, next: 0, winding_down, limited }
    }

    /// The pool's configuration.
    pub fn config(&self) -> &PoolConfig {
        &self.config
    }

    /// Asks for a connection. The idle one that was used last is given; those
    /// that are too old stand in the changes.
    pub fn get(&mut self, key: &K, now: Mono) -> (Get<C>, Changes<C>) {
        self.get_for(key, Need::default(), now)
    }

    /// Asks for a connection for a request with needs of its own.
    ///
    /// A request that cannot be sent again ([`Need::once`]) is given a new connection where
    /// a kept one may well be lost with it:
    ///
    /// - of a host that was found to end them right behind its answers, until one has been
    ///   idle for a second (then it is given that, to be looked at) or has carried another
    ///   request;
    /// - of a host that was found to end idle ones, if it is idle for more than a second and
    ///   for longer than the host was seen to keep one since then.
    ///
    /// One that comes right from an answer without a body is looked at for a while before
    /// that ([`Checked::settles`]), until one of its host has carried another request: some
    /// servers send a body there.
    pub fn get_for(&mut self, key: &K, need: Need, now: Mono) -> (Get<C>, Changes<C>) {
        let mut changes = Changes::default();
        self.winding_down = false;
        let host = self.hosts.find_or_add(key);
        if !self.hosts[host].shared.is_empty() && !need.older && !self.is_in_need(host) {
            if let Some(id) = self.join(host) {
                return (Get::Join(id), changes);
            }
        }
        while let Some(at) = self.next_idle(host, need, now) {
            let Some(idle) = self.idle.remove(at) else { continue };
            let unproved = need.idle_after.is_some_and(|after| idle.since <= after);
            if self.end_of(&idle) > now && !unproved {
                self.hosts[host].in_use += 1;
                self.hosts[host].undecided += usize::from(idle.shared);
                let since = Some(idle.since);
                let clean = self.hosts[host].clean;
                return (Get::Reuse(idle.checked(since, need.once, clean)), changes);
            }
            changes.close.push(idle.conn);
        }
        // It is to have a new one: where there may be no more, in place of an idle one.
        if (need.once || need.older) && !self.room(host) {
            let oldest = self.hosts[host].idle.pop_front();
            let idle = oldest.and_then(|at| self.idle.remove(at));
            changes.close.extend(idle.map(|idle| idle.conn));
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        let (older, patient) = (need.older, need.may_share && !need.older);
        if patient && self.hosts[host].protocol == Protocol::Unknown {
            self.hosts[host].protocol = self.protocols.of(key, now);
        }
        let dials = self.room(host) && !(patient && self.hosts[host].is_promising());
        let entry = &mut self.hosts[host];
        entry.waiting.insert(ticket);
        let (state, get) = if dials {
            entry.dialing += 1;
            entry.undecided += usize::from(patient);
            (State::Dialing, Get::Dial(ticket))
        } else {
            entry.without_dial.insert(ticket);
            (State::Queued, Get::Wait(ticket))
        };
        let until = if patient { Self::patience(now) } else { None };
        let waiter = Waiter { host, once: need.once, older, patient, until, state };
        self.waiters.insert(ticket, waiter);
        (get, changes)
    }

    /// A connection in use came back and can be used again: it goes to the
    /// first who waits, is kept, or stands in the changes to be closed.
    pub fn put(&mut self, key: &K, conn: C, born: Mono, now: Mono) -> Changes<C> {
        self.put_back(key, conn, Back { born, ..Back::default() }, now)
    }

    /// Takes back a connection of which more is known than when it was opened. One whose
    /// server says how long it keeps it ([`idle_limit`]) is not used again behind that, and
    /// closed; and one of a host that was found to send a body behind answers that have none
    /// is not kept behind such an answer.
    pub fn put_back(&mut self, key: &K, conn: C, back: Back, now: Mono) -> Changes<C> {
        let mut changes = Changes::default();
        match self.hosts.find(key).filter(|&host| self.hosts[host].in_use > 0) {
            Some(host) => self.release(Idle::new(conn, host, back, now), &mut changes),
            // Not one of ours.
            None => changes.close.push(conn),
        }
        changes
    }

    /// A connection in use has ended, or serves no more requests.
    pub fn closed(&mut self, key: &K) -> Changes<C> {
        let mut changes = Changes::default();
        if let Some(host) = self.hosts.find(key).filter(|&host| self.hosts[host].in_use > 0) {
            self.hosts[host].in_use -= 1;
            self.slots_freed(host, &mut changes);
        }
        changes
    }

    /// One that was in use goes on: to the first who waits, to the idle ones, or away.
    fn release(&mut self, mut idle: Idle<C>, changes: &mut Changes<C>) {
        let host = idle.host;
        self.hosts[host].undecided -= usize::from(idle.shared);
        idle.limit = idle.limit.filter(|limit| *limit < self.config.idle_timeout);
        let habit = self.habits.of(self.hosts.key(host), idle.since);
        let usable = self.config.keep_alive
            && self.end_of(&idle) > idle.since
            && !(idle.shared && self.protocols.is_older(self.hosts.key(host), idle.since))
            && habit.keeps_behind(idle.bodiless);
        if let Some(ticket) = self.first_for(host, habit, idle.shared).filter(|_| usable) {
            let once = self.waiters.get(&ticket).is_some_and(|waits| waits.once);
            self.hosts[host].undecided += usize::from(idle.shared);
            let checked = idle.checked(None, once, self.hosts[host].clean);
            self.hand_over(host, ticket, Offer::Conn(checked), changes);
            return self.give_seats(host, changes);
        }
        let entry = &mut self.hosts[host];
        entry.in_use -= 1;
        // Who waits for it, if anybody does, is to have a new one in its place.
        let kept = usable && !self.winding_down && entry.without_dial.is_empty();
        if kept && entry.idle.len() < self.config.max_idle_per_host {
            self.limited |= idle.limit.is_some();
            entry.idle.push_back(self.idle.push(idle));
            if self.idle.len() > self.config.max_idle {
                let oldest = self.idle.oldest().map(|(at, _)| at);
                changes.close.extend(oldest.and_then(|at| self.take_idle(at)));
            }
        } else {
            changes.close.push(idle.conn);
            self.slots_freed(host, changes);
        }
    }

    /// Gives a connection in use, or a seat, to one who waits.
    fn hand_over(&mut self, host: usize, ticket: Ticket, conn: Offer<C>, changes: &mut Changes<C>) {
        let entry = &mut self.hosts[host];
        entry.waiting.remove(&ticket);
        let Some(waiter) = self.waiters.get_mut(&ticket) else { return };
        changes.wake.push(ticket);
        let dialing = matches!(waiter.state, State::Dialing);
        match std::mem::replace(&mut waiter.state, State::Given { conn, dialing }) {
            // It needs the room no more that it was to be told of.
            State::Granted => {
                entry.dialing -= 1;
                let told = usize::from(waiter.may_share());
                entry.undecided = entry.undecided.saturating_sub(told);
                self.slots_freed(host, changes);
            }
            _ => {
                entry.without_dial.remove(&ticket);
            }
        }
    }

    /// Lets the first who wait for room dial, as many as there is room for. Who waits for a
    /// seat on a connection that is on its way is passed over.
    fn slots_freed(&mut self, host: usize, changes: &mut Changes<C>) {
        while self.room(host) {
            let first = if self.hosts[host].is_promising() {
                let others =
                    |ticket: &&Ticket| !self.waiters.get(ticket).is_some_and(|w| w.patient);
                self.hosts[host].without_dial.iter().find(others).copied()
            } else {
                self.hosts[host].without_dial.first().copied()
            };
            let Some(ticket) = first else { break };
            let entry = &mut self.hosts[host];
            entry.without_dial.remove(&ticket);
            let Some(waiter) = self.waiters.get_mut(&ticket) else { continue };
            waiter.state = State::Granted;
            entry.dialing += 1;
            entry.undecided += usize::from(waiter.may_share());
            changes.wake.push(ticket);
        }
        self.give_seats(host, changes);
        self.hosts.drop_if_unused(host);
    }

    /// Whether one more connection may be opened.
    fn room(&self, host: usize) -> bool {
        self.config.max_per_host.is_none_or(|most| self.hosts[host].open() < most)
    }
}
