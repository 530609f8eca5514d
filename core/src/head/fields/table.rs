//! A text, and a table of where fields stand in it, in one piece of memory: the table is in
//! front, with room for more places, and the text behind it.
//! Knows what a place is; not what a field may hold.

use std::borrow::Cow;
use std::slice::ChunksExact;

/// Where a field's name and value stand in the text.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) name: u32,
    pub(crate) name_end: u32,
    pub(crate) value: u32,
    pub(crate) value_end: u32,
}

/// Bytes of a place in the table.
const PLACE: usize = 16;

/// The places of fields, and the text that they are in.
#[derive(Clone)]
pub(super) struct Table {
    bytes: Cow<'static, [u8]>,
    /// Places in use.
    count: u32,
    /// Places that there is room for before the text.
    room: u32,
}

/// A table of one field that is always the same: its line, and how long name and value are.
///
/// # Panics
/// `N` is not what these take.
pub(crate) const fn one_field<const N: usize>(line: &[u8], name: u32, value: u32) -> [u8; N] {
    let place = Span { name: 0, name_end: name, value: name + 2, value_end: name + 2 + value };
    let place = place.bytes();
    assert!(N == PLACE + line.len());
    let (mut bytes, mut at) = ([0; N], 0);
    while at < N {
        bytes[at] = if at < PLACE { place[at] } else { line[at - PLACE] };
        at += 1;
    }
    bytes
}

impl Table {
    pub(super) const EMPTY: Table = Table { bytes: Cow::Borrowed(&[]), count: 0, room: 0 };

    /// What [`one_field`] made.
    pub(super) const fn constant(bytes: &'static [u8]) -> Table {
        Table { bytes: Cow::Borrowed(bytes), count: 1, room: 1 }
    }

    /// This text, with nothing in it yet, and room for so many fields of so many bytes in all.
    pub(super) fn behind(text: &[u8], fields: usize, bytes: usize) -> Table {
        let fields = fields.min(u32::MAX as usize);
        let mut all = Vec::with_capacity(fields * PLACE + text.len() + bytes);
        all.resize(fields * PLACE, 0);
        all.extend_from_slice(text);
        Table { bytes: Cow::Owned(all), count: 0, room: clip(fields) }
    }

    /// This text, with these places in it.
    pub(super) fn of(text: &[u8], spans: &[Span]) -> Table {
        let mut table = Table::behind(text, spans.len(), 0);
        let places = table.bytes.to_mut().chunks_exact_mut(PLACE);
        for (place, span) in places.zip(spans) {
            place.copy_from_slice(&span.bytes());
        }
        table.count = table.room;
        table
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// All of it: bytes, and how many places are used and free. Whoever has the same has the
    /// same fields.
    pub(super) fn stored(&self) -> (&[u8], u32, u32) {
        (&self.bytes, self.count, self.room)
    }

    #[inline]
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[self.room as usize * PLACE..]
    }

    #[inline]
    pub(super) fn places(&self) -> Places<'_> {
        Places(self.bytes[..self.len() * PLACE].chunks_exact(PLACE))
    }

    /// Adds a field's line to the text, and its place.
    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
        let more = name.len() + value.len() + 4;
        if self.count == self.room || matches!(self.bytes, Cow::Borrowed(_)) {
            self.make_room(more);
        }
        let (at, text_at) = (self.len() * PLACE, self.room as usize * PLACE);
        let bytes = self.bytes.to_mut();
        bytes.reserve(more);
        let start = bytes.len() - text_at;
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
        let (name_end, value_end) = (start + name.len(), start + more - 2);
        let span = Span {
            name: clip(start),
            name_end: clip(name_end),
            value: clip(name_end + 2),
            value_end: clip(value_end),
        };
        bytes[at..at + PLACE].copy_from_slice(&span.bytes());
        self.count += 1;
    }

    /// Moves all to where there is room for more fields, and so many bytes of text.
    fn make_room(&mut self, bytes: usize) {
        let text = self.text();
        let room = (self.len() * 2).max(4);
        let mut moved = Table::behind(text, room, bytes.max(text.len()));
        moved.bytes.to_mut()[..self.len() * PLACE]
            .copy_from_slice(&self.bytes[..self.len() * PLACE]);
        *self = Table { count: self.count, ..moved };
    }

    /// Takes out the fields of this name, in any case.
    pub(super) fn remove(&mut self, name: &[u8]) {
        let (count, text_at) = (self.len(), self.room as usize * PLACE);
        let (places, text) = self.bytes.to_mut().split_at_mut(text_at);
        let mut kept = 0;
        for at in 0..count {
            let place = at * PLACE..(at + 1) * PLACE;
            if !Span::read(&places[place.clone()]).is_named(name, text) {
                places.copy_within(place, kept * PLACE);
                kept += 1;
            }
        }
        self.truncate(kept);
    }

    /// Takes out all fields but the first so many.
    pub(super) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(clip(count));
    }
}

/// A number in a place; a head of 4 GiB does not exist, so it saturates.
fn clip(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Places of a table, in order.
#[derive(Clone)]
pub(super) struct Places<'a>(ChunksExact<'a, u8>);

impl Iterator for Places<'_> {
    type Item = Span;

    #[inline]
    fn next(&mut self) -> Option<Span> {
        self.0.next().map(Span::read)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Places<'_> {
    fn next_back(&mut self) -> Option<Span> {
        self.0.next_back().map(Span::read)
    }
}

impl ExactSizeIterator for Places<'_> {}

impl Span {
    #[inline]
    const fn bytes(self) -> [u8; PLACE] {
        let low = self.name as u64 | (self.name_end as u64) << 32;
        let high = self.value as u64 | (self.value_end as u64) << 32;
        (low as u128 | (high as u128) << 64).to_le_bytes()
    }

    #[inline]
    fn read(place: &[u8]) -> Span {
        let part = |at: usize| {
            let bytes = place.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            u32::from_le_bytes(bytes.unwrap_or_default())
        };
        Span { name: part(0), name_end: part(4), value: part(8), value_end: part(12) }
    }

    /// `name: value CRLF`, if that is how it stands in the text.
    #[inline]
    pub(super) fn line(self, text: &[u8]) -> Option<&[u8]> {
        let line = text.get(self.name as usize..self.value_end as usize + 2)?;
        let between = text.get(self.name_end as usize..self.value as usize)?;
        (between == b": " && line.ends_with(b"\r\n")).then_some(line)
    }

    /// Whether its name is this one, in any case. The length tells most apart.
    #[inline]
    pub(super) fn is_named(self, name: &[u8], text: &[u8]) -> bool {
        let length = self.name_end.wrapping_sub(self.name) as usize;
        length == name.len() && self.name(text).eq_ignore_ascii_case(name)
    }

    #[inline]
    pub(super) fn name(self, text: &[u8]) -> &[u8] {
        &text[self.name as usize..self.name_end as usize]
    }

    #[inline]
    pub(super) fn value(self, text: &[u8]) -> &[u8] {
        &text[self.value as usize..self.value_end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(table: &Table) -> Vec<String> {
        let line = |span: Span| {
            let line = span.line(table.text()).unwrap();
            assert_eq!(
                line,
                [span.name(table.text()), b": ", span.value(table.text()), b"\r\n"].concat()
            );
            String::from_utf8(line.to_vec()).unwrap()
        };
        table.places().map(line).collect()
    }

    #[test]
    fn fields_are_added_behind_a_text_as_long_as_there_are_more() {
        for (fields, bytes) in [(0, 0), (1, 5), (3, 10), (100, 2000)] {
            let mut table = Table::behind(b"before", fields, bytes);
            let mut all = Vec::new();
            for n in 0..50 {
                let (name, value) = (format!("N{n}"), "v".repeat(n));
                table.push(name.as_bytes(), value.as_bytes());
                all.push(format!("{name}: {value}\r\n"));
                assert_eq!(lines(&table), all);
                assert!(table.text().starts_with(b"before"));
            }
            [&b"n7"[..], b"N0", b"N49", b"N"].into_iter().for_each(|name| table.remove(name));
            all.retain(|line| !line.starts_with("N7:") && !line.starts_with("N0:"));
            all.pop();
            assert_eq!(lines(&table), all);
            table.truncate(2);
            assert_eq!(lines(&table), all[..2]);
        }
    }

    #[test]
    fn a_constant_is_copied_once_it_changes() {
        static ONE: [u8; 22] = one_field(b"A: b\r\n", 1, 1);
        let mut table = Table::constant(&ONE);
        assert_eq!(lines(&table), ["A: b\r\n"]);
        let same = table.clone();
        table.push(b"C", b"d");
        assert_eq!(lines(&table), ["A: b\r\n", "C: d\r\n"]);
        table.remove(b"a");
        assert_eq!(
            (lines(&table), lines(&same)),
            (vec!["C: d\r\n".into()], vec!["A: b\r\n".into()])
        );
    }

    #[test]
    fn numbers_of_any_size_stand_in_a_place() {
        let span = Span { name: 1, name_end: u32::MAX, value: 0x0102_0304, value_end: 1 << 31 };
        let read = Span::read(&span.bytes());
        assert_eq!(
            (read.name, read.name_end, read.value, read.value_end),
            (1, u32::MAX, 0x0102_0304, 1 << 31)
        );
    }
}
