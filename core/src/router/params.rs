//! Decides what the wildcards of a pattern stand for in a path that it matches.
//!
//! It does not decide whether the pattern matches: see `tree`.

use std::borrow::Cow;
use std::fmt;

use super::path;
use super::pattern::{Pattern, Segment};

/// What the wildcards of a pattern stand for in a path.
///
/// Nothing is copied or decoded before it is asked for: this is a pattern and a
/// path, and each question goes through the two of them together.
///
/// ```
/// use purlin_core::router::{Routed, Router};
///
/// let mut router = Router::new();
/// router.insert("/{owner}/files/{path...}", ())?;
/// let Routed::Found { params, .. } = router.route("GET", "", "/J%C3%BCrgen/files/a/b%2Fc") else {
///     unreachable!()
/// };
/// assert_eq!(params.get("owner").as_deref(), Some("Jürgen"));
/// assert_eq!(params.get("path").as_deref(), Some("a/b/c"));
/// assert_eq!(params.raw("path"), Some(&b"a/b%2Fc"[..]));
/// assert_eq!(params.get("nobody"), None);
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Params<'a> {
    pattern: &'a Pattern,
    path: &'a [u8],
}

/// One wildcard and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The wildcard's name.
    pub name: &'a str,
    /// The value, as it was sent.
    pub raw: &'a [u8],
}

impl<'a> Param<'a> {
    /// The value's bytes, percent-decoded.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        path::decode(self.raw)
    }

    /// The value's text, percent-decoded; bytes that are not UTF-8 become U+FFFD.
    pub fn text(self) -> Cow<'a, str> {
        match self.bytes() {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }
}

impl<'a> Params<'a> {
    /// What the pattern's wildcards stand for in a path that the pattern matches.
    ///
    /// For a pattern and a path that were kept from an earlier match, so that
    /// neither has to stay borrowed from the router:
    ///
    /// ```
    /// use purlin_core::router::{Params, Pattern};
    ///
    /// let pattern = Pattern::parse("GET /users/{id}")?;
    /// assert_eq!(Params::new(&pattern, b"/users/7").get("id").as_deref(), Some("7"));
    /// # Ok::<(), purlin_core::router::ParseError>(())
    /// ```
    ///
    /// For a path that the pattern does not match the values mean nothing.
    pub fn new(pattern: &'a Pattern, path: &'a [u8]) -> Self {
        Self { pattern, path }
    }

    /// A wildcard's value as text; bytes that are not UTF-8 become U+FFFD.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.find(name).map(Param::text)
    }

    /// A wildcard's value as bytes, percent-decoded.
    pub fn bytes(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.find(name).map(Param::bytes)
    }

    /// A wildcard's value as it was sent: a part of the path that was matched.
    pub fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.find(name).map(|param| param.raw)
    }

    /// All wildcards that have a name, in the order they stand in.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = self.path;
        self.pattern.segments().filter_map(move |segment| {
            // Each segment has a slash before it.
            let inside = rest.get(1..).unwrap_or_default();
            let end = path::find(inside, b'/');
            rest = &inside[end..];
            let raw = if matches!(segment, Segment::Rest(_)) { inside } else { &inside[..end] };
            segment.name().map(|name| Param { name, raw })
        })
    }

    fn find(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|param| param.name == name)
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|param| (param.name, param.text()))).finish()
    }
}
