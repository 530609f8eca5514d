//! Random calls about shared connections, after each of which what must hold is looked at.

use super::super::hosts::Shared;
use super::super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const KEY: &str = "a.test";
const T: Mono = Mono::from_secs(1000);
const OLDER: Need =
    Need { once: false, idle_after: None, may_share: false, older: true, _more: () };
const NEED: Need = Need { once: false, idle_after: None, may_share: true, older: false, _more: () };

#[derive(Clone, Debug)]
enum Call {
    Get,
    GetOlder,
    Poll(usize),
    Opened(usize),
    Failed(usize),
    Cancel(usize),
    Settle(u32),
    Leave(usize, bool),
    Carries(usize, u32, bool),
    Impatient(usize),
    Put,
    Older,
}

fn call() -> impl Strategy<Value = Call> {
    let any = any::<usize>;
    prop_oneof![
        8 => Just(Call::Get),
        1 => Just(Call::GetOlder),
        6 => any().prop_map(Call::Poll),
        5 => any().prop_map(Call::Opened),
        1 => any().prop_map(Call::Failed),
        1 => any().prop_map(Call::Cancel),
        5 => (0..5u32).prop_map(Call::Settle),
        6 => (any(), prop::bool::weighted(0.2)).prop_map(|(at, refused)| Call::Leave(at, refused)),
        2 => (any(), 0..6u32, prop::bool::weighted(0.2))
            .prop_map(|(at, most, over)| Call::Carries(at, most, over)),
        2 => any().prop_map(Call::Impatient),
        3 => Just(Call::Put),
        1 => prop::bool::weighted(0.1).prop_map(|_| Call::Older),
    ]
}

/// What its owner knows of a pool.
#[derive(Debug, Default)]
struct Owner {
    /// Tickets without a connection; whether they dial.
    tickets: BTreeMap<Ticket, bool>,
    /// Those that need a connection of their own.
    older: BTreeSet<Ticket>,
    seats: Vec<SharedId>,
    /// In use, and not known to be shared or not.
    undecided: usize,
    /// In use by one.
    alone: usize,
    opened: usize,
    closed: usize,
}

impl Owner {
    fn act(&mut self, pool: &mut Pool<&'static str, u32>, changes: Changes<u32>) {
        self.closed += changes.close.len();
        for id in changes.emptied {
            assert!(!self.seats.contains(&id), "somebody has a seat there");
            let back = Back { born: T, shared: true, ..Back::default() };
            let next = pool.put_back(&KEY, 0, back, T);
            self.act(pool, next);
        }
    }

    fn has(&mut self, checked: &Checked<u32>) {
        if checked.shared {
            self.undecided += 1;
        } else {
            self.alone += 1;
        }
    }

    fn asks(&mut self, ticket: Ticket, dials: bool) {
        self.tickets.insert(ticket, dials);
    }

    fn ticket(&self, at: usize, dials: bool) -> Option<Ticket> {
        let of =
            || self.tickets.iter().filter(|(_, own)| **own == dials).map(|(ticket, _)| *ticket);
        let count = of().count();
        (count > 0).then(|| of().nth(at / 2 % count)).flatten()
    }

    fn poll(&mut self, pool: &mut Pool<&'static str, u32>, ticket: Ticket) {
        let dials = self.tickets[&ticket];
        match pool.poll(ticket) {
            Given::Conn(checked) => {
                assert!(!checked.shared || !self.older.contains(&ticket));
                self.has(&checked);
            }
            Given::Join(id) => {
                assert!(!self.older.contains(&ticket), "it can do nothing with a seat");
                self.seats.push(id);
            }
            Given::Dial => return self.asks(ticket, true),
            Given::Pending => return,
            Given::Over => panic!("it was not told"),
        }
        self.tickets.remove(&ticket);
        if dials {
            let changes = pool.failed(ticket).1;
            self.act(pool, changes);
        }
    }

    fn opened(&mut self, pool: &mut Pool<&'static str, u32>, ticket: Ticket) {
        self.tickets.remove(&ticket);
        self.opened += 1;
        if self.older.contains(&ticket) {
            self.alone += 1;
        } else {
            self.undecided += 1;
        }
        match pool.opened(ticket) {
            Opened::Yours | Opened::Spare => {}
            Opened::Given(checked) => self.has(&checked),
            Opened::Joined(id) => self.seats.push(id),
            Opened::Unknown => panic!("it dialled"),
        }
    }

    fn get(&mut self, pool: &mut Pool<&'static str, u32>, need: Need) -> Changes<u32> {
        let (get, changes) = pool.get_for(&KEY, need, T);
        let (ticket, dials) = match get {
            Get::Reuse(checked) => {
                assert!(!(checked.shared && need.older));
                self.has(&checked);
                return changes;
            }
            Get::Join(id) => {
                assert!(!need.older);
                self.seats.push(id);
                return changes;
            }
            Get::Dial(ticket) => (ticket, true),
            Get::Wait(ticket) => (ticket, false),
        };
        self.asks(ticket, dials);
        if need.older {
            self.older.insert(ticket);
        }
        changes
    }

    fn step(&mut self, pool: &mut Pool<&'static str, u32>, call: &Call) {
        let changes = match *call {
            Call::Get => self.get(pool, NEED),
            Call::GetOlder => self.get(pool, OLDER),
            Call::Poll(at) => {
                let Some(ticket) = self.ticket(at, at % 2 == 0) else { return };
                return self.poll(pool, ticket);
            }
            Call::Opened(at) => {
                let Some(ticket) = self.ticket(at, true) else { return };
                return self.opened(pool, ticket);
            }
            Call::Failed(at) => {
                let Some(ticket) = self.ticket(at, true) else { return };
                self.tickets.remove(&ticket);
                let (given, changes) = pool.failed(ticket);
                given.iter().for_each(|checked| self.has(checked));
                changes
            }
            Call::Cancel(at) => {
                let Some(ticket) = self.ticket(at, false) else { return };
                self.tickets.remove(&ticket);
                pool.cancel(ticket, T)
            }
            Call::Settle(_) if self.undecided == 0 => return,
            Call::Settle(most) => {
                self.undecided -= 1;
                if most == 4 {
                    self.closed += 1;
                    let changes = pool.ended_early(&KEY);
                    self.act(pool, changes);
                    pool.closed(&KEY)
                } else if most == 0 {
                    self.alone += 1;
                    pool.alone(&KEY)
                } else {
                    let (id, changes) = pool.shares(&KEY, Capacity { most, over: false }, T);
                    self.seats.push(id);
                    changes
                }
            }
            Call::Leave(..) | Call::Carries(..) if self.seats.is_empty() => return,
            Call::Leave(at, refused) => {
                let id = self.seats.swap_remove(at % self.seats.len());
                pool.left(&KEY, id, refused)
            }
            Call::Carries(at, most, over) => {
                pool.carries(&KEY, self.seats[at % self.seats.len()], Capacity { most, over })
            }
            Call::Impatient(at) => {
                let Some(ticket) = self.ticket(at, false) else { return };
                pool.lose_patience(ticket)
            }
            Call::Put if self.alone == 0 => return,
            Call::Put => {
                self.alone -= 1;
                pool.put(&KEY, 0, T, T)
            }
            Call::Older => pool.demand_older(&KEY, T),
        };
        self.act(pool, changes);
    }

    /// Connections that are open: of those that were opened, all but those that were closed.
    fn check(&self, pool: &Pool<&'static str, u32>) {
        let open = pool.shared(&KEY) + pool.in_use(&KEY) + pool.idle();
        assert_eq!(open, self.opened - self.closed);
        let given = pool.seats(&KEY) - self.seats.len();
        assert!(given <= pool.waiters.len(), "each is somebody's who was not told yet");
        if let Some(most) = pool.config().max_per_host {
            assert!(open + pool.dialing(&KEY) <= most);
        }
        let Some(host) = pool.hosts.find(&KEY).map(|host| &pool.hosts[host]) else { return };
        let room = pool.config().max_per_host.is_none_or(|most| host.open() < most);
        let held = host.without_dial.iter().all(|ticket| pool.waiters[ticket].patient);
        let sits = |ticket: &Ticket| !self.older.contains(ticket);
        let in_need = host.without_dial.iter().any(|ticket| !sits(ticket)) && !room;
        let seats = host.shared.iter().any(Shared::has_room);
        assert!(!seats || in_need || !host.waiting.iter().any(sits));
        // Nobody is forgotten.
        assert!(host.without_dial.is_empty() || !room || (host.is_promising() && held));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_seat_is_lost_and_nobody_is_forgotten(
        most in proptest::option::of(1..4usize),
        calls in proptest::collection::vec(call(), 0..200),
    ) {
        let config = PoolConfig { max_per_host: most, ..PoolConfig::default() };
        let (mut pool, mut owner) = (Pool::new(config), Owner::default());
        for call in &calls {
            owner.step(&mut pool, call);
            owner.check(&pool);
        }
        // All who wait get something once the others are done.
        for round in 0..2000 {
            if owner.tickets.is_empty() && owner.seats.is_empty() {
                break;
            }
            for ticket in owner.tickets.keys().copied().collect::<Vec<_>>() {
                owner.poll(&mut pool, ticket);
            }
            let last = [Call::Settle(2), Call::Opened(round), Call::Put];
            last.iter().for_each(|call| owner.step(&mut pool, call));
            owner.step(&mut pool, &Call::Leave(round, false));
            owner.check(&pool);
        }
        prop_assert!(owner.tickets.is_empty(), "{:?}", owner.tickets);
    }
}
