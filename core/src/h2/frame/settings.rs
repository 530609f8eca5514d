//! The settings (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1) and their ranges.
//! Decides which values can be; what one changes, and when, the connection does.

use super::DEFAULT_MAX_LEN;
use crate::h2::errors::Violation;

/// SETTINGS_HEADER_TABLE_SIZE
pub const HEADER_TABLE_SIZE: u16 = 0x1;
/// SETTINGS_ENABLE_PUSH
pub const ENABLE_PUSH: u16 = 0x2;
/// SETTINGS_MAX_CONCURRENT_STREAMS
pub const MAX_CONCURRENT_STREAMS: u16 = 0x3;
/// SETTINGS_INITIAL_WINDOW_SIZE
pub const INITIAL_WINDOW_SIZE: u16 = 0x4;
/// SETTINGS_MAX_FRAME_SIZE
pub const MAX_FRAME_SIZE: u16 = 0x5;
/// SETTINGS_MAX_HEADER_LIST_SIZE
pub const MAX_HEADER_LIST_SIZE: u16 = 0x6;
/// SETTINGS_ENABLE_CONNECT_PROTOCOL
pub const ENABLE_CONNECT_PROTOCOL: u16 = 0x8;
/// SETTINGS_NO_RFC7540_PRIORITIES
pub const NO_RFC7540_PRIORITIES: u16 = 0x9;

/// The largest window (RFC 9113 §6.9.1).
pub const MAX_WINDOW: u32 = (1 << 31) - 1;

/// The largest frame that can be allowed.
pub const MAX_MAX_LEN: u32 = (1 << 24) - 1;

/// The entries of a SETTINGS frame, in order. Unknown ones are among them, to be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings<'a>(&'a [u8]);

impl<'a> Settings<'a> {
    /// The entries of a payload.
    ///
    /// # Errors
    /// [`Violation::FrameLength`] if it is not made of six octets each, or what is wrong with
    /// a value.
    pub fn parse(payload: &'a [u8]) -> Result<Settings<'a>, Violation> {
        if payload.len() % 6 != 0 {
            return Err(Violation::FrameLength);
        }
        let settings = Settings(payload);
        settings.iter().try_for_each(|(id, value)| check(id, value))?;
        Ok(settings)
    }

    /// Identifiers and values.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (u16, u32)> + 'a {
        self.0.chunks_exact(6).map(|entry| {
            let id = u16::from_be_bytes([entry[0], entry[1]]);
            (id, u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]))
        })
    }
}

/// Whether a setting can have this value.
fn check(id: u16, value: u32) -> Result<(), Violation> {
    match id {
        ENABLE_PUSH | NO_RFC7540_PRIORITIES if value > 1 => Err(Violation::SettingValue),
        INITIAL_WINDOW_SIZE if value > MAX_WINDOW => Err(Violation::SettingWindow),
        MAX_FRAME_SIZE if !(DEFAULT_MAX_LEN..=MAX_MAX_LEN).contains(&value) => {
            Err(Violation::SettingValue)
        }
        _ => Ok(()),
    }
}

/// What one side has said, or has not said yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// The most that the peer's encoder may hold.
    pub header_table_size: u32,
    /// Whether the peer may push.
    pub enable_push: bool,
    /// How many streams of the peer's may be open.
    pub max_concurrent_streams: u32,
    /// The window of a new stream.
    pub initial_window_size: u32,
    /// The longest payload.
    pub max_frame_size: u32,
    /// The largest field list, as HPACK counts it.
    pub max_header_list_size: u32,
    /// Whether CONNECT may have `:protocol` (RFC 8441).
    pub enable_connect_protocol: bool,
}

impl Values {
    /// What holds until SETTINGS come (RFC 9113 §6.5.2).
    pub const DEFAULT: Values = Values {
        header_table_size: 4096,
        enable_push: true,
        max_concurrent_streams: u32::MAX,
        initial_window_size: 65_535,
        max_frame_size: DEFAULT_MAX_LEN,
        max_header_list_size: u32::MAX,
        enable_connect_protocol: false,
    };

    /// Takes one entry in; one that is not known changes nothing.
    pub fn set(&mut self, id: u16, value: u32) {
        match id {
            HEADER_TABLE_SIZE => self.header_table_size = value,
            ENABLE_PUSH => self.enable_push = value == 1,
            MAX_CONCURRENT_STREAMS => self.max_concurrent_streams = value,
            INITIAL_WINDOW_SIZE => self.initial_window_size = value,
            MAX_FRAME_SIZE => self.max_frame_size = value,
            MAX_HEADER_LIST_SIZE => self.max_header_list_size = value,
            ENABLE_CONNECT_PROTOCOL => self.enable_connect_protocol = value == 1,
            _ => {}
        }
    }

    /// Whether a server may say this (RFC 9113 §6.5.2, RFC 8441 §3): it is never pushed to, and
    /// does not take back that it knows protocols of CONNECT.
    ///
    /// # Errors
    /// [`Violation::SettingValue`].
    pub fn check_of_server(&self, id: u16, value: u32) -> Result<(), Violation> {
        let taken_back = self.enable_connect_protocol && value == 0;
        match id {
            ENABLE_PUSH if value != 0 => Err(Violation::SettingValue),
            ENABLE_CONNECT_PROTOCOL if value > 1 || taken_back => Err(Violation::SettingValue),
            _ => Ok(()),
        }
    }

    /// What differs from [`Values::DEFAULT`], to be told in a first SETTINGS frame.
    pub fn told(&self) -> impl Iterator<Item = (u16, u32)> {
        let pairs = |values: &Values| {
            [
                (HEADER_TABLE_SIZE, values.header_table_size),
                (ENABLE_PUSH, u32::from(values.enable_push)),
                (MAX_CONCURRENT_STREAMS, values.max_concurrent_streams),
                (INITIAL_WINDOW_SIZE, values.initial_window_size),
                (MAX_FRAME_SIZE, values.max_frame_size),
                (MAX_HEADER_LIST_SIZE, values.max_header_list_size),
                (ENABLE_CONNECT_PROTOCOL, u32::from(values.enable_connect_protocol)),
            ]
        };
        let both = pairs(self).into_iter().zip(pairs(&Values::DEFAULT));
        both.filter(|(ours, default)| ours != default).map(|(ours, _)| ours)
    }
}
