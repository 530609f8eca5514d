//! Heads: request line or status line, and fields.
//! Holds and validates them; framing, routing and connection rules live elsewhere.

pub(crate) mod date;
mod fields;
pub mod names;
pub(crate) mod version;

pub use crate::method::{Method, NotAToken};
pub use crate::status::{NotAStatus, Status};
pub use date::imf_fixdate;
pub(crate) use date::{DateCache, DateLine};
pub use fields::{Field, Fields, FieldsIntoIter, FieldsIter, InvalidField};
pub(crate) use fields::{Span, one_field, without_password};
pub use version::{NotAVersion, Version};

use crate::error::Fault;
use crate::target::{Form, Parts, Strictness};
use crate::wire::token;
use std::fmt;

/// The head of a request.
///
/// ```
/// use purlin_core::{Method, RequestHead};
/// let head = RequestHead::new(Method::GET, "/search?q=beam").unwrap();
/// assert_eq!(head.path(), "/search");
/// assert_eq!(head.query(), Some("q=beam"));
/// ```
#[derive(Clone)]
pub struct RequestHead {
    method: Method,
    version: Version,
    /// Spans relative to the target's own start.
    parts: Parts,
    /// Where it stands in the fields' text; the protocol of a CONNECT stands before it.
    target: (u32, u32),
    fields: Fields,
    /// Its fields are plain: see [`RequestHead::is_plain`].
    plain: bool,
}

impl RequestHead {
    /// A head with no fields, HTTP/1.1.
    ///
    /// # Errors
    /// [`Fault::BadTarget`] and its like if the target has none of the four
    /// forms of RFC 9112 §3.2, or one that the method does not take.
    pub fn new(method: Method, target: &str) -> Result<RequestHead, Fault> {
        RequestHead::with_room(method, target, 0, 0)
    }

    /// The same, with room for so many fields of so many bytes in all.
    pub(crate) fn with_room(
        method: Method,
        target: &str,
        fields: usize,
        bytes: usize,
    ) -> Result<RequestHead, Fault> {
        let parts = Parts::parse(&method, target.as_bytes(), Strictness::BUILD)?;
        RequestHead::of_parts(method, target, parts, fields, bytes)
    }

    /// A head with a target whose parts are known.
    pub(crate) fn of_parts(
        method: Method,
        target: &str,
        parts: Parts,
        fields: usize,
        bytes: usize,
    ) -> Result<RequestHead, Fault> {
        debug_assert_eq!(Parts::parse(&method, target.as_bytes(), Strictness::BUILD), Ok(parts));
        let end = u32::try_from(target.len()).map_err(|_| Fault::TargetTooLong)?;
        let fields = Fields::behind(target.as_bytes(), fields, bytes + 4 * fields);
        let (version, target, plain) = (Version::Http11, (0, end), false);
        Ok(RequestHead { method, version, parts, target, fields, plain })
    }

    /// The head of a CONNECT that asks for a protocol (RFC 8441), such as `websocket`: its
    /// target is a path, and the exchange is a raw stream once it is answered with 2xx. HTTP/2
    /// carries it, with a server that has said so.
    ///
    /// ```
    /// use purlin_core::{Method, RequestHead};
    /// let head = RequestHead::extended_connect("websocket", "/chat?room=1").unwrap();
    /// assert_eq!((head.method(), head.path()), (&Method::CONNECT, "/chat"));
    /// assert_eq!(head.protocol(), Some("websocket"));
    /// ```
    ///
    /// # Errors
    /// [`Fault::BadTarget`] and its like if the target is no path, or the protocol no token.
    pub fn extended_connect(protocol: &str, target: &str) -> Result<RequestHead, Fault> {
        if !token::is_token(protocol.as_bytes()) {
            return Err(Fault::BadTarget);
        }
        // The grammar of a path, which CONNECT does not have elsewhere.
        let parts = Parts::parse(&Method::GET, target.as_bytes(), Strictness::BUILD)?;
        if parts.form != Form::Origin {
            return Err(Fault::BadTarget);
        }
        let text = [protocol.as_bytes(), target.as_bytes()].concat();
        let end = u32::try_from(text.len()).map_err(|_| Fault::TargetTooLong)?;
        let start = u32::try_from(protocol.len()).map_err(|_| Fault::TargetTooLong)?;
        let fields = Fields::behind(&text, 0, 0);
        let (method, version, target) = (Method::CONNECT, Version::Http11, (start, end));
        Ok(RequestHead { method, version, parts, target, fields, plain: false })
    }

    /// A head a parser found; `target` is a span of the fields' wire text.
    pub(crate) fn from_wire(
        method: Method,
        version: Version,
        parts: Parts,
        target: (u32, u32),
        fields: Fields,
    ) -> RequestHead {
        RequestHead { method, version, parts, target, fields, plain: false }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The version the peer spoke; HTTP/1.2 to 1.9 read as HTTP/1.1.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Changes the version: one that is built here is HTTP/1.1 without this.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// The request target as it was sent. Always ASCII.
    pub fn target(&self) -> &str {
        token::ascii(self.target_bytes())
    }

    pub(crate) fn target_bytes(&self) -> &[u8] {
        &self.fields.wire()[self.target.0 as usize..self.target.1 as usize]
    }

    /// The protocol that a CONNECT asks for besides a path (RFC 8441), such as `websocket`.
    pub fn protocol(&self) -> Option<&str> {
        let asks = self.method == Method::CONNECT && self.parts.form == Form::Origin;
        asks.then(|| token::ascii(&self.fields.wire()[..self.target.0 as usize]))
    }

    /// Which of the four forms the target has (RFC 9112 §3.2).
    pub fn form(&self) -> Form {
        self.parts.form
    }

    /// The path, percent-encoded as sent. `*` for the asterisk form, empty for
    /// the authority form, `/` for an absolute form without a path.
    pub fn path(&self) -> &str {
        token::ascii(self.path_bytes())
    }

    pub(crate) fn path_bytes(&self) -> &[u8] {
        match self.parts.form {
            Form::Authority => b"",
            Form::Absolute if self.parts.path.is_empty() => b"/",
            _ => self.parts.path.of(self.target_bytes()),
        }
    }

    /// What follows the first `?`, without it.
    pub fn query(&self) -> Option<&str> {
        self.query_bytes().map(token::ascii)
    }

    pub(crate) fn query_bytes(&self) -> Option<&[u8]> {
        self.parts.query.map(|span| span.of(self.target_bytes()))
    }

    /// Host and port the request is for: the target's authority if it has one
    /// (RFC 9112 §3.2.2), else the Host field.
    pub fn authority(&self) -> Option<&str> {
        self.authority_bytes().and_then(|authority| std::str::from_utf8(authority).ok())
    }

    pub(crate) fn authority_bytes(&self) -> Option<&[u8]> {
        self.target_authority_bytes().or_else(|| self.fields.get_bytes(names::HOST))
    }

    /// The authority that the target itself has: in absolute and authority form.
    pub fn target_authority(&self) -> Option<&str> {
        self.target_authority_bytes().map(token::ascii)
    }

    pub(crate) fn target_authority_bytes(&self) -> Option<&[u8]> {
        match self.parts.form {
            Form::Absolute | Form::Authority => Some(self.parts.authority.of(self.target_bytes())),
            Form::Origin | Form::Asterisk => None,
        }
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The fields, to change them.
    pub fn fields_mut(&mut self) -> &mut Fields {
        self.plain = false;
        &mut self.fields
    }

    /// Says that its fields are plain, until they are changed.
    pub(crate) fn set_plain(&mut self) {
        self.plain = true;
    }

    /// Whether one of its fields is a Host that is well formed, no other
    /// [controls](names::controls) anything, and their lines stand one behind the other
    /// after the target, with nothing else behind it.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The lines of its fields, if they are [plain](RequestHead::is_plain).
    pub(crate) fn plain_lines(&self) -> Option<&[u8]> {
        self.fields.wire().get(self.target.1 as usize..).filter(|_| self.plain)
    }
}

/// Credentials and cookies are hidden.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = without_password(self.target());
        write!(f, "{} {target} {} {:?}", self.method, self.version, self.fields)
    }
}

/// The head of a response, final or interim.
///
/// ```
/// use purlin_core::{ResponseHead, Status};
/// let head = ResponseHead::new(Status::OK).with("Content-Type", "text/plain").unwrap();
/// assert_eq!(head.fields().len(), 1);
/// ```
#[derive(Clone)]
pub struct ResponseHead {
    status: Status,
    version: Version,
    reason: Reason,
    fields: Fields,
}

/// The reason phrase that a received head has.
#[derive(Clone)]
enum Reason {
    /// It was not received.
    None,
    /// The one that is registered for the status.
    Registered,
    /// Another.
    Other(Box<[u8]>),
}

impl ResponseHead {
    /// A head of this status, with no fields.
    pub const fn new(status: Status) -> ResponseHead {
        ResponseHead::of(status, Fields::new())
    }

    /// A head of this status, with these fields.
    pub(crate) const fn of(status: Status, fields: Fields) -> ResponseHead {
        ResponseHead { status, version: Version::Http11, reason: Reason::None, fields }
    }

    /// A head that a parser found.
    pub(crate) fn from_wire(
        status: Status,
        version: Version,
        reason: &[u8],
        fields: Fields,
    ) -> ResponseHead {
        let reason = if reason == status.reason().as_bytes() {
            Reason::Registered
        } else {
            Reason::Other(reason.into())
        };
        ResponseHead { status, version, reason, fields }
    }

    /// This head with one field more.
    ///
    /// # Errors
    /// [`InvalidField`] if the field would break the wire.
    pub fn with(
        mut self,
        name: &str,
        value: impl AsRef<[u8]>,
    ) -> Result<ResponseHead, InvalidField> {
        self.fields.append(name, value)?;
        Ok(self)
    }

    /// The same head with one field more, which stands in the program's text as it is.
    ///
    /// # Panics
    /// The field would break the wire: then it does so whenever this line runs.
    ///
    /// ```
    /// use purlin_core::{ResponseHead, Status};
    /// let hints = ResponseHead::new(Status::EARLY_HINTS)
    ///     .with_static("Link", "</style.css>; rel=preload; as=style");
    /// assert_eq!(hints.fields().len(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_static(mut self, name: &'static str, value: &'static str) -> ResponseHead {
        if let Err(invalid) = self.fields.append(name, value) {
            panic!("`{name}`: {invalid}");
        }
        self
    }

    /// The same head with these fields more.
    ///
    /// # Errors
    /// [`InvalidField`] if one would break the wire.
    pub fn with_all<N: AsRef<str>, V: AsRef<[u8]>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<ResponseHead, InvalidField> {
        self.fields.append_all(fields)?;
        Ok(self)
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Changes the status; the reason phrase that came with the old one is forgotten.
    pub fn set_status(&mut self, status: Status) {
        self.status = status;
        self.reason = Reason::None;
    }

    /// The version the peer spoke; HTTP/1.2 to 1.9 read as HTTP/1.1. A head that
    /// was built here is sent in the version that the exchange has.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The reason phrase of a head that was received: text of the peer that
    /// means nothing (RFC 9112 §4), and may be empty or no UTF-8.
    pub fn reason(&self) -> Option<&[u8]> {
        match &self.reason {
            Reason::None => None,
            Reason::Registered => Some(self.status.reason().as_bytes()),
            Reason::Other(reason) => Some(reason),
        }
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The fields, to change them.
    pub fn fields_mut(&mut self) -> &mut Fields {
        &mut self.fields
    }
}

/// Credentials and cookies are hidden.
impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.version, self.status, self.fields)
    }
}

/// Equal status, version and fields; the reason phrase means nothing.
impl PartialEq for ResponseHead {
    fn eq(&self, other: &ResponseHead) -> bool {
        self.status == other.status && self.version == other.version && self.fields == other.fields
    }
}

impl Eq for ResponseHead {}

#[cfg(test)]
mod tests;
