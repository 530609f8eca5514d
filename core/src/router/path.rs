//! Decides what a request path is: clean or not, its segments, its percent-decoding, its text in a Location.
//!
//! It does not know patterns.

use std::borrow::Cow;

/// What one pass over a path finds out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Where the path ends and a `?` stands, or the text's length.
    pub(super) end: usize,
    /// Where segments end among the first 64 bytes, one bit each: the slashes,
    /// and the end of the path.
    pub(super) ends: u64,
    /// An empty segment before the last, or a `.` or `..` segment.
    pub(super) unclean: bool,
    /// There is a `%`.
    pub(super) escaped: bool,
}

/// What the words of a path have in them, gathered word by word.
#[derive(Default)]
struct Eaten {
    slashes: u64,
    percents: u64,
    questions: u64,
    /// A slash or a dot follows a slash.
    suspects: u64,
    /// The slash that the last word ended in.
    carry: u64,
}

impl Eaten {
    #[inline]
    fn eat(&mut self, word: u64, at: usize) {
        // A dot is a slash but for its lowest bit.
        let dots = bytes_equal(word | LOW, b'/');
        let slashes = dots & word << 7;
        self.suspects |= dots & (slashes << 8 | self.carry);
        self.carry = slashes >> 56;
        self.slashes |= gather(slashes) << at;
        self.percents |= bytes_equal(word, b'%');
        self.questions |= bytes_equal(word, b'?');
    }
}

/// Looks once at a path, eight bytes at a time. With `QUERY` a query may follow it.
#[inline]
pub(super) fn scan<const QUERY: bool>(text: &[u8]) -> Scan {
    let mut eaten = Eaten::default();
    let mut at = 0;
    while at < text.len() && at < 64 {
        eaten.eat(word_at(text, at), at);
        at += 8;
    }
    if text.len() >= 64 || QUERY && eaten.questions != 0 {
        return scan_more::<QUERY>(text, &eaten);
    }
    let unclean = eaten.suspects != 0 && needs_cleaning(text);
    let ends = eaten.slashes | 1 << text.len();
    Scan { end: text.len(), ends, unclean, escaped: eaten.percents != 0 }
}

/// The text is long, or may have a query.
fn scan_more<const QUERY: bool>(text: &[u8], eaten: &Eaten) -> Scan {
    let end = if QUERY { find(text, b'?') } else { text.len() };
    let path = &text[..end];
    let doubt = text.len() > 64;
    let unclean = (doubt || eaten.suspects != 0) && needs_cleaning(path);
    let escaped = (doubt || eaten.percents != 0) && find(path, b'%') < end;
    let ends = match end {
        0..64 => eaten.slashes & ((1 << end) - 1) | 1 << end,
        _ => eaten.slashes,
    };
    Scan { end, ends, unclean, escaped }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

/// The highest bit of the bytes of a word that are `b`, the first one at least:
/// of bytes that follow one that is, it is also set if they are `b ^ 1`.
#[inline]
fn bytes_equal(word: u64, b: u8) -> u64 {
    let different = word ^ (LOW * u64::from(b));
    different.wrapping_sub(LOW) & !different & HIGH
}

/// The highest bits of a word's bytes, side by side; the others are clear.
#[inline]
fn gather(bits: u64) -> u64 {
    (bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Up to eight bytes of a text from a place in it, little-endian, filled up with zeros.
#[inline]
pub(super) fn word_at(text: &[u8], start: usize) -> u64 {
    debug_assert!(start < text.len(), "there is a byte at the place");
    if let Some(eight) = text.get(start..start + 8).and_then(<[u8]>::first_chunk::<8>) {
        return u64::from_le_bytes(*eight);
    }
    match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> ((8 * (start + 8 - text.len())) & 63),
        None => first_word(text) >> ((8 * start) & 63),
    }
}

/// The first bytes of a word, all of them if eight or more are asked for.
#[inline]
pub(super) fn first_of(word: u64, bytes: usize) -> u64 {
    if bytes < 8 { word & ((1 << (8 * bytes)) - 1) } else { word }
}

/// Up to eight bytes as a little-endian number, filled up with zeros.
#[inline]
pub(super) fn first_word(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The two halves overlap, and where they do they agree.
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() - 4));
        return u64::from(u32::from_le_bytes(*first)) | last;
    }
    bytes.iter().rev().fold(0, |word, &b| word << 8 | u64::from(b))
}

/// Where a byte first stands, or the text's length.
#[inline]
pub(super) fn find(text: &[u8], b: u8) -> usize {
    let mut at = 0;
    while at < text.len() {
        let found = bytes_equal(word_at(text, at), b);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    text.len()
}

/// Whether [`clean`] would change this path.
pub(super) fn needs_cleaning(path: &[u8]) -> bool {
    let Some(inside) = path.strip_prefix(b"/") else { return true };
    let whole = inside.strip_suffix(b"/").unwrap_or(inside);
    // `/` has no segment, and neither has what `/` alone ends in.
    !inside.is_empty() && whole.split(|&b| b == b'/').any(|s| matches!(s, b"" | b"." | b".."))
}

/// The path without empty, `.` and `..` segments; a slash at its end stays.
///
/// This is Go's `path.Clean` on a rooted path, and works on the escaped path:
/// `%2e%2e` is not `..` here.
pub(super) fn clean(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + 1);
    for segment in path.split(|&b| b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => out.truncate(out.iter().rposition(|&b| b == b'/').unwrap_or(0)),
            _ => {
                out.push(b'/');
                out.extend_from_slice(segment);
            }
        }
    }
    if path.ends_with(b"/") || out.is_empty() {
        out.push(b'/');
    }
    out
}

/// Whether every `%` is followed by two hexadecimal digits (RFC 3986 §2.1).
pub(super) fn escapes_are_valid(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| b == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return false,
        }
    }
    true
}

/// The bytes a text stands for, with each `%XX` decoded; a `%` that begins no escape stays.
#[derive(Clone)]
pub(super) struct Decoded<'a> {
    rest: std::slice::Iter<'a, u8>,
}

impl<'a> Decoded<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text.iter() }
    }
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let &b = self.rest.next()?;
        let [high, low, after @ ..] = self.rest.as_slice() else { return Some(b) };
        match (b, hex(*high), hex(*low)) {
            (b'%', Some(high), Some(low)) => {
                self.rest = after.iter();
                Some(high << 4 | low)
            }
            _ => Some(b),
        }
    }
}

fn hex(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    }
}

/// A text's bytes with each `%XX` decoded; it is copied only if there is one.
pub(super) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if text.contains(&b'%') { Decoded::new(text).collect() } else { Cow::Borrowed(text) }
}

/// A pattern's literal, if decoding changes it. As in Go, a literal in which
/// any escape is broken stays as it is written.
pub(super) fn decode_if_changed(literal: &[u8]) -> Option<Box<[u8]>> {
    (literal.contains(&b'%') && escapes_are_valid(literal)).then(|| Decoded::new(literal).collect())
}

/// Which bytes of a path go into a Location as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// The path comes from the wire: escapes that are there stay as they are.
    Escapes,
    /// The path was decoded.
    Nothing,
}

/// Writes a path into a Location, percent-encoding what RFC 3986 §3.3 does not
/// allow there, in upper-case digits.
pub(super) fn push_path(out: &mut String, path: &[u8], keep: Keep) {
    for &b in path {
        let plain = b.is_ascii_alphanumeric() || b"-._~$&+,/:;=@".contains(&b);
        // Go lets these pass in a path that it was given and escapes them in
        // one that it makes itself.
        if plain || keep == Keep::Escapes && b"!'()*[]%".contains(&b) {
            out.push(char::from(b));
        } else {
            push_escape(out, b, b"0123456789ABCDEF");
        }
    }
}

/// Writes a query into a Location as it came, except for bytes that may not
/// stand in a header field. Go writes these in lower-case digits.
pub(super) fn push_query(out: &mut String, query: &[u8]) {
    for &b in query {
        if b.is_ascii_graphic() {
            out.push(char::from(b));
        } else {
            push_escape(out, b, b"0123456789abcdef");
        }
    }
}

fn push_escape(out: &mut String, b: u8, digits: &[u8; 16]) {
    out.push('%');
    out.push(char::from(digits[usize::from(b >> 4)]));
    out.push(char::from(digits[usize::from(b & 15)]));
}
