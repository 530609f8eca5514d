//! What a handler may return, and the response that it stands for.
//! Says which; sends nothing.

use super::{PLAIN, Response};
use crate::error::{Misuse, PeerError};
use crate::head::{InvalidField, Status};
use bytes::Bytes;

/// A value that a handler may return.
pub trait IntoResponse<B>: Sized {
    /// The response it stands for.
    fn into_response(self) -> Response<B>;

    /// The response it stands for as the error of a `Result`: the same, but for what says
    /// nothing of a status and would be a success, such as a text. That is 500
    /// (Internal Server Error), and the text is told to observers, not to the client.
    fn into_failure(self) -> Response<B> {
        self.into_response()
    }
}

impl<B> IntoResponse<B> for Response<B> {
    fn into_response(self) -> Response<B> {
        self
    }
}

/// The status, with its reason phrase as text where a response of it may have content.
impl<B> IntoResponse<B> for Status {
    fn into_response(self) -> Response<B> {
        if self.is_bodiless() || self.reason().is_empty() {
            return Response::new(self);
        }
        Response::text(format!("{}\n", self.reason())).with_status(self)
    }
}

/// 200 without content.
impl<B> IntoResponse<B> for () {
    fn into_response(self) -> Response<B> {
        Response::new(Status::OK)
    }

    fn into_failure(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<B> IntoResponse<B> for &'static str {
    fn into_response(self) -> Response<B> {
        Response::of_type(PLAIN, Bytes::from_static(self.as_bytes()))
    }

    fn into_failure(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response().with_failure(self)
    }
}

impl<B> IntoResponse<B> for String {
    fn into_response(self) -> Response<B> {
        Response::text(self)
    }

    fn into_failure(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response().with_failure(self)
    }
}

impl<B> IntoResponse<B> for Bytes {
    fn into_response(self) -> Response<B> {
        Response::bytes(self)
    }

    fn into_failure(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<B> IntoResponse<B> for Vec<u8> {
    fn into_response(self) -> Response<B> {
        Response::bytes(self)
    }

    fn into_failure(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// The same with another status.
impl<B, T: IntoResponse<B>> IntoResponse<B> for (Status, T) {
    fn into_response(self) -> Response<B> {
        self.1.into_response().with_status(self.0)
    }
}

/// The same with these fields more, and 500 (Internal Server Error) if one of them would
/// break the wire: the field was the handler's.
///
/// ```
/// use purlin_core::{IntoResponse, Response};
/// let hello = ([("Cache-Control", "no-store")], "hello\n");
/// let response: Response<()> = hello.into_response();
/// assert_eq!(response.fields().get("cache-control"), Some("no-store"));
/// ```
impl<B, N: AsRef<str>, V: AsRef<[u8]>, T: IntoResponse<B>, const K: usize> IntoResponse<B>
    for ([(N, V); K], T)
{
    fn into_response(self) -> Response<B> {
        let with = self.1.into_response().with_all(self.0);
        with.unwrap_or_else(|invalid| Response::of_failure(&invalid))
    }

    fn into_failure(self) -> Response<B> {
        let with = self.1.into_failure().with_all(self.0);
        with.unwrap_or_else(|invalid| Response::of_failure(&invalid))
    }
}

/// The same with another status, and these fields more.
impl<B, N: AsRef<str>, V: AsRef<[u8]>, T: IntoResponse<B>, const K: usize> IntoResponse<B>
    for (Status, [(N, V); K], T)
{
    fn into_response(self) -> Response<B> {
        (self.1, (self.0, self.2)).into_response()
    }
}

impl<B, T: IntoResponse<B>, E: IntoResponse<B>> IntoResponse<B> for Result<T, E> {
    fn into_response(self) -> Response<B> {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into_failure(),
        }
    }
}

/// 500: the field was the handler's.
impl<B> IntoResponse<B> for InvalidField {
    fn into_response(self) -> Response<B> {
        Response::of_failure(&self)
    }
}

/// 500: the misuse was the handler's.
impl<B> IntoResponse<B> for Misuse {
    fn into_response(self) -> Response<B> {
        Response::of_failure(&self)
    }
}

/// The status that answers the peer's fault.
impl<B> IntoResponse<B> for PeerError {
    fn into_response(self) -> Response<B> {
        self.answer.unwrap_or(Status::BAD_REQUEST).into_response()
    }
}
