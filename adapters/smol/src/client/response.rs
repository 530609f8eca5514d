//! A response as its caller has it: the head at hand, the body still to be read.

use super::{Body, Error, Upgraded};
use crate::Bytes;
use purlin_core::exchange::{Answer, Cause, Trace};
use purlin_core::policy::coding::Decoding;
use purlin_core::url::Url;
use purlin_core::{BodyLength, Fields, Method, ResponseHead, Secured, Status, TlsInfo, Version};
use std::fmt;
use std::sync::Arc;

/// A response to a client.
///
/// ```no_run
/// # async fn show() -> purlin_smol::client::Result<()> {
/// let mut response = purlin_smol::get("http://127.0.0.1:8080/").await?;
/// println!("{} {:?}", response.status(), response.field("Content-Type"));
/// println!("{}", response.text().await?);
/// println!("{}", response.trace());
/// # Ok(()) }
/// ```
pub struct Response {
    head: ResponseHead,
    interims: Vec<ResponseHead>,
    earlier: Vec<Trace>,
    about: Arc<About>,
    body: Body,
}

/// What is known of a response besides.
pub(super) struct About {
    method: Method,
    url: Url,
    status: Status,
    length: BodyLength,
    decoded: bool,
    trace: Trace,
    secured: Option<Secured>,
}

impl About {
    /// The error, with the request it is of.
    pub(super) fn named(&self, error: Error) -> Error {
        error.of(&self.method, &self.url)
    }

    /// Whether what follows is no HTTP (RFC 9110 §7.8, §9.3.6).
    pub(super) fn is_upgraded(&self) -> bool {
        let tunnel = self.method == Method::CONNECT && self.status.is_success();
        tunnel || self.status == Status::SWITCHING_PROTOCOLS
    }

    /// Whether no body follows.
    pub(super) fn is_empty(&self) -> bool {
        self.length == BodyLength::Empty
    }
}

impl Response {
    pub(super) fn new(
        method: Method,
        answer: Answer,
        secured: Option<Secured>,
        body: impl FnOnce(Arc<About>) -> Body,
    ) -> Response {
        let about = Arc::new(About {
            method,
            url: answer.url,
            status: answer.head.status(),
            length: answer.body,
            decoded: answer.decoding != Decoding::AsIs,
            trace: answer.trace,
            secured,
        });
        let body = body(about.clone());
        let (interims, earlier) = (answer.interims, answer.earlier);
        Response { head: answer.head, interims, earlier, about, body }
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.head.status()
    }

    /// The version the server spoke.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        self.head.fields()
    }

    /// The first value of this field, if it is text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.fields().get(name)
    }

    /// Its head.
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// The interim responses that came before it, such as 103 (Early Hints).
    pub fn interims(&self) -> &[ResponseHead] {
        &self.interims
    }

    /// Where it came from, after redirects.
    pub fn url(&self) -> &Url {
        &self.about.url
    }

    /// How long its body is as it is transferred.
    pub fn length(&self) -> BodyLength {
        self.about.length
    }

    /// Whether a coding is undone, so that the content is longer than what is transferred.
    pub fn is_decoded(&self) -> bool {
        self.about.decoded
    }

    /// The TLS it came in: version, cipher, the server's certificates. None for
    /// plain HTTP.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.about.secured.as_ref()?.info()
    }

    /// When what happened, as it is known by now.
    pub fn trace(&self) -> Trace {
        Trace { end: self.body.ended(), ..self.about.trace }
    }

    /// When what happened in the sendings before: redirects and retries, in order.
    pub fn earlier(&self) -> &[Trace] {
        &self.earlier
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
        if self.about.is_upgraded() { self.body.into_upgraded() } else { None }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        self.body.bytes().await
    }

    /// The whole body, as text.
    ///
    /// # Errors
    /// As [`Body::text`].
    pub async fn text(&mut self) -> Result<String, Error> {
        self.body.text().await
    }

    /// Itself, unless its status says that the request failed (4xx, 5xx).
    ///
    /// # Errors
    /// [`Cause::Status`].
    pub fn error_for_status(self) -> Result<Response, Error> {
        if self.status().code() < 400 {
            return Ok(self);
        }
        Err(self.about.named(Error::new(Cause::Status(self.status()))))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.status(), self.about.url.redacted())
    }
}
