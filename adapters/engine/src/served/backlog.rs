//! What is still to be done for a connection, by the next who has its lock and the time.
//! Keeps it; whoever takes it does it.

use super::Trouble;
use super::released::Dropped;
use purlin_core::Id;

/// What is still to be done; most of the time nothing, which needs no room.
#[derive(Debug, Default)]
pub(super) struct Backlog(Option<Box<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// Exchanges that their peer gave up, whose handlers are still to be told.
    given_up: Vec<Id>,
    /// What is to be let go of.
    dropped: Vec<Dropped>,
    /// Why responses did not become what they were to be: not told yet.
    troubles: Vec<Trouble>,
}

impl Backlog {
    /// Whether there is nothing to be done.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// An exchange was given up by its peer.
    pub(super) fn give_up(&mut self, id: Id) {
        self.0.get_or_insert_default().given_up.push(id);
    }

    /// Something was dropped by whoever had it.
    pub(super) fn let_go(&mut self, dropped: Dropped) {
        self.0.get_or_insert_default().dropped.push(dropped);
    }

    /// A response did not become what it was to be.
    pub(super) fn tell(&mut self, trouble: Trouble) {
        self.0.get_or_insert_default().troubles.push(trouble);
    }

    /// The exchanges that were given up.
    pub(super) fn take_given_up(&mut self) -> Vec<Id> {
        self.take(|kept| &mut kept.given_up)
    }

    /// What is to be let go of.
    pub(super) fn take_dropped(&mut self) -> Vec<Dropped> {
        self.take(|kept| &mut kept.dropped)
    }

    /// What is to be told.
    pub(super) fn take_troubles(&mut self) -> Vec<Trouble> {
        self.take(|kept| &mut kept.troubles)
    }

    fn take<T>(&mut self, part: impl FnOnce(&mut Kept) -> &mut Vec<T>) -> Vec<T> {
        let Some(kept) = &mut self.0 else { return Vec::new() };
        let taken = std::mem::take(part(kept));
        self.0.take_if(|kept| kept.is_empty());
        taken
    }
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.given_up.is_empty() && self.dropped.is_empty() && self.troubles.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_leaves_the_rest_and_nothing_needs_no_room() {
        let mut backlog = Backlog::default();
        backlog.give_up(1);
        backlog.let_go(Dropped::Reader(3));
        backlog.tell(Trouble::Failed("gone".into()));
        backlog.give_up(5);
        assert_eq!(backlog.take_given_up(), [1, 5]);
        assert!(backlog.take_given_up().is_empty() && !backlog.is_empty());
        assert_eq!(backlog.take_troubles().len(), 1);
        assert!(!backlog.is_empty());
        assert!(matches!(backlog.take_dropped()[..], [Dropped::Reader(3)]));
        assert!(backlog.is_empty() && backlog.take_dropped().is_empty());
    }
}
