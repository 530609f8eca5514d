//! The two tables of HPACK (RFC 7541 §2.3 and Appendix A): the static one, and the dynamic one.
//! Holds fields and finds them; what is put in, and how large a table may be, its owner decides.
//!
//! The dynamic table is one ring of octets, in which names and values lie one behind the
//! other, and one queue of where each begins. Nothing is moved when an entry is added or
//! evicted. Both grow as they are used.

use std::collections::VecDeque;

/// What an entry counts beyond its octets (RFC 7541 §4.1).
pub const OVERHEAD: u32 = 32;

/// The size of the dynamic table before anybody said anything (RFC 9113 §6.5.2).
pub const DEFAULT_SIZE: u32 = 4096;

/// The fields that have an index from the start, from 1 on (RFC 7541 Appendix A).
pub const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

const LONGEST_NAME: usize = 27;

/// The indices of the static table by the length of their names, and where each length begins.
const BY_LENGTH: ([u8; STATIC.len()], [u8; LONGEST_NAME + 2]) = by_length();

#[allow(
    clippy::cast_possible_truncation,
    reason = "`try_from` is no const fn, and there are 61 entries"
)]
const fn by_length() -> ([u8; STATIC.len()], [u8; LONGEST_NAME + 2]) {
    let (mut order, mut begins) = ([0; STATIC.len()], [0; LONGEST_NAME + 2]);
    let (mut filled, mut length) = (0, 0);
    while length <= LONGEST_NAME {
        begins[length] = filled as u8;
        let mut entry = 0;
        while entry < STATIC.len() {
            if STATIC[entry].0.len() == length {
                order[filled] = entry as u8;
                filled += 1;
            }
            entry += 1;
        }
        length += 1;
    }
    begins[length] = filled as u8;
    assert!(filled == STATIC.len());
    (order, begins)
}

/// Where a field was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Name and value are at this index.
    Whole(u32),
    /// The name is at this index, with another value.
    Name(u32),
    /// Not even the name is there.
    Nowhere,
}

/// Looks a field up in the static table; the name is in lower case.
pub fn find_static(name: &[u8], value: &[u8]) -> Found {
    let (order, begins) = &BY_LENGTH;
    if name.len() > LONGEST_NAME {
        return Found::Nowhere;
    }
    let (from, to) = (usize::from(begins[name.len()]), usize::from(begins[name.len() + 1]));
    let mut found = Found::Nowhere;
    for entry in &order[from..to] {
        let (known, text) = STATIC[usize::from(*entry)];
        // An octet or two tell most of them apart.
        let known = known.as_bytes();
        if known.first() != name.first() || known.last() != name.last() || known != name {
            continue;
        }
        let index = u32::from(*entry) + 1;
        if text.as_bytes() == value {
            return Found::Whole(index);
        }
        if found == Found::Nowhere {
            found = Found::Name(index);
        }
    }
    found
}

/// A text in the ring, which may go on at its front.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(&'a [u8], &'a [u8]);

impl<'a> Text<'a> {
    /// A text in one piece.
    pub fn whole(text: &'a [u8]) -> Text<'a> {
        Text(text, &[])
    }

    /// How many octets it has.
    pub fn len(self) -> usize {
        self.0.len() + self.1.len()
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Adds it to `out`.
    pub fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
        if !self.1.is_empty() {
            out.extend_from_slice(self.1);
        }
    }

    /// Whether this is the same text.
    pub fn is(self, text: &[u8]) -> bool {
        if self.1.is_empty() {
            return self.0 == text;
        }
        self.len() == text.len()
            && self.0 == &text[..self.0.len()]
            && self.1 == &text[self.0.len()..]
    }
}

/// Where an entry lies in the ring, and how long its two texts are.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: usize,
    name: u32,
    value: u32,
}

impl Entry {
    fn octets(self) -> u32 {
        self.name + self.value
    }

    fn size(self) -> u32 {
        self.octets() + OVERHEAD
    }
}

/// The dynamic table (RFC 7541 §2.3.2).
#[derive(Debug)]
pub struct Table {
    /// The entries' octets; the oldest entry begins the part that is used.
    ring: Vec<u8>,
    /// The oldest is at the front.
    entries: VecDeque<Entry>,
    size: u32,
    most: u32,
    /// How often it was changed.
    changes: u64,
}

impl Table {
    /// An empty table of at most this size.
    pub fn new(most: u32) -> Table {
        Table { ring: Vec::new(), entries: VecDeque::new(), size: 0, most, changes: 0 }
    }

    /// Its size, as RFC 7541 §4.1 counts it.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The most that its size may be.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many octets of memory it holds.
    pub fn held(&self) -> usize {
        self.ring.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// How often it was changed: as long as that is the same, an index means the same.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Changes the most that its size may be, and evicts what is beyond it (RFC 7541 §4.3).
    pub fn resize(&mut self, most: u32) {
        self.most = most;
        self.changes += 1;
        self.evict(0);
        if self.ring.len() > most as usize {
            self.move_to(most as usize);
        }
    }

    /// Name and value at an index of both tables' (RFC 7541 §2.3.3), if there is one.
    pub fn get(&self, index: u32) -> Option<(Text<'_>, Text<'_>)> {
        let place = (index as usize).checked_sub(1)?;
        if let Some((name, value)) = STATIC.get(place) {
            return Some((Text::whole(name.as_bytes()), Text::whole(value.as_bytes())));
        }
        let back = (place - STATIC.len()).checked_add(1)?;
        let entry = *self.entries.get(self.entries.len().checked_sub(back)?)?;
        Some((
            self.text(entry.at, entry.name),
            self.text(entry.at + entry.name as usize, entry.value),
        ))
    }

    /// Looks a field up in both tables; the name is in lower case.
    pub fn find(&self, name: &[u8], value: &[u8]) -> Found {
        let mut found = find_static(name, value);
        if matches!(found, Found::Whole(_)) {
            return found;
        }
        let first = u32::try_from(STATIC.len()).unwrap_or(u32::MAX) + 1;
        for (index, entry) in (first..).zip(self.entries.iter().rev()) {
            // Where a name is in the static table, nothing but the whole field is looked for.
            let whole = entry.value as usize == value.len();
            if entry.name as usize != name.len() || !(whole || found == Found::Nowhere) {
                continue;
            }
            if !self.text(entry.at, entry.name).is(name) {
                continue;
            }
            if whole && self.text(entry.at + entry.name as usize, entry.value).is(value) {
                return Found::Whole(index);
            }
            if found == Found::Nowhere {
                found = Found::Name(index);
            }
        }
        found
    }

    /// Adds an entry, and evicts old ones until it fits; one that is larger than the table
    /// empties it, and is no error (RFC 7541 §4.4).
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let octets = length(name).saturating_add(length(value));
        let size = octets.saturating_add(OVERHEAD);
        self.changes += 1;
        self.evict(size);
        if size > self.most {
            return;
        }
        self.make_room(octets as usize);
        let at = self.end();
        let name_end = self.write(at, name);
        self.write(name_end, value);
        self.entries.push_back(Entry { at, name: length(name), value: length(value) });
        self.size += size;
    }

    /// Takes out the oldest until an entry of this size fits, or there are none.
    fn evict(&mut self, size: u32) {
        while self.size.saturating_add(size) > self.most {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= oldest.size();
        }
    }

    /// Where the next entry begins.
    fn end(&self) -> usize {
        let Some(newest) = self.entries.back() else { return 0 };
        (newest.at + newest.octets() as usize) % self.ring.len().max(1)
    }

    fn used(&self) -> usize {
        self.size as usize - self.entries.len() * OVERHEAD as usize
    }

    /// Grows the ring, if it has not room for so many octets more: they fit in the table.
    fn make_room(&mut self, octets: usize) {
        let needed = self.used() + octets;
        if needed > self.ring.len() {
            let doubled = needed.next_power_of_two().max(256);
            self.move_to(doubled.min(self.most as usize));
        }
    }

    /// Moves the entries into a ring of this length, in one piece from its front on.
    fn move_to(&mut self, length: usize) {
        let mut ring = Vec::with_capacity(length);
        for index in 0..self.entries.len() {
            let entry = self.entries[index];
            self.entries[index].at = ring.len();
            self.text(entry.at, entry.octets()).put(&mut ring);
        }
        ring.resize(length, 0);
        self.ring = ring;
    }

    fn text(&self, at: usize, length: u32) -> Text<'_> {
        let length = length as usize;
        if length == 0 {
            return Text(&[], &[]);
        }
        let at = at % self.ring.len();
        let first = length.min(self.ring.len() - at);
        Text(&self.ring[at..at + first], &self.ring[..length - first])
    }

    /// Writes a text into the ring, and says where it ends.
    fn write(&mut self, at: usize, text: &[u8]) -> usize {
        if text.is_empty() {
            return at;
        }
        let first = text.len().min(self.ring.len() - at);
        self.ring[at..at + first].copy_from_slice(&text[..first]);
        self.ring[..text.len() - first].copy_from_slice(&text[first..]);
        (at + text.len()) % self.ring.len()
    }
}

#[cfg(test)]
mod tests;
