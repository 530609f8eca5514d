//! Field lines as most are, found in one pass: a name, a colon, a value without white space
//! at its end, CRLF.
//! Refuses none: what stands otherwise is read with care, and what is wrong is said there.

use crate::config::Limits;
use crate::head::{Fields, Span};
use crate::wire::{find_control, token_length};

/// More fields than this are not looked for here.
const MOST: usize = 16;

/// Reads the field lines in `input[start..]` if all of them are there and as most are. Says
/// how long the input is to the end of the block; the fields hold it from `from` on.
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
    let text = &input[from..];
    // The places of fields are numbers of 32 bits.
    u32::try_from(text.len()).ok()?;
    let mut spans = [Span::default(); MOST];
    let (mut count, mut next) = (0, start - from);
    while let Some(span) = usual_line(text, next) {
        *spans.get_mut(count)? = span;
        count += 1;
        next = span.value_end as usize + 2;
    }
    if !text[next..].starts_with(b"\r\n") {
        return None;
    }
    let length = next + 2;
    if from + length > limits.head_bytes || count > limits.fields {
        return None;
    }
    Some((Fields::from_wire(&text[..length], &spans[..count]), from + length))
}

/// The field line that begins there, if it is as most are.
#[inline]
fn usual_line(text: &[u8], start: usize) -> Option<Span> {
    let line = text.get(start..)?;
    let name = token_length(line);
    let behind = match line.get(name..)? {
        [b':', behind @ ..] if name > 0 => behind,
        _ => return None,
    };
    let white = match behind {
        [b' ', first, ..] if *first > b' ' => 1,
        _ => behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count(),
    };
    let long = find_control(&behind[white..])?;
    let (value, end) = (name + 1 + white, name + 1 + white + long);
    // A tab stands in few values, and white space at the end of few.
    if long == 0 || line[end - 1] == b' ' || !line[end..].starts_with(b"\r\n") {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the text is not longer than that")]
    let at = |part: usize| (start + part) as u32;
    Some(Span { name: at(0), name_end: at(name), value: at(value), value_end: at(end) })
}
