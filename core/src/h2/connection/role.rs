//! Which side a connection is, and the configuration of that side.
//! Holds it, and gives out what both sides have in common; decides nothing.

use crate::config::{ClientConfig, Http2, Limits, ServerConfig};
use crate::h2::frame::settings::Values;
use crate::h2::streams::Side;
use crate::time::Rate;
use std::sync::Arc;
use std::time::Duration;

/// A side, and what it goes by.
#[derive(Debug)]
pub(super) enum Role {
    /// It answers requests.
    Server(Arc<ServerConfig>),
    /// It makes them.
    Client {
        /// What it shares with HTTP/1.
        config: Arc<ClientConfig>,
        /// The scheme of what it asks for.
        scheme: &'static str,
    },
}

impl Role {
    pub(super) fn is_client(&self) -> bool {
        matches!(self, Role::Client { .. })
    }

    pub(super) fn side(&self) -> Side {
        if self.is_client() { Side::Client } else { Side::Server }
    }

    pub(super) fn server(&self) -> Option<&Arc<ServerConfig>> {
        match self {
            Role::Server(config) => Some(config),
            Role::Client { .. } => None,
        }
    }

    pub(super) fn http2(&self) -> Http2 {
        match self {
            Role::Server(config) => config.http2.within_bounds(),
            Role::Client { config, .. } => config.http2.within_bounds(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        match self {
            Role::Server(config) => &config.limits,
            Role::Client { config, .. } => &config.limits,
        }
    }

    /// How fast content must come, and how fast it must be taken.
    pub(super) fn rates(&self) -> (Rate, Rate) {
        match self {
            Role::Server(config) => (config.timeouts.body, config.timeouts.write),
            Role::Client { config, .. } => (config.timeouts.body, config.timeouts.write),
        }
    }

    pub(super) fn head(&self) -> Duration {
        match self {
            Role::Server(config) => config.timeouts.head,
            Role::Client { config, .. } => config.timeouts.head,
        }
    }

    /// How long a client waits for an answer.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Role::Server(_) => Duration::ZERO,
            Role::Client { config, .. } => config.timeouts.first_byte,
        }
    }

    pub(super) fn drain(&self) -> Duration {
        match self {
            Role::Server(config) => config.timeouts.drain,
            Role::Client { config, .. } => config.timeouts.drain,
        }
    }

    pub(super) fn trace(&self) -> bool {
        match self {
            Role::Server(config) => config.trace,
            Role::Client { config, .. } => config.trace,
        }
    }

    /// What it says of itself. A client is pushed nothing, and nobody begins streams with it.
    pub(super) fn settings(&self) -> Values {
        let http2 = self.http2();
        let settings = Values {
            header_table_size: http2.header_table,
            max_concurrent_streams: http2.max_concurrent,
            initial_window_size: http2.stream_window,
            max_frame_size: http2.max_frame,
            max_header_list_size: u32::try_from(self.limits().head_bytes).unwrap_or(u32::MAX),
            enable_connect_protocol: http2.extended_connect,
            ..Values::DEFAULT
        };
        match self {
            Role::Server(_) => settings,
            Role::Client { .. } => Values {
                enable_push: false,
                max_concurrent_streams: Values::DEFAULT.max_concurrent_streams,
                enable_connect_protocol: false,
                ..settings
            },
        }
    }
}
