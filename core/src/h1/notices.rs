//! Events that a machine has to tell and that need no parsing.
//! Holds them and their order; when they arise is the machine's affair.

use crate::error::{CloseReason, PeerError};
use crate::machine::{Event, Id};

/// What there may be to tell, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Notice {
    Sent,
    Begun,
    Panicked,
    Failed,
    InputClosed,
    Upgraded,
    Readable,
    Writable,
    Flushed,
    Closed,
}

impl Notice {
    /// All of them, each at its place.
    const ALL: [Notice; 10] = [
        Notice::Sent,
        Notice::Begun,
        Notice::Panicked,
        Notice::Failed,
        Notice::InputClosed,
        Notice::Upgraded,
        Notice::Readable,
        Notice::Writable,
        Notice::Flushed,
        Notice::Closed,
    ];
}

/// Events that wait to be told.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// A bit for each that waits, so that one look finds that none does.
    waiting: u16,
    closed: Option<CloseReason>,
    /// In a place of its own: most connections have none of it.
    rare: Option<Box<Rare>>,
}

/// What there is to tell of few connections.
#[derive(Debug, Default)]
struct Rare {
    panicked: String,
    failed: Option<(Option<Id>, PeerError)>,
    /// The exchanges that asked whether their output is out, and it is.
    flushed: Vec<Id>,
}

impl Notices {
    /// This is to be told.
    #[inline]
    pub(super) fn tell(&mut self, notice: Notice) {
        self.waiting |= 1 << notice as u8;
    }

    /// This is to be told, or not.
    #[inline]
    pub(super) fn set(&mut self, notice: Notice, told: bool) {
        self.waiting = self.waiting & !(1 << notice as u8) | u16::from(told) << notice as u8;
    }

    /// Whether any waits to be told.
    #[inline]
    pub(super) fn are_waiting(&self) -> bool {
        self.waiting != 0
    }

    /// What the application was called for panicked with this message.
    pub(super) fn panicked(&mut self, message: String) {
        self.rare().panicked = message;
        self.tell(Notice::Panicked);
    }

    /// The peer failed, and this exchange with it if there is one.
    pub(super) fn failed(&mut self, id: Option<Id>, error: PeerError) {
        self.rare().failed = Some((id, error));
        self.tell(Notice::Failed);
    }

    /// What was to be told of this exchange's output is not so any more: there is more.
    pub(super) fn unflushed(&mut self, id: Id) {
        if let Some(rare) = &mut self.rare {
            rare.flushed.retain(|flushed| *flushed != id);
            let any = !rare.flushed.is_empty();
            self.set(Notice::Flushed, any);
        }
    }

    /// The output of these exchanges, which asked for that, is out. They are taken.
    pub(super) fn flushed(&mut self, ids: &mut Vec<Id>) {
        let rare = self.rare();
        rare.flushed.append(ids);
        let any = !rare.flushed.is_empty();
        self.set(Notice::Flushed, any);
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The connection ends.
    pub(super) fn closed(&mut self, reason: CloseReason) {
        self.closed = Some(reason);
        self.tell(Notice::Closed);
    }

    /// The next of them; `id` is the exchange that is open, or was last.
    #[inline]
    pub(super) fn take(&mut self, id: Id) -> Option<Event> {
        if self.waiting == 0 { None } else { self.next(id) }
    }

    fn next(&mut self, id: Id) -> Option<Event> {
        let notice = Notice::ALL[self.waiting.trailing_zeros() as usize];
        self.set(notice, false);
        Some(match notice {
            Notice::Sent => Event::Sent { id },
            Notice::Begun => Event::Begun,
            Notice::Panicked => Event::Panicked(std::mem::take(&mut self.rare().panicked)),
            Notice::Failed => {
                let (id, error) = self.rare().failed.take()?;
                Event::Failed { id, error }
            }
            Notice::InputClosed => Event::InputClosed,
            Notice::Upgraded => Event::Upgraded { id },
            Notice::Readable => Event::Readable { id },
            Notice::Writable => Event::Writable { id },
            Notice::Flushed => {
                let flushed = &mut self.rare().flushed;
                let id = flushed.pop()?;
                let more = !flushed.is_empty();
                self.set(Notice::Flushed, more);
                Event::Flushed { id }
            }
            Notice::Closed => Event::Closed(self.closed.take()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_at_its_place_and_told_once_in_that_order() {
        let mut notices = Notices::default();
        for (place, notice) in Notice::ALL.into_iter().enumerate().rev() {
            assert_eq!(notice as usize, place);
            notices.tell(notice);
        }
        notices.panicked("why".into());
        notices.flushed(&mut vec![4, 5]);
        notices.closed(CloseReason::Shutdown);
        notices.failed(None, PeerError::of_request(crate::error::Fault::Truncated));
        let told: Vec<Event> = std::iter::from_fn(|| notices.take(7)).collect();
        assert_eq!(told.len(), Notice::ALL.len() + 1, "two are flushed: {told:?}");
        assert!(matches!(told[0], Event::Sent { id: 7 }));
        assert!(matches!(&told[2], Event::Panicked(why) if why == "why"));
        assert!(matches!(told[10], Event::Closed(CloseReason::Shutdown)));
        notices.tell(Notice::Readable);
        notices.set(Notice::Readable, false);
        assert!(notices.take(7).is_none());
    }
}
