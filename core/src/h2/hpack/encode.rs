//! Fields to field blocks (RFC 7541 §6).
//! Decides what is put in the table, what is never, and what is said of the table's size.

use super::table::{DEFAULT_SIZE, Found, OVERHEAD, Table};
use super::{huffman, integer};
use crate::h2::again::Again;
use crate::head::names;
use crate::wire::decimal;

/// The size of our table unless less is allowed: room for some ten fields that every
/// message of a connection has. More would be the peer's to fill, on each connection.
pub const OWN_SIZE: u32 = 1024;

/// Where Content-Length stands in the static table.
const CONTENT_LENGTH: u32 = 28;

/// Whether a field is put in the table (RFC 7541 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexing {
    /// It will come again.
    Add,
    /// It hardly ever comes again, and would push out others that do.
    Leave,
    /// It is a secret: nobody on the way may put it in a table, where it could be guessed
    /// bit by bit (RFC 7541 §7.1).
    Never,
}

/// Whether the value is another in almost every message.
fn is_changing(name: &[u8]) -> bool {
    matches!(
        name,
        b":path"
            | b"age"
            | b"content-length"
            | b"content-range"
            | b"etag"
            | b"expires"
            | b"if-match"
            | b"if-modified-since"
            | b"if-none-match"
            | b"if-range"
            | b"last-modified"
            | b"location"
            | b"range"
    )
}

/// What is done with a field, whose name is in lower case, by a table of this size.
pub fn indexing(name: &[u8], value: &[u8], table: u32) -> Indexing {
    if names::is_secret(name) {
        return Indexing::Never;
    }
    // An entry of more than half the table would push out most of it.
    let size = name.len() + value.len() + OVERHEAD as usize;
    if size > table as usize / 2 || is_changing(name) {
        return Indexing::Leave;
    }
    Indexing::Add
}

/// The encoding side of a connection.
#[derive(Debug)]
pub struct Encoder {
    table: Table,
    /// What we use at the most.
    own: u32,
    /// The least size since the last block, if the next has to tell of a change.
    announce: Option<u32>,
    /// A name in lower case.
    name: Vec<u8>,
    /// The last fields that came again, and what they are as long as the table stays.
    again: Again<Vec<u8>>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::new(OWN_SIZE)
    }
}

impl Encoder {
    /// An encoder whose table is never larger than this, whatever the peer allows. Before
    /// it said anything, that is 4,096.
    pub fn new(own: u32) -> Encoder {
        let size = own.min(DEFAULT_SIZE);
        let announce = (size != DEFAULT_SIZE).then_some(size);
        Encoder {
            table: Table::new(size),
            own,
            announce,
            name: Vec::new(),
            again: Again::default(),
        }
    }

    /// The peer's SETTINGS_HEADER_TABLE_SIZE, in between two blocks. The next block tells the
    /// least and the last size there was (RFC 7541 §4.2).
    pub fn allow(&mut self, table_size: u32) {
        let size = table_size.min(self.own);
        if size != self.table.most() {
            self.announce = Some(self.announce.map_or(size, |least| least.min(size)));
            self.table.resize(size);
        }
    }

    /// The table, as it is now.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Writes a whole block: these fields, pseudo-fields first, whose names are put in
    /// lower case (RFC 9113 §8.2).
    pub fn encode<'a>(
        &mut self,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        out: &mut Vec<u8>,
    ) {
        self.begin(out);
        for (name, value) in fields {
            self.field(name, value, out);
        }
    }

    /// Begins a block: what the peer has to know of the table goes before its fields.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        if let Some(least) = self.announce.take() {
            if least < self.table.most() {
                integer::put(out, 0b0010_0000, 5, least);
            }
            integer::put(out, 0b0010_0000, 5, self.table.most());
        }
    }

    /// Writes how long the content is, which is another in almost every message.
    pub fn content_length(&mut self, length: u64, out: &mut Vec<u8>) {
        integer::put(out, 0, 4, CONTENT_LENGTH);
        string(decimal(length, &mut [0; 20]), out);
    }

    /// Writes what `make` does with a block that has begun. That is the same again for the same
    /// text and numbers, unless the table was changed.
    pub fn repeat(
        &mut self,
        text: &[u8],
        [one, two]: [u64; 2],
        out: &mut Vec<u8>,
        make: impl FnOnce(&mut Encoder, &mut Vec<u8>),
    ) {
        let numbers = [one, two, self.table.changes()];
        if let Some(block) = self.again.find(text, numbers) {
            out.extend_from_slice(block);
            return;
        }
        let start = out.len();
        make(self, out);
        if self.table.changes() == numbers[2] {
            self.again.came(text, numbers, || out[start..].to_vec());
        }
    }

    /// Gives up what it holds for the next block.
    pub fn trim(&mut self) {
        (self.name, self.again) = (Vec::new(), Again::default());
    }

    /// How many octets of memory it holds.
    pub fn held(&self) -> usize {
        self.table.held() + self.name.capacity() + self.again.held()
    }

    /// Writes a field of a block that has begun; its name is put in lower case.
    pub fn field(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        self.name.clear();
        self.name.extend_from_slice(name);
        self.name.make_ascii_lowercase();
        let indexing = indexing(&self.name, value, self.table.most());
        let index = match (self.table.find(&self.name, value), indexing) {
            // A secret that is in the static table is none: an empty value.
            (Found::Whole(index), _) => return integer::put(out, 0b1000_0000, 7, index),
            (Found::Name(index), _) => index,
            (Found::Nowhere, _) => 0,
        };
        match indexing {
            Indexing::Add => integer::put(out, 0b0100_0000, 6, index),
            Indexing::Leave => integer::put(out, 0, 4, index),
            Indexing::Never => integer::put(out, 0b0001_0000, 4, index),
        }
        if index == 0 {
            string(&self.name, out);
        }
        string(value, out);
        if indexing == Indexing::Add {
            self.table.add(&self.name, value);
        }
    }
}

/// Writes a string literal, in Huffman code if that is shorter (RFC 7541 §5.2).
fn string(text: &[u8], out: &mut Vec<u8>) {
    let length = |octets: usize| u32::try_from(octets).unwrap_or(u32::MAX);
    let coded = huffman::coded_len(text);
    if coded < text.len() {
        integer::put(out, 0x80, 7, length(coded));
        huffman::encode(text, out);
    } else {
        integer::put(out, 0, 7, length(text.len()));
        out.extend_from_slice(text);
    }
}
