//! Frames of HTTP/2 as they lie on the wire, written a second time from RFC 9113 §4 and §6.
//! Cuts bytes into them and makes bytes of them; what they mean is known elsewhere.

use std::fmt;

/// What a client says first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0x0;
pub(super) const HEADERS: u8 = 0x1;
pub(super) const PRIORITY: u8 = 0x2;
pub(super) const RST_STREAM: u8 = 0x3;
pub(super) const SETTINGS: u8 = 0x4;
pub(super) const PING: u8 = 0x6;
pub(super) const GOAWAY: u8 = 0x7;
pub(super) const WINDOW_UPDATE: u8 = 0x8;
pub(super) const CONTINUATION: u8 = 0x9;
pub(super) const PRIORITY_UPDATE: u8 = 0x10;

/// END_STREAM, and of SETTINGS and PING the acknowledgement.
pub(super) const END_STREAM: u8 = 0x1;
pub(super) const ACK: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;
pub(super) const PADDED: u8 = 0x8;
pub(super) const WITH_PRIORITY: u8 = 0x20;

/// The settings that are looked at.
pub(super) const MAX_CONCURRENT_STREAMS: u16 = 0x3;
pub(super) const INITIAL_WINDOW_SIZE: u16 = 0x4;
pub(super) const MAX_FRAME_SIZE: u16 = 0x5;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn new(kind: u8, flags: u8, stream: u32, payload: Vec<u8>) -> Frame {
        Frame { kind, flags, stream, payload }
    }

    pub(super) fn settings(entries: &[(u16, u32)]) -> Frame {
        let mut payload = Vec::new();
        for (id, value) in entries {
            payload.extend_from_slice(&id.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        Frame::new(SETTINGS, 0, 0, payload)
    }

    pub(super) fn window_update(stream: u32, by: u32) -> Frame {
        Frame::new(WINDOW_UPDATE, 0, stream, by.to_be_bytes().into())
    }

    /// Whether it has this flag.
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn is_ack(&self) -> bool {
        matches!(self.kind, SETTINGS | PING) && self.has(ACK)
    }

    pub(super) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.has(END_STREAM)
    }

    /// What it takes from windows (RFC 9113 §6.1: padding too).
    pub(super) fn flow(&self) -> i64 {
        if self.kind == DATA { i64::try_from(self.payload.len()).unwrap_or(i64::MAX) } else { 0 }
    }

    /// The number that begins its payload.
    pub(super) fn number(&self) -> u32 {
        let mut four = [0; 4];
        for (to, from) in four.iter_mut().zip(&self.payload) {
            *to = *from;
        }
        u32::from_be_bytes(four) & 0x7FFF_FFFF
    }

    /// The entries of SETTINGS.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u16, u32)> {
        self.payload.chunks_exact(6).map(|entry| {
            let id = u16::from_be_bytes([entry[0], entry[1]]);
            (id, u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]))
        })
    }

    /// The value that SETTINGS end up with for this setting.
    pub(super) fn setting(&self, wanted: u16) -> Option<u32> {
        self.entries().filter(|(id, _)| *id == wanted).last().map(|(_, value)| value)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_be_bytes()[1..]);
        out.extend_from_slice(&[self.kind, self.flags]);
        out.extend_from_slice(&self.stream.to_be_bytes());
        out.extend_from_slice(&self.payload);
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 10] = [
            "DATA", "HEADERS", "PRIORITY", "RST", "SETTINGS", "PUSH", "PING", "GOAWAY", "WINDOW",
            "CONT",
        ];
        match NAMES.get(usize::from(self.kind)) {
            Some(name) => write!(f, "{name} {}", self.stream)?,
            None => write!(f, "type {} {}", self.kind, self.stream)?,
        }
        match self.kind {
            RST_STREAM | GOAWAY | WINDOW_UPDATE => write!(f, " {}", self.number())?,
            SETTINGS => {
                self.entries().try_for_each(|(id, value)| write!(f, " {id}={value}"))?;
            }
            _ => write!(f, " {}b", self.payload.len())?,
        }
        if self.is_ack() {
            return write!(f, " ack");
        }
        if self.ends_stream() { write!(f, " end") } else { Ok(()) }
    }
}

/// What is cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The client's first words.
    Preface(Vec<u8>),
    Frame(Frame),
}

impl Cut {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Cut::Preface(bytes) => out.extend_from_slice(bytes),
            Cut::Frame(frame) => frame.write(out),
        }
    }
}

/// Cuts what one side says, however it comes.
#[derive(Debug)]
pub(super) struct Cutter {
    rest: Vec<u8>,
    preface: bool,
}

impl Cutter {
    /// `preface` if it begins with one.
    pub(super) fn new(preface: bool) -> Cutter {
        Cutter { rest: Vec::new(), preface }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
    }

    /// The next that is whole.
    ///
    /// # Errors
    /// It is no HTTP/2.
    pub(super) fn next(&mut self) -> Result<Option<Cut>, String> {
        if self.preface {
            if self.rest.len() < PREFACE.len() {
                return Ok(None);
            }
            let first: Vec<u8> = self.rest.drain(..PREFACE.len()).collect();
            self.preface = false;
            let right = first == PREFACE;
            return if right { Ok(Some(Cut::Preface(first))) } else { Err("no preface".into()) };
        }
        let Some(header) = self.rest.get(..9) else { return Ok(None) };
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
        let (kind, flags) = (header[3], header[4]);
        let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
        if self.rest.len() < 9 + length {
            return Ok(None);
        }
        let payload = self.rest.drain(..9 + length).skip(9).collect();
        Ok(Some(Cut::Frame(Frame::new(kind, flags, stream, payload))))
    }
}
