//! Field blocks to fields (RFC 7541 §3.2).
//! Decides what a block says and what of it is kept; whether the fields make a message, others do.
//!
//! A block is decoded when all of it is here. A list over its limits is no error: nothing
//! more of it is kept, and the rest is decoded for the table's sake (RFC 9113 §10.5.1).

use super::table::{DEFAULT_SIZE, OVERHEAD, Table};
use super::{Error, huffman, integer};

/// What a field list may come to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of names and values, and 32 more for each field (RFC 9113 §6.5.2).
    pub list_bytes: u32,
    /// How many fields, crumbs of cookies aside: those are one field (RFC 9113 §8.2.3).
    pub fields: u32,
    /// What is decoded at the most, counted like [`Limits::list_bytes`], whether it is kept
    /// or not: a block of 8 KB can be 15 MB of fields, and each of them costs a copy.
    pub decoded: u64,
}

impl Limits {
    /// No limits.
    pub const NONE: Limits = Limits { list_bytes: u32::MAX, fields: u32::MAX, decoded: u64::MAX };
}

/// A field of a list: where its texts are.
#[derive(Clone, Copy, Debug)]
struct Item {
    name: u32,
    value: u32,
    end: u32,
    never_indexed: bool,
}

/// A list of fields, in the order of their block, pseudo-fields among them.
#[derive(Clone, Debug, Default)]
pub struct List {
    text: Vec<u8>,
    items: Vec<Item>,
}

/// A field of a [`List`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The name, as it was sent.
    pub name: &'a [u8],
    /// The value, as it was sent.
    pub value: &'a [u8],
    /// Whoever sends it on may not put it in a table either (RFC 7541 §6.2.3).
    pub never_indexed: bool,
}

impl List {
    /// An empty list.
    pub fn new() -> List {
        List::default()
    }

    /// The fields, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Decoded<'_>> {
        self.items.iter().map(|item| Decoded {
            name: &self.text[item.name as usize..item.value as usize],
            value: &self.text[item.value as usize..item.end as usize],
            never_indexed: item.never_indexed,
        })
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many octets its names and values have.
    pub fn octets(&self) -> usize {
        self.text.len()
    }

    /// How many octets of memory it holds.
    pub fn held(&self) -> usize {
        self.text.capacity() + self.items.capacity() * size_of::<Item>()
    }
}

/// A list that holds no more is kept for the next block: most messages have smaller ones.
const KEPT: usize = 4096;

/// What decoding a block came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The fields; none of them if they are too many.
    pub list: List,
    /// The list is larger than the limits allow: that is for the message layer to answer.
    pub too_large: bool,
    /// How many table size updates the block began with.
    pub size_updates: u32,
}

/// The decoding side of a connection.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    /// What our SETTINGS_HEADER_TABLE_SIZE allows.
    allowed: u32,
    /// The least that was allowed since the last block: the next one has to begin with an
    /// update to that or less.
    owed: Option<u32>,
    /// A list that nobody has any more, whose memory the next one takes.
    spare: List,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new(DEFAULT_SIZE)
    }
}

impl Decoder {
    /// A decoder whose table may have this size from the start.
    pub fn new(table_size: u32) -> Decoder {
        let spare = List::new();
        Decoder { table: Table::new(table_size), allowed: table_size, owed: None, spare }
    }

    /// The peer has acknowledged another SETTINGS_HEADER_TABLE_SIZE. The table changes when
    /// the peer says so (RFC 7541 §4.2).
    pub fn allow(&mut self, table_size: u32) {
        self.allowed = table_size;
        if table_size < self.table.most() {
            self.owed = Some(self.owed.map_or(table_size, |least| least.min(table_size)));
        }
    }

    /// The table, as it is now.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Takes a list back whose fields are used up, if its memory is worth keeping.
    pub fn take_back(&mut self, mut list: List) {
        if list.held() <= KEPT {
            list.text.clear();
            list.items.clear();
            self.spare = list;
        }
    }

    /// Gives up what it holds for the next list.
    pub fn trim(&mut self) {
        self.spare = List::new();
    }

    /// How many octets of memory it holds.
    pub fn held(&self) -> usize {
        self.table.held() + self.spare.held()
    }

    /// What says whether a block means what it meant before: the changes of the table; nothing
    /// if the next block has to begin with one.
    pub fn changes(&self) -> Option<u64> {
        self.owed.is_none().then(|| self.table.changes())
    }

    /// Decodes a whole block.
    ///
    /// # Errors
    /// [`Error`]: the connection cannot go on.
    pub fn decode(&mut self, block: &[u8], limits: &Limits) -> Result<Outcome, Error> {
        let list = std::mem::take(&mut self.spare);
        let mut reading = Reading {
            table: &mut self.table,
            limits,
            out: Outcome { list, ..Outcome::default() },
            size: 0,
            counted: 0,
        };
        let mut rest = block;
        while let Some(0b0010_0000..=0b0011_1111) = rest.first() {
            let size = integer::take(&mut rest, 5)?;
            if size > self.allowed || self.owed.take().is_some_and(|least| size > least) {
                return Err(Error::SizeUpdate);
            }
            reading.table.resize(size);
            reading.out.size_updates += 1;
        }
        if self.owed.is_some() && !rest.is_empty() {
            return Err(Error::MissingSizeUpdate);
        }
        while !rest.is_empty() {
            reading.field(&mut rest)?;
        }
        let mut out = reading.out;
        if out.too_large {
            out.list = List::new();
        }
        Ok(out)
    }
}

/// A block that is being decoded.
struct Reading<'a> {
    table: &'a mut Table,
    limits: &'a Limits,
    out: Outcome,
    /// Of all fields so far.
    size: u64,
    /// How many fields there were, crumbs aside.
    counted: u32,
}

impl Reading<'_> {
    /// Takes one field (RFC 7541 §6).
    fn field(&mut self, rest: &mut &[u8]) -> Result<(), Error> {
        match rest.first() {
            Some(0b1000_0000..) => self.indexed(rest),
            Some(0b0100_0000..) => self.literal(rest, 6, true, false),
            Some(0b0010_0000..) => Err(Error::LateSizeUpdate),
            Some(first) => self.literal(rest, 4, false, *first >= 0b0001_0000),
            None => Err(Error::Truncated),
        }
    }

    fn indexed(&mut self, rest: &mut &[u8]) -> Result<(), Error> {
        let index = integer::take(rest, 7)?;
        let (name, value) = self.table.get(index).ok_or(Error::Index)?;
        let (name_len, value_len) = (name.len(), value.len());
        let crumb = name.is(b"cookie");
        let start = self.out.list.text.len();
        // Where nothing more is kept, an index costs its look-up alone.
        if !self.out.too_large {
            name.put(&mut self.out.list.text);
            value.put(&mut self.out.list.text);
        }
        self.count(name_len + value_len, crumb)?;
        self.keep(start, start + name_len, start + name_len + value_len, false);
        Ok(())
    }

    fn literal(
        &mut self,
        rest: &mut &[u8],
        bits: u32,
        add: bool,
        never_indexed: bool,
    ) -> Result<(), Error> {
        let index = integer::take(rest, bits)?;
        let text = &mut self.out.list.text;
        let start = text.len();
        if index == 0 {
            string(rest, text)?;
        } else {
            self.table.get(index).ok_or(Error::Index)?.0.put(text);
        }
        let value = text.len();
        string(rest, text)?;
        let end = text.len();
        if add {
            self.table.add(&text[start..value], &text[value..end]);
        }
        let crumb = text[start..value] == *b"cookie";
        self.count(end - start, crumb)?;
        self.keep(start, value, end, never_indexed);
        Ok(())
    }

    /// Counts a field of so many octets.
    fn count(&mut self, octets: usize, crumb: bool) -> Result<(), Error> {
        self.size += octets as u64 + u64::from(OVERHEAD);
        self.counted += u32::from(!crumb);
        if self.size > self.limits.decoded {
            return Err(Error::TooMuch);
        }
        self.out.too_large |=
            self.size > u64::from(self.limits.list_bytes) || self.counted > self.limits.fields;
        Ok(())
    }

    /// Keeps the field whose texts are the last of the list's, or lets go of them.
    fn keep(&mut self, name: usize, value: usize, end: usize, never_indexed: bool) {
        if self.out.too_large {
            self.out.list.text.truncate(name);
            return;
        }
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let item = Item { name: at(name), value: at(value), end: at(end), never_indexed };
        self.out.list.items.push(item);
    }
}

/// Takes a string literal (RFC 7541 §5.2) and adds its octets to `out`.
fn string(rest: &mut &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let coded = rest.first().ok_or(Error::Truncated)? & 0x80 != 0;
    let length = integer::take(rest, 7)? as usize;
    let (text, behind) = rest.split_at_checked(length).ok_or(Error::Truncated)?;
    *rest = behind;
    if coded {
        return huffman::decode(text, out);
    }
    out.extend_from_slice(text);
    Ok(())
}
