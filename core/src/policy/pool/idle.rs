//! The idle connections of all hosts in the order in which they came back.
//! A list in a vector: what leaves it anywhere costs the same, and its places are used again.

use super::habit::settles;
use super::{Back, Checked};
use crate::time::Mono;
use std::time::Duration;

const NONE: usize = usize::MAX;

/// A connection that waits for its next request.
#[derive(Debug)]
pub(super) struct Idle<C> {
    pub(super) conn: C,
    /// The number of the host it leads to.
    pub(super) host: usize,
    pub(super) born: Mono,
    pub(super) since: Mono,
    /// How long its server keeps it, if it says so.
    pub(super) limit: Option<Duration>,
    /// Its last answer was one without a body.
    pub(super) bodiless: bool,
    /// It carries many exchanges at once.
    pub(super) shared: bool,
}

impl<C> Idle<C> {
    /// One that comes back.
    pub(super) fn new(conn: C, host: usize, back: Back, since: Mono) -> Idle<C> {
        let Back { born, limit, bodiless, shared, .. } = back;
        Idle { conn, host, born, since, limit, bodiless, shared }
    }

    /// It as it is handed out, to a request that cannot be sent again, or another.
    pub(super) fn checked(self, idle_since: Option<Mono>, once: bool, clean: bool) -> Checked<C> {
        let Idle { conn, born, since, limit, bodiless, shared, .. } = self;
        let settles = settles(once, bodiless && !shared, clean, since);
        Checked { conn, born, idle_since, limit, bodiless, settles, shared }
    }
}

#[derive(Debug)]
struct Place<C> {
    idle: Option<Idle<C>>,
    older: usize,
    /// For a place that is free: the next free one.
    newer: usize,
}

#[derive(Debug)]
pub(super) struct IdleList<C> {
    places: Vec<Place<C>>,
    oldest: usize,
    newest: usize,
    free: usize,
    len: usize,
}

impl<C> IdleList<C> {
    pub(super) const fn new() -> IdleList<C> {
        IdleList { places: Vec::new(), oldest: NONE, newest: NONE, free: NONE, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All of them with their places, in no order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Idle<C>)> {
        let places = self.places.iter_mut().enumerate();
        places.filter_map(|(at, place)| Some((at, place.idle.as_mut()?)))
    }

    /// Appends the newest, and says where it stands.
    pub(super) fn push(&mut self, idle: Idle<C>) -> usize {
        let place = Place { idle: Some(idle), older: self.newest, newer: NONE };
        let at = if self.free == NONE {
            self.places.push(place);
            self.places.len() - 1
        } else {
            let at = self.free;
            self.free = self.places[at].newer;
            self.places[at] = place;
            at
        };
        match self.places.get_mut(self.newest) {
            Some(before) => before.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
        self.len += 1;
        at
    }

    /// Takes out what stands there.
    pub(super) fn remove(&mut self, at: usize) -> Option<Idle<C>> {
        let place = self.places.get_mut(at)?;
        let idle = place.idle.take()?;
        let (older, newer) = (place.older, place.newer);
        place.newer = self.free;
        self.free = at;
        match self.places.get_mut(older) {
            Some(before) => before.newer = newer,
            None => self.oldest = newer,
        }
        match self.places.get_mut(newer) {
            Some(after) => after.older = older,
            None => self.newest = older,
        }
        self.len -= 1;
        Some(idle)
    }

    /// What stands there.
    pub(super) fn get(&self, at: usize) -> Option<&Idle<C>> {
        self.places.get(at)?.idle.as_ref()
    }

    /// Where the one stands that came back first, and what it is.
    pub(super) fn oldest(&self) -> Option<(usize, &Idle<C>)> {
        let idle = self.places.get(self.oldest)?.idle.as_ref()?;
        Some((self.oldest, idle))
    }

    /// All of them with their places, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Idle<C>)> {
        self.places.iter().enumerate().filter_map(|(at, place)| Some((at, place.idle.as_ref()?)))
    }
}
