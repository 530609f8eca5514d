//! Request targets and authorities (RFC 9112 §3.2, RFC 3986 §3.2).
//! Decides which form a target has and whether it is well formed; it cleans and decodes nothing.

use crate::error::Fault;
use crate::method::Method;
use crate::wire::uri::{self, QUERY, TARGET, USERINFO, first_bad, is_made_of};
use crate::wire::{Authority, find_byte, is_plain};

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
    if is_plain(&target[start..]) {
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
    if !query.iter().all(|byte| uri::is(*byte, QUERY)) {
        return Err(Fault::ByteInTarget(first_bad(query, QUERY)));
    }
    Ok((Part::new(start, path_end), Some(Part::new(path_end + 1, end))))
}

/// Escapes what [`Leniency::raw_target`](crate::config::Leniency::raw_target)
/// lets through; nothing, if a target has none of it.
///
/// A control byte and `#` stay: the ones some readers take for the end of the
/// target, the other for the end of its URL. So does a `%` that begins no escape.
/// In front of the path only bytes above 0x7F are escaped: behind a `\`, which
/// browsers read as `/`, another host could stand.
pub(crate) fn escape_raw(target: &[u8]) -> Option<Vec<u8>> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let path = match target {
        [b'/', ..] => Some(0),
        _ => target.windows(3).position(|three| three == b"://").and_then(|at| {
            let rest = &target[at + 3..];
            rest.iter().position(|byte| matches!(byte, b'/' | b'?')).map(|end| at + 3 + end)
        }),
    };
    let path = path.unwrap_or(target.len());
    let query = find_byte(target, b'?').unwrap_or(target.len());
    let is_raw = |at: usize, byte: u8| match byte {
        0x80.. => true,
        b'"' | b'<' | b'>' => at >= path,
        b'\\' | b'`' => at >= path && at < query,
        _ => false,
    };
    let raw = target.iter().enumerate().filter(|(at, byte)| is_raw(*at, **byte)).count();
    if raw == 0 {
        return None;
    }
    let mut text = Vec::with_capacity(target.len() + 2 * raw);
    for (at, byte) in target.iter().enumerate() {
        if is_raw(at, *byte) {
            text.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            text.push(*byte);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(method: &str, target: &str) -> Result<Form, Fault> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let allow = Strictness { http: true, https: false, any: false };
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
        ] {
            assert_eq!(form(method, target), Err(Fault::BadTarget), "{method} {target}");
        }
        assert_eq!(form("GET", "http://u@a/"), Err(Fault::UserinfoInTarget));
    }

    #[test]
    fn the_byte_that_is_refused_is_named() {
        for (target, byte) in [
            ("/#", b'#'),
            ("/?#", b'#'),
            ("/%41%4", b'%'),
            ("/%zz?%zz", b'%'),
            ("http://a/\"", b'"'),
            ("/a\\b", b'\\'),
            ("/`", b'`'),
            ("/?<", b'<'),
            ("/?a\u{7f}", 0x7f),
            ("/?a\tb", b'\t'),
            ("/\u{e9}", 0xc3),
            ("/?\u{e9}", 0xc3),
        ] {
            assert_eq!(form("GET", target), Err(Fault::ByteInTarget(byte)), "{target}");
        }
    }

    #[test]
    fn a_query_may_hold_what_browsers_leave_in_it() {
        for target in ["/?q=a\\b", "/?`x`", "/?100%", "/?%", "/a?%u00e9&%zz", "http://a?%2"] {
            assert!(form("GET", target).is_ok(), "{target}");
        }
    }

    #[test]
    fn a_forward_proxy_is_asked_for_any_scheme_and_user() {
        let proxied = |target: &str| {
            let allow = Strictness { http: true, https: false, any: true };
            let parts = Parts::parse(&Method::GET, target.as_bytes(), allow)?;
            Ok(String::from_utf8(parts.authority.of(target.as_bytes()).to_vec()).unwrap())
        };
        for (target, authority) in [
            ("ftp://a:21/x;type=i", "a:21"),
            ("https://a", "a"),
            ("http://u:p%40@a:80/@", "a:80"),
            ("ftp://@[::1]?x", "[::1]"),
        ] {
            assert_eq!(proxied(target), Ok(authority.to_owned()), "{target}");
        }
        for target in ["http://u@b@a/", "http://u\\@a/", "ftp://u@/x", "http://u[@a/", "ftp:///x"] {
            assert_eq!(proxied(target), Err(Fault::BadTarget), "{target}");
        }
        assert_eq!(proxied("urn:x:y"), Err(Fault::WrongScheme));
    }

    #[test]
    fn what_a_leniency_lets_through_is_escaped() {
        let escaped = |target: &str| {
            escape_raw(target.as_bytes()).map(|text| String::from_utf8(text).unwrap())
        };
        for (target, text) in [
            ("/a\"<>\\`?\"<>\\`", "/a%22%3C%3E%5C%60?%22%3C%3E\\`"),
            ("/\u{e9}?\u{e9}", "/%C3%A9?%C3%A9"),
            ("http://\u{e9}/\\", "http://%C3%A9/%5C"),
            ("http://a?\"", "http://a?%22"),
        ] {
            assert_eq!(escaped(target).as_deref(), Some(text));
        }
        for target in ["/a?b", "http://a\\b", "http://a\"/", "\\", "/#", "/%zz", "/\t", "\u{7f}"] {
            assert_eq!(escaped(target), None, "{target}");
        }
    }

    #[test]
    fn other_schemes_are_misdirected() {
        for target in ["https://a/", "ftp://a/x", "urn:x:y"] {
            assert_eq!(form("GET", target), Err(Fault::WrongScheme), "{target}");
        }
    }
}
