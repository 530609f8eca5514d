//! What a response is known by before its body is read: the same on every adapter.
//! Reads nothing.

use purlin_core::exchange::{Answer, Cause, Error, Trace};
use purlin_core::policy::coding::Decoding;
use purlin_core::url::Url;
use purlin_core::{BodyLength, Fields, ResponseHead, Secured, Status, TlsInfo, Version};
use std::fmt;
use std::sync::Arc;

/// A response but for its body: the head, where it came from and how.
pub struct Received {
    answer: Arc<Answer>,
    secured: Option<Secured>,
}

impl Received {
    /// What is known of this answer, and of the TLS it came in.
    pub fn new(answer: Arc<Answer>, secured: Option<Secured>) -> Received {
        Received { answer, secured }
    }

    /// The answer as the exchange gave it.
    pub fn answer(&self) -> &Answer {
        &self.answer
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

    /// The interim responses that came before it, such as 103 (Early Hints); the
    /// first 100, if there were more.
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

    /// When what happened in the sendings before: redirects and retries, in order.
    pub fn earlier(&self) -> &[Trace] {
        &self.answer.earlier
    }

    /// What its status says of a failure (4xx, 5xx).
    ///
    /// # Errors
    /// [`Cause::Status`].
    pub fn check_status(&self) -> Result<(), Error> {
        if self.status().code() < 400 {
            return Ok(());
        }
        let error = Error::new(Cause::Status(self.status()));
        Err(error.of(&self.answer.method, &self.answer.url))
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.status(), self.answer.url.redacted())
    }
}
