//! How much a connection holds, of each direction, and how much it may: its share,
//! and what it is allowed beyond. Who is allowed how much, [`crate::budget`] decides.

use super::reply::FIRST_QUEUED;
use super::{Connection, Ending};
use crate::buf::LEAST_READ;
use crate::config::LINE_MOST;
use crate::h1::states::{Reader, Writer};
use crate::time::Now;

/// So much input is taken in that nobody asks for: enough for most bodies and for a
/// few requests, and what Go and std's own reading ahead take.
const AHEAD: usize = 64 * 1024;

/// So much input is a connection's share, and more only of what can be used in no smaller
/// steps: a head, a chunk line, a trailer section. Of output it is [`FIRST_QUEUED`].
pub(super) const SHARE: usize = 16 * 1024;

impl Connection {
    /// Room for input, as far as that may be here.
    #[inline(never)]
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.input.spare_up_to(self.most_ahead())
    }

    /// How much input may be here at the most: what nobody asks for, a body's
    /// bytes before its handler does or requests whose turn has not come, is less.
    pub(super) fn most_ahead(&self) -> usize {
        let asked = match self.reader {
            Reader::Body | Reader::Raw => self.inbound.waits(),
            Reader::Head => self.writer == Writer::Idle && !self.is_full(),
            Reader::End => false,
            _ => true,
        };
        if asked || self.ending != Ending::Open { self.most_asked() } else { self.most_unasked() }
    }

    fn most_unasked(&self) -> usize {
        SHARE.saturating_add(self.spare.saturating_sub(self.queued_beyond())).min(AHEAD)
    }

    /// How much input may be here that is asked for. If what is here is of no use yet, since
    /// it has to be whole, it may become a quarter more: room grows with what came.
    fn most_asked(&self) -> usize {
        let least = self.input.len() / 4 * 5 + LEAST_READ;
        let share = if least <= SHARE { SHARE } else { self.most_of_a_piece().min(least) };
        share.saturating_add(self.spare.saturating_sub(self.queued_beyond()))
    }

    /// What can be used in no smaller steps, and a read.
    fn most_of_a_piece(&self) -> usize {
        self.config.limits.head_bytes.max(LINE_MOST).saturating_add(LEAST_READ).max(SHARE)
    }

    /// Whether there is room for what is wanted.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        let least = self.input.len() + LEAST_READ;
        // Mostly there is room for whatever it is.
        self.input.has_room() && (least <= SHARE || least <= self.most_ahead())
    }

    /// The same, if what is here is not enough for whoever asks.
    pub(super) fn has_room_if_asked(&self) -> bool {
        self.input.has_room() && self.input.len() + LEAST_READ <= self.most_asked()
    }

    /// How much output may be queued.
    pub(super) fn most_out(&self) -> usize {
        let beyond = self.input.size().saturating_sub(SHARE);
        let allowed = FIRST_QUEUED.saturating_add(self.spare.saturating_sub(beyond));
        self.most_queued.min(allowed)
    }

    /// Whether so much output is queued that no further request is begun.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        !self.out.is_empty() && self.out.len() > self.most_out()
    }

    fn queued_beyond(&self) -> usize {
        self.out.len().saturating_sub(FIRST_QUEUED)
    }

    /// Output held beyond the share.
    pub(super) fn surplus_out(&self) -> usize {
        self.queued_beyond()
    }

    /// Input held beyond the share, and room for it.
    pub(super) fn surplus_in(&self) -> usize {
        self.input.held().saturating_sub(SHARE)
    }

    pub(super) fn allow(&mut self, surplus: usize) {
        self.spare = surplus;
        let spare = surplus.saturating_sub(self.queued_beyond());
        self.input.shrink_to(SHARE.saturating_add(spare));
    }

    pub(super) fn receive_all(&mut self, bytes: &[u8], now: Now) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && self.wants_input() {
            let needed = self.input.len() + LEAST_READ.max(bytes.len() - taken);
            let most = self.most_ahead().max(needed);
            let room = self.input.spare_up_to(most);
            let count = room.len().min(bytes.len() - taken);
            if count == 0 {
                break;
            }
            room[..count].copy_from_slice(&bytes[taken..taken + count]);
            self.took(count, now);
            taken += count;
        }
        taken
    }
}
