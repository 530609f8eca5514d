//! What can go wrong, and whose fault it was: the caller's ([`Misuse`]), the
//! peer's ([`PeerError`], with its [`Phase`]), or nobody's (a [`CloseReason`]).
//! Holds no text of a peer and no allocation: all are `Copy` and name their rule.

mod close;
mod code;
mod fault;
mod misuse;
mod panic;

pub use close::CloseReason;
pub use code::ErrorCode;
pub use fault::Fault;
pub use misuse::Misuse;
pub(crate) use panic::panic_message;

use crate::status::Status;
use std::fmt;

/// Whether the request behind an error may be sent again.
///
/// There is no fifth case: it may be matched without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The peer cannot have processed it.
    Safe,
    /// The peer has not processed it, and takes it over HTTP/1.1 alone (RFC 9113 §7,
    /// HTTP_1_1_REQUIRED).
    OlderProtocol,
    /// The peer may have processed it: only if the method is idempotent.
    IfIdempotent,
    /// It makes no sense, or the body is gone.
    Never,
}

/// How far a request had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Finding the address of the host.
    Dns,
    /// Connecting to it.
    Connect,
    /// Asking a proxy for a tunnel: CONNECT, or SOCKS.
    Tunnel,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of the response.
    Wait,
    /// Receiving the response.
    Receive,
}

impl Phase {
    /// The phase in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Dns => "dns",
            Phase::Connect => "connect",
            Phase::Tunnel => "tunnel",
            Phase::Tls => "tls",
            Phase::Send => "send",
            Phase::Wait => "wait",
            Phase::Receive => "receive",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault of a peer, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerError {
    /// The kind of fault.
    pub kind: Fault,
    /// The status that answers it, if one can still be sent.
    pub answer: Option<Status>,
    /// For a client: whether the request may be sent again.
    pub retry: Retry,
    /// For a client: how far the request had come. A server is always receiving.
    pub phase: Phase,
}

impl PeerError {
    /// A fault as a machine tells it: what it was, the status that answers it, whether
    /// the request may be sent again, and how far it had come.
    pub const fn new(kind: Fault, answer: Option<Status>, retry: Retry, phase: Phase) -> PeerError {
        PeerError { kind, answer, retry, phase }
    }

    /// A fault in what a client sent: its answer is the fault's own status.
    pub(crate) fn of_request(kind: Fault) -> PeerError {
        PeerError { kind, answer: kind.status(), retry: Retry::Never, phase: Phase::Receive }
    }

    /// A fault in what a server sent, or did not send: nothing answers it.
    pub(crate) fn of_response(kind: Fault, retry: Retry, phase: Phase) -> PeerError {
        PeerError { kind, answer: None, retry, phase }
    }

    /// The section the peer broke, such as `"RFC 9112 §6.3"`.
    pub fn rule(&self) -> &'static str {
        self.kind.rule()
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.text(), self.kind.rule())
    }
}

impl std::error::Error for PeerError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Why;
    use std::io::ErrorKind;

    #[test]
    fn errors_are_small_enough_to_pass_by_value() {
        assert!(size_of::<PeerError>() <= 16);
        assert!(size_of::<CloseReason>() <= 16);
        assert!(size_of::<Misuse>() <= 16);
    }

    #[test]
    fn ends_are_told_by_their_kind() {
        for (reason, kind) in [
            (CloseReason::Fault(Fault::Reset), ErrorKind::ConnectionReset),
            (CloseReason::Fault(Fault::Truncated), ErrorKind::UnexpectedEof),
            (CloseReason::Fault(Fault::WriteTimeout), ErrorKind::TimedOut),
            (CloseReason::Fault(Fault::BadChunkSize), ErrorKind::InvalidData),
            (CloseReason::Timeout(Why::Idle), ErrorKind::TimedOut),
            (CloseReason::Shutdown, ErrorKind::ConnectionAborted),
            (CloseReason::Aborted, ErrorKind::ConnectionAborted),
            (CloseReason::PeerClosed, ErrorKind::BrokenPipe),
        ] {
            assert_eq!(reason.io_kind(), kind, "{reason}");
        }
    }

    #[test]
    fn every_fault_names_a_rule_and_a_sane_status() {
        for fault in Fault::ALL {
            assert!(fault.rule().starts_with("RFC ") || fault.rule().starts_with("limit: "));
            assert!(fault.status().is_none_or(|status| status.code() >= 400), "{fault:?}");
            assert!(!fault.text().ends_with('.'));
        }
    }
}
