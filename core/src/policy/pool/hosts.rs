//! What a pool knows of each key, and where it stands while connections or
//! waiters exist.

use super::protocol::Protocol;
use super::{Capacity, SharedId, Ticket};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{Index, IndexMut};

/// The connections and waiters of one key.
#[derive(Debug)]
pub(super) struct Host<K> {
    key: K,
    /// Places in the list of idle connections, the one used last at the end.
    pub(super) idle: VecDeque<usize>,
    pub(super) in_use: usize,
    /// Dials, those included that were granted and not begun.
    pub(super) dialing: usize,
    /// Who has no connection yet, in the order in which they came.
    pub(super) waiting: BTreeSet<Ticket>,
    /// Those of them that may not dial.
    pub(super) without_dial: BTreeSet<Ticket>,
    /// A connection carried another request behind an answer without a body: nothing was
    /// left there.
    pub(super) clean: bool,
    /// Connections with seats, those that take no more included.
    pub(super) shared: Vec<Shared>,
    /// Those in use and being dialed of which it is not known yet whether they are shared.
    pub(super) undecided: usize,
    /// What the last one turned out to be.
    pub(super) protocol: Protocol,
}

/// A connection with seats.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: SharedId,
    /// Seats that are taken.
    pub(super) seats: u32,
    pub(super) capacity: Capacity,
    /// It refused an exchange: it is full, whatever it says, until one of its exchanges ends.
    pub(super) refused: bool,
}

impl Shared {
    /// Whether one more may join.
    pub(super) fn has_room(&self) -> bool {
        !self.capacity.over && !self.refused && self.seats < self.capacity.most
    }
}

impl<K> Host<K> {
    /// Connections that are open or being opened.
    pub(super) fn open(&self) -> usize {
        self.idle.len() + self.in_use + self.dialing + self.shared.len()
    }

    /// Whether a connection is on its way that may soon have seats for those who wait.
    pub(super) fn is_promising(&self) -> bool {
        self.protocol != Protocol::OneByOne && self.undecided > 0
    }
}

/// Where a ticket stands; `T` is what it is given.
///
/// ```text
/// Queued -> Granted -> Dialing -> (opened, failed)
///    |         |          |
///    v         v          v
///  Given     Given      Given -> Settled -> (opened, failed)
/// ```
#[derive(Debug)]
pub(super) enum State<T> {
    /// Waits, and may not dial.
    Queued,
    /// May dial, and has not been told.
    Granted,
    /// Dials, and takes what comes first.
    Dialing,
    /// Something came back for it, and it has not been told.
    Given { conn: T, dialing: bool },
    /// Has its connection or went away; its dial goes on.
    Settled,
}

/// The hosts by number and by key. A number is used again when nothing is left of its host.
#[derive(Debug)]
pub(super) struct Hosts<K> {
    numbers: BTreeMap<K, usize>,
    hosts: Vec<Host<K>>,
    free: Vec<usize>,
    /// The one that was asked for last: requests to one host come one after the other.
    last: Option<usize>,
}

impl<K: Clone + Ord> Hosts<K> {
    pub(super) fn new() -> Hosts<K> {
        Hosts { numbers: BTreeMap::new(), hosts: Vec::new(), free: Vec::new(), last: None }
    }

    pub(super) fn find(&self, key: &K) -> Option<usize> {
        let last = self.last.filter(|number| self.hosts[*number].key == *key);
        last.or_else(|| self.numbers.get(key).copied())
    }

    pub(super) fn find_or_add(&mut self, key: &K) -> usize {
        if let Some(number) = self.find(key) {
            self.last = Some(number);
            return number;
        }
        let number = if let Some(number) = self.free.pop() {
            let host = &mut self.hosts[number];
            (host.key, host.clean) = (key.clone(), false);
            (host.undecided, host.protocol) = (0, Protocol::Unknown);
            number
        } else {
            self.hosts.push(Host {
                key: key.clone(),
                idle: VecDeque::new(),
                in_use: 0,
                dialing: 0,
                waiting: BTreeSet::new(),
                without_dial: BTreeSet::new(),
                clean: false,
                shared: Vec::new(),
                undecided: 0,
                protocol: Protocol::Unknown,
            });
            self.hosts.len() - 1
        };
        self.numbers.insert(key.clone(), number);
        number
    }

    pub(super) fn key(&self, number: usize) -> &K {
        &self.hosts[number].key
    }

    /// How many numbers have been given at once.
    #[cfg(test)]
    pub(super) fn numbers(&self) -> usize {
        self.hosts.len()
    }

    /// Forgets the key of a host without connections and waiters.
    pub(super) fn drop_if_unused(&mut self, number: usize) {
        let host = &self.hosts[number];
        if host.open() == 0 && host.waiting.is_empty() && self.numbers.remove(&host.key).is_some() {
            self.free.push(number);
            self.last.take_if(|last| *last == number);
        }
    }
}

impl<K> Index<usize> for Hosts<K> {
    type Output = Host<K>;

    fn index(&self, number: usize) -> &Host<K> {
        &self.hosts[number]
    }
}

impl<K> IndexMut<usize> for Hosts<K> {
    fn index_mut(&mut self, number: usize) -> &mut Host<K> {
        &mut self.hosts[number]
    }
}
