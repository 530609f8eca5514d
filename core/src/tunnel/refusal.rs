//! What a proxy says that makes no tunnel, and what its codes mean.
//! Says it; who asked for the tunnel, [`Trouble`](super::Trouble) knows.

use crate::head::Status;
use std::fmt;

/// What a proxy says that makes no tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// CONNECT was answered with this.
    Status(Status),
    /// SOCKS5: none of the ways to say who we are is welcome (RFC 1928 §3).
    Method,
    /// SOCKS5: user and password are not (RFC 1929 §2).
    Credentials,
    /// SOCKS5: this reply (RFC 1928 §6).
    Reply(u8),
}

impl Refusal {
    /// What the proxy does.
    pub(super) fn text(self) -> &'static str {
        match self {
            Refusal::Status(_) | Refusal::Reply(_) => "answers ",
            Refusal::Method => "wants another kind of authentication",
            Refusal::Credentials => "refuses these credentials (user and password)",
        }
    }

    /// The code that it answers, with its meaning where a standard gives it one. A status
    /// has its meaning from the proxy: [`Trouble`](super::Trouble) tells it.
    pub(super) fn code(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Method | Refusal::Credentials => Ok(()),
            Refusal::Status(status) => write!(f, "{}", status.code()),
            Refusal::Reply(code @ 0xF0..=0xF7) => write!(f, "{code:#X}: {}", meaning(code)),
            Refusal::Reply(code) => write!(f, "{code}: {}", meaning(code)),
        }
    }
}

/// What a reply of SOCKS5 says (RFC 1928 §6). Those from F0 are Tor's (`ExtendedErrors`).
fn meaning(code: u8) -> &'static str {
    match code {
        0 => "succeeded",
        1 => "general SOCKS server failure",
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        0xF0 => "the onion service's descriptor cannot be found",
        0xF1 => "the onion service's descriptor is invalid",
        0xF2 => "the introduction to the onion service failed",
        0xF3 => "the rendezvous with the onion service failed",
        0xF4 => "the onion service wants client authorization",
        0xF5 => "the onion service refuses this client authorization",
        0xF6 => "the onion address is invalid",
        0xF7 => "the introduction to the onion service timed out",
        _ => "unassigned",
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}", self.text())?;
        self.code(f)
    }
}

impl std::error::Error for Refusal {}
