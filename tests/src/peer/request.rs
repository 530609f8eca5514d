//! Reads requests out of a whole input, as strictly as the server must
//! (RFC 9112, with the strict choices of the vectors): how many there are, what
//! their bodies are, and how the input ends. This is the oracle against
//! smuggling, so it is written for reading, not for speed.
//!
//! Of limits it knows those that a short input can meet: empty lines, the
//! length of a method, the number of fields.

pub use super::chunks::read_chunks;

use std::net::Ipv6Addr;

/// A request that the handler must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The target.
    pub target: String,
    /// The fields, in order, their names in lower case.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body, as far as it is there.
    pub body: Vec<u8>,
    /// How the body ends.
    pub end: BodyEnd,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// It is all there.
    Whole,
    /// The input ends before it does.
    Cut,
    /// It breaks its coding.
    Broken,
}

/// How the input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Between two requests.
    Idle,
    /// In a head.
    Head,
    /// In a body.
    Body,
    /// At something that must be refused; what follows must not be read.
    Refused,
    /// Behind a request that ends the connection; what follows must not be read.
    Closed,
    /// In a tunnel.
    Tunnel,
}

type Field = (String, Vec<u8>);

/// The most fields of a head or a trailer section.
const FIELDS: usize = 100;

/// Whether a machine that stands at `got` stands where it should: for a fresh
/// connection it makes no difference whether an empty line came.
pub fn same_end(got: End, expected: End, requests: &[Request]) -> bool {
    got == expected || (got == End::Head && expected == End::Idle && requests.is_empty())
}

/// A refusal.
pub(super) struct Bad;

/// Where a request lies in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first byte, that of an empty line before it if there is one.
    pub from: usize,
    /// The first byte behind its head.
    pub body: usize,
    /// The first byte behind it, or the end of the input.
    pub to: usize,
}

/// All requests of an input that is given whole.
pub fn read_all(input: &[u8]) -> (Vec<Request>, End) {
    let (requests, _, end) = read_placed(input);
    (requests, end)
}

/// All requests of an input that is given whole, and where they lie in it.
pub fn read_placed(whole: &[u8]) -> (Vec<Request>, Vec<Place>, End) {
    let (mut requests, mut places) = (Vec::new(), Vec::new());
    let mut input = whole;
    loop {
        let from = whole.len() - input.len();
        let head = match read_head(input) {
            Err(Bad) => return (requests, places, End::Refused),
            Ok(None) if input.is_empty() => return (requests, places, End::Idle),
            Ok(None) => return (requests, places, End::Head),
            Ok(Some(head)) => head,
        };
        let rest = &input[head.length..];
        let (body, end, used) = match head.framing {
            Framing::None => (Vec::new(), BodyEnd::Whole, 0),
            Framing::Length(length) => match usize::try_from(length) {
                Ok(length) if length <= rest.len() => {
                    (rest[..length].to_vec(), BodyEnd::Whole, length)
                }
                _ => (rest.to_vec(), BodyEnd::Cut, rest.len()),
            },
            Framing::Chunked => read_chunks(rest),
        };
        let (connect, last) = (head.method == "CONNECT", head.last);
        let Head { method, target, fields, .. } = head;
        requests.push(Request { method, target, fields, body, end });
        let body = from + head.length;
        places.push(Place { from, body, to: body + used });
        match end {
            BodyEnd::Broken => return (requests, places, End::Refused),
            BodyEnd::Cut => return (requests, places, End::Body),
            BodyEnd::Whole if connect => return (requests, places, End::Tunnel),
            BodyEnd::Whole if last => return (requests, places, End::Closed),
            BodyEnd::Whole => input = &rest[used..],
        }
    }
}

struct Head {
    method: String,
    target: String,
    fields: Vec<Field>,
    framing: Framing,
    /// The connection ends with it.
    last: bool,
    length: usize,
}

enum Framing {
    None,
    Length(u64),
    Chunked,
}

fn read_head(input: &[u8]) -> Result<Option<Head>, Bad> {
    let mut at = 0;
    let line = loop {
        match input[at..] {
            // The beginning of TLS, as far as it goes; other bytes that are no text.
            [0x16] | [0x16, 3] | [] | [b'\r' | b'\n' | b' '..=b'~', ..] => {}
            _ => return Err(Bad),
        }
        let Some(line) = take_line(input, &mut at)? else { return Ok(None) };
        if !line.is_empty() {
            break line;
        }
        // Eight empty lines are skipped.
        if at > 16 {
            return Err(Bad);
        }
    };
    let (method, target, minor) = request_line(line)?;
    let Some(fields) = read_fields(input, &mut at)? else { return Ok(None) };
    let version10 = minor == 0;
    let values = |name: &str| -> Vec<&[u8]> {
        fields.iter().filter(|(found, _)| found == name).map(|(_, value)| &value[..]).collect()
    };
    match values("host")[..] {
        [] if version10 || method == "CONNECT" => {}
        [host] if is_authority(host, true) && is_named(host) => {}
        _ => return Err(Bad),
    }
    // That the target's host is no name is seen once the head is whole.
    if !is_named(authority_of(&method, &target).as_bytes()) {
        return Err(Bad);
    }
    let expects = members(&values("expect"));
    if !version10 && expects.iter().any(|member| member != "100-continue") {
        return Err(Bad);
    }
    let framing =
        framing(&method, version10, &values("content-length"), &values("transfer-encoding"))?;
    let options = members(&values("connection"));
    let has = |option: &str| options.iter().any(|found| found == option);
    let last = has("close") || (version10 && !has("keep-alive"));
    Ok(Some(Head { method, target, fields, framing, last, length: at }))
}

fn framing(
    method: &str,
    version10: bool,
    lengths: &[&[u8]],
    codings: &[&[u8]],
) -> Result<Framing, Bad> {
    let framing = match (lengths, codings) {
        ([], []) => return Ok(Framing::None),
        ([length], []) => {
            let digits = std::str::from_utf8(length).map_err(|_| Bad)?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Bad);
            }
            Framing::Length(digits.parse().map_err(|_| Bad)?)
        }
        ([], [coding]) if !version10 && coding.eq_ignore_ascii_case(b"chunked") => Framing::Chunked,
        _ => return Err(Bad),
    };
    match (method, &framing) {
        ("CONNECT", Framing::Length(0)) => Ok(framing),
        ("CONNECT" | "TRACE", _) => Err(Bad),
        _ => Ok(framing),
    }
}

/// The members of comma-separated lists, in lower case.
fn members(values: &[&[u8]]) -> Vec<String> {
    let text = values.join(&b',');
    let member = |part: &[u8]| String::from_utf8_lossy(trim(part)).to_ascii_lowercase();
    text.split(|byte| *byte == b',').map(member).filter(|member| !member.is_empty()).collect()
}

fn request_line(line: &[u8]) -> Result<(String, String, u8), Bad> {
    let line = std::str::from_utf8(line).map_err(|_| Bad)?;
    let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(Bad);
    };
    let minor = match version.strip_prefix("HTTP/1.").map(str::as_bytes) {
        Some([minor]) if minor.is_ascii_digit() => minor - b'0',
        _ => return Err(Bad),
    };
    let fits = match method {
        "PRI" => false,
        "CONNECT" => is_authority(target.as_bytes(), false),
        "OPTIONS" if target == "*" => true,
        _ if target.starts_with('/') => is_path(target),
        _ => is_absolute(target),
    };
    let method_ok = !method.is_empty() && method.len() <= 64 && method.bytes().all(is_token);
    if fits && method_ok { Ok((method.into(), target.into(), minor)) } else { Err(Bad) }
}

fn is_absolute(target: &str) -> bool {
    let Some((scheme, rest)) = target.split_at_checked(7) else { return false };
    if !scheme.eq_ignore_ascii_case("http://") {
        return false;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    !authority.is_empty()
        && !authority.starts_with(':')
        && is_authority(authority.as_bytes(), true)
        && is_path(path)
}

/// The authority of a target that has one.
fn authority_of<'a>(method: &str, target: &'a str) -> &'a str {
    match target.split_once("//") {
        _ if method == "CONNECT" => target,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http:") => {
            &rest[..rest.find(['/', '?']).unwrap_or(rest.len())]
        }
        _ => "",
    }
}

/// Whether the host is an address, or no label of it but the last is empty.
fn is_named(authority: &[u8]) -> bool {
    let host = authority.split(|byte| *byte == b':').next().unwrap_or(b"");
    let labels: Vec<&[u8]> = host.split(|byte| *byte == b'.').collect();
    host.starts_with(b"[")
        || labels.len() == 1
        || labels[..labels.len() - 1].iter().all(|label| !label.is_empty())
}

/// RFC 3986's `pchar`, `/` and `?`, and what browsers send besides; in the query
/// that is more, and escapes need not be whole.
fn is_path(text: &str) -> bool {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let allowed = |byte: u8| is_plain(byte) || b":@/%{}|^[]".contains(&byte);
    let in_query = |byte: u8| allowed(byte) || b"?\\`".contains(&byte);
    path.bytes().all(allowed) && query.bytes().all(in_query) && escapes_are_whole(path)
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

/// `unreserved` and `sub-delims`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Host and port; each may be absent or empty only if `loose`.
fn is_authority(text: &[u8], loose: bool) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, port) = match text.rfind(']') {
        Some(end) => text.split_at(end + 1),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port_ok = match port.strip_prefix(':') {
        None => port.is_empty() && loose,
        Some("") => loose,
        Some(digits) => {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.trim_start_matches('0').len() <= 5
                && digits.parse::<u128>().is_ok_and(|port| port <= 65_535)
        }
    };
    let host_ok = match host.strip_prefix('[') {
        Some(inner) => is_address(inner.strip_suffix(']').unwrap_or("")),
        None => {
            let allowed = |byte: u8| is_plain(byte) || byte == b'%';
            host.bytes().all(allowed) && escapes_are_whole(host)
        }
    };
    port_ok && host_ok && (loose || !host.is_empty())
}

fn is_address(inner: &str) -> bool {
    let Some(future) = inner.strip_prefix(['v', 'V']) else {
        let (address, zone) = inner.split_once('%').unwrap_or((inner, "lo"));
        let in_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        return address.parse::<Ipv6Addr>().is_ok()
            && !zone.is_empty()
            && zone.bytes().all(in_zone);
    };
    future.split_once('.').is_some_and(|(version, address)| {
        !version.is_empty()
            && !address.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && address.bytes().all(|byte| is_plain(byte) || byte == b':')
    })
}

/// Field lines up to their empty line; names in lower case.
pub(super) fn read_fields(input: &[u8], at: &mut usize) -> Result<Option<Vec<Field>>, Bad> {
    let mut lines = Vec::new();
    loop {
        match take_line(input, at)? {
            None => return Ok(None),
            Some([]) => break,
            Some(_) if lines.len() == FIELDS => return Err(Bad),
            Some(line) => lines.push(line),
        }
    }
    let field = |line: &&[u8]| {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Bad)?;
        let name = String::from_utf8(line[..colon].to_ascii_lowercase()).map_err(|_| Bad)?;
        let value = trim(&line[colon + 1..]);
        let text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
        let name_ok = !name.is_empty() && name.bytes().all(is_token);
        if name_ok && text { Ok((name, value.to_vec())) } else { Err(Bad) }
    };
    lines.iter().map(field).collect::<Result<_, _>>().map(Some)
}

/// The next line, without its CRLF; nothing if it has no end.
pub(super) fn take_line<'a>(input: &'a [u8], at: &mut usize) -> Result<Option<&'a [u8]>, Bad> {
    let rest = &input[*at..];
    let Some(lf) = rest.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    *at += lf + 1;
    rest[..lf].strip_suffix(b"\r").map(Some).ok_or(Bad)
}

pub(super) fn trim_start(text: &[u8]) -> &[u8] {
    let blank = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[blank..]
}

fn trim(text: &[u8]) -> &[u8] {
    let text = trim_start(text);
    let blank = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[..text.len() - blank]
}

pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
