//! What a server or a client sent, frame by frame, read by a reader of its own.
//! It judges nothing; only the fields of blocks are decoded by what is held against other vectors.

use std::collections::BTreeMap;

use purlin_core::h2::hpack::{Decoder, Limits};

/// What came back on one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::vectors) struct Back {
    pub(in crate::vectors) status: Option<u64>,
    pub(in crate::vectors) interim: Vec<u64>,
    pub(in crate::vectors) data: u64,
    pub(in crate::vectors) end: bool,
    pub(in crate::vectors) trailers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(in crate::vectors) most_frame: u64,
    /// Codes of RST_STREAM.
    pub(in crate::vectors) rst: Vec<u32>,
    /// Field blocks as they were sent.
    pub(in crate::vectors) blocks: Vec<Vec<u8>>,
}

/// All that came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::vectors) struct Output {
    pub(in crate::vectors) streams: BTreeMap<u32, Back>,
    /// Last stream, code, and debug data of each GOAWAY.
    pub(in crate::vectors) goaways: Vec<(u32, u32, Vec<u8>)>,
    pub(in crate::vectors) settings: Vec<(u16, u32)>,
    pub(in crate::vectors) settings_acks: u64,
    pub(in crate::vectors) pings: Vec<Vec<u8>>,
    pub(in crate::vectors) credit: BTreeMap<u32, u64>,
    pub(in crate::vectors) window_updates: u64,
    /// Types in order, with the stream of those that have one.
    pub(in crate::vectors) order: Vec<String>,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const NAMES: [&str; 10] = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
];

impl Output {
    /// Reads all frames of a server's output.
    pub(in crate::vectors) fn read(octets: &[u8]) -> Result<Output, String> {
        Output::read_of(octets, false)
    }

    /// Reads the preface and all frames of a client's output.
    pub(in crate::vectors) fn read_client(octets: &[u8]) -> Result<Output, String> {
        let frames = octets.strip_prefix(PREFACE).ok_or("no preface")?;
        Output::read_of(frames, true)
    }

    fn read_of(mut octets: &[u8], asks: bool) -> Result<Output, String> {
        let mut output = Output::default();
        let mut decoder = Decoder::default();
        let mut block: Option<(u32, Vec<u8>, bool)> = None;
        while !octets.is_empty() {
            let (kind, flags, stream, payload, rest) = frame(octets)?;
            octets = rest;
            output.note(kind, flags, stream);
            match (kind, &mut block) {
                (1, None) => block = Some((stream, payload.to_vec(), flags & 1 != 0)),
                (9, Some((open, text, _))) if *open == stream => text.extend_from_slice(payload),
                (9, _) | (_, Some(_)) => return Err(format!("type {kind} within a block")),
                _ => output.take(kind, flags, stream, payload)?,
            }
            if matches!(kind, 1 | 9) && flags & 4 != 0 {
                let Some((stream, text, end)) = block.take() else { continue };
                output.fields(stream, text, end, asks, &mut decoder)?;
            }
        }
        Ok(output)
    }

    fn note(&mut self, kind: u8, flags: u8, stream: u32) {
        let name = NAMES.get(usize::from(kind)).copied().unwrap_or("?");
        let ack = if matches!(kind, 4 | 6) && flags & 1 != 0 { " ACK" } else { "" };
        let on = if stream == 0 { String::new() } else { format!(" {stream}") };
        self.order.push(format!("{name}{ack}{on}"));
    }

    fn take(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<(), String> {
        match kind {
            0 => {
                let back = self.back(stream)?;
                back.data += payload.len() as u64;
                back.most_frame = back.most_frame.max(payload.len() as u64);
                back.end |= flags & 1 != 0;
            }
            3 => {
                let code = number(payload)?;
                self.streams.entry(stream).or_default().rst.push(code);
            }
            4 if flags & 1 != 0 => self.settings_acks += 1,
            4 => {
                for entry in payload.chunks(6) {
                    let id = u16::from_be_bytes([entry[0], entry[1]]);
                    self.settings.push((id, number(&entry[2..])?));
                }
            }
            6 if flags & 1 != 0 => self.pings.push(payload.to_vec()),
            7 => {
                let debug = payload.get(8..).unwrap_or_default().to_vec();
                self.goaways.push((number(&payload[..4])?, number(&payload[4..8])?, debug));
            }
            8 => {
                *self.credit.entry(stream).or_default() += u64::from(number(payload)?);
                self.window_updates += 1;
            }
            other => return Err(format!("type {other} was sent")),
        }
        Ok(())
    }

    /// The stream, on which more may still come.
    fn back(&mut self, stream: u32) -> Result<&mut Back, String> {
        let back = self.streams.entry(stream).or_default();
        if back.end || !back.rst.is_empty() {
            return Err(format!("stream {stream}: more behind its end"));
        }
        Ok(back)
    }

    fn fields(
        &mut self,
        stream: u32,
        block: Vec<u8>,
        end: bool,
        asks: bool,
        decoder: &mut Decoder,
    ) -> Result<(), String> {
        let list = decoder.decode(&block, &Limits::NONE).map_err(|why| format!("{why:?}"))?.list;
        let back = self.back(stream)?;
        back.blocks.push(block);
        back.end |= end;
        if asks {
            return Ok(());
        }
        let status = list.iter().find(|field| field.name == b":status");
        match status.map(|field| String::from_utf8_lossy(field.value).parse::<u64>()) {
            Some(Ok(interim @ 100..=199)) => back.interim.push(interim),
            Some(Ok(status)) if back.status.is_none() => back.status = Some(status),
            None if back.status.is_some() && end => {
                let pairs = list.iter().map(|field| (field.name.to_vec(), field.value.to_vec()));
                back.trailers.extend(pairs);
            }
            other => return Err(format!("stream {stream}: status {other:?}")),
        }
        Ok(())
    }
}

/// Type, flags, stream and payload of the first frame, and the rest.
fn frame(octets: &[u8]) -> Result<(u8, u8, u32, &[u8], &[u8]), String> {
    let cut = || format!("part of a frame: {octets:?}");
    let (header, rest) = octets.split_at_checked(9).ok_or_else(cut)?;
    let length =
        usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
    let (payload, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let stream = number(&header[5..])?;
    Ok((header[3], header[4], stream, payload, rest))
}

fn number(octets: &[u8]) -> Result<u32, String> {
    let octets = octets.try_into().map_err(|_| format!("no number: {octets:?}"))?;
    Ok(u32::from_be_bytes(octets))
}
