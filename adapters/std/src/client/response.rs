//! A response as its caller has it: the head at hand, the body still to be read.

use super::{Body, Error, Upgraded};
use crate::Bytes;
use purlin_core::exchange::{Answer, Cause, Trace};
use purlin_core::policy::coding::Decoding;
use purlin_core::url::Url;
use purlin_core::{BodyLength, Fields, ResponseHead, Secured, Status, TlsInfo, Version};
use std::fmt;
use std::sync::Arc;

/// A response to a client.
///
/// ```no_run
/// let mut response = purlin_std::get("http://127.0.0.1:8080/")?;
/// println!("{} {:?}", response.status(), response.field("Content-Type"));
/// println!("{}", response.text()?);
/// println!("{}", response.trace());
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
pub struct Response {
    answer: Arc<Answer>,
    secured: Option<Secured>,
    body: Body,
}

impl Response {
    pub(super) fn new(answer: Arc<Answer>, secured: Option<Secured>, body: Body) -> Response {
        Response { answer, secured, body }
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.answer.head.status()
    }

    /// The version the server spoke.
    pub fn version(&self) -> Version {
        self.answer.head.version()
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        self.answer.head.fields()
    }

    /// The first value of this field, if it is text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.answer.head.fields().get(name)
    }

    /// Its head.
    pub fn head(&self) -> &ResponseHead {
        &self.answer.head
    }

    /// The interim responses that came before it, such as 103 (Early Hints).
    pub fn interims(&self) -> &[ResponseHead] {
        &self.answer.interims
    }

    /// Where it came from, after redirects.
    pub fn url(&self) -> &Url {
        &self.answer.url
    }

    /// How long its body is as it is transferred.
    pub fn length(&self) -> BodyLength {
        self.answer.body
    }

    /// Whether a coding is undone, so that the content is longer than what is transferred.
    pub fn is_decoded(&self) -> bool {
        self.answer.decoding != Decoding::AsIs
    }

    /// The TLS it came in: version, cipher, the server's certificates. None for
    /// plain HTTP.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.secured.as_ref()?.info()
    }

    /// When what happened, as it is known by now.
    pub fn trace(&self) -> Trace {
        Trace { end: self.body.ended(), ..self.answer.trace }
    }

    /// When what happened in the sendings before: redirects and retries, in order.
    pub fn earlier(&self) -> &[Trace] {
        &self.answer.earlier
    }

    /// The body.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The body alone.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// The connection itself, if the response made it something else than
    /// HTTP: 101 (Switching Protocols), or success of a CONNECT. Else the
    /// response is dropped.
    pub fn upgrade(self) -> Option<Upgraded> {
        if self.answer.is_upgraded() { self.body.into_upgraded() } else { None }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub fn bytes(&mut self) -> Result<Bytes, Error> {
        self.body.bytes()
    }

    /// The whole body, as text.
    ///
    /// # Errors
    /// As [`Body::text`].
    pub fn text(&mut self) -> Result<String, Error> {
        self.body.text()
    }

    /// Itself, unless its status says that the request failed (4xx, 5xx).
    ///
    /// # Errors
    /// [`Cause::Status`].
    pub fn error_for_status(self) -> Result<Response, Error> {
        if self.status().code() < 400 {
            return Ok(self);
        }
        let error = Error::new(Cause::Status(self.status()));
        Err(error.of(&self.answer.method, &self.answer.url))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.status(), self.answer.url.redacted())
    }
}
