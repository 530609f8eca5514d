//! Holds what a request says about where it goes, in the parts that routing needs.
//!
//! It does not check that a request target is well-formed: that is the head's
//! matter. What routing cannot work with comes out as `Routed::BadTarget`.

/// What a request says about where it goes.
///
/// A machine that has taken a request target apart already fills in the fields;
/// [`RouteInput::from_target`] takes one apart.
///
/// ```
/// use purlin_core::router::RouteInput;
///
/// let input = RouteInput::from_target("GET", b"ignored", b"http://example.com:80/a%20b?c=d");
/// assert_eq!(input.host, b"example.com:80");
/// assert_eq!(input.path, b"/a%20b");
/// assert_eq!(input.query, b"c=d");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteInput<'a> {
    /// The method, as it was sent: methods are case-sensitive (RFC 9110 §9.1).
    pub method: &'a str,
    /// The host the request is for, with its port if it has one: from the
    /// target if the target has one, else from the Host field.
    pub host: &'a [u8],
    /// The authority that the target itself has; empty in origin-form. Only
    /// CONNECT is routed by it.
    pub target_host: &'a [u8],
    /// The path as it was sent, percent-escapes and all, without the query.
    /// `*` for the asterisk-form, empty for the authority-form.
    pub path: &'a [u8],
    /// The query without its `?`; empty if there is none.
    pub query: &'a [u8],
}

impl<'a> RouteInput<'a> {
    /// A request whose target is only a path.
    pub fn new(method: &'a str, host: &'a [u8], path: &'a [u8]) -> Self {
        Self { method, host, target_host: b"", path, query: b"" }
    }

    /// Takes apart a request target in any of its four forms (RFC 9112 §3.2).
    /// `host` is the value of the Host field.
    ///
    /// ```
    /// use purlin_core::router::RouteInput;
    ///
    /// let input = RouteInput::from_target("CONNECT", b"", b"example.com:443");
    /// assert_eq!((input.host, input.path), (&b"example.com:443"[..], &b""[..]));
    /// ```
    pub fn from_target(method: &'a str, host: &'a [u8], target: &'a [u8]) -> Self {
        let origin = Self::new(method, host, target);
        if target.starts_with(b"/") {
            return Self::split_query(origin);
        }
        if target == b"*" {
            return origin;
        }
        if method == "CONNECT" {
            return Self { host: target, target_host: target, path: b"", ..origin };
        }
        let Some(authority) = after_scheme(target) else { return origin };
        let end = authority.iter().position(|b| b"/?".contains(b)).unwrap_or(authority.len());
        let (authority, path) = authority.split_at(end);
        // RFC 9110 §4.2.4: user information is not part of the host.
        let at = authority.iter().rposition(|&b| b == b'@').map_or(0, |at| at + 1);
        let target_host = &authority[at..];
        let host = if target_host.is_empty() { host } else { target_host };
        Self::split_query(Self { host, target_host, path, ..origin })
    }

    fn split_query(self) -> Self {
        match self.path.iter().position(|&b| b == b'?') {
            Some(mark) => Self { path: &self.path[..mark], query: &self.path[mark + 1..], ..self },
            None => self,
        }
    }
}

/// What follows `scheme://`, if the target begins like that (RFC 3986 §3.1).
fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|&b| b == b':')?;
    let (first, others) = target[..colon].split_first()?;
    let scheme = first.is_ascii_alphabetic()
        && others.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
    scheme.then(|| target[colon + 1..].strip_prefix(b"//")).flatten()
}
