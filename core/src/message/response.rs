//! Responses as values, and what may be turned into one.
//! How a response is framed on the wire is not decided here.

mod into;

pub use into::IntoResponse;

use crate::head::{Fields, InvalidField, ResponseHead, Status, names, one_field};
use crate::policy::cookie::{Cookie, InvalidCookie};
use bytes::Bytes;
use std::error;

/// A response: its head, and content of the adapter's kind.
///
/// ```
/// use purlin_core::{Response, Status};
/// let response: Response<()> = Response::text("not here\n").with_status(Status::NOT_FOUND);
/// assert_eq!(response.fields().get("content-type"), Some("text/plain; charset=utf-8"));
/// ```
#[must_use = "a response is sent by who returns it"]
#[derive(Debug)]
pub struct Response<B> {
    head: ResponseHead,
    content: Content<B>,
    /// What it stands for failed with this.
    failure: Option<Box<Failure>>,
}

/// Behind a pointer, since it is rare.
#[derive(Debug)]
struct Failure(String);

/// What a response carries. `B` is what gives the bytes of one that is not whole yet.
///
/// There is no fifth case: it may be matched without a wildcard.
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

const PLAIN: Fields = Fields::constant(&{
    const LINE: &[u8] = b"Content-Type: text/plain; charset=utf-8\r\n";
    one_field::<{ 16 + LINE.len() }>(LINE, 12, 25)
});
const HTML: Fields = Fields::constant(&{
    const LINE: &[u8] = b"Content-Type: text/html; charset=utf-8\r\n";
    one_field::<{ 16 + LINE.len() }>(LINE, 12, 24)
});
const OCTETS: Fields = Fields::constant(&{
    const LINE: &[u8] = b"Content-Type: application/octet-stream\r\n";
    one_field::<{ 16 + LINE.len() }>(LINE, 12, 24)
});

impl<B> Response<B> {
    /// A response of this status, without content.
    pub fn new(status: Status) -> Response<B> {
        Response::from_parts(ResponseHead::new(status), Content::Empty)
    }

    /// 500 (Internal Server Error) for a handler that failed with this. Observers are told
    /// its text and what caused it ([`Observer::failed`](crate::observe::Observer::failed));
    /// the client is told neither.
    ///
    /// ```
    /// use purlin_core::Response;
    /// let error = std::io::Error::other("the disk is full");
    /// let response: Response<()> = Response::of_failure(&error);
    /// assert_eq!(response.status().code(), 500);
    /// assert_eq!(response.failure(), Some("the disk is full"));
    /// ```
    pub fn of_failure(error: &dyn error::Error) -> Response<B> {
        Status::INTERNAL_SERVER_ERROR.into_response().with_failure(chain(error))
    }

    /// A response of these parts.
    pub fn from_parts(head: ResponseHead, content: Content<B>) -> Response<B> {
        Response { head, content, failure: None }
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
        Response::from_parts(head, Content::Full(bytes))
    }

    /// 200 with what this source gives, its length not known before.
    pub fn stream(source: B) -> Response<B> {
        Response::from_parts(ResponseHead::new(Status::OK), Content::Stream(source))
    }

    /// The same response with this status.
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

    /// The same response with one field more, which stands in the program's text as it is.
    ///
    /// # Panics
    /// The field would break the wire: then it does so whenever this line runs.
    ///
    /// ```
    /// use purlin_core::{Response};
    /// let response: Response<()> =
    ///     Response::text("a,b\n").with_static("Content-Disposition", "attachment");
    /// assert_eq!(response.fields().get("content-disposition"), Some("attachment"));
    /// ```
    #[track_caller]
    pub fn with_static(mut self, name: &'static str, value: &'static str) -> Response<B> {
        if let Err(invalid) = self.head.fields_mut().append(name, value) {
            panic!("`{name}`: {invalid}");
        }
        self
    }

    /// The same response with these fields more.
    ///
    /// # Errors
    /// [`InvalidField`] if one would break the wire.
    pub fn with_all<N: AsRef<str>, V: AsRef<[u8]>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Response<B>, InvalidField> {
        self.head.fields_mut().append_all(fields)?;
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
    pub fn with_content(mut self, content: Content<B>) -> Response<B> {
        self.content = content;
        self
    }

    /// The same response, which stands for something that failed with this: it is told to
    /// observers, and never sent.
    pub fn with_failure(mut self, message: impl Into<String>) -> Response<B> {
        self.failure = Some(Box::new(Failure(message.into())));
        self
    }

    /// The text of the failure that this response stands for.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref().map(|failure| &*failure.0)
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

/// The text of an error and of what caused it, each once.
///
/// ```
/// use purlin_core::message::{Error, chain};
/// let error = Error::Io(std::io::Error::other("the disk is full"));
/// assert_eq!(chain(&error), "reading or writing failed: the disk is full");
/// ```
pub fn chain(error: &dyn error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let own = error.to_string();
        // Some errors tell their cause themselves.
        if !text.ends_with(&own) {
            text = format!("{text}: {own}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Misuse, PeerError};
    use crate::message::Error;
    use std::fmt;
    use std::io;

    /// An error that tells what caused it, or leaves that to whoever asks.
    #[derive(Debug)]
    struct Outer(&'static str, io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl error::Error for Outer {
        fn source(&self) -> Option<&(dyn error::Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn a_failure_is_told_with_its_causes_each_once() {
        for text in ["no report", "no report: the disk is full"] {
            let error = Outer(text, io::Error::other("the disk is full"));
            let response: Response<()> = Response::of_failure(&error);
            assert_eq!(response.failure(), Some("no report: the disk is full"));
            assert_eq!(response.status(), Status::INTERNAL_SERVER_ERROR);
        }
    }

    #[test]
    fn what_the_peer_did_is_no_failure_of_the_handler() {
        let response = |error: Error| -> Response<()> { error.into_response() };
        let truncated = PeerError::of_request(crate::error::Fault::Truncated);
        assert_eq!(response(truncated.into()).failure(), None);
        assert_eq!(response(Error::Unwanted).failure(), None);
        let closed = Error::Closed(crate::error::CloseReason::PeerClosed);
        assert_eq!(response(closed).failure(), None);
        let full = Error::Io(io::Error::other("the disk is full"));
        assert!(response(full).failure().is_some_and(|text| text.ends_with("the disk is full")));
        assert!(response(Misuse::TooMuchBody.into()).failure().is_some());
    }
}
