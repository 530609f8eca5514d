//! What can go wrong in an adapter, with its typed cause.
//! What the peer did wrong, and the status that answers it, is the core's to say.

use crate::{Response, Source};
use purlin_core::{CloseReason, IntoResponse, Misuse, PeerError, Status};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// What can go wrong.
///
/// As a handler's result it answers with the status that fits: a body over the
/// limit with 413, a malformed one with 400, what is no fault of the peer with 500.
///
/// ```
/// use purlin_std::{Error, Request};
///
/// fn shout(mut request: Request) -> Result<String, Error> {
///     Ok(request.body_mut().text()?.to_uppercase())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule or a limit.
    Peer(PeerError),
    /// The handler asked for what the protocol does not allow.
    Misuse(Misuse),
    /// The connection has ended.
    Closed(CloseReason),
    /// The body was to be text and is not UTF-8.
    NotText(std::str::Utf8Error),
    /// A source that the handler gave, or a sink, failed.
    Io(io::Error),
    /// The address cannot be listened on.
    Listen {
        /// The address, where the name could be resolved.
        address: Option<SocketAddr>,
        /// Why.
        cause: io::Error,
    },
    /// No connection can be accepted any more.
    Accept(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Peer(cause) => write!(f, "the peer broke a rule: {cause}"),
            Error::Misuse(cause) => write!(f, "not allowed here: {cause}"),
            Error::Closed(cause) => write!(f, "the connection has ended: {cause}"),
            Error::NotText(cause) => write!(f, "the body is not text: {cause}"),
            Error::Io(cause) => write!(f, "reading or writing failed: {cause}"),
            Error::Listen { address: Some(address), cause } => {
                write!(f, "cannot listen on {address}: {cause}")
            }
            Error::Listen { address: None, cause } => {
                write!(f, "no address to listen on: {cause}")
            }
            Error::Accept(cause) => write!(f, "cannot accept connections: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Peer(cause) => Some(cause),
            Error::Misuse(cause) => Some(cause),
            Error::NotText(cause) => Some(cause),
            Error::Io(cause) | Error::Listen { cause, .. } | Error::Accept(cause) => Some(cause),
            Error::Closed(_) => None,
        }
    }
}

impl From<PeerError> for Error {
    fn from(cause: PeerError) -> Error {
        Error::Peer(cause)
    }
}

impl From<Misuse> for Error {
    fn from(cause: Misuse) -> Error {
        Error::Misuse(cause)
    }
}

/// An [`Error`] that went through `std::io` comes out as it was.
impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Error {
        match cause.downcast::<Error>() {
            Ok(error) => error,
            Err(cause) => Error::Io(cause),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Peer(_) | Error::NotText(_) => ErrorKind::InvalidData,
            Error::Misuse(_) => ErrorKind::InvalidInput,
            Error::Closed(_) => ErrorKind::BrokenPipe,
            Error::Io(cause) | Error::Listen { cause, .. } | Error::Accept(cause) => cause.kind(),
        };
        match error {
            Error::Io(cause) => cause,
            error => io::Error::new(kind, error),
        }
    }
}

impl IntoResponse<Source> for Error {
    fn into_response(self) -> Response {
        match self {
            Error::Peer(cause) => cause.into_response(),
            Error::NotText(_) => Status::BAD_REQUEST.into_response(),
            _ => Status::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_its_way_through_io() {
        let through: Error = io::Error::from(Error::Misuse(Misuse::TooMuchBody)).into();
        assert!(matches!(through, Error::Misuse(Misuse::TooMuchBody)));
        let plain: Error = io::Error::from(ErrorKind::NotFound).into();
        assert!(matches!(plain, Error::Io(_)));
    }

    #[test]
    fn the_whole_chain_is_told() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 80)));
        let error = Error::Listen { address, cause: ErrorKind::PermissionDenied.into() };
        assert_eq!(error.to_string(), "cannot listen on 127.0.0.1:80: permission denied");
    }
}
