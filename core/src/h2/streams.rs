//! The streams of a connection: those that are open, by their number, and how the last ones closed.
//! Holds them and their states; what a stream carries is its owner's.
//!
//! Only clients begin streams here, so numbers are odd and rise, and one number tells idle
//! ones from those before. A slab holds what is open, a sorted list finds it, and a ring of
//! the last 128 that were closed remembers how: what was on its way then is judged by that.

use super::states::{Came, Place, State, Step, Verdict, verdict};
use std::collections::VecDeque;

/// How many closed streams are remembered: all that may be open at once, and some more, since a
/// peer may end all of them before it has what is on its way.
const REMEMBERED: usize = 128;

/// Which side of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It begins streams.
    Client,
    /// The peer begins them.
    Server,
}

#[derive(Debug)]
struct Slot<T> {
    state: State,
    value: T,
}

/// The streams of one connection, each with a `T`.
#[derive(Debug)]
pub struct Streams<T> {
    side: Side,
    slots: Vec<Option<Slot<T>>>,
    free: Vec<u32>,
    /// Numbers and slots, sorted by number.
    ids: Vec<(u32, u32)>,
    /// The highest number that has begun.
    last: u32,
    /// The last one closed is at the back.
    closed: VecDeque<(u32, State)>,
}

impl<T> Streams<T> {
    /// No streams.
    pub fn new(side: Side) -> Streams<T> {
        Streams {
            side,
            slots: Vec::new(),
            free: Vec::new(),
            ids: Vec::new(),
            last: 0,
            closed: VecDeque::new(),
        }
    }

    /// The highest number that has begun, 0 if none has.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The state of a stream, whether it is held or not.
    pub fn state(&self, id: u32) -> State {
        if id > self.last || id % 2 == 0 {
            return State::Idle;
        }
        if let Some(slot) = self.slot(id) {
            return slot.state;
        }
        let closed = self.closed.iter().rev().find(|(known, _)| *known == id);
        closed.map_or(State::Forgotten, |(_, state)| *state)
    }

    /// What is done with a frame that comes on this stream.
    pub fn verdict(&self, id: u32, came: Came) -> Verdict {
        let theirs = self.side == Side::Server && id % 2 == 1;
        match Place::of(self.state(id), theirs) {
            // A client has begun every one of these: what comes late was on its way.
            Place::Forgotten if self.side == Side::Client => verdict(Place::ResetByUs, came),
            place => verdict(place, came),
        }
    }

    /// Begins a stream of a number higher than all before; says whether it is one.
    pub fn begin(&mut self, id: u32, value: T) -> bool {
        let Some(state) = self.state(id).after(Step::Begins).filter(|_| id % 2 == 1) else {
            return false;
        };
        self.last = id;
        let slot = Some(Slot { state, value });
        let place = match self.free.pop() {
            Some(free) => {
                self.slots[free as usize] = slot;
                free
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.ids.push((id, place));
        true
    }

    /// Passes over a number without holding anything for it: it began, and was refused.
    pub fn refuse(&mut self, id: u32) {
        if id > self.last && id % 2 == 1 {
            self.last = id;
            self.remember(id, State::ResetByUs);
        }
    }

    /// A closed stream is reset by us once more: what else comes is skipped.
    pub fn reset_closed(&mut self, id: u32) {
        if let Some(slot) = self.slot_mut(id) {
            slot.state = if slot.state.is_closed() { State::ResetByUs } else { slot.state };
            return;
        }
        if id > self.last {
            return;
        }
        match self.closed.iter_mut().rev().find(|(known, _)| *known == id) {
            Some((_, state)) => *state = State::ResetByUs,
            None => self.remember(id, State::ResetByUs),
        }
    }

    /// A closed stream had all that was wanted of both messages, though one of them was cut.
    pub fn was_whole(&mut self, id: u32) {
        if let Some((_, state)) = self.closed.iter_mut().rev().find(|(known, _)| *known == id) {
            *state = State::Ended;
        }
    }

    /// Moves a stream that is held; says whether the table has that step.
    pub fn step(&mut self, id: u32, step: Step) -> bool {
        let Some(slot) = self.slot_mut(id) else { return false };
        let Some(state) = slot.state.after(step) else { return false };
        slot.state = state;
        true
    }

    /// What is held for a stream.
    pub fn get(&self, id: u32) -> Option<&T> {
        self.slot(id).map(|slot| &slot.value)
    }

    /// What is held for a stream.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.slot_mut(id).map(|slot| &mut slot.value)
    }

    /// Lets go of a stream and remembers how it closed: one that had not is reset by us.
    pub fn remove(&mut self, id: u32) -> bool {
        let Some(place) = self.place(id) else { return false };
        let (_, slot) = self.ids.remove(place);
        let slot = slot as usize;
        let state = self.slots[slot].as_ref().map_or(State::ResetByUs, |slot| slot.state);
        // Where it lies, so that nothing of it is moved.
        self.slots[slot] = None;
        self.free.push(u32::try_from(slot).unwrap_or(u32::MAX));
        self.remember(id, if state.is_closed() { state } else { State::ResetByUs });
        true
    }

    /// Holds nothing for what there once was, if there is nothing.
    pub fn trim(&mut self) {
        if self.ids.is_empty() {
            (self.slots, self.free, self.ids) = (Vec::new(), Vec::new(), Vec::new());
        }
    }

    /// All that are held, by their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, State, &T)> {
        self.ids.iter().filter_map(|(id, place)| {
            let slot = self.slots[*place as usize].as_ref()?;
            Some((*id, slot.state, &slot.value))
        })
    }

    /// The number of the first that is held from this one on.
    pub fn from(&self, id: u32) -> Option<u32> {
        let place = self.ids.partition_point(|(known, _)| *known < id);
        self.ids.get(place).map(|(id, _)| *id)
    }

    fn remember(&mut self, id: u32, state: State) {
        if self.closed.len() == REMEMBERED {
            self.closed.pop_front();
        }
        self.closed.push_back((id, state));
    }

    /// Where a number stands in the list. Most often no number is left out between the first
    /// and this one, which tells the place.
    #[inline]
    fn place(&self, id: u32) -> Option<usize> {
        let (first, _) = self.ids.first()?;
        let near = (id.checked_sub(*first)? / 2) as usize;
        match self.ids.get(near) {
            Some((known, _)) if *known == id => Some(near),
            _ => self.ids.binary_search_by_key(&id, |(id, _)| *id).ok(),
        }
    }

    #[inline]
    fn slot(&self, id: u32) -> Option<&Slot<T>> {
        self.slots[self.ids[self.place(id)?].1 as usize].as_ref()
    }

    #[inline]
    fn slot_mut(&mut self, id: u32) -> Option<&mut Slot<T>> {
        let place = self.place(id)?;
        self.slots[self.ids[place].1 as usize].as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h2::errors::Violation;

    fn server() -> Streams<char> {
        Streams::new(Side::Server)
    }

    #[test]
    fn numbers_are_odd_and_rise_and_what_was_passed_over_is_closed() {
        let mut streams = server();
        assert!(streams.begin(5, 'a'));
        for id in [0, 2, 3, 5, 6] {
            assert!(!streams.begin(id, 'x'), "{id}");
        }
        assert!(streams.begin(7, 'b'));
        assert_eq!((streams.state(3), streams.state(9)), (State::Forgotten, State::Idle));
        assert_eq!((streams.state(2), streams.state(8)), (State::Idle, State::Idle));
        let broken = Verdict::Break(Violation::HeadersOnForgotten);
        assert_eq!(streams.verdict(3, Came::Headers), broken);
        assert_eq!(streams.verdict(2, Came::Headers), Verdict::Break(Violation::HeadersOnIdle));
        assert_eq!(streams.verdict(9, Came::Headers), Verdict::Take);
    }

    #[test]
    fn a_server_begins_nothing_with_a_client() {
        let streams: Streams<()> = Streams::new(Side::Client);
        for id in [1, 2] {
            let broken = Verdict::Break(Violation::HeadersOnIdle);
            assert_eq!(streams.verdict(id, Came::Headers), broken);
        }
    }

    #[test]
    fn how_the_last_128_closed_is_remembered() {
        let mut streams = server();
        for number in 0..200 {
            let id = 2 * number + 1;
            streams.begin(id, 'a');
            assert!(streams.step(id, Step::PeerEnds));
            if number % 2 == 0 {
                assert!(streams.step(id, Step::WeEnd));
            }
            assert!(streams.remove(id));
        }
        assert_eq!(streams.state(399), State::ResetByUs);
        assert_eq!(streams.state(397), State::Ended);
        assert_eq!(streams.state(145), State::Ended);
        assert_eq!(streams.state(143), State::Forgotten);
        assert!(streams.is_empty() && streams.last() == 399);
        streams.refuse(501);
        assert_eq!((streams.state(501), streams.state(499)), (State::ResetByUs, State::Forgotten));
    }

    #[test]
    fn what_a_client_has_forgotten_it_once_began() {
        let mut streams = Streams::new(Side::Client);
        for number in 0..200 {
            streams.begin(2 * number + 1, ());
            streams.remove(2 * number + 1);
        }
        for came in [Came::Headers, Came::Data, Came::WindowUpdate, Came::RstStream] {
            assert_eq!(
                (streams.state(1), streams.verdict(1, came)),
                (State::Forgotten, Verdict::Skip)
            );
        }
    }

    #[test]
    fn slots_are_used_again_and_found_by_number() {
        let mut streams = server();
        for id in [1, 3, 5, 7] {
            streams.begin(id, char::from(b'a' + u8::try_from(id).unwrap()));
        }
        assert!(streams.remove(3));
        assert!(streams.begin(9, 'x'));
        assert_eq!(streams.slots.len(), 4);
        let found: Vec<_> = streams.iter().map(|(id, _, value)| (id, *value)).collect();
        assert_eq!(found, [(1, 'b'), (5, 'f'), (7, 'h'), (9, 'x')]);
        assert_eq!((streams.from(2), streams.from(10)), (Some(5), None));
        *streams.get_mut(7).unwrap() = 'z';
        assert_eq!((streams.get(7), streams.get(3)), (Some(&'z'), None));
        assert!(!streams.remove(3));
    }

    #[test]
    fn a_step_that_the_table_does_not_have_does_not_happen() {
        let mut streams = server();
        streams.begin(1, 'a');
        assert!(streams.step(1, Step::PeerEnds) && !streams.step(1, Step::PeerEnds));
        assert_eq!(streams.state(1), State::HalfClosedRemote);
        assert!(streams.step(1, Step::PeerResets) && !streams.step(1, Step::WeEnd));
        assert!(!streams.step(3, Step::Begins));
    }
}
