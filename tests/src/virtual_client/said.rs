//! What happens in the world, seen from both ends: by servers and by callers.

use purlin_core::Fault;
use purlin_core::exchange::{Cause, Error};
use std::fmt;

/// Something that happened. Connections are numbered from 1, in the order of their dials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A connection is being made.
    Dial {
        /// Its number.
        conn: usize,
        /// Host and port.
        address: String,
    },
    /// It is not waited for any more.
    DialCanceled {
        /// Its number.
        conn: usize,
    },
    /// A server has the head of a request.
    Request {
        /// On which connection.
        conn: usize,
        /// Whose request.
        id: String,
        /// Its method.
        method: String,
        /// Its target.
        target: String,
    },
    /// A server has the body of a request.
    RequestBody {
        /// On which connection.
        conn: usize,
        /// Whose request.
        id: String,
        /// What came of it.
        body: Vec<u8>,
        /// The connection ended before it did.
        cut: bool,
    },
    /// A server was sent what is no request.
    Malformed {
        /// On which connection.
        conn: usize,
    },
    /// A caller has its response.
    Response {
        /// Whose request.
        id: String,
        /// The status.
        status: u16,
    },
    /// A caller has an error instead.
    Error {
        /// Whose request.
        id: String,
        /// What it is.
        failure: Failure,
    },
    /// A caller has read from a body.
    Read {
        /// Whose response.
        id: String,
        /// What it read.
        body: Vec<u8>,
        /// Why it reads no further.
        failure: Option<Failure>,
    },
    /// A caller wants no more of a body.
    BodyClosed {
        /// Whose response.
        id: String,
    },
    /// The client closed a connection.
    Closed {
        /// Its number.
        conn: usize,
    },
}

/// Why there is no response, or no end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server closed before it answered.
    NoResponse,
    /// The connection was reset, or a write to it failed.
    Reset,
    /// What came is no response, or ends before its end.
    Broken,
    /// The response did not come in time.
    Late,
    /// No connection could be made.
    Dial,
    /// The caller did not want it any more.
    Canceled,
    /// The caller had closed the body.
    BodyClosed,
    /// Anything else, in its own words.
    Other(String),
}

impl Failure {
    /// What kind of failure this is.
    pub(super) fn of(error: &Error) -> Failure {
        match error.cause() {
            Cause::Io(_) if error.is_connect() => Failure::Dial,
            Cause::Peer(peer) => Failure::of_peer(peer.kind),
            _ => Failure::Other(error.to_string()),
        }
    }

    pub(super) fn of_peer(kind: Fault) -> Failure {
        match kind {
            Fault::NoResponse => Failure::NoResponse,
            Fault::Reset => Failure::Reset,
            Fault::FirstByteTimeout | Fault::HeadTimeout => Failure::Late,
            _ => Failure::Broken,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::NoResponse => "no response",
            Failure::Reset => "reset",
            Failure::Broken => "broken",
            Failure::Late => "late",
            Failure::Dial => "no connection",
            Failure::Canceled => "canceled",
            Failure::BodyClosed => "body closed",
            Failure::Other(why) => why,
        })
    }
}

/// Such as `request 1 r1 GET /`.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Dial { conn, address } => write!(f, "dial {conn} {address}"),
            Said::DialCanceled { conn } => write!(f, "dial_canceled {conn}"),
            Said::Request { conn, id, method, target } => {
                write!(f, "request {conn} {id} {method} {target}")
            }
            Said::RequestBody { conn, id, body, cut } => {
                let end = if *cut { " cut" } else { "" };
                write!(f, "request_body {conn} {id} \"{}\"{end}", body.escape_ascii())
            }
            Said::Malformed { conn } => write!(f, "malformed {conn}"),
            Said::Response { id, status } => write!(f, "response {id} {status}"),
            Said::Error { id, failure } => write!(f, "error {id} {failure}"),
            Said::Read { id, body, failure: None } => {
                write!(f, "read {id} \"{}\"", body.escape_ascii())
            }
            Said::Read { id, body, failure: Some(failure) } => {
                write!(f, "read {id} \"{}\" {failure}", body.escape_ascii())
            }
            Said::BodyClosed { id } => write!(f, "body_closed {id}"),
            Said::Closed { conn } => write!(f, "client_closed {conn}"),
        }
    }
}
