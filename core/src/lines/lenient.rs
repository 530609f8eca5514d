//! What a leniency lets through, rewritten into what everyone reads alike.
//! A field that frames a message is left as it is, and so refused.

use super::{BlockScan, Line};
use crate::config::Leniency;
use crate::wire::token;

/// Rewrites what a leniency lets through into what everyone reads alike:
/// a bare LF becomes CRLF, a fold becomes spaces (RFC 9112 §2.2, §5.2).
pub(super) fn normalise(text: Vec<u8>, start: usize, leniency: Leniency) -> Vec<u8> {
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
