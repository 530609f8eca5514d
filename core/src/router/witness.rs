//! Decides on requests that show how two patterns relate.
//!
//! It does not decide that they conflict: see `relation` and `index`.

use std::fmt;

use super::host;
use super::parse::is_token_byte;
use super::pattern::{Pattern, Segment};
use super::relation::Relation;

/// A request that shows something about two patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    method: String,
    host: String,
    path: String,
}

impl Witness {
    /// The request's method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request's host; empty if any host will do.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The request's path, percent-encoded as it would be sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A request that both patterns match, which must be on the same host.
    pub(super) fn both(a: &Pattern, b: &Pattern) -> Self {
        let path = write_path(&meet(a, b));
        let method = match (a.method(), b.method()) {
            (Some("GET"), Some(narrow)) | (None, Some(narrow)) => narrow,
            (Some(method), _) => method,
            (None, None) => some_method(a.host(), &path),
        };
        Self { method: method.into(), host: a.host().into(), path }
    }

    /// A request that the first pattern matches and the second does not, if
    /// there is one. Some request must be matched by both.
    pub(super) fn only(first: &Pattern, second: &Pattern) -> Option<Self> {
        let both = Self::both(first, second);
        let mut places = first.segments().zip(second.segments());
        let wider = places.position(|(a, b)| a.relation_to(b) == Relation::MoreGeneral);
        if let Some(at) = wider {
            let path = write_path(&depart(first, second, at));
            return Some(Self { path, ..both });
        }
        let method = match (first.method(), second.method()) {
            (None, Some("GET")) => "POST",
            (None, Some("CONNECT")) => "GET",
            (None, Some(_)) => some_method(first.host(), &both.path),
            (Some("GET"), Some("HEAD")) => "GET",
            _ => return None,
        };
        // What the second one takes is not what was looked for.
        let method = if second.method() == Some(method) { "POST" } else { method };
        Some(Self { method: method.into(), ..both })
    }

    /// What a pattern that is only text matches (go121 mode).
    pub(super) fn plain(pattern: &Pattern) -> Self {
        let path = if pattern.path().is_empty() { "/" } else { pattern.path() };
        Self { method: "GET".into(), host: pattern.host().into(), path: path.into() }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.host, self.path)
    }
}

/// CONNECT is the only method that has a host with a port, and whose paths are
/// not cleaned.
fn some_method(host: &str, path: &str) -> &'static str {
    let port = host::without_port(host.as_bytes()).len() < host.len();
    if port || path.contains("//") { "CONNECT" } else { "GET" }
}

/// One thing that stands at one place of a path.
enum Part<'a> {
    Segment(&'a [u8]),
    /// A segment that is not the given one.
    Not(&'a str, &'a [u8]),
    /// A slash with nothing behind it.
    Slash,
}

impl<'a> From<Segment<'a>> for Part<'a> {
    fn from(segment: Segment<'a>) -> Self {
        match segment {
            Segment::Literal(literal) => Part::Segment(literal),
            Segment::Wild(name) => Part::Segment(name.as_bytes()),
            Segment::Rest(_) | Segment::End => Part::Slash,
        }
    }
}

/// What both patterns match: at each place, what the narrower one has there.
fn meet<'a>(a: &'a Pattern, b: &'a Pattern) -> Vec<Part<'a>> {
    let places = a.pieces.len().max(b.pieces.len());
    let at = |place| match (a.segment(place), b.segment(place)) {
        (Some(a), Some(b)) if a.relation_to(b) == Relation::MoreGeneral => Some(b.into()),
        (Some(segment), _) | (None, Some(segment)) => Some(segment.into()),
        (None, None) => None,
    };
    (0..places).filter_map(at).collect()
}

/// What both match up to a place where the first pattern is wider, and there
/// something that the second one does not match.
fn depart<'a>(first: &'a Pattern, second: &'a Pattern, at: usize) -> Vec<Part<'a>> {
    let mut parts = meet(first, second);
    let (departure, ends) = match (first.segment(at), second.segment(at)) {
        (Some(Segment::Wild(name)), Some(Segment::Literal(literal))) => {
            (Part::Not(name, literal), false)
        }
        (Some(Segment::Rest(name)), Some(Segment::End)) => {
            (Part::Segment(if name.is_empty() { b"x" } else { name.as_bytes() }), true)
        }
        _ => (Part::Slash, true),
    };
    if ends {
        parts.truncate(at + 1);
    }
    parts[at] = departure;
    parts
}

fn write_path(parts: &[Part<'_>]) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        match *part {
            Part::Segment(segment) => push_segment(&mut path, segment),
            Part::Not(name, literal) => {
                push_segment(&mut path, name.as_bytes());
                if name.as_bytes() == literal {
                    path.push('x');
                }
            }
            Part::Slash => {}
        }
    }
    path
}

/// Writes a segment so that it arrives as these bytes: `.` and `..` would be
/// cleaned away if they were not escaped.
fn push_segment(path: &mut String, segment: &[u8]) {
    let dots = matches!(segment, b"." | b"..");
    for &b in segment {
        if !dots && b != b'%' && (is_token_byte(b) && b != b'#' || b"()*,;=:@".contains(&b)) {
            path.push(char::from(b));
        } else {
            path.push_str(&format!("%{b:02X}"));
        }
    }
}
