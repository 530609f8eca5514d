//! The request that follows a redirect, and what becomes of its fields.

use crate::head::{Fields, Method, names};
use crate::url::Url;

/// The request that follows a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// Its method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// Whether the body goes along; if not, what describes it is dropped.
    pub keep_body: bool,
    /// Whether credentials and cookies that the caller gave go along.
    pub keep_credentials: bool,
    /// Whether a Host that the caller gave goes along: only if the Location names no host.
    pub keep_host: bool,
    /// What becomes of Referer.
    pub referer: Referer,
}

/// What becomes of Referer (RFC 9110 §10.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referer {
    /// The caller's own stays.
    Keep,
    /// It is the URL before, without userinfo and fragment.
    Set(Box<str>),
    /// None of an `https` URL goes to plain HTTP.
    Remove,
}

/// Dropped where credentials do not go along.
const CREDENTIALS: [&str; 6] = [
    names::AUTHORIZATION,
    names::COOKIE,
    "Cookie2",
    names::PROXY_AUTHENTICATE,
    names::PROXY_AUTHORIZATION,
    names::WWW_AUTHENTICATE,
];

/// Dropped with the body (RFC 9110 §15.4): what describes or frames it.
const OF_BODY: [&str; 15] = [
    "Content-Digest",
    names::CONTENT_ENCODING,
    "Content-Language",
    names::CONTENT_LENGTH,
    "Content-Location",
    "Content-MD5",
    names::CONTENT_RANGE,
    names::CONTENT_TYPE,
    "Digest",
    names::EXPECT,
    names::LAST_MODIFIED,
    "Repr-Digest",
    names::TRAILER,
    names::TRANSFER_ENCODING,
    "Want-Digest",
];

impl Hop {
    /// A hop to which everything goes along: for tests of a [`Follow::Check`], and for whoever
    /// follows redirects by rules of their own.
    ///
    /// ```
    /// use purlin_core::policy::redirect::{Hop, Verdict};
    /// use purlin_core::{Method, url::Url};
    ///
    /// fn stay_secure(hop: &Hop, before: &[Url]) -> Verdict {
    ///     let was = before.last().is_some_and(|url| url.scheme() == "https");
    ///     if was && hop.url.scheme() != "https" { Verdict::UseLast } else { Verdict::Allow }
    /// }
    ///
    /// let secure = Url::parse("https://a.test/")?;
    /// let hop = Hop::new(Method::GET, Url::parse("http://a.test/")?);
    /// assert_eq!(stay_secure(&hop, &[secure]), Verdict::UseLast);
    /// # Ok::<(), purlin_core::UrlError>(())
    /// ```
    ///
    /// [`Follow::Check`]: crate::policy::redirect::Follow::Check
    pub fn new(method: Method, url: Url) -> Hop {
        Hop {
            method,
            url,
            keep_body: true,
            keep_credentials: true,
            keep_host: true,
            referer: Referer::Keep,
        }
    }

    /// Makes the fields of the request before into those of this one. What was
    /// added from a URL's userinfo or from a jar is not among them: it is found
    /// anew for each hop.
    pub fn apply(&self, fields: &mut Fields) {
        if !self.keep_credentials {
            remove_all(fields, &CREDENTIALS);
        }
        if !self.keep_body {
            remove_all(fields, &OF_BODY);
        }
        if !self.keep_host {
            fields.remove(names::HOST);
        }
        match &self.referer {
            Referer::Keep => {}
            Referer::Remove => remove_all(fields, &[names::REFERER]),
            Referer::Set(url) => {
                remove_all(fields, &[names::REFERER]);
                fields.push(names::REFERER, url.as_bytes());
            }
        }
    }
}

fn remove_all(fields: &mut Fields, names: &[&str]) {
    for name in names {
        fields.remove(name);
    }
}
