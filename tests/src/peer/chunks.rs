//! Reads a chunked body as strictly as the server must (RFC 9112 §7.1).
//! It is a part of the oracle in `request`.

use super::request::{Bad, BodyEnd, is_token, read_fields, take_line, trim_start};

/// A chunked body: its data, how it ends, and how many bytes it took.
pub fn read_chunks(input: &[u8]) -> (Vec<u8>, BodyEnd, usize) {
    let mut body = Vec::new();
    let mut at = 0;
    let end = match read_chunks_into(input, &mut body, &mut at) {
        Ok(true) => BodyEnd::Whole,
        Ok(false) => BodyEnd::Cut,
        Err(Bad) => BodyEnd::Broken,
    };
    (body, end, at)
}

fn read_chunks_into(input: &[u8], body: &mut Vec<u8>, at: &mut usize) -> Result<bool, Bad> {
    loop {
        let Some(line) = take_line(input, at)? else { return Ok(false) };
        let size = chunk_size(line)?;
        if size == 0 {
            return Ok(read_fields(input, at)?.is_some());
        }
        let rest = &input[*at..];
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let data = &rest[..size.min(rest.len())];
        body.extend_from_slice(data);
        *at += data.len();
        match &rest[data.len()..] {
            [] => return Ok(false),
            [b'\r'] => return Ok(false),
            [b'\r', b'\n', ..] => *at += 2,
            _ => return Err(Bad),
        }
    }
}

fn chunk_size(line: &[u8]) -> Result<u64, Bad> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let text = std::str::from_utf8(&line[..digits]).map_err(|_| Bad)?;
    if digits == 0 || digits > 16 || !are_extensions(&line[digits..]) {
        return Err(Bad);
    }
    u64::from_str_radix(text, 16).map_err(|_| Bad)
}

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`.
fn are_extensions(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(name) = trim_start(rest).strip_prefix(b";").map(trim_start) else { return false };
        let length = name.iter().take_while(|byte| is_token(**byte)).count();
        if length == 0 {
            return false;
        }
        rest = &name[length..];
        if let Some(value) = trim_start(rest).strip_prefix(b"=").map(trim_start) {
            let length = match value.strip_prefix(b"\"") {
                Some(quoted) => quoted_length(quoted).map(|length| length + 1),
                None => Some(value.iter().take_while(|byte| is_token(**byte)).count()),
            };
            match length {
                Some(length) if length > 0 => rest = &value[length..],
                _ => return false,
            }
        }
    }
    true
}

/// How long a quoted string is behind its first quote.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 1,
            _ => {}
        }
        let byte = *text.get(at)?;
        if byte != b'\t' && (byte < b' ' || byte == 0x7F) {
            return None;
        }
        at += 1;
    }
}
