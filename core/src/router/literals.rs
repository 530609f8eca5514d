//! Holds a map from literal bytes to small numbers, made for finding path segments.
//!
//! It does not know what the numbers mean.
//!
//! Up to [`FEW`] entries are looked through in order; more are found by hash.
//! The hash has no secret. Whoever sends requests cannot lengthen a search
//! beyond what the entries, which the program itself chose, make possible.

use super::path::{Decoded, first_word};

/// "No such entry", for every number that the router keeps.
pub(super) const NONE: u32 = u32::MAX;

/// How many entries are looked through one by one.
const FEW: usize = 8;

/// What can be looked up: bytes, seen as their first and their last word. Up to
/// sixteen bytes are nothing else.
pub(super) trait Key {
    fn len(&self) -> usize;
    /// The first eight bytes, little-endian, filled up with zeros.
    fn first(&self) -> u64;
    /// The last eight bytes of more than eight, else zero.
    fn last(&self) -> u64;
    /// Mixes in all bytes but the first eight, of more than sixteen.
    fn hash_tail(&self, hash: u64) -> u64;
    /// Whether these are all bytes but the first eight.
    fn tail_is(&self, tail: &[u8]) -> bool;
}

#[derive(Clone, Debug)]
struct Entry {
    first: u64,
    last: u64,
    len: u32,
    value: u32,
    /// All bytes but the first eight, of more than sixteen.
    tail: Box<[u8]>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct LiteralMap {
    entries: Vec<Entry>,
    /// Open addressing with linear probing, at most half full: an entry's place
    /// plus one, or 0. Empty while there are few entries.
    slots: Vec<u32>,
}

impl LiteralMap {
    pub(super) const EMPTY: Self = Self { entries: Vec::new(), slots: Vec::new() };

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[inline]
    pub(super) fn get<K: Key>(&self, key: &K) -> Option<u32> {
        if !self.slots.is_empty() {
            return self.probe(key);
        }
        self.entries.iter().find(|entry| entry.is(key)).map(|entry| entry.value)
    }

    #[inline]
    fn probe<K: Key>(&self, key: &K) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let hash = mix(mix(0, key.first()), key.last());
        let hash = if key.len() > 16 { key.hash_tail(hash) } else { hash };
        let mut at = place(hash, key.len(), mask);
        loop {
            let entry = self.entries.get((self.slots[at] as usize).wrapping_sub(1))?;
            if entry.is(key) {
                return Some(entry.value);
            }
            at = (at + 1) & mask;
        }
    }

    /// Puts in an entry that is not there yet.
    pub(super) fn insert(&mut self, bytes: &[u8], value: u32) {
        let key = Plain::new(bytes);
        let tail = if bytes.len() > 16 { key.tail().into() } else { Box::default() };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if self.entries.is_empty() {
            // Most maps get no second entry.
            self.entries.reserve_exact(1);
        }
        self.entries.push(Entry { first: key.first, last: key.last(), len, value, tail });
        let count = self.entries.len();
        if count > FEW && count * 2 > self.slots.len() {
            self.slots = vec![0; (count * 4).next_power_of_two()];
            (0..count).for_each(|index| self.link(index));
        } else if count > FEW {
            self.link(count - 1);
        }
    }

    fn link(&mut self, index: usize) {
        let entry = &self.entries[index];
        let mask = self.slots.len() - 1;
        let hash = hash_words(mix(mix(0, entry.first), entry.last), &entry.tail);
        let mut at = place(hash, entry.len as usize, mask);
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = u32::try_from(index + 1).unwrap_or(0);
    }

    /// The value of the entry that was put in first.
    pub(super) fn first(&self) -> Option<u32> {
        self.entries.first().map(|entry| entry.value)
    }

    /// All entries, sorted by their bytes.
    pub(super) fn sorted(&self) -> Vec<(Vec<u8>, u32)> {
        let mut all: Vec<_> = self.entries.iter().map(|e| (e.bytes(), e.value)).collect();
        all.sort();
        all
    }
}

impl Entry {
    #[inline]
    fn is<K: Key>(&self, key: &K) -> bool {
        self.first == key.first()
            && self.len as usize == key.len()
            && (self.len <= 8 || self.last == key.last())
            && (self.len <= 16 || key.tail_is(&self.tail))
    }

    fn bytes(&self) -> Vec<u8> {
        let len = self.len as usize;
        let mut bytes = self.first.to_le_bytes().to_vec();
        bytes.truncate(len);
        let last = self.last.to_le_bytes();
        match len {
            0..=8 => {}
            9..=16 => bytes.extend_from_slice(&last[16 - len..]),
            _ => bytes.extend_from_slice(&self.tail),
        }
        bytes
    }
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn hash_words(hash: u64, tail: &[u8]) -> u64 {
    tail.chunks(8).fold(hash, |hash, chunk| mix(hash, first_word(chunk)))
}

#[inline]
fn place(hash: u64, len: usize, mask: usize) -> usize {
    let hash = mix(hash, len as u64);
    // The high bits are the well mixed ones. Truncation is harmless: it is masked.
    usize::try_from(hash >> 32).unwrap_or(0) & mask
}

/// The last eight bytes of more than eight, else zero.
#[inline]
fn last_word(bytes: &[u8]) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(last) if bytes.len() > 8 => u64::from_le_bytes(*last),
        _ => 0,
    }
}

/// Bytes as they stand.
pub(super) struct Plain<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) first: u64,
}

impl<'a> Plain<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, first: first_word(bytes) }
    }

    fn tail(&self) -> &'a [u8] {
        self.bytes.get(8..).unwrap_or_default()
    }
}

impl Key for Plain<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn first(&self) -> u64 {
        self.first
    }

    #[inline]
    fn last(&self) -> u64 {
        last_word(self.bytes)
    }

    #[inline]
    fn hash_tail(&self, hash: u64) -> u64 {
        hash_words(hash, self.tail())
    }

    #[inline]
    fn tail_is(&self, tail: &[u8]) -> bool {
        self.tail() == tail
    }
}

/// Percent-encoded bytes, looked up as what they decode to; nothing is copied.
pub(super) struct Escaped<'a> {
    decoded: Decoded<'a>,
    len: usize,
    first: u64,
}

impl<'a> Escaped<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let decoded = Decoded::new(text);
        let first = next_word(&mut decoded.clone());
        Self { len: decoded.clone().count(), first, decoded }
    }
}

impl Key for Escaped<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn first(&self) -> u64 {
        self.first
    }

    fn last(&self) -> u64 {
        if self.len > 8 { next_word(&mut self.decoded.clone().skip(self.len - 8)) } else { 0 }
    }

    fn hash_tail(&self, hash: u64) -> u64 {
        let mut words = self.decoded.clone().skip(8);
        (8..self.len).step_by(8).fold(hash, |hash, _| mix(hash, next_word(&mut words)))
    }

    fn tail_is(&self, tail: &[u8]) -> bool {
        self.decoded.clone().skip(8).eq(tail.iter().copied())
    }
}

fn next_word(bytes: &mut impl Iterator<Item = u8>) -> u64 {
    bytes.take(8).enumerate().fold(0, |word, (n, b)| word | u64::from(b) << (8 * n))
}

/// Bytes looked up without regard to ASCII case, among entries in lower case.
pub(super) struct Caseless<'a>(pub(super) &'a [u8]);

impl Key for Caseless<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn first(&self) -> u64 {
        lower(first_word(self.0))
    }

    fn last(&self) -> u64 {
        lower(last_word(self.0))
    }

    fn hash_tail(&self, hash: u64) -> u64 {
        self.0.chunks(8).skip(1).fold(hash, |hash, chunk| mix(hash, lower(first_word(chunk))))
    }

    fn tail_is(&self, tail: &[u8]) -> bool {
        self.0.get(8..).unwrap_or_default().eq_ignore_ascii_case(tail)
    }
}

fn lower(word: u64) -> u64 {
    let mut bytes = word.to_le_bytes();
    bytes.make_ascii_lowercase();
    u64::from_le_bytes(bytes)
}
