//! Request targets and authorities (RFC 9112 §3.2, RFC 3986 §3.2).
//! Decides which form a target has and whether it is well formed; it cleans and decodes nothing.

mod authority;
mod class;
mod raw;

pub(crate) use authority::Authority;
pub(crate) use class::{is_escape, is_in_target, is_path, is_unreserved_or_sub_delim};
pub(crate) use raw::escape_raw;

use crate::error::Fault;
use crate::head::Method;
use crate::wire::find_byte;
use class::{PLAIN, QUERY, TARGET, USERINFO, first_bad, is_made_of};

/// The four forms of a request target (RFC 9112 §3.2).
///
/// RFC 9112 has these four: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `/path?query`
    Origin,
    /// `http://host/path?query`
    Absolute,
    /// `host:port`, with CONNECT alone
    Authority,
    /// `*`, with OPTIONS alone
    Asterisk,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    start: u32,
    end: u32,
}

impl Part {
    pub(crate) fn new(start: usize, end: usize) -> Part {
        // A target is at most a head long, and a head is far below 4 GiB.
        let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Part { start: clip(start), end: clip(end) }
    }

    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    pub(crate) fn end(self) -> usize {
        self.end as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Where the parts of a target stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) form: Form,
    pub(crate) authority: Part,
    pub(crate) path: Part,
    pub(crate) query: Option<Part>,
}

/// Which schemes an absolute target may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strictness {
    pub(crate) http: bool,
    pub(crate) https: bool,
    /// Any other too, and user and password: what a forward proxy is asked for.
    pub(crate) any: bool,
}

impl Strictness {
    /// A request built here may be for either scheme.
    pub(crate) const BUILD: Strictness = Strictness { http: true, https: true, any: false };
}

impl Parts {
    /// The parts of a path, which is not empty, and a query: a target in origin form.
    pub(crate) fn of_origin(path: usize, query: Option<usize>) -> Parts {
        Parts {
            form: Form::Origin,
            authority: Part::default(),
            path: Part::new(0, path),
            query: query.map(|length| Part::new(path + 1, path + 1 + length)),
        }
    }

    /// Takes a target apart.
    pub(crate) fn parse(method: &Method, target: &[u8], allow: Strictness) -> Result<Parts, Fault> {
        if *method == Method::CONNECT {
            return authority_form(target);
        }
        match target {
            [b'/', ..] => origin_form(target),
            b"*" if *method == Method::OPTIONS => Ok(Parts {
                form: Form::Asterisk,
                authority: Part::default(),
                path: Part::new(0, 1),
                query: None,
            }),
            _ => absolute_form(target, allow),
        }
    }
}

fn origin_form(target: &[u8]) -> Result<Parts, Fault> {
    let (path, query) = path_and_query(target, 0)?;
    Ok(Parts { form: Form::Origin, authority: Part::default(), path, query })
}

fn authority_form(target: &[u8]) -> Result<Parts, Fault> {
    match Authority::parse(target) {
        // RFC 9110 §9.3.6: a CONNECT without host or port is to be rejected.
        Some(Authority { host, port: Some(port), .. }) if !host.is_empty() && !port.is_empty() => {
            Ok(Parts {
                form: Form::Authority,
                authority: Part::new(0, target.len()),
                path: Part::default(),
                query: None,
            })
        }
        _ => Err(Fault::BadTarget),
    }
}

fn absolute_form(target: &[u8], allow: Strictness) -> Result<Parts, Fault> {
    let colon = target.iter().position(|byte| *byte == b':').ok_or(Fault::BadTarget)?;
    let (scheme, rest) = (&target[..colon], &target[colon + 1..]);
    if !is_scheme(scheme) {
        return Err(Fault::BadTarget);
    }
    let ours = (allow.http && scheme.eq_ignore_ascii_case(b"http"))
        || (allow.https && scheme.eq_ignore_ascii_case(b"https"));
    let Some(rest) = rest.strip_prefix(b"//") else {
        // `a:80` reads as a scheme too; only a scheme that is not ours is misdirected.
        let port_like = rest.iter().all(u8::is_ascii_digit);
        return Err(if ours || port_like { Fault::BadTarget } else { Fault::WrongScheme });
    };
    let mut start = colon + 3;
    let end =
        start + rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    if let Some(at) = target[start..end].iter().rposition(|byte| *byte == b'@') {
        if !allow.any {
            // RFC 9110 §4.2.4: userinfo is an error.
            return Err(Fault::UserinfoInTarget);
        }
        if !is_made_of(&target[start..start + at], USERINFO) {
            return Err(Fault::BadTarget);
        }
        start += at + 1;
    }
    // RFC 9110 §4.2.1: an http URI with an empty host is invalid.
    match Authority::parse(&target[start..end]) {
        Some(authority) if !authority.host.is_empty() => {}
        _ => return Err(Fault::BadTarget),
    }
    if !ours && !allow.any {
        return Err(Fault::WrongScheme);
    }
    let (path, query) = path_and_query(target, end)?;
    Ok(Parts { form: Form::Absolute, authority: Part::new(start, end), path, query })
}

fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Checks what follows the authority and finds the query.
fn path_and_query(target: &[u8], start: usize) -> Result<(Part, Option<Part>), Fault> {
    let end = target.len();
    // Most targets are a path alone, without an escape.
    if target[start..].iter().all(|byte| class::is(*byte, PLAIN)) {
        return Ok((Part::new(start, end), None));
    }
    let path_end = find_byte(&target[start..], b'?').map_or(end, |at| start + at);
    let path = &target[start..path_end];
    if !is_made_of(path, TARGET) {
        return Err(Fault::ByteInTarget(first_bad(path, TARGET)));
    }
    if path_end == end {
        return Ok((Part::new(start, end), None));
    }
    let query = &target[path_end + 1..];
    // The URL parser of browsers leaves these as they are, and a broken escape
    // too: whoever reads the query decodes it, and nobody routes by it.
    if !query.iter().all(|byte| class::is(*byte, QUERY)) {
        return Err(Fault::ByteInTarget(first_bad(query, QUERY)));
    }
    Ok((Part::new(start, path_end), Some(Part::new(path_end + 1, end))))
}

#[cfg(test)]
mod tests;
