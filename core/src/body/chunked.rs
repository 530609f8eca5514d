//! The chunked transfer coding (RFC 9112 §7.1), read and written.
//! Reads slices and keeps only a few numbers; a trailer section is found here and read by `lines`.

use crate::buf::OutBuf;
use crate::config::{LINE_MOST, Leniency, Limits};
use crate::error::Fault;
use crate::head::Fields;
use crate::lines::{self, BlockScan};
use crate::wire::{find_lf, token};
use bytes::Bytes;

/// Overhead that is not paid for by data, over the whole body. A chunk pays
/// for 16 bytes and twice its size.
const EXCESS_MOST: u64 = 16 * 1024;

/// Where a decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In a chunk line.
    Size,
    /// In chunk data: so many bytes are left.
    Data(u64),
    /// Before the CRLF that ends a chunk's data.
    DataEnd,
    /// In the trailer section.
    Trailers,
    /// Behind the end.
    Done,
}

/// Reads a chunked body.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    at: At,
    scan: BlockScan,
    excess: u64,
}

/// What [`Decoder::decode`] found at the front of its input.
#[derive(Debug)]
pub(crate) enum Step {
    /// So many bytes of overhead, then so many of data.
    Data { skip: usize, data: usize },
    /// The body ended with these trailers, after so many bytes.
    End { skip: usize, trailers: Option<Fields> },
    /// So many bytes are used up, and then more input is needed.
    More { skip: usize },
}

impl Decoder {
    pub(crate) fn new() -> Decoder {
        Decoder { at: At::Size, scan: BlockScan::default(), excess: 0 }
    }

    /// Looks at `input`, the bytes not used up yet, until there is data, the end, or no more of it.
    ///
    /// # Errors
    /// The input breaks the coding or a limit. The decoder is of no use then.
    pub(crate) fn decode(&mut self, input: &[u8], limits: &Limits) -> Result<Step, Fault> {
        let mut skip = 0;
        loop {
            let rest = &input[skip..];
            match self.at {
                At::Size => match self.size_line(rest, limits.leniency)? {
                    Some(used) => skip += used,
                    None => return Ok(Step::More { skip }),
                },
                At::Data(left) => {
                    let data = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    if data == 0 {
                        return Ok(Step::More { skip });
                    }
                    let left = left - data as u64;
                    self.at = if left == 0 { At::DataEnd } else { At::Data(left) };
                    return Ok(Step::Data { skip, data });
                }
                At::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        skip += 2;
                        self.at = At::Size;
                    }
                    [] | [b'\r'] => return Ok(Step::More { skip }),
                    _ => return Err(Fault::BadChunkEnd),
                },
                At::Trailers => {
                    return Ok(match self.trailers(rest, limits)? {
                        Some((used, trailers)) => Step::End { skip: skip + used, trailers },
                        None => Step::More { skip },
                    });
                }
                At::Done => return Ok(Step::End { skip, trailers: None }),
            }
        }
    }

    /// Reads a chunk line, if it is whole; says how long it was.
    fn size_line(&mut self, input: &[u8], leniency: Leniency) -> Result<Option<usize>, Fault> {
        let from = self.scan.seen();
        let Some(found) = find_lf(&input[from..]) else {
            self.scan = BlockScan::looked_at(input.len());
            return if input.len() >= LINE_MOST { Err(Fault::ChunkOverhead) } else { Ok(None) };
        };
        let used = from + found + 1;
        if used > LINE_MOST {
            return Err(Fault::ChunkOverhead);
        }
        let line = input[..used].strip_suffix(b"\r\n").ok_or(Fault::BareLf)?;
        let size = chunk_line(line, leniency)?;
        self.charge(used, size)?;
        self.scan.reset();
        self.at = if size == 0 { At::Trailers } else { At::Data(size) };
        Ok(Some(used))
    }

    fn charge(&mut self, line: usize, size: u64) -> Result<(), Fault> {
        let paid = size.saturating_mul(2).saturating_add(16);
        self.excess = self.excess.saturating_add(line as u64 + 2).saturating_sub(paid);
        if self.excess > EXCESS_MOST { Err(Fault::ChunkOverhead) } else { Ok(()) }
    }

    /// Reads the trailer section, if it is whole; says how long it was.
    fn trailers(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Option<(usize, Option<Fields>)>, Fault> {
        let Some(used) =
            lines::scan_fields(&mut self.scan, input, limits, 0, Fault::TrailersTooLarge)?
        else {
            return Ok(None);
        };
        let lines = self.scan.lines();
        self.at = At::Done;
        if lines == 0 {
            return Ok(Some((used, None)));
        }
        let mut fields = lines::read_fields(input[..used].to_vec(), 0, lines, limits.leniency)?;
        FORBIDDEN.iter().for_each(|name| {
            fields.remove(name);
        });
        Ok(Some((used, (!fields.is_empty()).then_some(fields))))
    }
}

/// Fields that decide framing, routing, authentication or how content is read:
/// ignored in a trailer section, and refused when sent in one (RFC 9110 §6.5.1).
const FORBIDDEN: [&str; 22] = [
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Expect",
    "Host",
    "Keep-Alive",
    "Max-Forwards",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Range",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "WWW-Authenticate",
];

/// Whether a field of this name may stand in a trailer section.
pub(crate) fn is_forbidden_trailer(name: &str) -> bool {
    FORBIDDEN.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(name))
}

/// `chunk-size [ chunk-ext ]`, without the line's end.
fn chunk_line(line: &[u8], leniency: Leniency) -> Result<u64, Fault> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    if digits == 0 || digits > 16 {
        return Err(Fault::BadChunkSize);
    }
    let size = line[..digits].iter().fold(0_u64, |size, digit| size << 4 | hex(*digit));
    let mut rest = &line[digits..];
    if leniency.chunk_lines {
        // What says nothing: the size and the line's end are where they were.
        rest = token::trim_end(rest);
        rest = rest.strip_suffix(b";").map_or(rest, token::trim_end);
    }
    match token::trim(rest).first() {
        None if rest.is_empty() => Ok(size),
        Some(b';') if extensions(rest) => Ok(size),
        Some(b';') => Err(Fault::BadChunkExtension),
        _ => Err(Fault::BadChunkSize),
    }
}

fn hex(digit: u8) -> u64 {
    u64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    })
}

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`, to the end of the line.
fn extensions(mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let Some(rest) = skip_bws(text).strip_prefix(b";").map(skip_bws) else {
            return false;
        };
        let Some(rest) = skip_token(rest) else {
            return false;
        };
        text = match skip_bws(rest).strip_prefix(b"=").map(skip_bws) {
            None => rest,
            Some(value) => match skip_token(value).or_else(|| skip_quoted(value)) {
                Some(rest) => rest,
                None => return false,
            },
        };
    }
    true
}

fn skip_bws(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn skip_token(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !token::is_tchar(*byte)).unwrap_or(text.len());
    (end > 0).then(|| &text[end..])
}

fn skip_quoted(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', escaped, rest @ ..] if token::is_value_byte(*escaped) => rest,
            [b'\\', ..] | [] => return None,
            [byte, rest @ ..] if token::is_value_byte(*byte) => rest,
            _ => return None,
        };
    }
}

/// The line before `size` bytes of data, which must be followed by CRLF.
fn write_size(out: &mut Vec<u8>, size: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    for nibble in (0..nibbles).rev() {
        out.push(DIGITS[size >> (nibble * 4) & 15]);
    }
    out.extend_from_slice(b"\r\n");
}

/// A chunk of this piece, which must not be empty.
pub(crate) fn write_chunk(out: &mut OutBuf, piece: Bytes) {
    out.write(|text| write_size(text, piece.len()));
    out.push(piece);
    out.write(|text| text.extend_from_slice(b"\r\n"));
}

/// The last chunk and the trailer section.
pub(crate) fn write_end(out: &mut Vec<u8>, trailers: Option<&Fields>) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.iter().flat_map(|trailers| trailers.raw()) {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
