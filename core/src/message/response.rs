//! Responses as values, and what may be turned into one.
//! How a response is framed on the wire is not decided here.

use crate::error::{Misuse, PeerError};
use crate::head::{Fields, InvalidField, ResponseHead, Span, Status, names};
use crate::policy::cookie::{Cookie, InvalidCookie};
use bytes::Bytes;

/// A response: its head, and content of the adapter's kind.
///
/// ```
/// use purlin_core::{Response, Status};
/// let response: Response<()> = Response::text("not here\n").with_status(Status::NOT_FOUND);
/// assert_eq!(response.fields().get("content-type"), Some("text/plain; charset=utf-8"));
/// ```
#[derive(Debug)]
pub struct Response<B> {
    head: ResponseHead,
    content: Content<B>,
}

/// What a response carries. `B` is what gives the bytes of one that is not whole yet.
#[derive(Debug)]
pub enum Content<B> {
    /// Nothing.
    Empty,
    /// All of it.
    Full(Bytes),
    /// So many bytes, from this source.
    Length(u64, B),
    /// What this source gives, to its end.
    Stream(B),
}

const PLAIN: Fields =
    Fields::constant(b"Content-Type: text/plain; charset=utf-8\r\n", &[Span::first(12, 25)]);
const HTML: Fields =
    Fields::constant(b"Content-Type: text/html; charset=utf-8\r\n", &[Span::first(12, 24)]);
const OCTETS: Fields =
    Fields::constant(b"Content-Type: application/octet-stream\r\n", &[Span::first(12, 24)]);

impl<B> Response<B> {
    /// A response of this status, without content.
    pub fn new(status: Status) -> Response<B> {
        Response { head: ResponseHead::new(status), content: Content::Empty }
    }

    /// A response of these parts.
    pub fn from_parts(head: ResponseHead, content: Content<B>) -> Response<B> {
        Response { head, content }
    }

    /// 200 with `text/plain; charset=utf-8`.
    pub fn text(text: impl Into<String>) -> Response<B> {
        Response::of_type(PLAIN, Bytes::from(text.into()))
    }

    /// 200 with `text/html; charset=utf-8`.
    pub fn html(text: impl Into<String>) -> Response<B> {
        Response::of_type(HTML, Bytes::from(text.into()))
    }

    /// 200 with `application/octet-stream`.
    pub fn bytes(bytes: impl Into<Bytes>) -> Response<B> {
        Response::of_type(OCTETS, bytes.into())
    }

    fn of_type(content_type: Fields, bytes: Bytes) -> Response<B> {
        let head = ResponseHead::of(Status::OK, content_type);
        Response { head, content: Content::Full(bytes) }
    }

    /// 200 with what this source gives, its length not known before.
    pub fn stream(source: B) -> Response<B> {
        Response { head: ResponseHead::new(Status::OK), content: Content::Stream(source) }
    }

    /// The same response with this status.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Response<B> {
        self.head.set_status(status);
        self
    }

    /// The same response with one field more.
    ///
    /// # Errors
    /// [`InvalidField`] if the field would break the wire.
    pub fn with(
        mut self,
        name: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<Response<B>, InvalidField> {
        self.head.fields_mut().append(name, value)?;
        Ok(self)
    }

    /// The same response with one more cookie for the client to keep.
    ///
    /// ```
    /// use purlin_core::Response;
    /// use purlin_core::policy::cookie::Cookie;
    /// let response: Response<()> = Response::text("welcome\n");
    /// let response = response.with_cookie(&Cookie::new("session", "42").with_path("/"))?;
    /// assert_eq!(response.fields().get("set-cookie"), Some("session=42; Path=/"));
    /// # Ok::<(), purlin_core::policy::cookie::InvalidCookie>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidCookie`] if the cookie cannot be sent as it is.
    pub fn with_cookie(mut self, cookie: &Cookie) -> Result<Response<B>, InvalidCookie> {
        cookie.check()?;
        let line = cookie.to_line().ok_or(InvalidCookie::Name)?;
        let added = self.head.fields_mut().append(names::SET_COOKIE, line);
        added.map_err(|_| InvalidCookie::Value)?;
        Ok(self)
    }

    /// The same response with other content.
    #[must_use]
    pub fn with_content(mut self, content: Content<B>) -> Response<B> {
        self.content = content;
        self
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.head.status()
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        self.head.fields()
    }

    /// The fields, to change them.
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.head.fields_mut()
    }

    /// The head.
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// The content.
    pub fn content(&self) -> &Content<B> {
        &self.content
    }

    /// Head and content.
    pub fn into_parts(self) -> (ResponseHead, Content<B>) {
        (self.head, self.content)
    }
}

/// What a handler may return.
pub trait IntoResponse<B> {
    /// The response it stands for.
    fn into_response(self) -> Response<B>;
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
}

impl<B> IntoResponse<B> for &'static str {
    fn into_response(self) -> Response<B> {
        Response::of_type(PLAIN, Bytes::from_static(self.as_bytes()))
    }
}

impl<B> IntoResponse<B> for String {
    fn into_response(self) -> Response<B> {
        Response::text(self)
    }
}

impl<B> IntoResponse<B> for Bytes {
    fn into_response(self) -> Response<B> {
        Response::bytes(self)
    }
}

impl<B> IntoResponse<B> for Vec<u8> {
    fn into_response(self) -> Response<B> {
        Response::bytes(self)
    }
}

/// The same with another status.
impl<B, T: IntoResponse<B>> IntoResponse<B> for (Status, T) {
    fn into_response(self) -> Response<B> {
        self.1.into_response().with_status(self.0)
    }
}

impl<B, T: IntoResponse<B>, E: IntoResponse<B>> IntoResponse<B> for Result<T, E> {
    fn into_response(self) -> Response<B> {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

/// 500: the field was the handler's.
impl<B> IntoResponse<B> for InvalidField {
    fn into_response(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// 500: the misuse was the handler's.
impl<B> IntoResponse<B> for Misuse {
    fn into_response(self) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// The status that answers the peer's fault.
impl<B> IntoResponse<B> for PeerError {
    fn into_response(self) -> Response<B> {
        self.answer.unwrap_or(Status::BAD_REQUEST).into_response()
    }
}
