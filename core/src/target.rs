//! Request targets and authorities (RFC 9112 §3.2, RFC 3986 §3.2).
//! Decides which form a target has and whether it is well formed; it cleans and decodes nothing.

use crate::error::Fault;
use crate::h1::lines::find_byte;
use crate::head::Method;
use std::net::Ipv6Addr;

/// The four forms of a request target (RFC 9112 §3.2).
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
}

impl Strictness {
    /// A request built here may be for either scheme.
    pub(crate) const BUILD: Strictness = Strictness { http: true, https: true };
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
    let served = (allow.http && scheme.eq_ignore_ascii_case(b"http"))
        || (allow.https && scheme.eq_ignore_ascii_case(b"https"));
    let Some(rest) = rest.strip_prefix(b"//") else {
        // `a:80` reads as a scheme too; only a scheme that is not ours is misdirected.
        let port_like = rest.iter().all(u8::is_ascii_digit);
        return Err(if served || port_like { Fault::BadTarget } else { Fault::WrongScheme });
    };
    let start = colon + 3;
    let end =
        start + rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    // RFC 9110 §4.2.1: an http URI with an empty host is invalid; §4.2.4: userinfo is an error.
    match Authority::parse(&target[start..end]) {
        Some(authority) if !authority.host.is_empty() => {}
        _ => return Err(Fault::BadTarget),
    }
    if !served {
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
    if !is_made_of(&target[start..], TARGET) {
        return Err(Fault::BadTarget);
    }
    let end = target.len();
    Ok(match find_byte(&target[start..], b'?') {
        Some(at) => (Part::new(start, start + at), Some(Part::new(start + at + 1, end))),
        None => (Part::new(start, end), None),
    })
}

const TARGET: u8 = 1;
const REG_NAME: u8 = 2;
/// What may stand raw in a URL's path: `pchar`, `/`, and brackets, which Go leaves alone too.
const PATH: u8 = 4;

/// Which bytes may stand in a target, and which in a host name. `%` is in
/// neither: it needs two digits behind it.
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop stops at 255")]
        let byte = at as u8;
        if is_named_so(byte) {
            table[at] = TARGET | REG_NAME | PATH;
        }
        // The rest of `pchar`, `/` and `?`, and what browsers send raw: `{ } | ^ [ ]`.
        if matches!(byte, b':' | b'@' | b'/' | b'?' | b'{' | b'}' | b'|' | b'^' | b'[' | b']') {
            table[at] = TARGET;
        }
        if matches!(byte, b':' | b'@' | b'/' | b'[' | b']') {
            table[at] |= PATH;
        }
        at += 1;
    }
    table
};

/// Whether all of the text is of this class, or escapes.
fn is_made_of(text: &[u8], class: u8) -> bool {
    let mut rest = text.iter();
    rest.all(|byte| CLASS[usize::from(*byte)] & class != 0) || has_escapes_and(text, class)
}

/// The slower way, for a text that is not all of one class.
#[cold]
fn has_escapes_and(mut text: &[u8], class: u8) -> bool {
    while let [byte, rest @ ..] = text {
        text = match rest {
            _ if CLASS[usize::from(*byte)] & class != 0 => rest,
            [_, _, rest @ ..] if is_escape(text) => rest,
            _ => return false,
        };
    }
    true
}

/// `unreserved` and `sub-delims` of RFC 3986 §2: what a host's name is made of.
pub(crate) fn is_unreserved_or_sub_delim(byte: u8) -> bool {
    CLASS[usize::from(byte)] & REG_NAME != 0
}

/// `pchar` and `/` (RFC 3986 §3.3), and brackets.
pub(crate) fn is_path(byte: u8) -> bool {
    CLASS[usize::from(byte)] & PATH != 0
}

/// What may stand raw in a target, and so in a URL's query; not `%`.
pub(crate) fn is_in_target(byte: u8) -> bool {
    CLASS[usize::from(byte)] & TARGET != 0
}

const fn is_named_so(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

pub(crate) fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// `host [ ":" port ]`, without userinfo.
pub(crate) struct Authority<'a> {
    /// Brackets included; may be empty.
    pub(crate) host: &'a [u8],
    /// Digits up to 65535; may be empty.
    pub(crate) port: Option<&'a [u8]>,
}

impl Authority<'_> {
    /// Checks and splits a Host value or a URI's authority.
    pub(crate) fn parse(text: &[u8]) -> Option<Authority<'_>> {
        let split = match text {
            [b'[', ..] => text.iter().position(|byte| *byte == b']')? + 1,
            _ => text
                .iter()
                .position(|byte| !is_unreserved_or_sub_delim(*byte))
                .unwrap_or(text.len()),
        };
        if text.get(split) == Some(&b'%') {
            return Authority::parse_escaped(text);
        }
        let (host, rest) = text.split_at(split);
        let port = match rest {
            [] => None,
            [b':', port @ ..] => Some(port),
            _ => return None,
        };
        let host_ok = host.first() != Some(&b'[') || is_ip_literal(host);
        (host_ok && port.is_none_or(is_port)).then_some(Authority { host, port })
    }

    /// The slower way, for a host with escapes.
    #[cold]
    fn parse_escaped(text: &[u8]) -> Option<Authority<'_>> {
        let (host, port) = match find_byte(text, b':') {
            Some(colon) => (&text[..colon], Some(&text[colon + 1..])),
            None => (text, None),
        };
        let ok = is_made_of(host, REG_NAME) && port.is_none_or(is_port);
        ok.then_some(Authority { host, port })
    }
}

fn is_port(port: &[u8]) -> bool {
    let mut value = 0_u32;
    for digit in port {
        if !digit.is_ascii_digit() {
            return false;
        }
        value = value.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    }
    value <= 65_535
}

fn is_ip_literal(host: &[u8]) -> bool {
    let Some(inner) = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) else {
        return false;
    };
    match inner {
        // IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
        [b'v' | b'V', rest @ ..] => rest.iter().position(|byte| *byte == b'.').is_some_and(|dot| {
            let (version, address) = (&rest[..dot], &rest[dot + 1..]);
            !version.is_empty()
                && version.iter().all(u8::is_ascii_hexdigit)
                && !address.is_empty()
                && address.iter().all(|byte| is_unreserved_or_sub_delim(*byte) || *byte == b':')
        }),
        _ => std::str::from_utf8(inner).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(method: &str, target: &str) -> Result<Form, Fault> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let allow = Strictness { http: true, https: false };
        Parts::parse(&method, target.as_bytes(), allow).map(|parts| parts.form)
    }

    #[test]
    fn each_form_goes_with_its_methods() {
        assert_eq!(form("GET", "/a?b/c?d"), Ok(Form::Origin));
        assert_eq!(form("GET", "http://a:80/x"), Ok(Form::Absolute));
        assert_eq!(form("GET", "HTTP://[::1]"), Ok(Form::Absolute));
        assert_eq!(form("CONNECT", "a:443"), Ok(Form::Authority));
        assert_eq!(form("OPTIONS", "*"), Ok(Form::Asterisk));
        for (method, target) in [
            ("GET", "*"),
            ("GET", "a:80"),
            ("GET", "a"),
            ("GET", ""),
            ("GET", "?"),
            ("GET", "%2f"),
            ("CONNECT", "a"),
            ("CONNECT", "a:"),
            ("CONNECT", "/"),
            ("CONNECT", "*"),
            ("CONNECT", ":80"),
            ("CONNECT", "http://a:80/"),
            ("OPTIONS", "**"),
            ("GET", "http://"),
            ("GET", "http:///x"),
            ("GET", "http:a"),
            ("GET", "http://u@a/"),
            ("GET", "/#"),
            ("GET", "/%4"),
            ("GET", "/\""),
        ] {
            assert_eq!(form(method, target), Err(Fault::BadTarget), "{method} {target}");
        }
    }

    #[test]
    fn other_schemes_are_misdirected() {
        for target in ["https://a/", "ftp://a/x", "urn:x:y"] {
            assert_eq!(form("GET", target), Err(Fault::WrongScheme), "{target}");
        }
    }

    #[test]
    fn hosts_follow_the_grammar() {
        for good in [
            "",
            "a",
            "a:",
            "a:80",
            "[::1]",
            "[::1]:8080",
            "[v1.x]",
            "a%41",
            "a_b!$&'()*+,;=",
            ":80",
        ] {
            assert!(Authority::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "a b",
            "a:x",
            "a:99999",
            "::1",
            "[::1",
            "[]",
            "[::1]x",
            "[1.2.3.4]",
            "a%zz",
            "u@a",
            "a/b",
            "é",
        ] {
            assert!(Authority::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
