//! URLs (RFC 3986): taken apart, checked, and resolved against each other.
//! Decides what is well formed and escapes what may not stand raw; it looks nothing up.

mod change;
mod error;
mod join;
mod origin;
mod parse;
mod value;

pub use error::{UrlError, UrlProblem};
pub use origin::Origin;

use crate::target::Part;
use std::borrow::Cow;
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
    whole: Arc<Whole>,
}

/// A text, where its parts stand in it, and what every request to it asks of them.
struct Whole {
    text: Arc<str>,
    parts: Parts,
    scheme: Scheme,
    /// Host and port as Host has them, if they stand in the text so.
    authority: Option<Part>,
    /// Path and query as a request line has them, if they stand in the text so.
    target: Option<Part>,
    /// The host is in lower case, and has no zone.
    usual_host: bool,
}

/// A scheme, as far as something is known of it here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    Socks,
    Other,
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
        &self.whole.text
    }

    /// The scheme, in lower case.
    pub fn scheme(&self) -> &str {
        self.part(self.parts().scheme)
    }

    /// Whether the scheme is `http` or `https`.
    pub fn is_http(&self) -> bool {
        matches!(self.whole.scheme, Scheme::Http | Scheme::Https)
    }

    /// Whether the scheme is `https`.
    pub(crate) fn is_https(&self) -> bool {
        self.whole.scheme == Scheme::Https
    }

    /// The host as it was given, an IPv6 address without brackets and zone; may be empty
    /// if the scheme is not `http` or `https`.
    pub fn host(&self) -> &str {
        self.part(self.parts().host)
    }

    /// Where the host stands in the text.
    pub(crate) fn host_part(&self) -> Part {
        self.parts().host
    }

    /// Whether the host is in lower case and has no zone, as most are.
    pub(crate) fn is_usual_host(&self) -> bool {
        self.whole.usual_host
    }

    /// The text, without a copy.
    pub(crate) fn shared(&self) -> Arc<str> {
        self.whole.text.clone()
    }

    /// The zone of an IPv6 address (RFC 6874): `eth0` in `[fe80::1%25eth0]`.
    pub fn zone(&self) -> Option<&str> {
        self.parts().zone.map(|zone| self.part(zone))
    }

    /// The port, if one was given.
    pub fn port(&self) -> Option<u16> {
        self.parts().port
    }

    /// The port, or the scheme's own: 80 for `http`, 443 for `https`, 1080 for
    /// `socks5` and `socks5h`, 0 for one that has none here.
    pub fn port_or_default(&self) -> u16 {
        self.parts().port.unwrap_or(match self.whole.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
            Scheme::Socks => 1080,
            Scheme::Other => 0,
        })
    }

    /// Host and port as the Host field has them (RFC 9112 §3.2): the port only
    /// if one was given, and no zone (RFC 6874 §4).
    pub fn authority(&self) -> Cow<'_, str> {
        match (self.whole.authority, self.port()) {
            (Some(part), _) => Cow::Borrowed(self.part(part)),
            (None, Some(port)) => Cow::Owned(format!("[{}]:{port}", self.host())),
            (None, None) => Cow::Owned(format!("[{}]", self.host())),
        }
    }

    /// The path, percent-encoded; may be empty.
    pub fn path(&self) -> &str {
        self.part(self.parts().path)
    }

    /// What follows the first `?`, without it.
    pub fn query(&self) -> Option<&str> {
        self.parts().query.map(|query| self.part(query))
    }

    /// What follows the first `#`, without it.
    pub fn fragment(&self) -> Option<&str> {
        self.parts().fragment.map(|fragment| self.part(fragment))
    }

    /// Path and query as a request line has them (RFC 9112 §3.2.1): `/` for an empty path.
    pub fn target(&self) -> Cow<'_, str> {
        match (self.whole.target, self.query()) {
            (Some(part), _) => Cow::Borrowed(self.part(part)),
            (None, Some(query)) => Cow::Owned(format!("/?{query}")),
            (None, None) => Cow::Borrowed("/"),
        }
    }

    /// The user name, percent-decoded. There is one, maybe empty, if there is an `@`.
    pub fn user(&self) -> Option<Cow<'_, [u8]>> {
        self.parts().userinfo.map(|_| decoded(self.part(self.parts().user)))
    }

    /// The password, percent-decoded.
    pub fn password(&self) -> Option<Cow<'_, [u8]>> {
        self.parts().password.map(|password| decoded(self.part(password)))
    }

    /// The whole URL, with `***` for a password.
    pub fn redacted(&self) -> Cow<'_, str> {
        match self.parts().password {
            None => Cow::Borrowed(self.as_str()),
            Some(password) => {
                let (before, after) =
                    (&self.whole.text[..password.start()], &self.whole.text[password.end()..]);
                Cow::Owned(format!("{before}***{after}"))
            }
        }
    }

    /// A URL of a text that was taken apart so.
    fn of(text: Arc<str>, parts: Parts) -> Url {
        let of = |part: Part| &text[part.start()..part.end()];
        let scheme = match of(parts.scheme) {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "socks5" | "socks5h" => Scheme::Socks,
            _ => Scheme::Other,
        };
        // RFC 3986 §3.2.3: a colon without a port is to be left out.
        let bare = |place: Part| {
            let end = place.end() - usize::from(of(place).ends_with(':'));
            Part::new(place.start(), end)
        };
        let authority = parts.zone.is_none().then(|| bare(parts.place));
        let end = parts.query.unwrap_or(parts.path).end();
        let target = (!parts.path.is_empty()).then(|| Part::new(parts.path.start(), end));
        let upper = of(parts.host).bytes().any(|byte| byte.is_ascii_uppercase());
        let usual_host = parts.zone.is_none() && !upper;
        Url { whole: Arc::new(Whole { text, parts, scheme, authority, target, usual_host }) }
    }

    fn parts(&self) -> &Parts {
        &self.whole.parts
    }

    fn part(&self, part: Part) -> &str {
        &self.whole.text[part.start()..part.end()]
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
