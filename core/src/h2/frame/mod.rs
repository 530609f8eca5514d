//! Single frames (RFC 9113 §4 and §6): what kinds there are, and what each says.
//! Holds their form alone; which may come when, and what they change, others decide.
//!
//! | module | holds |
//! |---|---|
//! | [`read`](mod@read) | octets to a frame, and what is wrong with its form |
//! | [`write`] | frames to octets |
//! | [`settings`] | the settings, and the values that each can have |

pub mod read;
pub mod settings;
pub mod write;

pub use read::{Malformed, read};
pub use settings::Settings;

/// What a client says first (RFC 9113 §3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How many octets the header of a frame has.
pub const HEADER_LEN: usize = 9;

/// The length of a payload that everybody takes: SETTINGS_MAX_FRAME_SIZE at first.
pub const DEFAULT_MAX_LEN: u32 = 16_384;

/// The type of a frame (RFC 9113 §6, RFC 9218 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Content.
    Data = 0x0,
    /// The beginning of a field block.
    Headers = 0x1,
    /// The priorities of RFC 7540, which mean nothing any more.
    Priority = 0x2,
    /// The end of a stream, by an error code.
    RstStream = 0x3,
    /// Settings, or that they are known.
    Settings = 0x4,
    /// A request that nobody made.
    PushPromise = 0x5,
    /// Eight octets that come back.
    Ping = 0x6,
    /// No more streams.
    GoAway = 0x7,
    /// More room in a window.
    WindowUpdate = 0x8,
    /// More of a field block.
    Continuation = 0x9,
    /// The priority of RFC 9218.
    PriorityUpdate = 0x10,
}

impl Kind {
    const ALL: [Kind; 11] = [
        Kind::Data,
        Kind::Headers,
        Kind::Priority,
        Kind::RstStream,
        Kind::Settings,
        Kind::PushPromise,
        Kind::Ping,
        Kind::GoAway,
        Kind::WindowUpdate,
        Kind::Continuation,
        Kind::PriorityUpdate,
    ];

    /// The kind of this number, if it is known.
    pub fn of(number: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// The flags of RFC 9113 §6. A flag that a type does not have is ignored.
pub mod flags {
    /// Of DATA and HEADERS: nothing more on this stream.
    pub const END_STREAM: u8 = 0x1;
    /// Of SETTINGS and PING: an answer.
    pub const ACK: u8 = 0x1;
    /// Of HEADERS, PUSH_PROMISE and CONTINUATION: the field block ends.
    pub const END_HEADERS: u8 = 0x4;
    /// Of DATA, HEADERS and PUSH_PROMISE: a length of padding, and padding.
    pub const PADDED: u8 = 0x8;
    /// Of HEADERS: a priority as in PRIORITY.
    pub const PRIORITY: u8 = 0x20;
}

/// The header of a frame (RFC 9113 §4.1), without its reserved bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How long the payload is.
    pub length: u32,
    /// The type's number.
    pub kind: u8,
    /// See [`flags`].
    pub flags: u8,
    /// The stream, 0 for the connection.
    pub stream: u32,
}

/// What PRIORITY says (RFC 9113 §6.3): it is read for its form and means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The stream that this one depends on.
    pub dependency: u32,
    /// Alone, before all others that depend on it.
    pub exclusive: bool,
    /// 1 to 256.
    pub weight: u16,
}

/// A frame whose form is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Content of a stream.
    Data {
        /// Its stream.
        stream: u32,
        /// The content, without padding.
        data: &'a [u8],
        /// How long the padding is, if there is any; its length is an octet more.
        padding: Option<u8>,
        /// Nothing more on this stream.
        end_stream: bool,
    },
    /// The beginning of a field block.
    Headers {
        /// Its stream.
        stream: u32,
        /// Part of the block.
        fragment: &'a [u8],
        /// How long the padding is.
        padding: Option<u8>,
        /// The priority, if there is one.
        weight: Option<Weight>,
        /// Nothing more on this stream.
        end_stream: bool,
        /// The block is whole.
        end_headers: bool,
    },
    /// A priority of RFC 7540.
    Priority {
        /// Its stream.
        stream: u32,
        /// What it says.
        weight: Weight,
    },
    /// The end of a stream.
    RstStream {
        /// Its stream.
        stream: u32,
        /// Why (RFC 9113 §7).
        code: u32,
    },
    /// Settings, whose values have been checked.
    Settings(Settings<'a>),
    /// The peer knows our settings.
    SettingsAck,
    /// A request that nobody made.
    PushPromise {
        /// The stream that it belongs to.
        stream: u32,
        /// The stream that it opens.
        promised: u32,
        /// Part of the block.
        fragment: &'a [u8],
        /// How long the padding is.
        padding: Option<u8>,
        /// The block is whole.
        end_headers: bool,
    },
    /// Eight octets to be sent back, or that came back.
    Ping {
        /// They came back.
        ack: bool,
        /// The octets.
        data: [u8; 8],
    },
    /// No more streams.
    GoAway {
        /// The last stream of ours that was, or may be, looked at.
        last: u32,
        /// Why (RFC 9113 §7).
        code: u32,
        /// Text for people.
        debug: &'a [u8],
    },
    /// More room in a window.
    WindowUpdate {
        /// Its stream, 0 for the connection.
        stream: u32,
        /// By how much, 1 at least.
        increment: u32,
    },
    /// More of a field block.
    Continuation {
        /// Its stream.
        stream: u32,
        /// Part of the block.
        fragment: &'a [u8],
        /// The block is whole.
        end_headers: bool,
    },
    /// A priority of RFC 9218.
    PriorityUpdate {
        /// The stream that it is for.
        prioritized: u32,
        /// A `Priority` field value.
        value: &'a [u8],
    },
    /// A frame of a type that is not known here, to be ignored (RFC 9113 §4.1).
    Unknown {
        /// The type's number.
        kind: u8,
        /// Its stream, if it means anything.
        stream: u32,
    },
}

impl Frame<'_> {
    /// How much DATA takes from the windows: padding and its length are counted
    /// (RFC 9113 §6.1). Other frames take nothing.
    pub fn flow(&self) -> usize {
        match self {
            Frame::Data { data, padding, .. } => {
                data.len() + padding.map_or(0, |length| usize::from(length) + 1)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
