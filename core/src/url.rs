//! URLs (RFC 3986): taken apart, checked, and resolved against each other.
//! Decides what is well formed and escapes what may not stand raw; it looks nothing up.

mod error;
mod join;
mod parse;

pub use error::{UrlError, UrlProblem};

use crate::target::Part;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An absolute URL: one text, and where its parts stand in it.
///
/// Any scheme is taken apart; `http` and `https` need a host. The text is kept
/// as it was given, but for what may not stand raw in a request: in path, query
/// and fragment that is escaped, as Go's `net/url` does, and the scheme is put
/// into lower case. All of the text is ASCII.
///
/// URLs are equal, and ordered, as their texts are: `http://a.test` and `http://a.test/`
/// are two, and so are hosts in another case. [`Url::same_origin`] and [`Url::origin`]
/// compare what RFC 9110 §4.3.1 says is the same.
///
/// `Display` shows all of it; `Debug` and [`Url::redacted`] hide the password.
///
/// ```
/// use purlin_core::Url;
/// let url = Url::parse("https://example.test:8443/a b?q=1#top").unwrap();
/// assert_eq!(url.scheme(), "https");
/// assert_eq!(url.host(), "example.test");
/// assert_eq!(url.port(), Some(8443));
/// assert_eq!(url.target(), "/a%20b?q=1");
/// assert_eq!(url.join("../c").unwrap().to_string(), "https://example.test:8443/c");
/// assert!(Url::parse("/a").is_err());
/// ```
#[derive(Clone)]
pub struct Url {
    /// Shared, since a request, its response and its errors all know it.
    text: Arc<str>,
    parts: Parts,
}

/// Where the parts of a URL stand in its text.
#[derive(Clone, Copy, Default)]
struct Parts {
    scheme: Part,
    has_authority: bool,
    /// What stands in front of `@`, without it.
    userinfo: Option<Part>,
    user: Part,
    password: Option<Part>,
    /// Without brackets and zone.
    host: Part,
    zone: Option<Part>,
    in_brackets: bool,
    port: Option<u16>,
    /// Host and port, brackets and zone included.
    place: Part,
    path: Part,
    query: Option<Part>,
    fragment: Option<Part>,
}

impl Url {
    /// Takes an absolute URL apart.
    ///
    /// # Errors
    /// [`UrlError`] says what is wrong and where. A control byte is refused
    /// everywhere, a host that is not ASCII too (write it in punycode), and an
    /// `http` URL without a host (RFC 9110 §4.2.1).
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Url, UrlError> {
        parse::absolute(text.as_ref())
    }

    /// Resolves a reference against this URL (RFC 3986 §5.2), such as the value of a Location field.
    ///
    /// ```
    /// use purlin_core::Url;
    /// let base = Url::parse("http://a.test/b/c?q").unwrap();
    /// assert_eq!(base.join("../d").unwrap().to_string(), "http://a.test/d");
    /// assert_eq!(base.join("//e.test").unwrap().to_string(), "http://e.test");
    /// ```
    ///
    /// # Errors
    /// [`UrlError`], as for [`Url::parse`].
    pub fn join(&self, reference: impl AsRef<[u8]>) -> Result<Url, UrlError> {
        join::resolve(self, reference.as_ref())
    }

    /// The whole URL, password included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme, in lower case.
    pub fn scheme(&self) -> &str {
        self.part(self.parts.scheme)
    }

    /// Whether the scheme is `http` or `https`.
    pub fn is_http(&self) -> bool {
        matches!(self.scheme(), "http" | "https")
    }

    /// The host as it was given, an IPv6 address without brackets and zone; may be empty
    /// if the scheme is not `http` or `https`.
    pub fn host(&self) -> &str {
        self.part(self.parts.host)
    }

    /// Where the host stands in the text.
    pub(crate) fn host_part(&self) -> Part {
        self.parts.host
    }

    /// The text, without a copy.
    pub(crate) fn shared(&self) -> Arc<str> {
        self.text.clone()
    }

    /// The zone of an IPv6 address (RFC 6874): `eth0` in `[fe80::1%25eth0]`.
    pub fn zone(&self) -> Option<&str> {
        self.parts.zone.map(|zone| self.part(zone))
    }

    /// The port, if one was given.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The port, or the scheme's own: 80 for `http`, 443 for `https`, 1080 for
    /// `socks5` and `socks5h`, 0 for one that has none here.
    pub fn port_or_default(&self) -> u16 {
        self.parts.port.unwrap_or(match self.scheme() {
            "http" => 80,
            "https" => 443,
            "socks5" | "socks5h" => 1080,
            _ => 0,
        })
    }

    /// Host and port as the Host field has them (RFC 9112 §3.2): the port only
    /// if one was given, and no zone (RFC 6874 §4).
    pub fn authority(&self) -> Cow<'_, str> {
        let place = self.part(self.parts.place);
        if self.parts.zone.is_none() {
            // RFC 3986 §3.2.3: a colon without a port is to be left out.
            return Cow::Borrowed(place.strip_suffix(':').unwrap_or(place));
        }
        match self.parts.port {
            Some(port) => Cow::Owned(format!("[{}]:{port}", self.host())),
            None => Cow::Owned(format!("[{}]", self.host())),
        }
    }

    /// The path, percent-encoded; may be empty.
    pub fn path(&self) -> &str {
        self.part(self.parts.path)
    }

    /// What follows the first `?`, without it.
    pub fn query(&self) -> Option<&str> {
        self.parts.query.map(|query| self.part(query))
    }

    /// What follows the first `#`, without it.
    pub fn fragment(&self) -> Option<&str> {
        self.parts.fragment.map(|fragment| self.part(fragment))
    }

    /// Path and query as a request line has them (RFC 9112 §3.2.1): `/` for an empty path.
    pub fn target(&self) -> Cow<'_, str> {
        match (self.path(), self.query()) {
            ("", None) => Cow::Borrowed("/"),
            ("", Some(query)) => Cow::Owned(format!("/?{query}")),
            (path, None) => Cow::Borrowed(path),
            (path, Some(query)) => {
                let start = self.parts.path.start();
                Cow::Borrowed(&self.text[start..start + path.len() + 1 + query.len()])
            }
        }
    }

    /// The user name, percent-decoded. There is one, maybe empty, if there is an `@`.
    pub fn user(&self) -> Option<Cow<'_, [u8]>> {
        self.parts.userinfo.map(|_| decoded(self.part(self.parts.user)))
    }

    /// The password, percent-decoded.
    pub fn password(&self) -> Option<Cow<'_, [u8]>> {
        self.parts.password.map(|password| decoded(self.part(password)))
    }

    /// The same URL without user and password.
    #[must_use]
    pub fn without_userinfo(&self) -> Url {
        self.assembled(&parse::Reference { userinfo: None, ..self.pieces() })
    }

    /// The same URL without a fragment.
    #[must_use]
    pub fn without_fragment(&self) -> Url {
        self.with_fragment(None)
    }

    /// The same URL with that fragment, which is well formed.
    pub(crate) fn with_fragment(&self, fragment: Option<&str>) -> Url {
        let fragment = fragment.map(|text| parse::Piece::whole(text.as_bytes()));
        self.assembled(&parse::Reference { fragment, ..self.pieces() })
    }

    /// The same URL with this behind its query. What it has of a query stays as it is,
    /// and the fragment too.
    pub(crate) fn with_more_query(&self, more: &str) -> Result<Url, UrlError> {
        let query = match self.query() {
            None | Some("") => more.to_owned(),
            Some(query) if query.ends_with('&') => format!("{query}{more}"),
            Some(query) => format!("{query}&{more}"),
        };
        let query = Some(parse::Piece::whole(query.as_bytes()));
        let url = self.assembled(&parse::Reference { query, ..self.pieces() });
        match url.parts.query {
            Some(query) if query.end() > parse::LONGEST => {
                Err(UrlError::new(UrlProblem::TooLong, parse::LONGEST))
            }
            _ => Ok(url),
        }
    }

    /// A URL of parts that were in one before.
    fn assembled(&self, pieces: &parse::Reference<'_>) -> Url {
        let url = parse::assemble(pieces);
        debug_assert!(url.is_ok(), "parts of a URL are well formed");
        url.unwrap_or_else(|_| self.clone())
    }

    /// The whole URL, with `***` for a password.
    pub fn redacted(&self) -> Cow<'_, str> {
        match self.parts.password {
            None => Cow::Borrowed(&self.text),
            Some(password) => {
                let (before, after) =
                    (&self.text[..password.start()], &self.text[password.end()..]);
                Cow::Owned(format!("{before}***{after}"))
            }
        }
    }

    /// Scheme, host and port, as they are compared.
    ///
    /// ```
    /// use purlin_core::Url;
    /// let url = Url::parse("https://Example.test/a").unwrap();
    /// assert_eq!(url.origin().to_string(), "https://example.test:443");
    /// ```
    pub fn origin(&self) -> Origin {
        let place = self.part(self.parts.place);
        let host = if self.parts.in_brackets {
            place.split_inclusive(']').next().unwrap_or_default()
        } else {
            self.host()
        };
        let mut text = format!("{}://{host}:{}", self.scheme(), self.port_or_default());
        text.make_ascii_lowercase();
        Origin(text.into())
    }

    /// Whether both have the same scheme, host and port (RFC 9110 §4.3.1).
    pub fn same_origin(&self, other: &Url) -> bool {
        self.scheme() == other.scheme()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port_or_default() == other.port_or_default()
            && self.zone() == other.zone()
    }

    fn part(&self, part: Part) -> &str {
        &self.text[part.start()..part.end()]
    }

    /// The parts as a reference has them, to make another URL of.
    fn pieces(&self) -> parse::Reference<'_> {
        let piece = |part: Part| parse::Piece::whole(self.part(part).as_bytes());
        parse::Reference {
            scheme: Some(piece(self.parts.scheme)),
            userinfo: self.parts.userinfo.map(piece),
            place: self.parts.has_authority.then(|| piece(self.parts.place)),
            path: piece(self.parts.path),
            query: self.parts.query.map(piece),
            fragment: self.parts.fragment.map(piece),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Url) -> bool {
        self.text == other.text
    }
}

impl Eq for Url {}

impl PartialEq<str> for Url {
    fn eq(&self, text: &str) -> bool {
        &*self.text == text
    }
}

impl PartialEq<&str> for Url {
    fn eq(&self, text: &&str) -> bool {
        &*self.text == *text
    }
}

impl PartialOrd for Url {
    fn partial_cmp(&self, other: &Url) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Url {
    fn cmp(&self, other: &Url) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Url {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<Url> for String {
    fn from(url: Url) -> String {
        url.text.as_ref().to_owned()
    }
}

impl TryFrom<&str> for Url {
    type Error = UrlError;

    fn try_from(text: &str) -> Result<Url, UrlError> {
        Url::parse(text)
    }
}

impl TryFrom<String> for Url {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Url, UrlError> {
        Url::parse(text)
    }
}

impl std::str::FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Url, UrlError> {
        Url::parse(text)
    }
}

/// Scheme, host and port of a URL (RFC 6454 §4), as they are compared: in lower
/// case, the port always there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Box<str>);

impl Origin {
    /// `scheme://host:port`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text with its escapes taken out; they have been checked.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        let escape = match (*byte, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = escape {
            plain.push(high << 4 | low);
            rest = &after[2..];
        } else {
            plain.push(*byte);
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests;
