//! Holds a route pattern, `[METHOD ][HOST]/[PATH]`, in the form the router works with.
//!
//! It does not parse (see `parse`) and does not compare (see `relation`).

use std::fmt;
use std::ops::Range;

/// A parsed route pattern: `[METHOD ][HOST]/[PATH]`, as in Go 1.22 and later.
///
/// A path is made of segments: literals, `{name}` for one segment, and at the
/// end `{name...}` for all that follows, `{$}` for "nothing follows the slash",
/// or a slash, which stands for all that follows without giving it a name.
///
/// ```
/// use purlin_core::router::{Pattern, Segment};
///
/// let pattern: Pattern = "GET example.com/users/{id}/files/{path...}".parse()?;
/// assert_eq!(pattern.method(), Some("GET"));
/// assert_eq!(pattern.host(), "example.com");
/// assert_eq!(pattern.path(), "/users/{id}/files/{path...}");
/// assert_eq!(pattern.segments().nth(1), Some(Segment::Wild("id")));
/// assert_eq!(pattern.names().collect::<Vec<_>>(), ["id", "path"]);
/// # Ok::<(), purlin_core::router::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    pub(super) text: Box<str>,
    /// Length of the method, which stands at the start of the text.
    pub(super) method: usize,
    pub(super) host: Range<usize>,
    pub(super) pieces: Box<[Piece]>,
}

/// One segment and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A literal; its bytes when percent-decoding changed them.
    Literal(Option<Box<[u8]>>),
    Wild,
    /// `{name...}`; without a name when it is a trailing slash.
    Rest {
        named: bool,
    },
    End,
}

/// One segment of a pattern's path.
///
/// ```
/// use purlin_core::router::{Pattern, Segment};
///
/// let kinds = |text| Pattern::parse(text).map(|p| p.segments().collect::<Vec<_>>().len());
/// assert_eq!(kinds("/a/{b}/{$}")?, 3);
/// assert_eq!(Pattern::parse("/a%20b")?.segments().next(), Some(Segment::Literal(b"a b")));
/// assert_eq!(Pattern::parse("/")?.segments().next(), Some(Segment::Rest("")));
/// # Ok::<(), purlin_core::router::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// Matches one segment with exactly these bytes once it is percent-decoded.
    Literal(&'a [u8]),
    /// `{name}`: matches one segment, whatever it holds.
    Wild(&'a str),
    /// `{name...}`: matches all that follows; the name is empty for a trailing slash.
    Rest(&'a str),
    /// `{$}`: matches the end of the path after a slash.
    End,
}

impl Pattern {
    /// A pattern that is only text: the whole of it is taken as `[HOST]/PATH` (go121 mode).
    pub(super) fn plain(text: &str) -> Self {
        let host = text.find('/').unwrap_or(text.len());
        Self { text: text.into(), method: 0, host: 0..host, pieces: Box::default() }
    }

    /// The text this pattern was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The method, or `None` for a pattern that takes every method.
    pub fn method(&self) -> Option<&str> {
        (self.method > 0).then(|| &self.text[..self.method])
    }

    /// The host as it was written; empty for a pattern that takes every host.
    pub fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// The path as it was written, from its first slash.
    pub fn path(&self) -> &str {
        &self.text[self.host.end..]
    }

    /// The path's segments, in order.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment<'_>> + ExactSizeIterator {
        self.pieces.iter().map(|piece| piece.view(&self.text))
    }

    /// The names of the wildcards, in the order they stand in.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments().filter_map(Segment::name)
    }

    pub(super) fn segment(&self, index: usize) -> Option<Segment<'_>> {
        self.pieces.get(index).map(|piece| piece.view(&self.text))
    }

    pub(super) fn ends_in_rest(&self) -> bool {
        matches!(self.pieces.last(), Some(Piece { kind: Kind::Rest { .. }, .. }))
    }
}

impl Piece {
    fn view<'a>(&'a self, text: &'a str) -> Segment<'a> {
        let Range { start, end } = self.span;
        match &self.kind {
            Kind::Literal(None) => Segment::Literal(&text.as_bytes()[start..end]),
            Kind::Literal(Some(decoded)) => Segment::Literal(decoded),
            Kind::Wild => Segment::Wild(&text[start + 1..end - 1]),
            Kind::Rest { named: true } => Segment::Rest(&text[start + 1..end - 4]),
            Kind::Rest { named: false } => Segment::Rest(""),
            Kind::End => Segment::End,
        }
    }
}

impl<'a> Segment<'a> {
    /// The wildcard's name, if this is a wildcard that has one.
    pub fn name(self) -> Option<&'a str> {
        match self {
            Self::Wild(name) => Some(name),
            Self::Rest(name) if !name.is_empty() => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}
