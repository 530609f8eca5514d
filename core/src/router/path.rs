//! Decides what a request path is: clean or not, its segments, its percent-decoding, its text in a Location.
//!
//! It does not know patterns.

use std::borrow::Cow;

/// What one pass over a path finds out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// An empty segment before the last, or a `.` or `..` segment.
    pub(super) unclean: bool,
    /// There is a `%`.
    pub(super) escaped: bool,
}

/// Looks at a path once, for what most paths do not have.
pub(super) fn scan(path: &[u8]) -> Scan {
    let mut suspect = false;
    let mut escaped = false;
    let mut before = 0;
    for &b in path {
        suspect |= before == b'/' && (b == b'/' || b == b'.');
        escaped |= b == b'%';
        before = b;
    }
    Scan { unclean: suspect && needs_cleaning(path), escaped }
}

/// Whether [`clean`] would change this path, which begins with a slash.
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
