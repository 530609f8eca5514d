//! Which versions of HTTP are spoken, and the numbers of HTTP/2, each with its reason.
//! Holds what somebody may want to change; limits on abuse stand in `h2::buckets`.

use std::time::Duration;

/// The versions of HTTP that a connection may speak.
///
/// Inside TLS the two sides agree on one of them (ALPN, RFC 7301); a client that names none
/// speaks HTTP/1.1. On a plain connection a server with both tells by the first bytes, and
/// a client with both speaks HTTP/1.1, since nothing says what its server knows.
///
/// There is no fourth case: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.0 and HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone (RFC 9113). On a plain connection that is *prior knowledge* (§3.3): it is
    /// spoken at once. Inside TLS who does not agree on it is refused.
    Http2,
    /// Both. HTTP/2 is preferred where the two sides agree on one.
    Both,
}

impl Protocols {
    /// Whether HTTP/1.0 and HTTP/1.1 are among them.
    pub const fn http1(self) -> bool {
        matches!(self, Protocols::Http1 | Protocols::Both)
    }

    /// Whether HTTP/2 is among them.
    pub const fn http2(self) -> bool {
        matches!(self, Protocols::Http2 | Protocols::Both)
    }
}

/// The numbers of an HTTP/2 connection, beside what it shares with HTTP/1: sizes of heads
/// and bodies, and time limits, hold for each exchange.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http2 {
    /// Exchanges that are open at once, those that the application still has included; a
    /// server refuses more with REFUSED_STREAM. A page opens a hundred. A client
    /// begins fewer if its server says so.
    pub max_concurrent: u32,
    /// Bytes of one message's content that are taken in and not read yet: what everybody
    /// knows before SETTINGS.
    pub stream_window: u32,
    /// Bytes of all messages' content that are taken in and not read yet.
    pub connection_window: u32,
    /// Bytes of the longest frame's payload that is taken: larger ones only keep others
    /// waiting.
    pub max_frame: u32,
    /// Bytes that the table of fields of the decoder may hold.
    pub header_table: u32,
    /// Whether a client may ask for a protocol by CONNECT (RFC 8441), such as WebSocket. A
    /// server says so, and its application is asked for it.
    pub extended_connect: bool,
    /// How long our settings may stay unacknowledged.
    pub settings_timeout: Duration,
    #[doc(hidden)]
    pub _more: (),
}

impl Http2 {
    /// What is used unless something else is configured.
    pub const DEFAULT: Http2 = Http2 {
        max_concurrent: 100,
        stream_window: 65_535,
        connection_window: 1 << 20,
        max_frame: 16 * 1024,
        header_table: 4096,
        extended_connect: false,
        settings_timeout: Duration::from_secs(10),
        _more: (),
    };
}

impl Http2 {
    /// These numbers, each within what the protocol has room for (RFC 9113 §6.5.2, §6.9.1).
    pub(crate) fn within_bounds(self) -> Http2 {
        const LEAST_FRAME: u32 = 1 << 14;
        const MOST_FRAME: u32 = (1 << 24) - 1;
        const MOST_WINDOW: u32 = (1 << 31) - 1;
        Http2 {
            stream_window: self.stream_window.min(MOST_WINDOW),
            connection_window: self.connection_window.min(MOST_WINDOW),
            max_frame: self.max_frame.clamp(LEAST_FRAME, MOST_FRAME),
            ..self
        }
    }
}

impl Default for Http2 {
    fn default() -> Http2 {
        Http2::DEFAULT
    }
}
