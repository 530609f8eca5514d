//! Errors of any kind as the answers of handlers: 500 for the client, their text for observers.
//! Decides which of them is the client's own fault, however deep it stands.

use super::{Error, IntoResponse, Response};
use crate::error::PeerError;
use crate::head::Status;
use std::{error, fmt, io};

/// Any error: what `?` makes of every other one, `anyhow::Error` included.
///
/// As a handler's error it answers 500 without a word of it, and observers are told its
/// text and what caused it. What was the client's own fault, such as a body over the
/// limit, keeps its status, whatever it was wrapped in.
///
/// ```
/// use purlin_core::message::BoxError;
/// use purlin_core::{IntoResponse, Response};
///
/// fn answer(text: &str) -> Result<String, BoxError> {
///     let number: u32 = text.parse()?;
///     Ok(format!("{}\n", number + 1))
/// }
/// let response: Response<()> = answer("x").into_response();
/// assert_eq!(response.status().code(), 500);
/// assert_eq!(response.failure(), Some("invalid digit found in string"));
/// ```
pub type BoxError = Box<dyn error::Error + Send + Sync>;

impl<B> IntoResponse<B> for BoxError {
    fn into_response(self) -> Response<B> {
        answer(&*self)
    }
}

/// As [`BoxError`].
impl<B> IntoResponse<B> for Box<dyn error::Error> {
    fn into_response(self) -> Response<B> {
        answer(&*self)
    }
}

/// As [`BoxError`].
impl<B> IntoResponse<B> for io::Error {
    fn into_response(self) -> Response<B> {
        answer(&self)
    }
}

/// As [`BoxError`].
impl<B> IntoResponse<B> for fmt::Error {
    fn into_response(self) -> Response<B> {
        answer(&self)
    }
}

fn answer<B>(error: &(dyn error::Error + 'static)) -> Response<B> {
    let mut link = Some(error);
    while let Some(one) = link {
        // What stands in an `io::Error` is not its source.
        let inside = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(status) = clients(one).or_else(|| clients(inside?)) {
            return status.into_response();
        }
        link = one.source();
    }
    Response::of_failure(error)
}

/// The status of what the client has done.
fn clients(error: &(dyn error::Error + 'static)) -> Option<Status> {
    if let Some(fault) = error.downcast_ref::<PeerError>() {
        return Some(fault.answer.unwrap_or(Status::BAD_REQUEST));
    }
    error.downcast_ref::<Error>().filter(|error| error.is_the_clients()).map(Error::status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, Misuse};

    /// As `anyhow::Error` is: no error itself, and made of any.
    #[derive(Debug)]
    struct Report(BoxError);

    impl<E: error::Error + Send + Sync + 'static> From<E> for Report {
        fn from(error: E) -> Report {
            Report(Box::new(error))
        }
    }

    impl From<Report> for BoxError {
        fn from(report: Report) -> BoxError {
            report.0
        }
    }

    /// One around another.
    #[derive(Debug)]
    struct While(&'static str, BoxError);

    impl fmt::Display for While {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl error::Error for While {
        fn source(&self) -> Option<&(dyn error::Error + 'static)> {
            Some(&*self.1)
        }
    }

    fn told(error: impl IntoResponse<()>) -> (u16, Option<String>) {
        let response: Response<()> = Err::<(), _>(error).into_response();
        (response.status().code(), response.failure().map(str::to_owned))
    }

    #[test]
    fn any_error_is_answered_with_500_and_told_with_its_causes() {
        let full = || io::Error::other("the disk is full");
        let text = |text: &str| (500, Some(text.to_owned()));
        assert_eq!(told(full()), text("the disk is full"));
        assert_eq!(told(BoxError::from(full())), text("the disk is full"));
        assert_eq!(told(Box::<dyn error::Error>::from("no")), text("no"));
        let around = BoxError::from(While("saving", full().into()));
        assert_eq!(told(around), text("saving: the disk is full"));
        let report = || -> Result<(), BoxError> {
            let inner = || -> Result<(), Report> { Err(full())? };
            Ok(inner()?)
        };
        assert_eq!(told(report().unwrap_err()), text("the disk is full"));
        assert_eq!(told("no text for the client"), text("no text for the client"));
        assert_eq!(told(String::from("nor this")), text("nor this"));
        assert_eq!(told(()), (500, None));
        assert_eq!(told((Status::GONE, "for the client")), (410, None));
        assert_eq!(told(Status::NOT_FOUND), (404, None));
    }

    #[test]
    fn the_clients_fault_keeps_its_status_however_deep_it_stands() {
        let large = || Error::Peer(PeerError::of_request(Fault::BodyTooLarge));
        assert_eq!(told(large()), (413, None));
        assert_eq!(told(BoxError::from(large())), (413, None));
        assert_eq!(told(io::Error::from(large())), (413, None));
        assert_eq!(told(BoxError::from(While("reading", large().into()))), (413, None));
        let through_io = While("reading", io::Error::from(large()).into());
        assert_eq!(told(BoxError::from(through_io)), (413, None));
        let misuse = Error::Misuse(Misuse::TooMuchBody);
        assert_eq!(told(BoxError::from(misuse)).0, 500);
    }
}
