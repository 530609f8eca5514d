//! Finds, checks and reads the head of a response (RFC 9112 §4, §5).
//! Decides whether the text is well formed; what it means for the connection is in `client::decide`.

use super::request::parse_version;
use crate::config::Limits;
use crate::error::Fault;
use crate::head::{Fields, ResponseHead, Status, Version};
use crate::lines::{self, BlockScan, Line, read_fields, read_whole_fields};
use crate::wire::{find_byte, token};

/// What every status line begins with.
const BEGINNING: &[u8] = b"HTTP/";

/// What most responses begin with.
const USUAL: &[u8] = b"HTTP/1.1 200 OK\r\n";

/// What is known of a head that has not arrived whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadScan {
    scan: BlockScan,
    line: Option<StatusLine>,
}

#[derive(Clone, Copy, Debug)]
struct StatusLine {
    version: Version,
    status: Status,
    /// The reason's place in the head.
    reason: (usize, usize),
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
        limits: &Limits,
    ) -> Result<Option<(ResponseHead, usize)>, Fault> {
        if self.line.is_none() {
            let usual = self.scan.seen() == 0
                && input.starts_with(USUAL)
                && limits.head_bytes >= USUAL.len();
            let line = if usual {
                self.scan = BlockScan::behind_line(USUAL.len());
                USUAL_LINE
            } else {
                match self.read_status_line(input, limits)? {
                    Some(line) => line,
                    None => return Ok(None),
                }
            };
            // For most heads: all of it is there, and nothing about it is unusual.
            if let Some((fields, length)) = read_whole_fields(input, line.end, line.end, limits) {
                self.restart();
                return Ok(Some((line.with(input, fields), length)));
            }
            self.line = Some(line);
        }
        let scanned = lines::scan_fields(&mut self.scan, input, limits, 1, Fault::HeadTooLarge)?;
        match (scanned, self.line) {
            (Some(length), Some(line)) => {
                let lines = self.scan.lines() - 1;
                let text = &input[line.end..length];
                let text = match limits.leniency.space_before_colon {
                    true => lines::close_up(text, limits.leniency),
                    false => text.to_vec(),
                };
                let fields = read_fields(text, 0, lines, limits.leniency)?;
                self.restart();
                Ok(Some((line.with(input, fields), length)))
            }
            _ => Ok(None),
        }
    }

    fn read_status_line(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Option<StatusLine>, Fault> {
        // What is not HTTP at all may have no lines: it is known by its first bytes.
        match input {
            // An alert, or a handshake: the record's type and version (RFC 8446 §5.1).
            [0x15 | 0x16, 3, ..] => return Err(Fault::TlsSpoken),
            [0x15 | 0x16] => return Ok(None),
            _ if BEGINNING.starts_with(&input[..input.len().min(BEGINNING.len())]) => {}
            _ => return Err(Fault::BadStatusLine),
        }
        let line = self.scan.next_line(input, limits.leniency);
        // The limit is met before whatever is wrong with the line's end.
        if self.scan.seen() > limits.head_bytes {
            return Err(Fault::HeadTooLarge);
        }
        match line? {
            Line::Partial => Ok(None),
            Line::End(_) => Err(Fault::BadStatusLine),
            Line::Text(start, end) => status_line(&input[start..end], self.scan.seen()).map(Some),
        }
    }

    /// Forgets this head, for the next one.
    fn restart(&mut self) {
        self.scan.reset();
        self.line = None;
    }
}

const USUAL_LINE: StatusLine = StatusLine {
    version: Version::Http11,
    status: Status::OK,
    reason: (13, USUAL.len() - 2),
    end: USUAL.len(),
};

impl StatusLine {
    /// The head of this line, which `input` begins with, and these fields.
    fn with(self, input: &[u8], fields: Fields) -> ResponseHead {
        let reason = &input[self.reason.0..self.reason.1];
        ResponseHead::from_wire(self.status, self.version, reason, fields)
    }
}

/// `HTTP-version SP 3DIGIT SP [reason]`. The second SP is often missing where
/// there is no reason.
fn status_line(text: &[u8], fields_at: usize) -> Result<StatusLine, Fault> {
    let space = find_byte(text, b' ').ok_or(Fault::BadStatusLine)?;
    let version = parse_version(&text[..space])?;
    let (status, reason) = match &text[space + 1..] {
        [a, b, c] => ([*a, *b, *c], text.len()),
        [a, b, c, b' ', ..] => ([*a, *b, *c], space + 5),
        _ => return Err(Fault::BadStatusLine),
    };
    if !status.iter().all(u8::is_ascii_digit)
        || !text[reason..].iter().all(|byte| token::is_value_byte(*byte))
    {
        return Err(Fault::BadStatusLine);
    }
    let code = status.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let status = Status::from_code(code).ok_or(Fault::BadStatusLine)?;
    Ok(StatusLine { version, status, reason: (reason, text.len()), end: fields_at })
}

#[cfg(test)]
mod tests;
