//! Which proxy a URL goes through, from the environment as Go reads it.
//! Decides it from values that are given; it reads no environment and connects nowhere.

mod bypass;

use crate::url::{Url, UrlError};
use bypass::Bypass;
use std::fmt;

/// A proxy, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proxy {
    /// The proxy's kind: how it is spoken to.
    pub kind: Kind,
    /// Where it is; user and password in it are for the proxy.
    pub url: Url,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Plain HTTP: requests in absolute form, CONNECT for `https`.
    Http,
    /// An HTTP proxy inside TLS.
    Https,
    /// SOCKS5 (RFC 1928). The proxy looks names up, as in Go.
    Socks5,
    /// SOCKS5, and the name says that the proxy looks names up.
    Socks5h,
}

impl Proxy {
    /// A proxy by its URL.
    ///
    /// # Errors
    /// [`ProxyError`] if the scheme is none of `http`, `https`, `socks5` and
    /// `socks5h`, or there is no host.
    pub fn new(url: Url) -> Result<Proxy, ProxyError> {
        let kind = match url.scheme() {
            "http" => Kind::Http,
            "https" => Kind::Https,
            "socks5" => Kind::Socks5,
            "socks5h" => Kind::Socks5h,
            _ => return Err(ProxyError::Scheme),
        };
        if url.host().is_empty() {
            return Err(ProxyError::NoHost);
        }
        Ok(Proxy { kind, url })
    }

    /// A proxy as an environment variable names it: a URL, or host and port alone.
    ///
    /// # Errors
    /// [`ProxyError`]
    pub fn parse(value: &str) -> Result<Proxy, ProxyError> {
        match Url::parse(value) {
            Ok(url) if matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") => {
                Proxy::new(url)
            }
            // `host:80` reads as a URL of the scheme `host`.
            Ok(url) if value.contains("://") => Proxy::new(url),
            Err(error) if value.contains("://") => Err(ProxyError::Url(error)),
            _ => Proxy::new(Url::parse(format!("http://{value}")).map_err(ProxyError::Url)?),
        }
    }
}

/// Why there is no telling which proxy to use. Tells no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyError {
    /// `HTTP_PROXY` in a CGI program may come from a request's `Proxy` field.
    Cgi,
    /// The value is no URL.
    Url(UrlError),
    /// The scheme is none that a proxy is spoken to by.
    Scheme,
    /// The proxy has no host.
    NoHost,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyError::Cgi => f.write_str(
                "HTTP_PROXY is not trusted while REQUEST_METHOD is set: a CGI request can set it",
            ),
            ProxyError::Url(error) => write!(f, "the proxy is {error}"),
            ProxyError::Scheme => {
                f.write_str("the scheme of a proxy is one of http, https, socks5 and socks5h")
            }
            ProxyError::NoHost => f.write_str("the proxy has no host"),
        }
    }
}

impl std::error::Error for ProxyError {}

/// What the environment says of proxies.
///
/// ```
/// use purlin_core::{Url, policy::proxy::ProxyEnv};
/// let env = ProxyEnv::from_values(|name| match name {
///     "HTTPS_PROXY" => Some("proxy.test:3128".to_owned()),
///     "NO_PROXY" => Some(".inside.test, 10.0.0.0/8".to_owned()),
///     _ => None,
/// });
/// let proxy = |url| env.for_url(&Url::parse(url).unwrap()).unwrap();
/// assert_eq!(proxy("https://a.test/").unwrap().url.as_str(), "http://proxy.test:3128");
/// assert_eq!(proxy("https://a.inside.test/"), None);
/// assert_eq!(proxy("https://localhost/"), None);
/// assert_eq!(proxy("http://a.test/"), None);
/// ```
#[derive(Clone, Default)]
pub struct ProxyEnv {
    http: Option<Result<Proxy, ProxyError>>,
    https: Option<Result<Proxy, ProxyError>>,
    bypass: Bypass,
    cgi: bool,
}

impl ProxyEnv {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower
    /// case where the upper is absent or empty, and `REQUEST_METHOD`, which a
    /// CGI program has.
    pub fn from_values(get: impl Fn(&str) -> Option<String>) -> ProxyEnv {
        let value = |names: &[&str]| {
            names.iter().filter_map(|name| get(name)).find(|value| !value.is_empty())
        };
        let proxy = |names: &[&str]| value(names).map(|value| Proxy::parse(&value));
        ProxyEnv {
            http: proxy(&["HTTP_PROXY", "http_proxy"]),
            https: proxy(&["HTTPS_PROXY", "https_proxy"]),
            bypass: Bypass::parse(&value(&["NO_PROXY", "no_proxy"]).unwrap_or_default()),
            cgi: value(&["REQUEST_METHOD"]).is_some(),
        }
    }

    /// The proxy for a URL; `None` for straight there.
    ///
    /// # Errors
    /// [`ProxyError`] if one is set for this URL and cannot be used.
    pub fn for_url(&self, url: &Url) -> Result<Option<Proxy>, ProxyError> {
        let proxy = match url.scheme() {
            "http" => &self.http,
            "https" => &self.https,
            _ => &None,
        };
        let Some(proxy) = proxy else {
            return Ok(None);
        };
        // The variable that a request's `Proxy` field becomes in CGI.
        if self.cgi && url.scheme() == "http" {
            return Err(ProxyError::Cgi);
        }
        if bypass::is_local(url.host()) || self.bypass.holds(url) {
            return Ok(None);
        }
        proxy.clone().map(Some)
    }
}

impl fmt::Debug for ProxyEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyEnv")
            .field("http", &self.http)
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
