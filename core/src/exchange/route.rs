//! Where a connection leads, and through what: a pool's key.
//! Says what is to be dialled and wrapped; it dials nothing.

use crate::policy::proxy::{Kind, Proxy};
use crate::target::Part;
use crate::url::Url;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The way of a connection: where it leads and through what. Equal routes share connections.
/// Cheap to clone.
#[derive(Clone)]
pub struct Route {
    secure: bool,
    host: Host,
    port: u16,
    via: Option<Via>,
}

/// A host in lower case, an IPv6 address without brackets and with its zone as it is.
/// Empty where a proxy forwards requests: it serves every host.
///
/// Most URLs have it so already: then it is part of their text.
#[derive(Clone)]
struct Host {
    text: Arc<str>,
    part: Part,
}

impl Host {
    fn of(url: &Url) -> Host {
        if url.is_usual_host() {
            Host { text: url.shared(), part: url.host_part() }
        } else {
            Host::made(with_zone(url))
        }
    }

    fn made(text: String) -> Host {
        Host { part: Part::new(0, text.len()), text: text.into() }
    }

    fn as_str(&self) -> &str {
        &self.text[self.part.start()..self.part.end()]
    }

    /// Whether it is a part of the same text in memory: requests to one URL come one
    /// after the other.
    #[inline]
    fn is_same(&self, other: &Host) -> bool {
        Arc::ptr_eq(&self.text, &other.text) && self.part == other.part
    }
}

/// A proxy on the way; it is what its URL says.
#[derive(Clone)]
struct Via(Arc<Proxy>);

impl PartialEq for Via {
    fn eq(&self, other: &Via) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Via {}

impl PartialOrd for Via {
    fn partial_cmp(&self, other: &Via) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Via {
    fn cmp(&self, other: &Via) -> Ordering {
        self.0.url.as_str().cmp(other.0.url.as_str())
    }
}

impl Route {
    /// The way to an URL of the scheme `http` or `https`, perhaps through a proxy.
    pub fn to(url: &Url, via: Option<Arc<Proxy>>) -> Route {
        let secure = url.is_https();
        let http = |proxy: &Arc<Proxy>| matches!(proxy.kind, Kind::Http | Kind::Https);
        let via = via.map(Via);
        if !secure && via.as_ref().is_some_and(|via| http(&via.0)) {
            return Route { secure, host: Host::made(String::new()), port: 0, via };
        }
        Route { secure, host: Host::of(url), port: url.port_or_default(), via }
    }

    fn compare(&self, other: &Route) -> Ordering {
        let (port, secure) = (self.port.cmp(&other.port), self.secure.cmp(&other.secure));
        port.then(secure)
            .then_with(|| self.host.as_str().cmp(other.host.as_str()))
            .then_with(|| self.via.cmp(&other.via))
    }

    /// Whether TLS is spoken with the server.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The server's name, for TLS.
    pub fn server_name(&self) -> &str {
        self.host.as_str()
    }

    /// The proxy on the way.
    pub fn proxy(&self) -> Option<&Arc<Proxy>> {
        self.via.as_ref().map(|Via(proxy)| proxy)
    }

    /// Whether the proxy takes whole requests: then their targets are absolute (RFC 9112 §3.2.2).
    pub fn is_forwarded(&self) -> bool {
        self.host.part.is_empty()
    }

    /// Whether TLS is spoken with the proxy itself.
    pub fn is_proxy_secure(&self) -> bool {
        self.proxy().is_some_and(|proxy| proxy.kind == Kind::Https)
    }

    /// The host and port that are dialled: the proxy's, or the server's.
    pub fn dialled(&self) -> (&str, u16) {
        match self.proxy() {
            Some(proxy) => (proxy.url.host(), proxy.url.port_or_default()),
            None => (self.host.as_str(), self.port),
        }
    }

    /// Whether TLS is spoken with whom is dialled: the proxy, or the server.
    pub fn dials_tls(&self) -> bool {
        if self.proxy().is_some() { self.is_proxy_secure() } else { self.secure }
    }

    /// The proxy that a tunnel goes through and the host and port that it leads
    /// to, if there is to be one.
    pub fn tunnelled(&self) -> Option<(&Arc<Proxy>, &str, u16)> {
        let proxy = self.proxy().filter(|_| !self.is_forwarded())?;
        Some((proxy, self.host.as_str(), self.port))
    }
}

/// A host has no case; a zone is the name of an interface, and has one.
fn with_zone(url: &Url) -> String {
    let host = url.host().to_ascii_lowercase();
    match url.zone() {
        Some(zone) => format!("{host}%{zone}"),
        None => host,
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Route) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Route {}

impl PartialOrd for Route {
    fn partial_cmp(&self, other: &Route) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Route {
    #[inline]
    fn cmp(&self, other: &Route) -> Ordering {
        let end = (self.port, self.secure) == (other.port, other.secure);
        let direct = self.via.is_none() && other.via.is_none();
        if end && direct && self.host.is_same(&other.host) {
            return Ordering::Equal;
        }
        self.compare(other)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (self.host.as_str(), self.port);
        match (self.proxy(), self.is_forwarded()) {
            (Some(proxy), true) => write!(f, "proxy {}", proxy.url.redacted()),
            (Some(proxy), false) => {
                write!(f, "{host}:{port} via {}", proxy.url.redacted())
            }
            (None, _) => write!(f, "{host}:{port}"),
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
