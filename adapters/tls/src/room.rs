//! Bytes in one piece that are filled at the end and used up at the front.
//! Holds them; how many there may be, its user knows.

use std::fmt;

/// The store is initialised once and then reused, so filling it costs no zeroing.
#[derive(Default)]
pub(crate) struct Room {
    store: Vec<u8>,
    start: usize,
    end: usize,
}

/// The bytes are not shown: they may be plaintext.
impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Room({} of {} bytes)", self.len(), self.store.len())
    }
}

impl Room {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.store[self.start..self.end]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.store[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Room behind the bytes, at least `least`.
    pub(crate) fn spare(&mut self, least: usize) -> &mut [u8] {
        if self.store.len() - self.end < least && self.start > 0 {
            self.store.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let needed = self.end + least;
        if self.store.is_empty() {
            self.store = vec![0; needed]; // comes zeroed from the allocator
        } else if self.store.len() < needed {
            self.store.reserve_exact(needed - self.store.len());
            self.store.resize(needed, 0);
        }
        &mut self.store[self.end..]
    }

    /// The first `count` bytes of the room hold something now.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.store.len());
    }

    /// The first `count` bytes are used up.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.consume(self.len());
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.filled(bytes.len());
    }

    /// How many bytes there is a store for.
    pub(crate) fn size(&self) -> usize {
        self.store.len()
    }

    /// Gives back the store if it holds nothing.
    pub(crate) fn trim(&mut self) {
        if self.is_empty() {
            *self = Room::default();
        }
    }

    /// Bytes of memory held.
    pub(crate) fn held(&self) -> usize {
        self.store.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_their_order_and_room_is_found_again() {
        let mut room = Room::default();
        let (mut next, mut seen) = (0_u8, Vec::new());
        for step in 1..200 {
            let piece: Vec<u8> = (0..step % 17).map(|at| next.wrapping_add(at)).collect();
            next = next.wrapping_add(step % 17);
            room.push(&piece);
            let count = room.len().min(usize::from(step % 13));
            seen.extend_from_slice(&room.bytes()[..count]);
            room.consume(count);
        }
        seen.extend_from_slice(room.bytes());
        assert!(seen.iter().enumerate().all(|(at, byte)| at % 256 == usize::from(*byte)));
        room.clear();
        room.trim();
        assert_eq!((room.len(), room.held()), (0, 0));
    }
}
