//! Octets to frames (RFC 9113 §4.1 and §6).
//! Decides what is wrong with the form of one; the order of frames is not its matter.

use super::{Frame, HEADER_LEN, Header, Kind, Settings, Weight, flags};
use crate::h2::errors::Violation;

/// A frame whose form is wrong. Those that end a stream alone are to be judged by the
/// state that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub violation: Violation,
    /// What can be told of the frame.
    pub header: Header,
}

impl Malformed {
    /// How many octets the frame has: what is behind them is the next.
    pub fn len(&self) -> usize {
        HEADER_LEN + self.header.length as usize
    }

    /// A frame is never empty.
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl Header {
    /// The header of a frame, if all of it is here.
    pub fn parse(input: &[u8]) -> Option<Header> {
        let header: &[u8; HEADER_LEN] = input.first_chunk()?;
        Some(Header {
            length: u32::from_be_bytes([0, header[0], header[1], header[2]]),
            kind: header[3],
            flags: header[4],
            stream: id([header[5], header[6], header[7], header[8]]),
        })
    }

    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Reads the frame that `input` begins with, whose payload may have `most` octets, and says
/// how many it has in all. `None`: it is not here as a whole.
///
/// # Errors
/// [`Malformed`], for a frame that is too long as soon as its header is here.
pub fn read(input: &[u8], most: u32) -> Result<Option<(Frame<'_>, usize)>, Malformed> {
    let Some(header) = Header::parse(input) else { return Ok(None) };
    let malformed = |violation| Malformed { violation, header };
    if header.length > most {
        return Err(malformed(Violation::FrameTooLong));
    }
    let end = HEADER_LEN + header.length as usize;
    let Some(payload) = input.get(HEADER_LEN..end) else { return Ok(None) };
    let frame = parse(header, payload).map_err(malformed)?;
    Ok(Some((frame, end)))
}

/// A frame that is here as a whole.
fn parse(header: Header, payload: &[u8]) -> Result<Frame<'_>, Violation> {
    let Some(kind) = Kind::of(header.kind) else {
        return Ok(Frame::Unknown { kind: header.kind, stream: header.stream });
    };
    place(kind, header.stream)?;
    let stream = header.stream;
    let end_headers = header.has(flags::END_HEADERS);
    Ok(match kind {
        Kind::Data => {
            let (data, padding) = unpadded(header, payload)?;
            Frame::Data { stream, data, padding, end_stream: header.has(flags::END_STREAM) }
        }
        Kind::Headers => headers(header, payload)?,
        Kind::Priority => {
            let payload = payload.try_into().map_err(|_| Violation::PriorityLength)?;
            Frame::Priority { stream, weight: weight(payload) }
        }
        Kind::RstStream => Frame::RstStream { stream, code: u32::from_be_bytes(fixed(payload)?) },
        Kind::Settings if header.has(flags::ACK) => {
            let [] = fixed(payload)?;
            Frame::SettingsAck
        }
        Kind::Settings => Frame::Settings(Settings::parse(payload)?),
        Kind::PushPromise => {
            let (payload, padding) = unpadded(header, payload)?;
            let (promised, fragment) = front(payload)?;
            Frame::PushPromise { stream, promised: id(promised), fragment, padding, end_headers }
        }
        Kind::Ping => Frame::Ping { ack: header.has(flags::ACK), data: fixed(payload)? },
        Kind::GoAway => {
            let (last, rest) = front(payload)?;
            let (code, debug) = front(rest)?;
            Frame::GoAway { last: id(last), code: u32::from_be_bytes(code), debug }
        }
        Kind::WindowUpdate => match (id(fixed(payload)?), stream) {
            (0, 0) => return Err(Violation::NoIncrementAtAll),
            (0, _) => return Err(Violation::NoIncrement),
            (increment, _) => Frame::WindowUpdate { stream, increment },
        },
        Kind::Continuation => Frame::Continuation { stream, fragment: payload, end_headers },
        Kind::PriorityUpdate => {
            let (prioritized, value) = front(payload)?;
            match id(prioritized) {
                0 => return Err(Violation::PriorityOfNothing),
                prioritized => Frame::PriorityUpdate { prioritized, value },
            }
        }
    })
}

/// Whether a frame is where its type belongs: on a stream, or on none.
fn place(kind: Kind, stream: u32) -> Result<(), Violation> {
    match (kind, stream) {
        (
            Kind::Data
            | Kind::Headers
            | Kind::Priority
            | Kind::RstStream
            | Kind::PushPromise
            | Kind::Continuation,
            0,
        ) => Err(Violation::NeedsStream),
        (Kind::Settings | Kind::Ping | Kind::GoAway | Kind::PriorityUpdate, 1..) => {
            Err(Violation::NeedsConnection)
        }
        _ => Ok(()),
    }
}

fn headers(header: Header, payload: &[u8]) -> Result<Frame<'_>, Violation> {
    let (mut fragment, padding) = unpadded(header, payload)?;
    let mut priority = None;
    if header.has(flags::PRIORITY) {
        let (dependency, rest) = fragment.split_first_chunk().ok_or(Violation::FrameLength)?;
        (priority, fragment) = (Some(weight(dependency)), rest);
    }
    Ok(Frame::Headers {
        stream: header.stream,
        fragment,
        padding,
        weight: priority,
        end_stream: header.has(flags::END_STREAM),
        end_headers: header.has(flags::END_HEADERS),
    })
}

/// A payload without its padding, and how long that is. What the padding holds is not
/// looked at (RFC 9113 §6.1: a receiver need not).
fn unpadded(header: Header, payload: &[u8]) -> Result<(&[u8], Option<u8>), Violation> {
    if !header.has(flags::PADDED) {
        return Ok((payload, None));
    }
    let (length, rest) = payload.split_first().ok_or(Violation::FrameLength)?;
    let data = rest.len().checked_sub(usize::from(*length)).ok_or(Violation::Padding)?;
    Ok((&rest[..data], Some(*length)))
}

/// A payload of one fixed length.
fn fixed<const N: usize>(payload: &[u8]) -> Result<[u8; N], Violation> {
    payload.try_into().map_err(|_| Violation::FrameLength)
}

/// The first octets of a payload, and the rest.
fn front<const N: usize>(payload: &[u8]) -> Result<([u8; N], &[u8]), Violation> {
    let (front, rest) = payload.split_first_chunk().ok_or(Violation::FrameLength)?;
    Ok((*front, rest))
}

/// 31 bits: the first is reserved, and ignored.
fn id(octets: [u8; 4]) -> u32 {
    u32::from_be_bytes(octets) & 0x7fff_ffff
}

fn weight(&[a, b, c, d, weight]: &[u8; 5]) -> Weight {
    Weight { dependency: id([a, b, c, d]), exclusive: a & 0x80 != 0, weight: u16::from(weight) + 1 }
}
