//! What can go wrong while a handler reads or writes, and in serving.
//! Tells the cause as a type; which status answers it is the core's word.

use crate::{Response, Source};
use purlin_core::{CloseReason, IntoResponse, InvalidField, Misuse, PeerError, Status};
use std::fmt;
use std::io;
use std::str::Utf8Error;

/// Why something could not be read, written or served.
///
/// It is an answer too, so that a handler may use `?` on it: the peer's own
/// fault has the status that belongs to it (413, 408, 400 ...), all else is 500.
///
/// ```
/// use purlin_smol::{Error, IntoResponse, Misuse, Status};
/// let error = Error::from(Misuse::TooMuchBody);
/// assert_eq!(error.to_string(), "misuse: more body than was declared");
/// assert_eq!(error.into_response().status(), Status::INTERNAL_SERVER_ERROR);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule or a limit.
    Peer(PeerError),
    /// The program asked for what the protocol does not allow.
    Misuse(Misuse),
    /// The program made a field that would break the wire.
    Field(InvalidField),
    /// The connection has ended.
    Closed(CloseReason),
    /// The text asked for is not UTF-8.
    Text(Utf8Error),
    /// A socket or a source failed.
    Io(io::Error),
}

impl Error {
    /// The status that answers it.
    ///
    /// ```
    /// use purlin_smol::{Error, Misuse, Status};
    /// assert_eq!(Error::from(Misuse::WrongStatus).status(), Status::INTERNAL_SERVER_ERROR);
    /// ```
    pub fn status(&self) -> Status {
        match self {
            Error::Peer(error) => error.answer.unwrap_or(Status::BAD_REQUEST),
            Error::Text(_) => Status::BAD_REQUEST,
            Error::Misuse(_) | Error::Field(_) | Error::Closed(_) | Error::Io(_) => {
                Status::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Peer(error) => write!(f, "the peer: {error}"),
            Error::Misuse(error) => write!(f, "misuse: {error}"),
            Error::Field(error) => write!(f, "misuse: {error}"),
            Error::Closed(reason) => write!(f, "the connection has ended: {reason}"),
            Error::Text(error) => write!(f, "the body is not text: {error}"),
            Error::Io(error) => {
                write!(f, "io: {error}")?;
                let mut cause = error.get_ref().and_then(std::error::Error::source);
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
        }
    }
}

/// The text tells the whole chain already, so there is no `source`.
impl std::error::Error for Error {}

impl From<PeerError> for Error {
    fn from(error: PeerError) -> Error {
        Error::Peer(error)
    }
}

impl From<Misuse> for Error {
    fn from(error: Misuse) -> Error {
        Error::Misuse(error)
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Error {
        Error::Field(error)
    }
}

impl From<Utf8Error> for Error {
    fn from(error: Utf8Error) -> Error {
        Error::Text(error)
    }
}

/// An error that was wrapped for an `io` trait comes back as what it was.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        error.downcast::<Error>().unwrap_or_else(Error::Io)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Io(_) => return take_io(error),
            Error::Closed(_) => io::ErrorKind::ConnectionReset,
            Error::Peer(_) | Error::Text(_) => io::ErrorKind::InvalidData,
            Error::Misuse(_) | Error::Field(_) => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

fn take_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// The status that [`Error::status`] names, with its phrase as text.
impl IntoResponse<Source> for Error {
    fn into_response(self) -> Response {
        self.status().into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_core::{Fault, Retry};

    fn too_large() -> Error {
        let kind = Fault::BodyTooLarge;
        Error::Peer(PeerError { kind, answer: kind.status(), retry: Retry::Never })
    }

    #[test]
    fn a_fault_of_the_peer_has_its_own_status() {
        assert_eq!(too_large().into_response().status().code(), 413);
    }

    #[test]
    fn an_error_that_went_through_io_comes_back_as_it_was() {
        let io: io::Error = too_large().into();
        assert!(matches!(Error::from(io), Error::Peer(error) if error.kind == Fault::BodyTooLarge));
    }

    #[test]
    fn the_whole_chain_is_told() {
        let error = Error::from(io::Error::other(too_large()));
        assert!(matches!(error, Error::Peer(_)), "{error:?}");
        assert!(error.to_string().contains("longer than the limit"), "{error}");
    }
}
