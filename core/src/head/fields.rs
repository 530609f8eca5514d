//! Header and trailer fields (RFC 9110 §5): one text and a table of places in it.
//! Keeps order and the sender's case; decides nothing about what a field means.

mod iter;
mod table;

pub use iter::{FieldsIntoIter, FieldsIter};
pub(crate) use table::{Span, one_field};

use super::names;
use crate::wire::{find_control, token, token_length};
use std::borrow::Cow;
use std::fmt;
use table::Table;

/// A list of fields, in order, with the names spelled as they were given.
///
/// Look-up disregards ASCII case. A name or value that would break the wire
/// (a control character, CR, LF or NUL, a name that is no token) cannot get in.
///
/// ```
/// use purlin_core::Fields;
/// let mut fields = Fields::new();
/// fields.append("Content-Type", "text/plain").unwrap();
/// assert_eq!(fields.get("content-type"), Some("text/plain"));
/// assert!(fields.append("X", "a\r\nSet-Cookie: stolen").is_err());
/// ```
#[derive(Clone)]
pub struct Fields {
    /// Wire text, which may hold what is of no field.
    table: Table,
}

/// A name and a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in the sender's case.
    pub name: &'a str,
    /// The value, without surrounding white space. May hold bytes above 0x7F.
    pub value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The value, if it is UTF-8.
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.value).ok()
    }

    /// Whether this is a field of that name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The value is not shown if the field is one to sign in with, or a cookie.
impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if names::is_secret(self.name) {
            return write!(f, "{}: ***", self.name);
        }
        let (before, after) = around_password(self.value);
        let cut = if before.len() < self.value.len() { "***" } else { "" };
        let (before, after) = (before.escape_ascii(), after.escape_ascii());
        write!(f, "{}: {before}{cut}{after}", self.name)
    }
}

/// A text without the password of a URL in it.
pub(crate) fn without_password(text: &str) -> Cow<'_, str> {
    let (before, after) = around_password(text.as_bytes());
    if before.len() == text.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}***{}", &text[..before.len()], &text[text.len() - after.len()..]))
}

/// What of this text may be shown: all but the password of a URL in it (RFC 3986 §3.2.1).
fn around_password(text: &[u8]) -> (&[u8], &[u8]) {
    let whole = (text, &text[text.len()..]);
    let Some(scheme) = text.windows(3).position(|part| part == b"://") else { return whole };
    let start = scheme + 3;
    let place = text[start..].split(|byte| b"/?# ".contains(byte)).next().unwrap_or_default();
    let Some(at) = place.iter().rposition(|byte| *byte == b'@') else { return whole };
    match place[..at].iter().position(|byte| *byte == b':') {
        Some(colon) => (&text[..start + colon + 1], &text[start + at..]),
        None => whole,
    }
}

/// A name or value that would break the wire.
///
/// A field has no other part: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidField {
    /// The name is not a token (RFC 9110 §5.1).
    Name,
    /// The value holds a control character, or white space at an end (RFC 9110 §5.5).
    Value,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidField::Name => "a field name must be a token",
            InvalidField::Value => {
                "a field value must hold no control character and no white space at its ends"
            }
        })
    }
}

impl std::error::Error for InvalidField {}

impl Fields {
    /// No fields.
    pub const fn new() -> Fields {
        Fields { table: Table::EMPTY }
    }

    /// A field that is always the same, as [`one_field`] has it: it costs nothing until
    /// another is added.
    pub(crate) const fn constant(field: &'static [u8]) -> Fields {
        Fields { table: Table::constant(field) }
    }

    /// Room for `fields` fields of `bytes` bytes in all.
    pub fn with_capacity(fields: usize, bytes: usize) -> Fields {
        Fields::behind(&[], fields, bytes)
    }

    /// The same, behind a text that is of no field.
    pub(crate) fn behind(text: &[u8], fields: usize, bytes: usize) -> Fields {
        Fields { table: Table::behind(text, fields, bytes) }
    }

    /// Fields that a parser found in `text`; it has checked every span.
    pub(crate) fn from_wire(text: &[u8], spans: &[Span]) -> Fields {
        Fields { table: Table::of(text, spans) }
    }

    /// The wire text that they are in; a request's starts with its request line.
    pub(crate) fn wire(&self) -> &[u8] {
        self.table.text()
    }

    /// Where they are stored: those that have the same are the same, in the same order.
    pub(crate) fn stored(&self) -> (&[u8], u32, u32) {
        self.table.stored()
    }

    /// Adds a field after the others.
    ///
    /// # Errors
    /// [`InvalidField`], and nothing is added.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidField> {
        let value = value.as_ref();
        check(name, value)?;
        self.push(name, value);
        Ok(())
    }

    /// The same, of a name that is known to be a token.
    pub(crate) fn append_known(&mut self, name: &str, value: &[u8]) -> Result<(), InvalidField> {
        check_value(value)?;
        self.push(name, value);
        Ok(())
    }

    /// Fields of these names and values.
    ///
    /// ```
    /// use purlin_core::Fields;
    /// let fields = Fields::from_pairs([("Accept", "text/html"), ("X-Id", "7")])?;
    /// assert_eq!(fields.get("accept"), Some("text/html"));
    /// assert_eq!(Fields::try_from([("Accept", "text/html"), ("X-Id", "7")])?, fields);
    /// # Ok::<(), purlin_core::InvalidField>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidField`] if one would break the wire.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<[u8]>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Fields, InvalidField> {
        let mut fields = Fields::new();
        fields.append_all(pairs)?;
        Ok(fields)
    }

    /// Adds fields of these names and values after the others.
    ///
    /// # Errors
    /// [`InvalidField`], and nothing is added.
    pub fn append_all<N: AsRef<str>, V: AsRef<[u8]>>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), InvalidField> {
        let before = self.len();
        for (name, value) in pairs {
            if let Err(invalid) = self.append(name.as_ref(), value) {
                self.table.truncate(before);
                return Err(invalid);
            }
        }
        Ok(())
    }

    /// Replaces every field of that name by one, at the end.
    ///
    /// # Errors
    /// [`InvalidField`], and nothing is changed.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), InvalidField> {
        let value = value.as_ref();
        check(name, value)?;
        self.remove(name);
        self.push(name, value);
        Ok(())
    }

    /// Adds what is known to be valid: constants, and text made here.
    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        debug_assert_eq!(check(name, value), Ok(()));
        self.table.push(name.as_bytes(), value);
    }

    /// Takes out every field of that name; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let there = self.contains(name);
        if there {
            self.table.remove(name.as_bytes());
        }
        there
    }

    /// The first value of that name, if it is UTF-8; see [`Fields::get_bytes`].
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of that name, as bytes.
    #[inline]
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        if self.is_empty() { None } else { self.values(name).next() }
    }

    /// Every value of that name, in order.
    #[doc(alias = "get_all")]
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let (name, text) = (name.as_bytes(), self.table.text());
        let named = self.table.places().filter(move |span| span.is_named(name, text));
        named.map(move |span| span.value(text))
    }

    /// The members of all comma-separated values of that name, trimmed (RFC 9110 §5.6.1).
    ///
    /// ```
    /// use purlin_core::Fields;
    /// let mut fields = Fields::new();
    /// fields.append("Connection", "keep-alive, Upgrade").unwrap();
    /// fields.append("Connection", "close").unwrap();
    /// let members: Vec<&[u8]> = fields.list("connection").collect();
    /// assert_eq!(members, [&b"keep-alive"[..], b"Upgrade", b"close"]);
    /// ```
    pub fn list<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.values(name).flat_map(token::list)
    }

    /// Whether the list of that name has this member, in any case.
    pub fn list_has(&self, name: &str, member: &str) -> bool {
        self.list(name).any(|found| found.eq_ignore_ascii_case(member.as_bytes()))
    }

    /// Whether there is a field of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.get_bytes(name).is_some()
    }

    /// The fields, in order.
    pub fn iter(&self) -> FieldsIter<'_> {
        FieldsIter { text: self.table.text(), places: self.table.places() }
    }

    /// Names and values as bytes: what the machines look at.
    pub(crate) fn raw(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        let text = self.table.text();
        self.table.places().map(move |span| (span.name(text), span.value(text)))
    }

    /// The same, each with its line where the text has that as it is written.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8], Option<&[u8]>)> {
        let text = self.table.text();
        self.table.places().map(move |span| (span.name(text), span.value(text), span.line(text)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Fields {
    fn default() -> Fields {
        Fields::new()
    }
}

/// As [`Field`] shows each: credentials and cookies are hidden.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Equal names (in any case) and values, in the same order.
impl PartialEq for Fields {
    fn eq(&self, other: &Fields) -> bool {
        self.len() == other.len()
            && self.iter().zip(other.iter()).all(|(a, b)| a.is(b.name) && a.value == b.value)
    }
}

impl Eq for Fields {}

fn check(name: &str, value: &[u8]) -> Result<(), InvalidField> {
    if name.is_empty() || token_length(name.as_bytes()) < name.len() {
        return Err(InvalidField::Name);
    }
    check_value(value)
}

fn check_value(value: &[u8]) -> Result<(), InvalidField> {
    let white = |end: Option<&u8>| matches!(end, Some(b' ' | b'\t'));
    if white(value.first()) || white(value.last()) {
        return Err(InvalidField::Value);
    }
    let mut rest = value;
    while let Some(at) = find_control(rest) {
        if rest[at] != b'\t' {
            return Err(InvalidField::Value);
        }
        rest = &rest[at + 1..];
    }
    Ok(())
}
