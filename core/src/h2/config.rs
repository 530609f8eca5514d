//! The numbers of an HTTP/2 connection, each with its reason.
//! Holds those that somebody may want to change; what is a limit on abuse stands in `purse`.

use super::frame::DEFAULT_MAX_LEN;
use super::frame::settings::Values;
use std::time::Duration;

/// What a connection goes by, beside the configuration that it shares with HTTP/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Requests that are open at once, those that the application still has included. A page
    /// opens a hundred. A client keeps to less if its server says so.
    pub max_concurrent: u32,
    /// Content of one request that is held unread: what everybody knows before SETTINGS.
    pub stream_window: u32,
    /// Content of all requests that is held unread. It is told in the first flight.
    pub connection_window: u32,
    /// The longest payload of a frame: larger ones only keep others waiting.
    pub max_frame: u32,
    /// What the decoder of fields may hold.
    pub header_table: u32,
    /// Whether CONNECT may have a protocol (RFC 8441).
    pub extended_connect: bool,
    /// How long our settings may be unacknowledged.
    pub settings_timeout: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            max_concurrent: 100,
            stream_window: 65_535,
            connection_window: 1 << 20,
            max_frame: DEFAULT_MAX_LEN,
            header_table: 4096,
            extended_connect: false,
            settings_timeout: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// The settings that say so, for a server whose field lists may have so many octets.
    pub fn settings(&self, list_bytes: u32) -> Values {
        Values {
            header_table_size: self.header_table,
            max_concurrent_streams: self.max_concurrent,
            initial_window_size: self.stream_window,
            max_frame_size: self.max_frame,
            max_header_list_size: list_bytes,
            enable_connect_protocol: self.extended_connect,
            ..Values::DEFAULT
        }
    }
}
