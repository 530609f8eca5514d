//! Resolves a reference against a URL (RFC 3986 §5.2), as Go's `ResolveReference` does.

use super::parse::{Piece, Reference, assemble};
use super::{Url, UrlError};

pub(super) fn resolve(base: &Url, reference: &[u8]) -> Result<Url, UrlError> {
    let given = Reference::parse(reference)?;
    let base = base.pieces();
    let mut whole = Reference { scheme: given.scheme.or(base.scheme), ..given };
    let relative = given.scheme.is_none() && given.place.is_none();
    if relative {
        (whole.userinfo, whole.place) = (base.userinfo, base.place);
    }
    if relative && given.path.bytes.is_empty() {
        whole.path = base.path;
        whole.query = given.query.or(base.query);
        // As Go has it: the empty reference is the URL itself.
        if given.query.is_none() {
            whole.fragment = given.fragment.or(base.fragment);
        }
    }
    // A fault in what was given is told at its own place, so it is looked for before the merge.
    assemble(&whole)?;
    let path = match whole.path.bytes {
        path if relative && !path.starts_with(b"/") => merge(&base, path),
        path => path.to_vec(),
    };
    assemble(&Reference { path: Piece::whole(&without_dots(&path)), ..whole })
}

/// RFC 3986 §5.2.3: the base without what follows its last slash, and the reference.
fn merge(base: &Reference<'_>, reference: &[u8]) -> Vec<u8> {
    let slash = base.path.bytes.iter().rposition(|byte| *byte == b'/');
    let kept = match slash {
        Some(at) => &base.path.bytes[..=at],
        None if base.place.is_some() && !reference.is_empty() => b"/",
        None => b"",
    };
    [kept, reference].concat()
}

/// RFC 3986 §5.2.4: the path without its `.` and `..` segments.
fn without_dots(path: &[u8]) -> Vec<u8> {
    let Some(segments) = path.strip_prefix(b"/") else {
        return path.to_vec();
    };
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut last_is_dots = false;
    for segment in segments.split(|byte| *byte == b'/') {
        last_is_dots = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    if last_is_dots {
        kept.push(b"");
    }
    let mut clean = vec![b'/'];
    clean.extend_from_slice(&kept.join(&b'/'));
    clean
}
