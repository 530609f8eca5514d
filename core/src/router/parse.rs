//! Decides whether a text is a route pattern, and says what is wrong with it if not.
//!
//! It does not decide whether two patterns go together: see `relation`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::RouterOptions;
use super::letters::{continues_name, starts_name};
use super::path;
use super::pattern::{Kind, Pattern, Piece};

/// A text that is not a pattern: what is wrong, and where.
///
/// `Display` draws the place under the pattern:
///
/// ```
/// # use purlin_core::router::Pattern;
/// let error = Pattern::parse("GET /users/{1st}").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "bad wildcard name
///   GET /users/{1st}
///               ^^^
///   a name is a letter or `_`, and then letters, digits and `_`"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pattern: Box<str>,
    kind: ParseErrorKind,
    span: Range<usize>,
}

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The pattern is the empty text.
    Empty,
    /// What stands before the first blank is not a method (RFC 9110 §9.1: a token).
    BadMethod,
    /// There is no `/`, so there is no path.
    MissingSlash,
    /// A method stands right before the path, where a host would: a blank is missing.
    /// A mux refuses it; a router takes it for a host, as Go does.
    MethodInHost,
    /// What stands before the path is the scheme of a URL, which no host is. A mux
    /// refuses it; a router takes it for a host, as Go does.
    SchemeInHost,
    /// The prefix of a group does not begin with `/`.
    PrefixWithoutSlash,
    /// A `{` stands in the host.
    BraceInHost,
    /// The path has an empty, `.` or `..` segment: cleaning takes those out of
    /// every request but CONNECT, so that this pattern could never match.
    UncleanPath,
    /// A `{` stands inside a segment and not at its start.
    WildcardNotWhole,
    /// A segment begins with `{` and does not end with `}`.
    WildcardNotClosed,
    /// `{$}` is not the last segment.
    EndNotLast,
    /// `{name...}` is not the last segment.
    RestNotLast,
    /// A wildcard has no name.
    EmptyName,
    /// A wildcard's name is not an identifier.
    BadName,
    /// Two wildcards have the same name.
    DuplicateName,
}

impl ParseErrorKind {
    /// One line that names the fault.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Empty => "empty pattern",
            Self::BadMethod => "bad method",
            Self::MissingSlash => "no path: a `/` is missing",
            Self::MethodInHost => "a blank is missing behind the method",
            Self::SchemeInHost => "a URL is no pattern",
            Self::PrefixWithoutSlash => "the prefix of a group must begin with `/`",
            Self::BraceInHost => "`{` in the host",
            Self::UncleanPath => "this path is not clean, so no request can match it",
            Self::WildcardNotWhole => "a wildcard must be a whole segment",
            Self::WildcardNotClosed => "a wildcard must end with `}`",
            Self::EndNotLast => "`{$}` must be the last segment",
            Self::RestNotLast => "`{name...}` must be the last segment",
            Self::EmptyName => "a wildcard needs a name",
            Self::BadName => "bad wildcard name",
            Self::DuplicateName => "this wildcard name is already taken",
        }
    }

    /// One line that says how to go on.
    pub fn help(self) -> &'static str {
        match self {
            Self::Empty => "a pattern is `[METHOD ][HOST]/[PATH]`; the shortest one is `/`",
            Self::BadMethod => "a method is a token, such as `GET`, and a blank follows it",
            Self::MissingSlash => "a pattern is `[METHOD ][HOST]/[PATH]`",
            Self::MethodInHost => "write `GET /path`; in front of a path stands a host",
            Self::SchemeInHost => "a pattern has no scheme: write `example.com/path`",
            Self::PrefixWithoutSlash => {
                "a prefix is a path; methods and hosts stand in the patterns of the group"
            }
            Self::BraceInHost => "hosts have no wildcards; is a `/` missing before it?",
            Self::UncleanPath => "leave out empty, `.` and `..` segments",
            Self::WildcardNotWhole => "write `/{name}/`; take what surrounds it off the value",
            Self::WildcardNotClosed => "write `{name}`, `{name...}` or `{$}`",
            Self::EndNotLast => "`{$}` says that the path ends here",
            Self::RestNotLast => "`{name...}` takes all that follows",
            Self::EmptyName => "write `{name}` or `{name...}`",
            Self::BadName => "a name is a letter or `_`, and then letters, digits and `_`",
            Self::DuplicateName => "give each wildcard of a pattern a name of its own",
        }
    }
}

impl ParseError {
    /// The kind of mistake.
    pub fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// The text that was to be parsed.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The byte at which the fault begins.
    pub fn offset(&self) -> usize {
        self.span.start
    }

    /// The bytes that are at fault; empty when something is missing there.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = columns(&self.pattern[..self.span.start]);
        let width = columns(&self.pattern[self.span.clone()]).max(1);
        writeln!(f, "{}", self.kind.summary())?;
        writeln!(f, "  {}", shown(&self.pattern))?;
        writeln!(f, "  {:before$}{:^<width$}", "", "")?;
        write!(f, "  {}", self.kind.help())
    }
}

impl std::error::Error for ParseError {}

/// The text on one line: control characters become blanks of the same width.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How many columns a text takes, one for each character.
pub(super) fn columns(text: &str) -> usize {
    text.chars().count()
}

type Fault = (ParseErrorKind, Range<usize>);

/// Whether paths of patterns may follow this prefix: it is a path, or nothing.
pub(crate) fn check_prefix(text: &str, options: RouterOptions) -> Result<(), ParseError> {
    let fault = |kind, span| Err(ParseError { pattern: text.into(), kind, span });
    match text.find('/') {
        Some(0) if options.clean_path && path::needs_cleaning(text.as_bytes()) => {
            fault(ParseErrorKind::UncleanPath, unclean_part(text, 0))
        }
        Some(0) => Ok(()),
        None if text.is_empty() => Ok(()),
        slash => fault(ParseErrorKind::PrefixWithoutSlash, 0..slash.unwrap_or(text.len())),
    }
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong and at which byte; its `Display` draws
    /// a caret under the place.
    ///
    /// ```
    /// use purlin_core::router::{ParseErrorKind, Pattern};
    ///
    /// let error = Pattern::parse("GET /users/{id").unwrap_err();
    /// assert_eq!(error.kind(), ParseErrorKind::WildcardNotClosed);
    /// assert_eq!(error.offset(), 14);
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse(text)
    }
}

impl FromStr for Pattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

fn parse(text: &str) -> Result<Pattern, ParseError> {
    read(text).map_err(|(kind, span)| ParseError { pattern: text.into(), kind, span })
}

fn read(text: &str) -> Result<Pattern, Fault> {
    if text.is_empty() {
        return Err((ParseErrorKind::Empty, 0..0));
    }
    let blank = text.find([' ', '\t']);
    let method = blank.unwrap_or(0);
    if !text[..method].bytes().all(is_token_byte) {
        return Err((ParseErrorKind::BadMethod, 0..method));
    }
    let start = blank.map_or(0, |at| text.len() - text[at..].trim_start_matches([' ', '\t']).len());
    let Some(slash) = text[start..].find('/') else {
        return Err((ParseErrorKind::MissingSlash, text.len()..text.len()));
    };
    let host = start..start + slash;
    if let Some(brace) = text[host.clone()].find('{') {
        return Err((ParseErrorKind::BraceInHost, start + brace..start + brace + 1));
    }
    // Cleaning happens to every request but CONNECT, and a pattern without a
    // method may still be meant for that.
    let cleaned = method > 0 && &text[..method] != "CONNECT";
    if cleaned && path::needs_cleaning(&text.as_bytes()[host.end..]) {
        return Err((ParseErrorKind::UncleanPath, unclean_part(text, host.end)));
    }
    let pieces = read_path(text, host.end)?;
    Ok(Pattern { text: text.into(), method, host, pieces })
}

/// Whether what stands where a host would may be one: Go takes anything for a host, and a
/// router does as Go does; a mux is for people, who forget a blank.
pub(crate) fn check_host(text: &str) -> Result<(), ParseError> {
    let blank = text.find([' ', '\t']);
    let start = blank.map_or(0, |at| text.len() - text[at..].trim_start().len());
    let Some(slash) = text[start..].find('/') else { return Ok(()) };
    let (host, path) = text[start..].split_at(slash);
    match no_host(host, path) {
        Some(kind) => Err(ParseError { pattern: text.into(), kind, span: start..start + slash }),
        None => Ok(()),
    }
}

/// What stands where a host would and is a slip for certain, since no request has such a host.
fn no_host(text: &str, path: &str) -> Option<ParseErrorKind> {
    const METHODS: [&str; 10] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY"];
    match text {
        _ if METHODS.contains(&text) => Some(ParseErrorKind::MethodInHost),
        "http:" | "https:" => Some(ParseErrorKind::SchemeInHost),
        _ if text.ends_with(':') && path.starts_with("//") => Some(ParseErrorKind::SchemeInHost),
        _ => None,
    }
}

/// RFC 9110 §5.6.2: tchar.
pub(super) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// The first segment that cleaning would take away, with its slash.
fn unclean_part(text: &str, path: usize) -> Range<usize> {
    let mut at = path;
    for segment in text[path + 1..].split('/') {
        let end = at + 1 + segment.len();
        if matches!(segment, "" | "." | "..") {
            return at..end.max(at + 1);
        }
        at = end;
    }
    path..text.len()
}

fn read_path(text: &str, path: usize) -> Result<Box<[Piece]>, Fault> {
    let bytes = text.as_bytes();
    let slashes = bytes[path..].iter().filter(|&&b| b == b'/').count();
    let mut pieces: Vec<Piece> = Vec::with_capacity(slashes);
    let mut at = path;
    // Invariant: `at` is at a slash, or at the end.
    while at < bytes.len() {
        let start = at + 1;
        let end = start + path::find(&bytes[start..], b'/');
        let last = end == bytes.len();
        let kind = read_segment(&text[start..end], last)
            .map_err(|(kind, span)| (kind, start + span.start..start + span.end))?;
        pieces.push(Piece { span: start..end, kind });
        at = end;
    }
    match duplicate_name(text, &pieces) {
        Some(name) => Err((ParseErrorKind::DuplicateName, name)),
        None => Ok(pieces.into()),
    }
}

fn read_segment(segment: &str, last: bool) -> Result<Kind, Fault> {
    use ParseErrorKind::{
        BadName, EmptyName, EndNotLast, RestNotLast, WildcardNotClosed, WildcardNotWhole,
    };
    let whole = 0..segment.len();
    let brace = path::find(segment.as_bytes(), b'{');
    match (brace < segment.len()).then_some(brace) {
        None if last && segment.is_empty() => return Ok(Kind::Rest { named: false }),
        None => return Ok(Kind::Literal(path::decode_if_changed(segment.as_bytes()))),
        Some(0) => {}
        Some(brace) => return Err((WildcardNotWhole, brace..brace + 1)),
    }
    let Some(inside) = segment[1..].strip_suffix('}') else {
        return Err((WildcardNotClosed, whole.end..whole.end));
    };
    if inside == "$" {
        return if last { Ok(Kind::End) } else { Err((EndNotLast, whole)) };
    }
    let (name, rest) = match inside.strip_suffix("...") {
        Some(name) => (name, true),
        None => (inside, false),
    };
    if rest && !last {
        return Err((RestNotLast, whole));
    }
    if name.is_empty() {
        return Err((EmptyName, whole));
    }
    let good = name.starts_with(starts_name) && name.chars().all(continues_name);
    if !good {
        return Err((BadName, 1..1 + name.len()));
    }
    Ok(if rest { Kind::Rest { named: true } } else { Kind::Wild })
}

/// The first name that an earlier wildcard has already.
fn duplicate_name(text: &str, pieces: &[Piece]) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // A name's first bytes stand before it, since they mostly settle the order.
    let keyed = |name: Range<usize>| (path::first_word(&bytes[name.clone()]), name);
    let mut names: Vec<_> = pieces.iter().filter_map(name_span).map(keyed).collect();
    names.sort_unstable_by(|(a, first), (b, second)| {
        let whole = || bytes[first.clone()].cmp(&bytes[second.clone()]);
        a.cmp(b).then_with(whole).then(first.start.cmp(&second.start))
    });
    let pairs = names.windows(2).map(|pair| (&pair[0].1, &pair[1].1));
    let doubles = pairs.filter(|&(a, b)| bytes[a.clone()] == bytes[b.clone()]);
    doubles.map(|(_, second)| second.clone()).min_by_key(|name| name.start)
}

fn name_span(piece: &Piece) -> Option<Range<usize>> {
    match piece.kind {
        Kind::Wild => Some(piece.span.start + 1..piece.span.end - 1),
        Kind::Rest { named: true } => Some(piece.span.start + 1..piece.span.end - 4),
        _ => None,
    }
}
