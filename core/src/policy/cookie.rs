//! Cookies as values: what a Set-Cookie field says of one, and what a Cookie
//! field says of many (RFC 6265). Which are kept and sent is [`super::jar`]'s.

mod date;
mod parse;
#[cfg(test)]
mod tests;
mod write;

pub(super) use parse::LONGEST_ATTRIBUTE;
pub use parse::{CookieError, parse_cookies, read_cookies};
pub use write::append_cookie;
pub(super) use write::ends_pair;

use std::fmt;
use std::time::Duration;

/// A cookie, as a Set-Cookie field has it (RFC 6265 §4.1); one of a Cookie
/// field has name and value alone.
///
/// The fields may hold anything: what a user agent reads and sends back (RFC 6265
/// §5) is wider than what a server should set (§4.1). [`Cookie::check`] says whether
/// all of it can be set, and what is written leaves out what cannot.
///
/// ```
/// use purlin_core::policy::cookie::{Cookie, SameSite};
/// use std::time::Duration;
///
/// let cookie = Cookie::new("session", "42")
///     .with_path("/")
///     .with_max_age(Duration::from_secs(3600))
///     .with_secure()
///     .with_http_only()
///     .with_same_site(SameSite::Lax);
/// let line = "session=42; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax";
/// assert_eq!(cookie.to_line().as_deref(), Some(line));
/// assert_eq!(Cookie::parse(line), Ok(cookie));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// The name; a token in one that a server sets, and empty in one that is a value alone.
    pub name: String,
    /// The value, without the quotes around it.
    pub value: String,
    /// Whether the value stands in quotes. One with a space or a comma is always set in some.
    pub quoted: bool,
    /// Path: to which paths it is sent.
    pub path: Option<String>,
    /// Domain: with it, it is sent to all hosts below this one.
    pub domain: Option<String>,
    /// Expires: in seconds since 1970.
    pub expires: Option<i64>,
    /// What stood as Expires, date or not.
    pub raw_expires: Option<String>,
    /// Max-Age: seconds from now on, before Expires; 0 deletes the cookie.
    pub max_age: Option<u64>,
    /// Secure: sent over TLS alone.
    pub secure: bool,
    /// HttpOnly: not for scripts.
    pub http_only: bool,
    /// SameSite: which requests from other sites it is sent with.
    pub same_site: Option<SameSite>,
    /// Partitioned: kept apart for each top-level site.
    pub partitioned: bool,
    /// Attributes that are none of these or make no sense, as they stood.
    pub unparsed: Vec<Vec<u8>>,
}

/// The value is not shown.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("value", &format_args!("***"))
            .field("path", &self.path)
            .field("domain", &self.domain)
            .field("expires", &self.expires)
            .field("max_age", &self.max_age)
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .field("same_site", &self.same_site)
            .finish_non_exhaustive()
    }
}

/// The value of the attribute SameSite (RFC 6265bis §4.1.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// The attribute was there, its value is none of the known ones: the client's default.
    Default,
    /// With requests of the same site, and when a user follows a link to it.
    Lax,
    /// With requests of the same site alone.
    Strict,
    /// With all requests.
    None,
}

/// Why a cookie cannot be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCookie {
    /// The name is not a token.
    Name,
    /// The date is before the year 1601.
    Expires,
    /// The value has a byte that may not stand there: not ASCII, a control, `"`, `;` or `\`.
    Value,
    /// The path has a byte that may not stand there: not ASCII, a control or `;`.
    Path,
    /// The domain is neither a name nor an IPv4 address.
    Domain,
    /// Partitioned asks for Secure.
    PartitionedInsecure,
}

impl fmt::Display for InvalidCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidCookie::Name => "a cookie's name is not a token",
            InvalidCookie::Expires => "a cookie's Expires is before 1601",
            InvalidCookie::Value => "a cookie's value has a byte that may not stand there",
            InvalidCookie::Path => "a cookie's Path has a byte that may not stand there",
            InvalidCookie::Domain => "a cookie's Domain is neither a name nor an IPv4 address",
            InvalidCookie::PartitionedInsecure => "a cookie is Partitioned and not Secure",
        })
    }
}

impl std::error::Error for InvalidCookie {}

impl Cookie {
    /// A cookie of that name and value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Cookie {
        Cookie { name: name.into(), value: value.into(), ..Cookie::default() }
    }

    /// The same cookie for this path and those below it.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Cookie {
        self.path = Some(path.into());
        self
    }

    /// The same cookie for this host and all below it.
    #[must_use]
    pub fn with_domain(mut self, domain: impl Into<String>) -> Cookie {
        self.domain = Some(domain.into());
        self
    }

    /// The same cookie until that second since 1970.
    #[must_use]
    pub fn with_expires(mut self, unix: i64) -> Cookie {
        self.expires = Some(unix);
        self
    }

    /// The same cookie for so many seconds; zero deletes it.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Cookie {
        self.max_age = Some(age.as_secs());
        self
    }

    /// The same cookie, over TLS alone.
    #[must_use]
    pub fn with_secure(mut self) -> Cookie {
        self.secure = true;
        self
    }

    /// The same cookie, not for scripts.
    #[must_use]
    pub fn with_http_only(mut self) -> Cookie {
        self.http_only = true;
        self
    }

    /// The same cookie with this SameSite.
    #[must_use]
    pub fn with_same_site(mut self, same_site: SameSite) -> Cookie {
        self.same_site = Some(same_site);
        self
    }

    /// The same cookie, kept apart for each top-level site.
    #[must_use]
    pub fn with_partitioned(mut self) -> Cookie {
        self.partitioned = true;
        self
    }
}
