//! Takes a URL or a reference apart (RFC 3986 §4.1) and puts one together.

use super::{Parts, Url, UrlError, UrlProblem};
use crate::target::Part;
use crate::wire::uri::{is_escape, is_in_target, is_path, is_unreserved_or_sub_delim};
use std::net::Ipv6Addr;

/// The longest URL that is looked at, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// Bytes of the input, and where they stand in it.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    at: usize,
    pub(super) bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    pub(super) fn whole(bytes: &'a [u8]) -> Piece<'a> {
        Piece { at: 0, bytes }
    }

    fn split(self, at: usize) -> (Piece<'a>, Piece<'a>) {
        let (before, after) = self.bytes.split_at(at);
        (Piece { bytes: before, ..self }, Piece { at: self.at + at, bytes: after })
    }

    fn skip(self, count: usize) -> Piece<'a> {
        self.split(count).1
    }

    /// What stands before the first such byte, and behind it.
    fn cut(self, byte: u8) -> (Piece<'a>, Option<Piece<'a>>) {
        match self.bytes.iter().position(|found| *found == byte) {
            Some(at) => {
                let (before, after) = self.split(at);
                (before, Some(after.skip(1)))
            }
            None => (self, None),
        }
    }

    fn error(self, problem: UrlProblem, index: usize) -> UrlError {
        UrlError::new(problem, self.at + index)
    }
}

/// The parts of a URL or of a relative reference, not yet checked.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    pub(super) scheme: Option<Piece<'a>>,
    pub(super) userinfo: Option<Piece<'a>>,
    /// Host and port.
    pub(super) place: Option<Piece<'a>>,
    pub(super) path: Piece<'a>,
    pub(super) query: Option<Piece<'a>>,
    pub(super) fragment: Option<Piece<'a>>,
}

pub(super) fn absolute(text: &[u8]) -> Result<Url, UrlError> {
    if let Some(url) = plain(text) {
        return Ok(url);
    }
    let reference = Reference::parse(text)?;
    if reference.scheme.is_none() {
        return Err(UrlError::new(UrlProblem::NoScheme, 0));
    }
    assemble(&reference)
}

/// Takes the commonest kind apart in one pass: `http` or `https`, a name,
/// perhaps a port, a path and a query, and nothing in it to be escaped or
/// checked further. Any other takes the careful way, and both find the same.
fn plain(text: &[u8]) -> Option<Url> {
    let start = match text {
        [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => 7,
        [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => 8,
        _ => return None,
    };
    let run = |from: usize, is: fn(u8) -> bool| {
        let length = text[from..].iter().position(|byte| !is(*byte));
        length.map_or(text.len(), |length| from + length)
    };
    let host = run(start, is_unreserved_or_sub_delim);
    let place = match text.get(host) {
        Some(b':') => run(host + 1, |byte| byte.is_ascii_digit()),
        _ => host,
    };
    let digits = text.get(host + 1..place).unwrap_or_default();
    if host == start || text.len() > LONGEST || (place > host && !(1..=4).contains(&digits.len())) {
        return None;
    }
    let port = digits.iter().fold(0, |port, digit| port * 10 + u16::from(digit - b'0'));
    let path = match text.get(place) {
        None | Some(b'/') => run(place, is_raw_in_path),
        Some(_) => return None,
    };
    let query = match text.get(path) {
        None => None,
        Some(b'?') if run(path + 1, is_in_target) == text.len() => {
            Some(Part::new(path + 1, text.len()))
        }
        Some(_) => return None,
    };
    let parts = Parts {
        scheme: Part::new(0, start - 3),
        has_authority: true,
        host: Part::new(start, host),
        port: (place > host).then_some(port),
        place: Part::new(start, place),
        path: Part::new(place, path),
        query,
        ..Parts::default()
    };
    Some(Url::of(std::str::from_utf8(text).ok()?.into(), parts))
}

impl<'a> Reference<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Reference<'a>, UrlError> {
        // RFC 9110 §7.1: a fragment is never sent, so nothing in it is wrong.
        let (rest, fragment) = Piece::whole(text).cut(b'#');
        if rest.bytes.len() > LONGEST {
            return Err(rest.error(UrlProblem::TooLong, LONGEST));
        }
        if let Some(at) = rest.bytes.iter().position(u8::is_ascii_control) {
            return Err(rest.error(UrlProblem::ControlByte, at));
        }
        let (scheme, rest) = cut_scheme(rest)?;
        let (rest, query) = rest.cut(b'?');
        // As Go reads it: a relative `///x` is a path, and `//` alone is nothing.
        let network =
            rest.bytes.starts_with(b"//") && (scheme.is_some() || !rest.bytes.starts_with(b"///"));
        if !network {
            let (segment, _) = rest.cut(b'/');
            if let (None, Some(at)) = (scheme, segment.bytes.iter().position(|b| *b == b':')) {
                return Err(segment.error(UrlProblem::ColonInFirstSegment, at));
            }
            return Ok(Reference {
                scheme,
                userinfo: None,
                place: None,
                path: rest,
                query,
                fragment,
            });
        }
        let rest = rest.skip(2);
        let end = rest.bytes.iter().position(|byte| *byte == b'/').unwrap_or(rest.bytes.len());
        let (authority, path) = rest.split(end);
        let (userinfo, place) = match authority.bytes.iter().rposition(|byte| *byte == b'@') {
            Some(at) => {
                let (userinfo, place) = authority.split(at);
                (Some(userinfo), place.skip(1))
            }
            None => (None, authority),
        };
        let nothing = scheme.is_none() && authority.bytes.is_empty();
        let place = (!nothing).then_some(place);
        Ok(Reference { scheme, userinfo, place, path, query, fragment })
    }
}

/// RFC 3986 §3.1: `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) ":"`.
fn cut_scheme(text: Piece<'_>) -> Result<(Option<Piece<'_>>, Piece<'_>), UrlError> {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let end = text.bytes.iter().position(|byte| !is_scheme(byte)).unwrap_or(text.bytes.len());
    if text.bytes.get(end) != Some(&b':') {
        return Ok((None, text));
    }
    match text.bytes[0] {
        b':' => Err(text.error(UrlProblem::NoScheme, 0)),
        first if first.is_ascii_alphabetic() => {
            let (scheme, rest) = text.split(end);
            Ok((Some(scheme), rest.skip(1)))
        }
        _ => Ok((None, text)),
    }
}

/// Makes a URL of its parts; checks and escapes them.
pub(super) fn assemble(reference: &Reference<'_>) -> Result<Url, UrlError> {
    let mut writer = Writer { text: String::with_capacity(128) };
    let mut parts = Parts::default();
    let scheme = reference.scheme.unwrap_or(Piece::whole(b""));
    parts.scheme = writer.add(scheme, |byte| byte.is_ascii())?;
    writer.text.make_ascii_lowercase();
    writer.text.push(':');
    let served = matches!(writer.text.as_str(), "http:" | "https:");
    if let Some(place) = reference.place {
        writer.text.push_str("//");
        parts.has_authority = true;
        if let Some(userinfo) = reference.userinfo {
            writer.userinfo(userinfo, &mut parts)?;
        }
        writer.place(place, &mut parts)?;
    } else if reference.path.bytes.starts_with(b"//") {
        // RFC 3986 §3.3: it would read as an authority.
        writer.text.push_str("/.");
    }
    if served && parts.host.is_empty() {
        let near = reference.place.unwrap_or(reference.path);
        return Err(near.error(UrlProblem::NoHost, 0));
    }
    let path = writer.add(reference.path, is_raw_in_path)?;
    parts.path = match reference.place {
        None if reference.path.bytes.starts_with(b"//") => Part::new(path.start() - 2, path.end()),
        _ => path,
    };
    if let Some(query) = reference.query {
        writer.text.push('?');
        parts.query = Some(writer.add_loosely(query, is_in_target));
    }
    if let Some(fragment) = reference.fragment {
        writer.text.push('#');
        parts.fragment = Some(writer.add_loosely(fragment, |byte| is_path(byte) || byte == b'?'));
    }
    Ok(Url::of(writer.text.into(), parts))
}

/// What a request's path has as it is. Brackets, which a target may have when it is
/// read, stand in no path of RFC 3986 §3.3, and strict servers refuse them there.
fn is_raw_in_path(byte: u8) -> bool {
    is_path(byte) && !matches!(byte, b'[' | b']')
}

/// A URL's text in the making.
struct Writer {
    text: String,
}

impl Writer {
    /// Adds a part: what is not in its class is escaped, and escapes are checked.
    fn add(&mut self, piece: Piece<'_>, raw: impl Fn(u8) -> bool) -> Result<Part, UrlError> {
        let start = self.text.len();
        let plain = piece.bytes.iter().all(|byte| *byte != b'%' && raw(*byte));
        if let Some(text) = std::str::from_utf8(piece.bytes).ok().filter(|_| plain) {
            self.text.push_str(text);
            return Ok(Part::new(start, self.text.len()));
        }
        for (at, byte) in piece.bytes.iter().enumerate() {
            if *byte == b'%' && !is_escape(&piece.bytes[at..]) {
                return Err(piece.error(UrlProblem::BadEscape, at));
            }
            self.push(*byte, *byte == b'%' || raw(*byte));
        }
        Ok(Part::new(start, self.text.len()))
    }

    /// Adds a query or a fragment, in which a `%` that begins no escape stands for itself.
    fn add_loosely(&mut self, piece: Piece<'_>, raw: impl Fn(u8) -> bool) -> Part {
        let start = self.text.len();
        for (at, byte) in piece.bytes.iter().enumerate() {
            self.push(*byte, is_escape(&piece.bytes[at..]) || raw(*byte));
        }
        Part::new(start, self.text.len())
    }

    fn push(&mut self, byte: u8, raw: bool) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        if raw {
            self.text.push(char::from(byte));
        } else {
            self.text.push('%');
            self.text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            self.text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }

    fn userinfo(&mut self, userinfo: Piece<'_>, parts: &mut Parts) -> Result<(), UrlError> {
        let is_allowed = |byte: u8| is_unreserved_or_sub_delim(byte) || byte == b':';
        let strange = |byte: &u8| !is_allowed(*byte) && !matches!(byte, b'@' | b'%');
        if let Some(at) = userinfo.bytes.iter().position(strange) {
            return Err(userinfo.error(UrlProblem::BadUserinfo, at));
        }
        // A further `@` is escaped.
        let whole = self.add(userinfo, is_allowed)?;
        parts.userinfo = Some(whole);
        parts.user = whole;
        if let Some(colon) = self.text[whole.start()..].find(':') {
            let colon = whole.start() + colon;
            parts.user = Part::new(whole.start(), colon);
            parts.password = Some(Part::new(colon + 1, whole.end()));
        }
        self.text.push('@');
        Ok(())
    }

    /// Adds host and port.
    fn place(&mut self, place: Piece<'_>, parts: &mut Parts) -> Result<(), UrlError> {
        let start = self.text.len();
        let rest = if place.bytes.first() == Some(&b'[') {
            self.address(place, parts)?
        } else {
            let end = place.bytes.iter().position(|byte| *byte == b':');
            let (host, rest) = place.split(end.unwrap_or(place.bytes.len()));
            if let Some(at) = host.bytes.iter().position(|b| !is_unreserved_or_sub_delim(*b)) {
                let ascii = host.bytes[at].is_ascii();
                let problem = if ascii { UrlProblem::BadHost } else { UrlProblem::NotAscii };
                return Err(host.error(problem, at));
            }
            parts.host = self.add(host, |byte| byte.is_ascii())?;
            rest
        };
        if !rest.bytes.is_empty() {
            parts.port = port(rest)?;
            self.add(rest, |byte| byte.is_ascii())?;
        }
        parts.place = Part::new(start, self.text.len());
        Ok(())
    }

    /// Adds an address in brackets, and gives what follows it.
    fn address<'a>(&mut self, place: Piece<'a>, parts: &mut Parts) -> Result<Piece<'a>, UrlError> {
        let wrong = place.error(UrlProblem::BadAddress, 0);
        let end = place.bytes.iter().position(|byte| *byte == b']').ok_or(wrong)?;
        let (inside, rest) = place.split(end);
        let (address, zone) = inside.skip(1).cut(b'%');
        let text = std::str::from_utf8(address.bytes).map_err(|_| wrong)?;
        text.parse::<Ipv6Addr>().map_err(|_| wrong)?;
        self.text.push('[');
        parts.in_brackets = true;
        parts.host = self.add(address, |byte| byte.is_ascii())?;
        if let Some(zone) = zone {
            // RFC 6874 §2: `%25` and the zone.
            let name = zone.bytes.strip_prefix(b"25").ok_or(wrong)?;
            let plain = name.iter().all(|byte| is_unreserved_or_sub_delim(*byte));
            if name.is_empty() || !plain {
                return Err(wrong);
            }
            self.text.push_str("%25");
            parts.zone = Some(self.add(zone.skip(2), |byte| byte.is_ascii())?);
        }
        self.text.push(']');
        Ok(rest.skip(1))
    }
}

/// The port behind a host; a colon alone is none (RFC 3986 §3.2.3).
fn port(rest: Piece<'_>) -> Result<Option<u16>, UrlError> {
    let wrong = rest.error(UrlProblem::BadPort, 0);
    let digits = rest.bytes.strip_prefix(b":").ok_or(wrong)?;
    if digits.is_empty() {
        return Ok(None);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(wrong);
    }
    let text = std::str::from_utf8(digits).map_err(|_| wrong)?;
    text.parse().map(Some).map_err(|_| wrong)
}
