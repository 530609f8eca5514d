//! What can go wrong for a program that serves, with its typed cause.
//! What the peer did wrong, and which rule that broke, is in [`crate::error`].

use super::{IntoResponse, Response};
use crate::error::{CloseReason, Misuse, PeerError};
use crate::head::{InvalidField, Status};
use crate::peer::Address;
use crate::router::InsertError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::str::Utf8Error;

/// What can go wrong for a program that serves: the adapters' one error.
///
/// As a handler's result it answers with the status that fits: a body over the
/// limit with 413, a malformed one with 400, what is no fault of the peer with 500.
///
/// ```
/// use purlin_core::{IntoResponse, Misuse, Response, message::Error};
/// let response: Response<()> = Error::from(Misuse::TooMuchBody).into_response();
/// assert_eq!(response.status().code(), 500);
/// ```
/// `Debug` prints what `Display` does, so that `main` may return it.
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule or a limit.
    Peer(PeerError),
    /// The handler asked for what the protocol does not allow.
    Misuse(Misuse),
    /// The program made a field that would break the wire.
    Field(InvalidField),
    /// The connection has ended.
    Closed(CloseReason),
    /// The request was HEAD, and the head of its response is out: nobody waits for more
    /// (RFC 9110 §9.3.2). A handler that gives this back has answered in full.
    Unwanted,
    /// The body was to be text and is not UTF-8.
    NotText(Utf8Error),
    /// A source that the handler gave, or a sink, failed.
    Io(io::Error),
    /// The address cannot be listened on.
    Listen {
        /// The address, where the name could be resolved.
        address: Option<Address>,
        /// Why.
        cause: io::Error,
    },
    /// No connection can be accepted any more.
    Accept(io::Error),
    /// A pattern cannot be registered.
    Route(InsertError),
    /// TLS cannot be set up: a certificate, a key, or the roots.
    Tls(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The status that answers it: the peer's own fault has its own, all else is 500.
    pub fn status(&self) -> Status {
        match self {
            Error::Peer(cause) => cause.answer.unwrap_or(Status::BAD_REQUEST),
            Error::NotText(_) => Status::BAD_REQUEST,
            _ => Status::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Error {
    /// Whether it is the client's fault, or that it has gone: nothing here has failed.
    pub(super) fn is_the_clients(&self) -> bool {
        matches!(self, Error::Peer(_) | Error::NotText(_) | Error::Closed(_) | Error::Unwanted)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Not every limit of ours is a rule that it broke.
            Error::Peer(cause) => write!(f, "{cause}"),
            Error::Misuse(cause) => write!(f, "not allowed here: {cause}"),
            Error::Field(cause) => write!(f, "{cause}"),
            Error::Closed(cause) => write!(f, "the connection has ended: {cause}"),
            Error::Unwanted => f.write_str("a response to HEAD ends with its head"),
            Error::NotText(cause) => write!(f, "the body is not text: {cause}"),
            Error::Io(cause) => write!(f, "reading or writing failed: {cause}"),
            Error::Listen { address: Some(address), cause } => {
                write!(f, "cannot listen on {address}: {cause}")
            }
            Error::Listen { address: None, cause } => {
                write!(f, "no address to listen on: {cause}")
            }
            Error::Accept(cause) => write!(f, "cannot accept connections: {cause}"),
            Error::Route(cause) => write!(f, "{cause}"),
            Error::Tls(cause) => write!(f, "TLS cannot be set up: {cause}"),
        }
    }
}

/// What lies below the cause: the cause itself is in the text.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(cause) | Error::Listen { cause, .. } | Error::Accept(cause) => cause.source(),
            Error::Tls(cause) => cause.source(),
            // Nothing lies below the others.
            _ => None,
        }
    }
}

impl From<InsertError> for Error {
    fn from(cause: InsertError) -> Error {
        Error::Route(cause)
    }
}

impl From<PeerError> for Error {
    fn from(cause: PeerError) -> Error {
        Error::Peer(cause)
    }
}

impl From<InvalidField> for Error {
    fn from(cause: InvalidField) -> Error {
        Error::Field(cause)
    }
}

impl From<Utf8Error> for Error {
    fn from(cause: Utf8Error) -> Error {
        Error::NotText(cause)
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
            Error::Peer(cause) => cause.kind.io_kind(),
            Error::NotText(_) => ErrorKind::InvalidData,
            Error::Misuse(_) | Error::Field(_) | Error::Route(_) | Error::Tls(_) => {
                ErrorKind::InvalidInput
            }
            Error::Closed(reason) => reason.io_kind(),
            Error::Unwanted => ErrorKind::BrokenPipe,
            Error::Io(cause) | Error::Listen { cause, .. } | Error::Accept(cause) => cause.kind(),
        };
        match error {
            Error::Io(cause) => cause,
            error => io::Error::new(kind, error),
        }
    }
}

/// The status that answers the peer's fault; 400 for what is not text; else 500. What is
/// neither the peer's fault nor its absence is told to observers.
impl<B> IntoResponse<B> for Error {
    fn into_response(self) -> Response<B> {
        match self.is_the_clients() {
            true => self.status().into_response(),
            false => Response::of_failure(&self),
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
        let address = Some(Address::Tcp(([127, 0, 0, 1], 80).into()));
        let error = Error::Listen { address, cause: ErrorKind::PermissionDenied.into() };
        assert_eq!(error.to_string(), "cannot listen on 127.0.0.1:80: permission denied");
    }

    #[test]
    fn a_cause_is_in_the_text_and_no_source() {
        use std::error::Error as _;
        for error in [
            Error::Io(ErrorKind::NotFound.into()),
            Error::Accept(ErrorKind::NotFound.into()),
            Error::Misuse(Misuse::TooMuchBody),
            Error::Tls("no key".into()),
        ] {
            assert!(error.source().is_none(), "{error}");
        }
        let below = io::Error::other(Error::Io(io::Error::other("deep")));
        assert!(Error::Io(below).source().is_none(), "all of it is told");
    }
}
