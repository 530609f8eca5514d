//! Builds what a client asks for; mistakes are kept and told when it is sent.
//! Generic over what gives a body that streams: that is an adapter's.

use super::{Error, Payload, RequestParts};
use crate::head::{Fields, Method, names};
use crate::policy::auth;
use crate::url::Url;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// A request to be sent.
///
/// What is wrong with it (a URL that is none, a field that would break the
/// wire) is told when it is sent, so that building needs no `?`.
///
/// ```
/// use purlin_core::exchange::Request;
/// use std::time::Duration;
///
/// let request: Request<()> = Request::post("https://api.test/items")
///     .query(&[("dry run", "1")])
///     .header("Accept", "application/json")
///     .json(r#"{"a":1}"#)
///     .timeout(Duration::from_secs(5));
/// assert_eq!(request.url().unwrap().to_string(), "https://api.test/items?dry+run=1");
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct Request<S> {
    parts: Result<RequestParts, Error>,
    source: Option<Given<S>>,
}

/// The source of a body that streams.
pub enum Given<S> {
    /// It can be had once.
    Once(S),
    /// It can be had as often as it is needed.
    Again(Box<dyn FnMut() -> S + Send>),
}

impl<S> Request<S> {
    /// A request of any method to this URL.
    pub fn new(method: Method, url: impl IntoUrl) -> Request<S> {
        let parts = match url.into_url() {
            Ok(url) => Ok(RequestParts::new(method, url)),
            Err(error) => Err(error.asking(&method)),
        };
        Request { parts, source: None }
    }

    /// A GET.
    pub fn get(url: impl IntoUrl) -> Request<S> {
        Request::new(Method::GET, url)
    }

    /// A HEAD: the response to a GET, without its body.
    pub fn head(url: impl IntoUrl) -> Request<S> {
        Request::new(Method::HEAD, url)
    }

    /// A POST.
    pub fn post(url: impl IntoUrl) -> Request<S> {
        Request::new(Method::POST, url)
    }

    /// A PUT.
    pub fn put(url: impl IntoUrl) -> Request<S> {
        Request::new(Method::PUT, url)
    }

    /// A PATCH.
    pub fn patch(url: impl IntoUrl) -> Request<S> {
        Request::new(Method::PATCH, url)
    }

    /// A DELETE.
    pub fn delete(url: impl IntoUrl) -> Request<S> {
        Request::new(Method::DELETE, url)
    }

    fn change(mut self, change: impl FnOnce(&mut RequestParts) -> Result<(), Error>) -> Request<S> {
        if let Err(error) = self.parts.as_mut().map_or(Ok(()), change) {
            self.parts = Err(error);
        }
        self
    }

    /// Adds a field.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Request<S> {
        self.change(|parts| Ok(parts.fields.append(name, value)?))
    }

    /// Sets a field instead of what it was before.
    pub fn set_header(self, name: &str, value: impl AsRef<[u8]>) -> Request<S> {
        self.change(|parts| Ok(parts.fields.set(name, value)?))
    }

    /// Adds pairs to the URL's query, encoded as forms are. What the URL has of a query
    /// and its fragment stay as they are, and so does all of it if there are no pairs.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> Request<S> {
        self.change(|parts| {
            let mut more = String::new();
            append_form(&mut more, pairs);
            if !more.is_empty() {
                parts.url = parts.url.with_more_query(&more)?;
            }
            Ok(())
        })
    }

    /// The whole body. Its length is told; a Content-Type is yours to set.
    pub fn body(mut self, body: impl Into<Bytes>) -> Request<S> {
        self.source = None;
        self.change(|parts| {
            parts.payload = Payload::Full(body.into());
            Ok(())
        })
    }

    /// A JSON text as the body, with its Content-Type.
    pub fn json(self, text: impl Into<Bytes>) -> Request<S> {
        self.content_type("application/json").body(text)
    }

    /// Pairs as the body, as an HTML form sends them.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> Request<S> {
        let mut text = String::new();
        append_form(&mut text, pairs);
        self.content_type("application/x-www-form-urlencoded").body(text)
    }

    /// What the body is: a MIME type.
    pub fn content_type(self, value: &str) -> Request<S> {
        self.set_header(names::CONTENT_TYPE, value)
    }

    /// A body that streams, of this length in bytes if it is known. It can be
    /// had once, so the request is not sent again once it was read from.
    pub fn stream(mut self, source: impl Into<S>, length: Option<u64>) -> Request<S> {
        self.source = Some(Given::Once(source.into()));
        self.change(|parts| {
            parts.payload = Payload::Stream { length, replayable: false };
            Ok(())
        })
    }

    /// A body that streams and can be had again, for redirects and retries.
    pub fn replay(
        mut self,
        make: impl FnMut() -> S + Send + 'static,
        length: Option<u64>,
    ) -> Request<S> {
        self.source = Some(Given::Again(Box::new(make)));
        self.change(|parts| {
            parts.payload = Payload::Stream { length, replayable: true };
            Ok(())
        })
    }

    /// User and password (RFC 7617). Send them over TLS only.
    pub fn basic_auth(self, user: &str, password: &str) -> Request<S> {
        self.set_header(names::AUTHORIZATION, auth::basic(user.as_bytes(), password.as_bytes()))
    }

    /// A token (RFC 6750).
    pub fn bearer_auth(self, token: &str) -> Request<S> {
        self.set_header(names::AUTHORIZATION, format!("Bearer {token}"))
    }

    /// How long the whole may take, reading the response and redirects included.
    pub fn timeout(self, limit: Duration) -> Request<S> {
        self.change(|parts| {
            parts.total = Some(limit);
            Ok(())
        })
    }

    /// How long the response may take to begin once the request is sent, instead
    /// of what the client's settings say.
    pub fn response_timeout(self, limit: Duration) -> Request<S> {
        self.change(|parts| {
            parts.wait = Some(limit);
            Ok(())
        })
    }

    /// How many bytes of the response's body there may be, decoded if a coding is
    /// undone, instead of what the client's settings say. Reading fails behind them.
    pub fn max_response(self, bytes: u64) -> Request<S> {
        self.change(|parts| {
            parts.most = Some(bytes);
            Ok(())
        })
    }

    /// Has the body wait until the server says that it wants it, or for a second
    /// (RFC 9110 §10.1.1).
    pub fn expect_continue(self) -> Request<S> {
        self.set_header(names::EXPECT, "100-continue")
    }

    /// Where it leads, if that is a URL.
    pub fn url(&self) -> Option<&Url> {
        self.parts.as_ref().ok().map(|parts| &parts.url)
    }

    /// Its fields, if nothing is wrong with it.
    pub fn fields(&self) -> Option<&Fields> {
        self.parts.as_ref().ok().map(|parts| &parts.fields)
    }

    /// What an exchange needs, and what gives the body.
    ///
    /// # Errors
    /// Whatever was wrong with it.
    pub fn into_parts(self) -> Result<(RequestParts, Option<Given<S>>), Error> {
        Ok((self.parts?, self.source))
    }
}

impl<S> fmt::Debug for Request<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parts {
            Ok(parts) => write!(f, "{} {}", parts.method, parts.url.redacted()),
            Err(error) => write!(f, "{error}"),
        }
    }
}

impl<S> Given<S> {
    /// The body from its beginning; none if it was had before and can be had only once.
    pub fn begin(this: &mut Option<Given<S>>) -> Option<S> {
        match this.take() {
            Some(Given::Once(source)) => Some(source),
            Some(Given::Again(mut make)) => {
                let source = make();
                *this = Some(Given::Again(make));
                Some(source)
            }
            None => None,
        }
    }

    /// A body that [`Given::begin`] gave and that nobody has read from comes back:
    /// it can be had once more.
    pub fn put_back(this: &mut Option<Given<S>>, source: S) {
        this.get_or_insert(Given::Once(source));
    }
}

impl<S> fmt::Debug for Given<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Given::Once(_) => "Given::Once",
            Given::Again(_) => "Given::Again",
        })
    }
}

/// A value that can be taken for a URL.
pub trait IntoUrl {
    /// The URL.
    ///
    /// # Errors
    /// It is none.
    fn into_url(self) -> Result<Url, Error>;
}

impl IntoUrl for &str {
    fn into_url(self) -> Result<Url, Error> {
        Url::parse(self).map_err(|error| Error::of_url(self, error))
    }
}

impl IntoUrl for String {
    fn into_url(self) -> Result<Url, Error> {
        self.as_str().into_url()
    }
}

impl IntoUrl for &String {
    fn into_url(self) -> Result<Url, Error> {
        self.as_str().into_url()
    }
}

impl IntoUrl for Url {
    fn into_url(self) -> Result<Url, Error> {
        Ok(self)
    }
}

impl IntoUrl for &Url {
    fn into_url(self) -> Result<Url, Error> {
        Ok(self.clone())
    }
}

/// Appends pairs in the encoding of HTML forms (`application/x-www-form-urlencoded`).
pub(super) fn append_form<K: AsRef<str>, V: AsRef<str>>(text: &mut String, pairs: &[(K, V)]) {
    for (key, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        append_encoded(text, key.as_ref());
        text.push('=');
        append_encoded(text, value.as_ref());
    }
}

fn append_encoded(text: &mut String, part: &str) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in part.bytes() {
        match byte {
            b' ' => text.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}
