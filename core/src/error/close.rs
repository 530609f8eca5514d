//! Why a connection ends.
//! Says it; how it ends, and when, the machines decide.

use super::Fault;
use crate::time::Why;
use std::fmt;
use std::io::ErrorKind;

/// The reason why a connection ends. Every close has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed between messages.
    PeerClosed,
    /// The peer asked for it with `Connection: close`.
    PeerAsked,
    /// The peer speaks HTTP/1.0 and did not ask for keep-alive.
    Http10,
    /// The application asked for it with `Connection: close`.
    ApplicationAsked,
    /// Keep-alive is turned off by configuration.
    KeepAliveOff,
    /// The response is delimited by the close (RFC 9112 §6.3).
    CloseDelimited,
    /// The response came before a body that waits for 100 (Continue), so what
    /// the peer sends next cannot be told (RFC 9110 §10.1.1).
    BodyRefused,
    /// More of the body is unread than is worth reading.
    BodyUnread,
    /// The response came before the request was sent whole.
    BodyUnsent,
    /// A CONNECT was refused: what its client sends next may be meant for the
    /// tunnel that there is not.
    TunnelRefused,
    /// The application gave up on a message it had begun.
    Aborted,
    /// A fault of the peer.
    Fault(Fault),
    /// A deadline of this kind passed while nothing was in progress.
    Timeout(Why),
    /// A graceful shutdown.
    Shutdown,
    /// The connection became a tunnel or another protocol, and that ended.
    Upgraded,
}

impl CloseReason {
    /// What kind of an [`std::io::Error`] it is to who would go on to read or write: what
    /// ended the connection from this side is an abort, what the peer did is a
    /// reset or a broken pipe.
    pub const fn io_kind(self) -> ErrorKind {
        match self {
            CloseReason::Fault(fault) => fault.io_kind(),
            CloseReason::Timeout(_) => ErrorKind::TimedOut,
            CloseReason::Aborted | CloseReason::Shutdown => ErrorKind::ConnectionAborted,
            _ => ErrorKind::BrokenPipe,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloseReason::PeerClosed => f.write_str("the peer closed"),
            CloseReason::PeerAsked => f.write_str("the peer asked for the close"),
            CloseReason::Http10 => f.write_str("HTTP/1.0 without keep-alive"),
            CloseReason::ApplicationAsked => f.write_str("the application asked for the close"),
            CloseReason::KeepAliveOff => f.write_str("keep-alive is off"),
            CloseReason::CloseDelimited => f.write_str("the close ends the response"),
            CloseReason::BodyRefused => f.write_str("the expected body was refused"),
            CloseReason::BodyUnread => f.write_str("too much of the body is unread"),
            CloseReason::BodyUnsent => f.write_str("the request was answered before it was sent"),
            CloseReason::TunnelRefused => f.write_str("a tunnel was refused"),
            CloseReason::Aborted => f.write_str("the message was given up"),
            CloseReason::Fault(fault) => write!(f, "{fault}"),
            CloseReason::Timeout(why) => write!(f, "timeout: {why:?}"),
            CloseReason::Shutdown => f.write_str("shutdown"),
            CloseReason::Upgraded => f.write_str("the upgraded connection ended"),
        }
    }
}
