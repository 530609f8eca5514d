//! Events that a machine has to tell and that need no parsing.
//! Holds them and their order; when they arise is the machine's affair.

use crate::error::{CloseReason, PeerError};
use crate::machine::{Event, Id};

/// Events that wait to be told, in this order.
#[derive(Debug, Default)]
pub(super) struct Notices {
    pub(super) begun: bool,
    pub(super) sent: bool,
    pub(super) panicked: Option<String>,
    pub(super) failed: Option<(Option<Id>, PeerError)>,
    pub(super) input_closed: bool,
    pub(super) upgraded: bool,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) closed: Option<CloseReason>,
}

impl Notices {
    /// The next of them.
    pub(super) fn take(&mut self, id: Id) -> Option<Event> {
        let one = self.begun
            | self.sent
            | self.input_closed
            | self.upgraded
            | self.readable
            | self.writable;
        if !one && self.failed.is_none() && self.closed.is_none() {
            return None;
        }
        if std::mem::take(&mut self.sent) {
            return Some(Event::Sent { id });
        }
        if std::mem::take(&mut self.begun) {
            return Some(Event::Begun);
        }
        if let Some(message) = self.panicked.take() {
            return Some(Event::Panicked(message));
        }
        if let Some((id, error)) = self.failed.take() {
            return Some(Event::Failed { id, error });
        }
        if std::mem::take(&mut self.input_closed) {
            return Some(Event::InputClosed);
        }
        if std::mem::take(&mut self.upgraded) {
            return Some(Event::Upgraded { id });
        }
        if std::mem::take(&mut self.readable) {
            return Some(Event::Readable { id });
        }
        if std::mem::take(&mut self.writable) {
            return Some(Event::Writable { id });
        }
        self.closed.take().map(Event::Closed)
    }
}
