//! Field lines to fields, by httparse's tokens: any that may stand in a message.
//! What is malformed about those that are refused, `diagnose` says.

use super::diagnose::diagnose;
use super::lenient::normalise;
use super::{BlockScan, Line};
use crate::config::{Leniency, Limits};
use crate::error::Fault;
use crate::head::{Fields, Span};
use httparse::Header;

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
        Some(spans) => Ok(Fields::from_wire(&text, &spans)),
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
