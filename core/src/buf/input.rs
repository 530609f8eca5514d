//! What came in and is not used up yet.
//! Decides when room is made, lent and given back; not what the bytes are.

use super::LEAST_READ;
use bytes::Bytes;
use std::fmt;

/// Fewer bytes are copied out, as is less than half a store: a piece that is kept holds all of it.
const LEND_LEAST: usize = 16 * 1024;

/// Bytes that came in and are not used up yet, in one piece.
///
/// The store is initialised once and then reused, so reading costs no zeroing:
/// also one that was lent, once whoever had it has let go of it.
pub(crate) struct InBuf {
    store: Vec<u8>,
    /// The store that left with a piece.
    lent: Option<Box<Bytes>>,
    /// How long the store was last.
    size: usize,
    start: usize,
    end: usize,
    most: usize,
    /// The last read filled all there was: more is probably waiting.
    filled_up: bool,
}

/// What came is not shown: credentials may be in it.
impl fmt::Debug for InBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InBuf({} of {} bytes)", self.len(), self.store.len())
    }
}

impl InBuf {
    /// A queue that holds at most `most` bytes.
    pub(crate) fn new(most: usize) -> InBuf {
        let most = most.max(LEAST_READ);
        InBuf { store: Vec::new(), lent: None, size: 0, start: 0, end: 0, most, filled_up: false }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.store[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether there is room for a read.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.len() + LEAST_READ <= self.most
    }

    /// Whether nothing is here, and there is room for a read of usual size, no more than `most`.
    #[inline]
    pub(crate) fn is_blank(&self, most: usize) -> bool {
        let size = self.store.len();
        self.is_empty() && !self.filled_up && size >= LEAST_READ && size <= most
    }

    /// All the room there is, if nothing is here.
    #[inline]
    pub(crate) fn blank(&mut self) -> &mut [u8] {
        (self.start, self.end) = (0, 0);
        &mut self.store
    }

    /// Room for the next read: at least [`LEAST_READ`] bytes, or none.
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        self.spare_up_to(usize::MAX)
    }

    /// The same, as long as no more than so many bytes are here.
    pub(crate) fn spare_up_to(&mut self, most: usize) -> &mut [u8] {
        if !self.has_room() || self.len() + LEAST_READ > most {
            return &mut [];
        }
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        let wanted = if self.filled_up { self.size * 4 } else { LEAST_READ };
        let wanted = wanted.min(self.most).min(most);
        if self.store.len() - self.end < LEAST_READ || self.store.len() < wanted {
            self.make_room(wanted, most.min(self.most));
        }
        let end = self.store.len().min(self.end.saturating_add(most - self.len()));
        &mut self.store[self.end..end]
    }

    fn make_room(&mut self, wanted: usize, most: usize) {
        if self.start > 0 {
            self.store.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let needed = wanted.max(self.end + LEAST_READ);
        if let Some(lent) = self.lent.take().filter(|lent| lent.is_unique()) {
            self.store = Vec::from(*lent);
        }
        if self.store.is_empty() {
            let size = needed.max(self.size.min(most));
            self.store = vec![0; size]; // comes zeroed from the allocator
        } else if self.store.len() < needed {
            // Doubling keeps the copying linear when input comes in drops.
            let size = needed.max((self.store.len() * 2).min(most));
            // Growing by doubling would pass over `most`.
            self.store.reserve_exact(size - self.store.len());
            self.store.resize(size, 0);
        }
        self.size = self.store.len();
    }

    /// `count` bytes of the spare room now hold input; says how many there was room for.
    pub(crate) fn filled(&mut self, count: usize) -> usize {
        if count == 0 {
            return 0;
        }
        let room = self.store.len() - self.end;
        self.filled_up = count >= room;
        let count = count.min(room);
        self.end += count;
        count
    }

    /// The first `count` bytes are used up.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Takes the first `most` bytes out, or what there is. Many bytes leave
    /// uncopied, with the store; it is used again if they are gone by the next read.
    pub(crate) fn take(&mut self, most: usize) -> Bytes {
        let count = self.len().min(most);
        if count < LEND_LEAST.max(self.store.len() / 2) || count < self.len() {
            let piece = Bytes::copy_from_slice(&self.bytes()[..count]);
            self.consume(count);
            return piece;
        }
        let mut store = std::mem::take(&mut self.store);
        store.truncate(self.end);
        let piece = Bytes::from(store);
        self.lent = Some(Box::new(piece.clone()));
        let start = std::mem::take(&mut self.start);
        self.end = 0;
        piece.slice(start..)
    }

    pub(crate) fn clear(&mut self) {
        self.start = self.end;
    }

    /// Gives back the store if it holds nothing.
    pub(crate) fn trim(&mut self) {
        if self.is_empty() {
            *self = InBuf::new(self.most);
        }
    }

    /// How many bytes there is a store for.
    pub(crate) fn size(&self) -> usize {
        self.store.len()
    }

    /// Gives back the store beyond so many bytes, but for what is here and a read.
    pub(crate) fn shrink_to(&mut self, most: usize) {
        self.lent.take_if(|lent| lent.len() > most);
        self.size = self.size.min(most);
        let (count, most) = (self.len(), most.max(self.len() + LEAST_READ));
        if self.store.len() > most {
            let mut store = vec![0; if count == 0 { 0 } else { most }];
            store[..count].copy_from_slice(self.bytes());
            (self.store, self.start, self.end) = (store, 0, count);
            self.filled_up = false;
        }
    }

    /// Bytes of memory held.
    pub(crate) fn held(&self) -> usize {
        let lent = self.lent.as_ref().filter(|lent| lent.is_unique());
        self.store.capacity() + lent.map_or(0, |lent| lent.len())
    }
}
