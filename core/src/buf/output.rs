//! What goes out: text, and pieces of the application's between.
//! Decides what is copied and in which slices it leaves; not how much may be queued.

use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;

/// Pieces at most this long are copied, so that they leave with their
/// neighbours in one slice; longer ones are queued as they are.
pub(super) const COPY_MOST: usize = 4096;

/// Bytes to go out: text written here, with the application's own `Bytes` between.
#[derive(Default)]
pub(crate) struct OutBuf {
    text: Vec<u8>,
    /// How much of `text` has gone out.
    gone: usize,
    /// None, until there is one.
    pieces: Option<Box<Pieces>>,
    len: usize,
}

/// Pieces that stand in front of the text at that offset.
#[derive(Default)]
struct Pieces(VecDeque<(usize, Bytes)>);

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
            let Pieces(pieces) = &mut **self.pieces.get_or_insert_default();
            pieces.push_back((self.text.len(), piece));
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
        for (offset, piece) in self.pieces.iter().flat_map(|pieces| &pieces.0) {
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
            if let Some(Pieces(pieces)) = self.pieces.as_deref_mut() {
                pieces.clear();
            }
            (self.gone, self.len) = (0, 0);
            return;
        }
        self.len -= count;
        let mut none = Pieces::default();
        let Pieces(pieces) = self.pieces.as_deref_mut().unwrap_or(&mut none);
        while count > 0 {
            let next = pieces.front().map_or(self.text.len(), |(offset, _)| *offset);
            let step = count.min(next - self.gone);
            self.gone += step;
            count -= step;
            if count == 0 {
                break;
            }
            if let Some((_, piece)) = pieces.front_mut() {
                let step = count.min(piece.len());
                bytes::Buf::advance(piece, step);
                count -= step;
                if piece.is_empty() {
                    pieces.pop_front();
                }
            }
        }
        self.tidy();
    }

    /// Moves the text to the front once most of it has gone out.
    fn tidy(&mut self) {
        if self.gone > COPY_MOST && self.gone > self.text.len() / 2 {
            self.text.drain(..self.gone);
            for (offset, _) in self.pieces.iter_mut().flat_map(|pieces| &mut pieces.0) {
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
