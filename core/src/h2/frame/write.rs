//! Frames to octets: those that are sent.
//! Holds their form; when one is due, and whether a window has room for it, others decide.

use super::{HEADER_LEN, Kind, flags};
use crate::error::ErrorCode;

/// The header of a frame whose payload has `length` octets, 2^24-1 at the most.
pub fn header(length: usize, kind: Kind, flags: u8, stream: u32) -> [u8; HEADER_LEN] {
    debug_assert!(length < 1 << 24 && stream < 1 << 31);
    let [_, high, middle, low] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let [a, b, c, d] = stream.to_be_bytes();
    [high, middle, low, kind as u8, flags, a, b, c, d]
}

/// The header of DATA; its payload is sent from where it lies.
pub fn data_header(stream: u32, length: usize, end_stream: bool) -> [u8; HEADER_LEN] {
    header(length, Kind::Data, if end_stream { flags::END_STREAM } else { 0 }, stream)
}

/// A whole field block: HEADERS, and CONTINUATION for what `most` octets do not hold.
pub fn headers(out: &mut Vec<u8>, stream: u32, block: &[u8], end_stream: bool, most: u32) {
    let (mut fragment, mut rest) = block.split_at(block.len().min(most as usize));
    let mut kind = Kind::Headers;
    let mut set = if end_stream { flags::END_STREAM } else { 0 };
    loop {
        set |= if rest.is_empty() { flags::END_HEADERS } else { 0 };
        put(out, kind, set, stream, &[fragment]);
        if rest.is_empty() {
            return;
        }
        (fragment, rest) = rest.split_at(rest.len().min(most as usize));
        (kind, set) = (Kind::Continuation, 0);
    }
}

/// The same for a block that `make` writes: where it lies, if one frame holds it.
pub fn headers_of(
    out: &mut Vec<u8>,
    stream: u32,
    end_stream: bool,
    most: u32,
    make: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_LEN]);
    make(out);
    let block = start + HEADER_LEN;
    let length = out.len() - block;
    if length > most as usize {
        let long = out.split_off(block);
        out.truncate(start);
        return headers(out, stream, &long, end_stream, most);
    }
    let set = flags::END_HEADERS | if end_stream { flags::END_STREAM } else { 0 };
    out[start..block].copy_from_slice(&header(length, Kind::Headers, set, stream));
}

/// SETTINGS with these entries.
pub fn settings(out: &mut Vec<u8>, entries: impl IntoIterator<Item = (u16, u32)>) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_LEN]);
    for (id, value) in entries {
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
    let length = out.len() - start - HEADER_LEN;
    out[start..start + HEADER_LEN].copy_from_slice(&header(length, Kind::Settings, 0, 0));
}

/// The peer's settings are known here.
pub fn settings_ack(out: &mut Vec<u8>) {
    put(out, Kind::Settings, flags::ACK, 0, &[]);
}

/// PING, or the answer to one.
pub fn ping(out: &mut Vec<u8>, ack: bool, data: [u8; 8]) {
    put(out, Kind::Ping, if ack { flags::ACK } else { 0 }, 0, &[&data]);
}

/// RST_STREAM.
pub fn rst_stream(out: &mut Vec<u8>, stream: u32, code: ErrorCode) {
    put(out, Kind::RstStream, 0, stream, &[&code.code().to_be_bytes()]);
}

/// GOAWAY.
pub fn go_away(out: &mut Vec<u8>, last: u32, code: ErrorCode, debug: &[u8]) {
    put(out, Kind::GoAway, 0, 0, &[&last.to_be_bytes(), &code.code().to_be_bytes(), debug]);
}

/// WINDOW_UPDATE, by 1 to 2^31-1.
pub fn window_update(out: &mut Vec<u8>, stream: u32, increment: u32) {
    debug_assert!((1..1 << 31).contains(&increment));
    put(out, Kind::WindowUpdate, 0, stream, &[&increment.to_be_bytes()]);
}

fn put(out: &mut Vec<u8>, kind: Kind, flags: u8, stream: u32, payload: &[&[u8]]) {
    let length = payload.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&header(length, kind, flags, stream));
    for part in payload {
        out.extend_from_slice(part);
    }
}
