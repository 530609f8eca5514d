//! Finding and reading field blocks: the lines of a head or of a trailer section.
//! Decides what is well formed; not what a field means.

use crate::config::{Leniency, Limits};
use crate::error::Fault;
use crate::head::{Fields, Span};
use crate::wire::{find_lf, token};
use httparse::Header;

/// How far a block of lines has been looked at. It resumes where it stopped,
/// so a block that arrives byte by byte costs linear time.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockScan {
    /// The next byte to look at.
    next: usize,
    /// Where the current line starts.
    line: usize,
    /// How many lines have ended.
    lines: usize,
}

/// What [`BlockScan::next_line`] found.
pub(crate) enum Line {
    /// A line, without its end: these bytes.
    Text(usize, usize),
    /// The empty line that ends the block; the block's length with it.
    End(usize),
    /// The line has no end yet.
    Partial,
}

impl BlockScan {
    /// A scan that has looked at `count` bytes of its first line.
    pub(crate) fn looked_at(count: usize) -> BlockScan {
        BlockScan { next: count, line: 0, lines: 0 }
    }

    /// A scan that has passed a first line of `length` bytes.
    pub(crate) fn behind_line(length: usize) -> BlockScan {
        BlockScan { next: length, line: length, lines: 1 }
    }

    /// Bytes looked at so far.
    pub(crate) fn seen(&self) -> usize {
        self.next
    }

    /// Lines that ended so far.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Where the current line starts.
    pub(crate) fn line_start(&self) -> usize {
        self.line
    }

    /// Finds the end of the current line and goes on to the next.
    ///
    /// # Errors
    /// [`Fault::BareLf`], as soon as the LF is there.
    #[inline]
    pub(crate) fn next_line(&mut self, input: &[u8], leniency: Leniency) -> Result<Line, Fault> {
        let Some(found) = find_lf(&input[self.next..]) else {
            self.next = input.len();
            return Ok(Line::Partial);
        };
        let start = self.line;
        let lf = self.next + found;
        self.next = lf + 1;
        self.line = lf + 1;
        let end = match lf.checked_sub(1) {
            Some(cr) if cr >= start && input[cr] == b'\r' => cr,
            _ if leniency.bare_lf => lf,
            _ => return Err(Fault::BareLf),
        };
        if start == end {
            return Ok(Line::End(lf + 1));
        }
        self.lines += 1;
        Ok(Line::Text(start, end))
    }

    /// Forgets what it saw, for the next block.
    pub(crate) fn reset(&mut self) {
        *self = BlockScan::default();
    }
}

/// Scans field lines to the empty line that ends them; says how long the block is.
/// `before` lines of it are no fields.
///
/// # Errors
/// The block is `too_long`, has too many fields, or a line ends in LF alone.
pub(crate) fn scan_fields(
    scan: &mut BlockScan,
    input: &[u8],
    limits: &Limits,
    before: usize,
    too_long: Fault,
) -> Result<Option<usize>, Fault> {
    loop {
        let line = scan.next_line(input, limits.leniency);
        // The limit is met before whatever is wrong with the line's end.
        if scan.seen() > limits.head_bytes {
            return Err(too_long);
        }
        match line? {
            Line::Text(..) if scan.lines() - before > limits.fields => {
                return Err(Fault::TooManyFields);
            }
            Line::Text(..) => {}
            Line::End(length) => return Ok(Some(length)),
            Line::Partial => return Ok(None),
        }
    }
}

/// Reads the field lines in `input[start..]` if their end is there and every
/// line is as most are: no white space at its end, a value, CRLF. Says how long
/// the input is to the end of the block; the fields hold it from `from` on.
pub(crate) fn read_whole_fields(
    input: &[u8],
    from: usize,
    start: usize,
    limits: &Limits,
) -> Option<(Fields, usize)> {
    // What any other leniency lets through is not as most lines are.
    if limits.leniency.raw_target {
        return None;
    }
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let Ok(httparse::Status::Complete((length, headers))) =
        httparse::parse_headers(&input[start..], &mut headers)
    else {
        return None;
    };
    let length = start + length;
    if length > limits.head_bytes || headers.len() > limits.fields {
        return None;
    }
    let spans = locate(&input[from..], headers);
    // The tokeniser takes LF alone for a line's end.
    let mut next = start - from;
    let mut usual = |span: &Span| {
        let begins = span.name as usize == next;
        next = span.value_end as usize + 2;
        begins && input.get(from + next - 2) == Some(&b'\r')
    };
    let usual = spans.iter().all(&mut usual) && input.get(from + next) == Some(&b'\r');
    (usual && from + next + 2 == length)
        .then(|| (Fields::from_wire(input[from..length].to_vec(), spans), length))
}

/// Reads the field lines in `text[start..]`, which end with their empty line.
///
/// # Errors
/// A name or value outside the grammar of RFC 9112 §5.
pub(crate) fn read_fields(
    text: Vec<u8>,
    start: usize,
    lines: usize,
    leniency: Leniency,
) -> Result<Fields, Fault> {
    let text = normalise(text, start, leniency);
    let spans = match lines {
        0..=16 => spans(&text, start, &mut [httparse::EMPTY_HEADER; 16]),
        17..=32 => spans(&text, start, &mut [httparse::EMPTY_HEADER; 32]),
        33..=128 => spans(&text, start, &mut [httparse::EMPTY_HEADER; 128]),
        _ => spans(&text, start, &mut vec![httparse::EMPTY_HEADER; lines]),
    };
    match spans {
        Some(spans) => Ok(Fields::from_wire(text, spans)),
        None => Err(diagnose(&text[start..])),
    }
}

fn spans<'t>(text: &'t [u8], start: usize, headers: &mut [Header<'t>]) -> Option<Vec<Span>> {
    let Ok(httparse::Status::Complete((length, headers))) =
        httparse::parse_headers(&text[start..], headers)
    else {
        return None;
    };
    if start + length != text.len() {
        return None;
    }
    Some(locate(text, headers))
}

/// Where names and values stand in the text that they are parts of.
fn locate(text: &[u8], headers: &[Header<'_>]) -> Vec<Span> {
    let origin = text.as_ptr().addr();
    let at = |part: *const u8| u32::try_from(part.addr() - origin).unwrap_or(u32::MAX);
    let span = |header: &Header<'_>| {
        let name = at(header.name.as_ptr());
        // An empty value is a constant somewhere else: any empty span will do.
        let value = if header.value.is_empty() { name } else { at(header.value.as_ptr()) };
        let length = |part: usize| u32::try_from(part).unwrap_or(u32::MAX);
        Span {
            name,
            name_end: name + length(header.name.len()),
            value,
            value_end: value + length(header.value.len()),
        }
    };
    headers.iter().map(span).collect()
}

/// Rewrites what a leniency lets through into what everyone reads alike:
/// a bare LF becomes CRLF, a fold becomes spaces (RFC 9112 §2.2, §5.2).
fn normalise(text: Vec<u8>, start: usize, leniency: Leniency) -> Vec<u8> {
    if !leniency.bare_lf && !leniency.obs_fold {
        return text;
    }
    let mut strict = text[..start].to_vec();
    let mut scan = BlockScan::default();
    let block = &text[start..];
    let mut framing = false;
    while let Ok(Line::Text(from, to)) = scan.next_line(block, leniency) {
        let line = &block[from..to];
        let fold = leniency.obs_fold && from > 0 && matches!(line.first(), Some(b' ' | b'\t'));
        if !fold {
            framing = frames_message(line);
        }
        // What frames the message must not be read differently by anyone: it stays as it is.
        if fold && !framing {
            strict.truncate(strict.len() - 2);
            strict.push(b' ');
            strict.extend_from_slice(token::trim(line));
        } else {
            strict.extend_from_slice(line);
        }
        strict.extend_from_slice(b"\r\n");
    }
    strict.extend_from_slice(b"\r\n");
    strict
}

/// Takes away the white space between names and colons, but where a field frames
/// the message: one reader may take such a line for that field, and another not.
pub(crate) fn close_up(text: &[u8], leniency: Leniency) -> Vec<u8> {
    let mut closed = Vec::with_capacity(text.len());
    let mut scan = BlockScan::default();
    let mut copied = 0;
    while let Ok(Line::Text(from, to)) = scan.next_line(text, leniency) {
        let line = &text[from..to];
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let name = token::trim_end(&line[..colon]);
        if name.len() < colon && token::is_token(name) && !frames_message(name) {
            closed.extend_from_slice(&text[copied..from + name.len()]);
            copied = from + colon;
        }
    }
    closed.extend_from_slice(&text[copied..]);
    closed
}

fn frames_message(line: &[u8]) -> bool {
    let starts = |name: &[u8]| line.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name));
    starts(b"content-length") || starts(b"transfer-encoding")
}

/// Says which rule a block breaks that the tokeniser refused.
fn diagnose(block: &[u8]) -> Fault {
    let mut scan = BlockScan::default();
    let mut first = true;
    while let Ok(Line::Text(start, end)) = scan.next_line(block, Leniency::STRICT) {
        if let Some(fault) = diagnose_line(&block[start..end], first) {
            return fault;
        }
        first = false;
    }
    Fault::BadFieldName
}

/// What is wrong already with a field block that has no end; nothing if it
/// might go on well.
pub(crate) fn wrong_beginning(block: &[u8]) -> Option<Fault> {
    let mut scan = BlockScan::default();
    let mut first = true;
    while let Ok(Line::Text(start, end)) = scan.next_line(block, Leniency::STRICT) {
        if let Some(fault) = diagnose_line(&block[start..end], first) {
            return Some(fault);
        }
        first = false;
    }
    let last = &block[scan.line_start()..];
    match last.strip_suffix(b"\r").unwrap_or(last) {
        [] => None,
        line if line.contains(&b':') => diagnose_line(line, first),
        line if line.contains(&b'\r') => Some(Fault::BareCr),
        name => diagnose_line(&[name, b":"].concat(), first),
    }
}

fn diagnose_line(line: &[u8], first: bool) -> Option<Fault> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Some(if first { Fault::BadFieldName } else { Fault::ObsFold });
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return Some(Fault::BadFieldName);
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let trimmed = token::trim(name);
    if trimmed.len() < name.len() && token::is_token(trimmed) {
        return Some(Fault::SpaceBeforeColon);
    }
    if !token::is_token(name) {
        return Some(Fault::BadFieldName);
    }
    if value.contains(&b'\r') {
        return Some(Fault::BareCr);
    }
    (!value.iter().all(|byte| token::is_value_byte(*byte))).then_some(Fault::BadFieldValue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str, leniency: Leniency) -> Result<Fields, Fault> {
        let lines = block.matches('\n').count();
        read_fields(block.as_bytes().to_vec(), 0, lines, leniency)
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (block, fault) in [
            ("X : v\r\n\r\n", Fault::SpaceBeforeColon),
            ("X Y: v\r\n\r\n", Fault::BadFieldName),
            (": v\r\n\r\n", Fault::BadFieldName),
            ("nocolon\r\n\r\n", Fault::BadFieldName),
            (" X: v\r\n\r\n", Fault::BadFieldName),
            ("X: v\r\n w\r\n\r\n", Fault::ObsFold),
            ("X: a\rb\r\n\r\n", Fault::BareCr),
            ("X: a\0b\r\n\r\n", Fault::BadFieldValue),
            ("X: v\r\r\n\r\n", Fault::BareCr),
        ] {
            assert_eq!(read(block, Leniency::STRICT).unwrap_err(), fault, "{block:?}");
        }
    }

    #[test]
    fn a_beginning_is_wrong_only_if_nothing_can_mend_it() {
        for block in ["", "\r", "X", "X:", "X: a\r", "X: a\r\n", "X: a\r\nY", "X: a\r\n\r"] {
            assert_eq!(wrong_beginning(block.as_bytes()), None, "{block:?}");
        }
        for (block, fault) in [
            ("X: a\r\n\rX", Fault::BareCr),
            ("X: a\rb", Fault::BareCr),
            ("X ", Fault::SpaceBeforeColon),
            ("X\0", Fault::BadFieldName),
            (" X", Fault::BadFieldName),
            ("X: a\r\n b", Fault::ObsFold),
            ("X : a\r\nY: b", Fault::SpaceBeforeColon),
            ("X: \0", Fault::BadFieldValue),
        ] {
            assert_eq!(wrong_beginning(block.as_bytes()), Some(fault), "{block:?}");
        }
    }

    #[test]
    fn leniency_rewrites_what_it_lets_through() {
        let leniency = Leniency { bare_lf: true, obs_fold: true, ..Leniency::STRICT };
        let fields = read("A: 1\nB: 2\r\n\t 3 \r\nC:\n\n", leniency).unwrap();
        let all: Vec<_> = fields.iter().map(|field| (field.name, field.text().unwrap())).collect();
        assert_eq!(all, [("A", "1"), ("B", "2 3"), ("C", "")]);
        assert!(read(" A: 1\r\n\r\n", leniency).is_err(), "a fold needs a field before it");
        for framing in
            ["Content-Length:\r\n 5\r\n\r\n", "transfer-encoding: x,\r\n chunked\r\n\r\n"]
        {
            assert_eq!(read(framing, leniency).unwrap_err(), Fault::ObsFold);
        }
    }

    #[test]
    fn space_before_a_colon_is_taken_away_where_nothing_is_framed() {
        let leniency = Leniency { space_before_colon: true, ..Leniency::STRICT };
        for (block, closed) in [
            ("X : v\r\nY\t : w : x\r\n\r\n", "X: v\r\nY: w : x\r\n\r\n"),
            ("X: v : w\r\n\r\n", "X: v : w\r\n\r\n"),
            ("X: v\r\n w : x\r\n\r\n", "X: v\r\n w : x\r\n\r\n"),
            ("X Y : v\r\n : w\r\n\r\n", "X Y : v\r\n : w\r\n\r\n"),
            ("content-Length : 5\r\n\r\n", "content-Length : 5\r\n\r\n"),
            ("Transfer-Encoding\t: chunked\r\n\r\n", "Transfer-Encoding\t: chunked\r\n\r\n"),
            ("nocolon \r\n\r\n", "nocolon \r\n\r\n"),
        ] {
            let text = close_up(block.as_bytes(), leniency);
            assert_eq!(String::from_utf8(text).unwrap(), closed);
        }
    }

    #[test]
    fn many_fields_are_read_in_order() {
        let block: String =
            (0..300).map(|n| format!("X-{n}: {n}\r\n")).chain(["\r\n".into()]).collect();
        let fields = read(&block, Leniency::STRICT).unwrap();
        assert_eq!(fields.len(), 300);
        assert_eq!(fields.get("x-299"), Some("299"));
    }
}
