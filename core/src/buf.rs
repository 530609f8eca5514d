//! The two byte queues of a connection: what came in and what goes out.
//! They hold and hand over; they know nothing of messages.

use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;

/// What `read_buf` promises when it gives anything.
pub(crate) const LEAST_READ: usize = 4096;

/// Fewer bytes are copied out, as is less than half a store: a piece that is kept holds all of it.
const LEND_LEAST: usize = 16 * 1024;

/// Bytes that came in and are not used up yet, in one piece.
///
/// The store is initialised once and then reused, so reading costs no zeroing:
/// also one that was lent, once whoever had it has let go of it.
pub(crate) struct InBuf {
    store: Vec<u8>,
    /// The store that left with a piece.
    lent: Option<Bytes>,
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
        if let Some(lent) = self.lent.take().filter(Bytes::is_unique) {
            self.store = Vec::from(lent);
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
        self.lent = Some(piece.clone());
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
        self.store.capacity() + lent.map_or(0, Bytes::len)
    }
}

/// Pieces at most this long are copied, so that they leave with their
/// neighbours in one slice; longer ones are queued as they are.
const COPY_MOST: usize = 4096;

/// Bytes to go out: text written here, with the application's own `Bytes` between.
#[derive(Default)]
pub(crate) struct OutBuf {
    text: Vec<u8>,
    /// How much of `text` has gone out.
    gone: usize,
    /// Pieces that stand in front of the text at that offset.
    pieces: VecDeque<(usize, Bytes)>,
    len: usize,
}

/// What goes out is not shown: credentials may be in it.
impl fmt::Debug for OutBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutBuf({} bytes)", self.len)
    }
}

impl OutBuf {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lets `write` append to the text.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.text.capacity() == 0 {
            self.text.reserve(512);
        }
        let before = self.text.len();
        write(&mut self.text);
        self.len += self.text.len() - before;
    }

    pub(crate) fn push(&mut self, piece: Bytes) {
        if piece.len() <= COPY_MOST {
            self.write(|text| text.extend_from_slice(&piece));
        } else {
            self.len += piece.len();
            self.pieces.push_back((self.text.len(), piece));
        }
    }

    /// Fills `slices` from the front of the queue; says how many it used.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut used = 0;
        let mut at = self.gone;
        let mut put = |piece: &'a [u8]| {
            let fits = used < slices.len();
            if fits && !piece.is_empty() {
                slices[used] = IoSlice::new(piece);
                used += 1;
            }
            fits
        };
        for (offset, piece) in &self.pieces {
            if !put(&self.text[at..*offset]) || !put(piece) {
                return used;
            }
            at = *offset;
        }
        put(&self.text[at..]);
        used
    }

    /// The first `count` bytes have gone out.
    pub(crate) fn consume(&mut self, mut count: usize) {
        if count >= self.len {
            self.text.clear();
            self.pieces.clear();
            (self.gone, self.len) = (0, 0);
            return;
        }
        self.len -= count;
        while count > 0 {
            let next = self.pieces.front().map_or(self.text.len(), |(offset, _)| *offset);
            let step = count.min(next - self.gone);
            self.gone += step;
            count -= step;
            if count == 0 {
                break;
            }
            if let Some((_, piece)) = self.pieces.front_mut() {
                let step = count.min(piece.len());
                bytes::Buf::advance(piece, step);
                count -= step;
                if piece.is_empty() {
                    self.pieces.pop_front();
                }
            }
        }
        self.tidy();
    }

    /// Moves the text to the front once most of it has gone out.
    fn tidy(&mut self) {
        if self.gone > COPY_MOST && self.gone > self.text.len() / 2 {
            self.text.drain(..self.gone);
            for (offset, _) in &mut self.pieces {
                *offset -= self.gone;
            }
            self.gone = 0;
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = OutBuf::default();
    }

    /// Gives back the memory if nothing is queued.
    pub(crate) fn trim(&mut self) {
        if self.len == 0 {
            self.clear();
        }
    }

    /// Bytes of memory held for text; the pieces are the application's.
    pub(crate) fn held(&self) -> usize {
        self.text.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(out: &OutBuf) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 8];
        let used = out.slices(&mut slices);
        slices[..used].iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn output_keeps_its_order_whatever_is_written_at_a_time() {
        let big = Bytes::from(vec![b'x'; COPY_MOST + 1]);
        for step in [61, 4096, 30_000] {
            let mut out = OutBuf::default();
            out.write(|text| text.extend_from_slice(b"head"));
            out.push(big.clone());
            out.push(Bytes::from_static(b"small"));
            out.push(big.clone());
            out.write(|text| text.extend_from_slice(b"tail"));
            let whole = gather(&out);
            assert_eq!(whole.len(), out.len());
            let mut seen = Vec::new();
            while !out.is_empty() {
                let now = gather(&out);
                let count = step.min(now.len());
                seen.extend_from_slice(&now[..count]);
                out.consume(count);
            }
            assert_eq!(seen, whole);
            assert_eq!(out.slices(&mut [IoSlice::new(&[]); 2]), 0);
        }
    }

    #[test]
    fn few_slices_give_a_prefix() {
        let mut out = OutBuf::default();
        out.write(|text| text.extend_from_slice(b"head"));
        out.push(Bytes::from(vec![0; 5000]));
        let mut one = [IoSlice::new(&[])];
        assert_eq!(out.slices(&mut one), 1);
        assert_eq!(&*one[0], b"head");
    }

    #[test]
    fn a_read_gets_four_kibibytes_or_nothing() {
        let mut input = InBuf::new(16 * 1024);
        let mut total = 0;
        loop {
            let room = input.spare().len();
            if room == 0 {
                break;
            }
            assert!(room >= LEAST_READ);
            input.filled(1000);
            total += 1000;
            assert_eq!(input.len(), total);
        }
        assert!(input.held() <= 16 * 1024);
        input.consume(total);
        input.trim();
        assert_eq!(input.held(), 0);
    }

    #[test]
    fn a_queue_never_holds_more_than_its_most() {
        for most in [4096, 5000, 12_288, 69_632] {
            let mut input = InBuf::new(most);
            while input.has_room() {
                let room = input.spare().len();
                assert_eq!(
                    input.filled(room + 1),
                    room,
                    "what there is no room for does not count"
                );
                assert!(input.held() <= most, "{} of {most}", input.held());
            }
        }
    }

    /// Fills all the room there is.
    fn fill(input: &mut InBuf, byte: u8) -> usize {
        let room = input.spare();
        room.fill(byte);
        let count = room.len();
        input.filled(count)
    }

    #[test]
    fn a_store_that_left_is_used_again_unless_it_is_kept() {
        let mut input = InBuf::new(64 * 1024);
        while input.size < 64 * 1024 {
            let count = fill(&mut input, b'a');
            input.consume(count);
        }
        let count = fill(&mut input, b'b');
        let place = input.bytes().as_ptr();
        let piece = input.take(usize::MAX);
        assert_eq!((piece.len(), piece.as_ptr(), input.held()), (count, place, 0));
        drop(piece);
        assert_eq!(input.held(), count);
        assert_eq!(fill(&mut input, b'c'), count);
        assert_eq!(input.bytes().as_ptr(), place, "the same store");
        let kept = input.take(usize::MAX);
        assert_eq!(fill(&mut input, b'd'), count);
        assert_ne!(input.bytes().as_ptr(), place);
        assert!(kept.iter().all(|byte| *byte == b'c'));
        assert!(input.take(usize::MAX).iter().all(|byte| *byte == b'd'));
        input.trim();
        assert_eq!(input.held(), 0);
    }

    #[test]
    fn room_that_holds_nothing_is_given_back() {
        const KIB: usize = 1024;
        #[rustfmt::skip]
        let cases = [
            // bytes here, most, bytes of the store then
            (0,         0,         0),
            (0,         16 * KIB,  0),
            (100,       16 * KIB,  16 * KIB),
            (14 * KIB,  16 * KIB,  18 * KIB),
            (100,       0,         100 + LEAST_READ),
            (100,       256 * KIB, 256 * KIB),
            (255 * KIB, 16 * KIB,  256 * KIB),
        ];
        for (count, most, size) in cases {
            let mut input = InBuf::new(256 * KIB);
            while fill(&mut input, b'a') < 252 * KIB {
                input.clear();
            }
            assert_eq!(input.size(), 256 * KIB);
            input.consume(input.len().saturating_sub(count));
            if count > input.len() {
                fill(&mut input, b'a');
                input.consume(input.len() - count);
            }
            input.shrink_to(most);
            assert_eq!((input.size(), input.held()), (size, size), "{count} of {most}");
            assert_eq!(input.bytes(), vec![b'a'; count]);
            // And there is room again as long as the limit says so.
            assert_eq!(fill(&mut input, b'b') > 0, count < 252 * KIB + 1, "{count} of {most}");
        }
        let mut input = InBuf::new(256 * KIB);
        while fill(&mut input, b'a') < 252 * KIB {
            input.clear();
        }
        drop(input.take(usize::MAX));
        assert!(input.held() > 200 * KIB, "it comes back");
        input.shrink_to(16 * KIB);
        assert_eq!(input.held(), 0, "a store that was lent, too");
    }

    #[test]
    fn few_bytes_are_copied_out() {
        let mut input = InBuf::new(256 * 1024);
        fill(&mut input, b'a');
        let place = input.bytes().as_ptr();
        let piece = input.take(100);
        assert_ne!(piece.as_ptr(), place);
        assert_eq!((piece.len(), input.len()), (100, LEAST_READ - 100));
        assert_eq!(input.take(usize::MAX).len(), LEAST_READ - 100);
        assert!(input.is_empty());
    }

    #[test]
    fn text_that_has_gone_out_is_not_held_for_long() {
        let mut out = OutBuf::default();
        for _ in 0..1000 {
            out.write(|text| text.extend_from_slice(&[b'x'; 1000]));
            out.consume(if out.len() > 8000 { 1500 } else { 500 });
        }
        assert!(out.held() <= 4 * (8000 + COPY_MOST), "{} for {}", out.held(), out.len());
    }

    #[test]
    fn filled_buffers_grow_and_keep_their_bytes() {
        let mut input = InBuf::new(64 * 1024);
        let mut next = 0_u8;
        let mut expected = Vec::new();
        while input.has_room() {
            let room = input.spare();
            for byte in room.iter_mut() {
                *byte = next;
                expected.push(next);
                next = next.wrapping_add(1);
            }
            let room = room.len();
            input.filled(room);
            input.consume(100);
        }
        let skipped = expected.len() - input.len();
        assert_eq!(input.bytes(), &expected[skipped..]);
    }
}
