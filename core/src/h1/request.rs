//! Finds, checks and reads the head of a request (RFC 9112 §3, §5).
//! Decides whether the text is well formed; connection rules are in `decide`.

use crate::config::{Limits, ServerConfig};
use crate::error::Fault;
use crate::head::{Fields, Method, RequestHead, Version, version};
use crate::lines::{self, BlockScan, Line, read_fields, read_whole_fields};
use crate::target::{self, Parts, Strictness};
use crate::wire::find_byte;

/// What is known of a head that has not arrived whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadScan {
    scan: BlockScan,
    empty_lines: u8,
    /// Of one that came in parts.
    line: Option<Box<RequestLine>>,
}

#[derive(Clone, Debug)]
struct RequestLine {
    method: Method,
    version: Version,
    parts: Parts,
    /// The target's place in the head.
    target: (usize, usize),
    /// Where the line starts: behind empty lines.
    start: usize,
    /// Where the fields start.
    end: usize,
}

impl HeadScan {
    /// Reads the head at the front of `input`, if it is whole; says how long it was.
    ///
    /// # Errors
    /// The head is malformed or over a limit. What is wrong is told at the same
    /// byte however the input is split.
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        config: &ServerConfig,
    ) -> Result<Option<(RequestHead, usize)>, Fault> {
        let limits = &config.limits;
        if self.line.is_none() {
            let Some(line) = self.read_request_line(input, config)? else {
                return Ok(None);
            };
            // The quick way, for most heads: all of it is there, and nothing about it is unusual.
            if let Some((fields, length)) = read_whole_fields(input, line.start, line.end, limits) {
                self.restart();
                let target = (line.target.0 - line.start, line.target.1 - line.start);
                return Ok(Some((line.with(target, fields), length)));
            }
            self.line = Some(Box::new(line));
        }
        match lines::scan_fields(&mut self.scan, input, limits, 1, Fault::HeadTooLarge)? {
            Some(length) => self.finish(&input[..length], limits).map(|head| Some((head, length))),
            None => Ok(None),
        }
    }

    /// Reads the request line, behind a few empty ones, if it is there.
    fn read_request_line(
        &mut self,
        input: &[u8],
        config: &ServerConfig,
    ) -> Result<Option<RequestLine>, Fault> {
        let limits = &config.limits;
        loop {
            let from = self.scan.line_start();
            check_beginning(&input[from..])?;
            let line = self.scan.next_line(input, limits.leniency);
            // The limit is met before whatever is wrong with the line's end.
            let ended = !matches!(line, Ok(Line::Partial));
            check_line_length(self.scan.seen() - usize::from(ended) - from, limits)?;
            match line? {
                Line::Partial => return Ok(None),
                Line::End(_) if self.empty_lines == limits.empty_lines => {
                    return Err(Fault::TooManyEmptyLines);
                }
                Line::End(_) => self.empty_lines += 1,
                Line::Text(start, end) => {
                    return request_line(input, start, end, self.scan.seen(), config).map(Some);
                }
            }
        }
    }

    /// What is wrong already with a head that the end of input cut off; nothing
    /// if it might have become a request.
    pub(crate) fn wrong_beginning(&self, input: &[u8], limits: &Limits) -> Option<Fault> {
        match &self.line {
            // What a leniency would make of the rest is not known.
            Some(_) if !limits.leniency.is_strict() => None,
            Some(line) => lines::wrong_beginning(&input[line.end..]),
            None => {
                let text = &input[self.scan.line_start()..];
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                let control = text.iter().find(|byte| byte.is_ascii_control())?;
                Some(if *control == b'\r' { Fault::BareCr } else { Fault::BadRequestLine })
            }
        }
    }

    /// Reads the fields behind the request line.
    fn finish(&mut self, head: &[u8], limits: &Limits) -> Result<RequestHead, Fault> {
        let lines = self.scan.lines() - 1;
        let line = *self.line.take().ok_or(Fault::BadRequestLine)?;
        self.restart();
        let sent = &head[line.target.0..line.target.1];
        let escaped = if limits.leniency.raw_target { target::escape_raw(sent) } else { None };
        let (text, target) = match escaped {
            None => {
                let place = (line.target.0 - line.start, line.target.1 - line.start);
                (head[line.start..].to_vec(), place)
            }
            Some(escaped) => with_target(head, &line, &escaped),
        };
        let fields_at = target.1 + (line.end - line.target.1);
        let fields = read_fields(text, fields_at, lines, limits.leniency)?;
        Ok(line.with(target, fields))
    }

    /// Forgets this head, for the next one.
    fn restart(&mut self) {
        self.scan.reset();
        self.empty_lines = 0;
    }
}

impl RequestLine {
    /// The head of this line and these fields; the target is a part of their text.
    fn with(self, target: (usize, usize), fields: Fields) -> RequestHead {
        let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let target = (clip(target.0), clip(target.1));
        RequestHead::from_wire(self.method, self.version, self.parts, target, fields)
    }
}

/// Whether the head that the input begins with, whatever is wrong with it, is
/// that of a HEAD request: no answer to one has content (RFC 9110 §9.3.2).
///
/// Empty lines may stand before it. What is wrong with such a line is known before the
/// method has come, so it says nothing that the method behind it is there already.
pub(crate) fn is_head(mut input: &[u8]) -> bool {
    while let Some(rest) = input.strip_prefix(b"\r\n") {
        input = rest;
    }
    input.starts_with(b"HEAD ")
}

/// What is no text at all may have no lines: it is known by its first bytes.
fn check_beginning(line: &[u8]) -> Result<(), Fault> {
    match line {
        [b'\r' | b'\n' | b' '..=b'~', ..] | [] => Ok(()),
        // A TLS record of a handshake, in any version there is (RFC 8446 §5.1).
        [0x16, 3, 0..=4, ..] => Err(Fault::TlsSpoken),
        [0x16] | [0x16, 3] => Ok(()),
        _ => Err(Fault::BadMethod),
    }
}

fn check_line_length(length: usize, limits: &Limits) -> Result<(), Fault> {
    // Two spaces, `HTTP/1.1` and CR stand beside method and target.
    let most = limits.target_bytes.saturating_add(limits.method_bytes).saturating_add(11);
    if length > most { Err(Fault::TargetTooLong) } else { Ok(()) }
}

fn request_line(
    input: &[u8],
    start: usize,
    end: usize,
    fields_at: usize,
    config: &ServerConfig,
) -> Result<RequestLine, Fault> {
    let text = &input[start..end];
    let (method, rest) = split_at_space(text).ok_or(Fault::BadRequestLine)?;
    let (target, version) = split_at_space(rest).ok_or(Fault::BadRequestLine)?;
    if method.is_empty() || target.is_empty() {
        return Err(Fault::BadRequestLine);
    }
    let version = parse_version(version)?;
    if method.len() > config.limits.method_bytes {
        return Err(Fault::MethodTooLong);
    }
    if method == b"PRI" {
        return Err(Fault::ReservedMethod);
    }
    let method_length = method.len();
    let method = Method::from_bytes(method).map_err(|_| Fault::BadMethod)?;
    if target.len() > config.limits.target_bytes {
        return Err(Fault::TargetTooLong);
    }
    let allow =
        Strictness { http: !config.secure, https: config.secure, any: config.forward_proxy };
    let escaped = if config.limits.leniency.raw_target { target::escape_raw(target) } else { None };
    let parts = Parts::parse(&method, escaped.as_deref().unwrap_or(target), allow)?;
    let target = (start + method_length + 1, start + method_length + 1 + target.len());
    Ok(RequestLine { method, version, parts, target, start, end: fields_at })
}

fn split_at_space(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = find_byte(text, b' ')?;
    Some((&text[..space], &text[space + 1..]))
}

/// `HTTP/` DIGIT `.` DIGIT. Minor versions above 1 are read as 1 (RFC 9110 §2.5).
pub(super) fn parse_version(text: &[u8]) -> Result<Version, Fault> {
    match text {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        _ => match version::numbers(text) {
            Some((1, _)) => Ok(Version::Http11),
            Some(_) => Err(Fault::UnsupportedVersion),
            None if text.contains(&b' ') => Err(Fault::BadRequestLine),
            None => Err(Fault::BadVersion),
        },
    }
}

/// The head with its target put in other words, and the target's place in it.
fn with_target(head: &[u8], line: &RequestLine, target: &[u8]) -> (Vec<u8>, (usize, usize)) {
    let (from, to) = line.target;
    let text = [&head[line.start..from], target, &head[to..]].concat();
    (text, (from - line.start, from - line.start + target.len()))
}

#[cfg(test)]
mod tests;
