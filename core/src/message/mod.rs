//! Requests and responses as handlers see them, generic over the body.
//! Holds values; the adapters add reading and writing, the machines the wire.

mod cancel;
mod error;
mod failure;
mod hooks;
mod outcome;
mod pending;
pub(crate) mod refusal;
mod response;
mod values;

pub use cancel::Attended;
pub use error::Error;
pub use failure::BoxError;
pub use hooks::Hooks;
pub use outcome::{Outcome, Streamed};
pub use pending::{Outlet, PendingResponse};
pub use response::{Content, IntoResponse, Response, chain};
pub use values::Values;

use crate::head::{Fields, Method, RequestHead, Version, names};
use crate::machine::BodyLength;
use crate::peer::Peer;
use crate::policy::cookie::{Cookie, read_cookies};
use crate::router::{Params, Pattern};
use crate::secure::{Secured, TlsInfo};
use refusal::Refusal;
use std::any::Any;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// Where a mux leaves the pattern that matched, for whoever watches.
pub(crate) type Matched = Arc<OnceLock<Arc<Pattern>>>;

/// A request: its head, and a body of the adapter's kind.
///
/// ```
/// use purlin_core::{BodyLength, Method, Request, RequestHead};
/// let head = RequestHead::new(Method::GET, "/greet?name=Ada").unwrap();
/// let request = Request::new(head, BodyLength::Empty, ());
/// assert_eq!((request.path(), request.query()), ("/greet", Some("name=Ada")));
/// ```
#[derive(Debug)]
pub struct Request<B> {
    head: RequestHead,
    length: BodyLength,
    body: B,
    pattern: Option<Arc<Pattern>>,
    refusal: Option<Box<Refusal>>,
    values: Values,
    /// Where to tell whoever watches which pattern matched.
    matched: Option<Matched>,
}

impl<B> Request<B> {
    /// A request of these parts.
    pub fn new(head: RequestHead, length: BodyLength, body: B) -> Request<B> {
        Request {
            head,
            length,
            body,
            pattern: None,
            refusal: None,
            values: Values::default(),
            matched: None,
        }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        self.head.method()
    }

    /// The path, percent-encoded as sent.
    pub fn path(&self) -> &str {
        self.head.path()
    }

    /// What follows the first `?` of the target, without it.
    pub fn query(&self) -> Option<&str> {
        self.head.query()
    }

    /// Host and port the request is for (RFC 9110 §7.2).
    pub fn authority(&self) -> Option<&str> {
        self.head.authority()
    }

    /// The version the peer spoke.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        self.head.fields()
    }

    /// The first value of the field of that name, in any case, if it is UTF-8.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.fields().get(name)
    }

    /// The cookies that the client sent; what is not well formed is passed over.
    ///
    /// ```
    /// use purlin_core::{BodyLength, Method, Request, RequestHead};
    /// let mut head = RequestHead::new(Method::GET, "/").unwrap();
    /// head.fields_mut().append("Cookie", "session=42; theme=dark").unwrap();
    /// let request = Request::new(head, BodyLength::Empty, ());
    /// assert_eq!(request.cookies()[1].name, "theme");
    /// assert_eq!(request.cookie("session").unwrap().value, "42");
    /// assert_eq!(request.cookie("other"), None);
    /// ```
    pub fn cookies(&self) -> Vec<Cookie> {
        let lines: Vec<&[u8]> = self.fields().values(names::COOKIE).collect();
        read_cookies(lines.into_iter())
    }

    /// The first cookie of that name.
    pub fn cookie(&self, name: &str) -> Option<Cookie> {
        self.cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// The pattern that matched, as it was registered.
    pub fn pattern(&self) -> Option<&str> {
        self.pattern.as_deref().map(Pattern::as_str)
    }

    /// What the wildcard of that name stands for, percent-decoded; empty if the
    /// pattern has none of that name.
    pub fn param(&self, name: &str) -> Cow<'_, str> {
        self.params().and_then(|params| params.get(name)).unwrap_or_default()
    }

    /// What all wildcards stand for, if a pattern matched.
    pub fn params(&self) -> Option<Params<'_>> {
        self.pattern.as_deref().map(|pattern| Params::new(pattern, self.head.path_bytes()))
    }

    /// Why no route was found, for a handler given to [`crate::Mux::otherwise`].
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_deref()
    }

    /// The same request with the values of its connection.
    #[must_use]
    #[inline]
    pub fn with_values(mut self, values: Values) -> Request<B> {
        self.values = values;
        self
    }

    /// The values that came with the connection, and those that middleware added.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The value of this type that was added last.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.values.get()
    }

    /// Adds a value for the handlers behind this one.
    pub fn add_value<T: Any + Send + Sync>(&mut self, value: T) {
        self.values = self.values.with(value);
    }

    /// Both ends of the connection, if the adapter tells them.
    pub fn peer(&self) -> Option<&Peer> {
        self.values.get()
    }

    /// What is known of the TLS that it came in; nothing if it came without.
    ///
    /// ```
    /// use purlin_core::Request;
    /// fn who<B>(request: &Request<B>) -> String {
    ///     match request.tls() {
    ///         Some(tls) => format!("{} for {:?}", tls.version, tls.server_name),
    ///         None => "no TLS".into(),
    ///     }
    /// }
    /// # let _ = who::<()>;
    /// ```
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.value::<Secured>()?.info()
    }

    pub(crate) fn tell_match(&mut self, to: Matched) {
        self.matched = Some(to);
    }

    pub(crate) fn matched(&mut self, pattern: Arc<Pattern>) {
        if let Some(to) = &self.matched {
            // A mux inside a mux: the outer one's pattern stays.
            let _ = to.set(Arc::clone(&pattern));
        }
        self.pattern = Some(pattern);
        self.refusal = None;
    }

    pub(crate) fn refused(&mut self, refusal: Refusal) {
        self.refusal = Some(Box::new(refusal));
    }

    /// The whole head.
    pub fn head(&self) -> &RequestHead {
        &self.head
    }

    /// How long the body is.
    pub fn length(&self) -> BodyLength {
        self.length
    }

    /// The body.
    pub fn body(&self) -> &B {
        &self.body
    }

    /// The body, to read it.
    pub fn body_mut(&mut self) -> &mut B {
        &mut self.body
    }

    /// The body alone.
    pub fn into_body(self) -> B {
        self.body
    }

    /// Head and body.
    pub fn into_parts(self) -> (RequestHead, B) {
        (self.head, self.body)
    }
}
