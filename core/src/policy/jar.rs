//! Which cookies a client keeps and which it sends: the storage model of
//! RFC 6265bis §5. Holds cookies in memory; reads no clock and no list of suffixes.

mod hosts;
mod limits;
#[cfg(test)]
mod tests;

pub use hosts::PublicSuffixes;
pub use limits::JarLimits;

use super::cookie::{Cookie, LONGEST_ATTRIBUTE, SameSite, append_cookie, ends_pair};
use crate::url::Url;
use hosts::{Site, default_path, is_trustworthy, path_matches};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The cookies of a client.
///
/// Without a list of public suffixes ([`Jar::with_suffixes`]) a host may set
/// cookies for its whole domain even if that is `co.uk`; only the last label
/// is then known to be one for many. Use a list when talking to hosts that do
/// not trust each other.
///
/// ```
/// use purlin_core::Url;
/// use purlin_core::policy::jar::Jar;
///
/// let mut jar = Jar::new();
/// let login = Url::parse("https://shop.test/login").unwrap();
/// jar.set(&login, ["session=42; Path=/; Secure; HttpOnly"], 1000);
/// let cart = Url::parse("https://shop.test/cart").unwrap();
/// assert_eq!(jar.cookies(&cart, 1001).as_deref(), Some("session=42"));
/// let plain = Url::parse("http://shop.test/cart").unwrap();
/// assert_eq!(jar.cookies(&plain, 1001), None);
/// ```
#[derive(Clone, Default)]
pub struct Jar {
    limits: JarLimits,
    suffixes: Option<Arc<dyn PublicSuffixes + Send + Sync>>,
    /// By site, each in the order of creation.
    sites: BTreeMap<String, Vec<Stored>>,
    count: usize,
}

/// A cookie in a jar, as data to be written to disk and restored: one that is read back
/// begins as [`Stored::default`], and has each field set to what was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The site it is kept with: the domain that its host is registered in.
    pub site: String,
    /// The host, or the domain it is sent to.
    pub domain: String,
    /// Whether it is sent to that host alone, not to those below it.
    pub host_only: bool,
    /// The cookie is sent to this path and those below it.
    pub path: String,
    /// The name; empty for a value alone.
    pub name: String,
    /// The value, without quotes.
    pub value: String,
    /// Whether it came in quotes, and so is sent in quotes.
    pub quoted: bool,
    /// Sent over TLS and to this machine alone.
    pub secure: bool,
    /// Not for scripts.
    pub http_only: bool,
    /// Which requests from other sites it is for. This jar does not know sites of
    /// origin: it keeps the attribute, and whoever sends for a web page asks for it.
    pub same_site: Option<SameSite>,
    /// Until when, in seconds since 1970; `None`: as long as the jar lives.
    pub expires: Option<i64>,
    /// When it was first set, in seconds since 1970.
    pub created: u64,
    /// When it was last sent or set, in seconds since 1970.
    pub used: u64,
}

/// Why a jar does not take a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// The scheme is neither `http` nor `https`.
    Scheme,
    /// The domain is not well formed.
    MalformedDomain,
    /// The domain is not one of the host, or is a public suffix.
    ForeignDomain,
    /// Secure, and not set over TLS.
    Insecure,
    /// A secure one of that name exists and this one was not set over TLS.
    OverSecure,
    /// The prefix `__Secure-`, `__Host-` or `__Http-` promises what the cookie does not have.
    Prefix,
    /// Name and value are too long, or the URL's host or the path that it gives.
    TooLong,
    /// Name or value have what would end the pair in a Cookie field, or there is neither.
    Malformed,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejected::Scheme => "a cookie comes from a URL that is not http",
            Rejected::MalformedDomain => "a cookie's domain is not well formed",
            Rejected::ForeignDomain => "a cookie's domain is not its host's",
            Rejected::Insecure => "a cookie is Secure and was not set over TLS",
            Rejected::OverSecure => "a cookie would hide a Secure one",
            Rejected::Prefix => "a cookie breaks the promise of its prefix",
            Rejected::TooLong => "a cookie is too long",
            Rejected::Malformed => "a cookie cannot be sent back as it is",
        })
    }
}

impl std::error::Error for Rejected {}

impl fmt::Debug for Jar {
    /// Values are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jar").field("cookies", &self.count).finish_non_exhaustive()
    }
}

impl Jar {
    /// An empty jar.
    pub fn new() -> Jar {
        Jar::default()
    }

    /// The same jar with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: JarLimits) -> Jar {
        self.limits = limits;
        self
    }

    /// The same jar, with the list that says which domains are shared by strangers.
    #[must_use]
    pub fn with_suffixes(mut self, suffixes: Arc<dyn PublicSuffixes + Send + Sync>) -> Jar {
        self.suffixes = Some(suffixes);
        self
    }

    /// Takes the values of a response's Set-Cookie fields. What is not well
    /// formed or not allowed is passed over (RFC 6265 §5.2); [`Jar::store`] says why.
    pub fn set<L: AsRef<[u8]>>(
        &mut self,
        url: &Url,
        lines: impl IntoIterator<Item = L>,
        unix: u64,
    ) {
        for cookie in lines.into_iter().filter_map(|line| Cookie::parse(line).ok()) {
            // One that is refused leaves the jar as it was.
            let _ = self.store(url, &cookie, unix);
        }
    }

    /// Takes one cookie that came from this URL. One that has expired deletes
    /// what was there.
    ///
    /// # Errors
    /// [`Rejected`] says which rule forbids it.
    pub fn store(&mut self, url: &Url, cookie: &Cookie, unix: u64) -> Result<(), Rejected> {
        if !url.is_http() {
            return Err(Rejected::Scheme);
        }
        if !comes_back(cookie) {
            return Err(Rejected::Malformed);
        }
        let quotes = if cookie.quoted { 2 } else { 0 };
        if cookie.name.len() + cookie.value.len() + quotes > self.limits.cookie_bytes {
            return Err(Rejected::TooLong);
        }
        let site = Site::of(url, self.suffixes.as_deref());
        let (domain, host_only) = site.domain(cookie, self.suffixes.as_deref())?;
        let path = match cookie.path.as_deref() {
            Some(path) if path.starts_with('/') && path.len() <= LONGEST_ATTRIBUTE => path,
            _ => default_path(url.path()),
        };
        // As a URL has it, whose path never has brackets.
        let path = path.replace('[', "%5B").replace(']', "%5D");
        // What stands in the attributes is not the only way to have much kept.
        if domain.len().max(path.len()) > LONGEST_ATTRIBUTE {
            return Err(Rejected::TooLong);
        }
        let over_tls = is_trustworthy(url);
        if cookie.secure && !over_tls {
            return Err(Rejected::Insecure);
        }
        if breaks_prefix(cookie, &path) {
            return Err(Rejected::Prefix);
        }
        let stored = Stored {
            domain,
            host_only,
            path,
            name: cookie.name.clone(),
            value: cookie.value.clone(),
            quoted: cookie.quoted,
            secure: cookie.secure,
            http_only: cookie.http_only,
            same_site: cookie.same_site,
            expires: self.limits.expiry(cookie, unix),
            created: unix,
            used: unix,
            site: site.name,
        };
        if !over_tls && self.hides_secure(&stored, unix) {
            return Err(Rejected::OverSecure);
        }
        self.replace(stored, unix);
        Ok(())
    }

    /// What a Cookie field of a request to this URL says; `None` if it needs none.
    pub fn cookies(&mut self, url: &Url, unix: u64) -> Option<String> {
        let mut field = String::new();
        for stored in self.matching(url, unix) {
            let pair = Cookie::new(&stored.name, &stored.value);
            append_cookie(&mut field, &Cookie { quoted: stored.quoted, ..pair });
        }
        Some(field).filter(|field| !field.is_empty())
    }

    /// The cookies for a request to this URL, in the order in which they are sent
    /// (RFC 6265 §5.4). They count as used; expired ones are thrown out.
    pub fn matching(&mut self, url: &Url, unix: u64) -> Vec<&Stored> {
        if !url.is_http() {
            return Vec::new();
        }
        let site = Site::of(url, self.suffixes.as_deref());
        let (over_tls, path) = (is_trustworthy(url), path_of(url));
        self.expire(&site.name, unix);
        let kept = self.sites.get_mut(&site.name).map(Vec::as_mut_slice).unwrap_or_default();
        let mut sent: Vec<&Stored> = Vec::new();
        for stored in kept {
            if stored.domain_matches(&site.host)
                && path_matches(path, &stored.path)
                && (over_tls || !stored.secure)
            {
                stored.used = unix;
                sent.push(stored);
            }
        }
        // Longer paths first, then the older.
        sent.sort_by_key(|stored| (std::cmp::Reverse(stored.path.len()), stored.created));
        sent
    }

    /// All cookies, those that have expired and were not yet thrown out included.
    pub fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.sites.values().flatten()
    }

    /// Puts back what [`Jar::iter`] gave, unless it has expired.
    pub fn restore(&mut self, stored: Stored, unix: u64) {
        self.replace(stored, unix);
    }

    /// How many cookies there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no cookie.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Throws all cookies out.
    pub fn clear(&mut self) {
        self.sites.clear();
        self.count = 0;
    }

    /// Throws out what has expired of a site.
    fn expire(&mut self, site: &str, unix: u64) {
        let Some(kept) = self.sites.get_mut(site) else { return };
        let before = kept.len();
        kept.retain(|stored| !stored.is_over(unix));
        self.count -= before - kept.len();
        if kept.is_empty() {
            self.sites.remove(site);
        }
    }

    /// Puts a cookie in the place of the one it replaces, or at the end. Name, path,
    /// domain and the host-only flag make it the same (RFC 6265bis §5.7).
    fn replace(&mut self, mut stored: Stored, unix: u64) {
        let kept = self.sites.entry(stored.site.clone()).or_default();
        let same = |other: &Stored| {
            (&other.domain, other.host_only, &other.path, &other.name)
                == (&stored.domain, stored.host_only, &stored.path, &stored.name)
        };
        let there = kept.iter().position(same);
        if stored.is_over(unix) {
            if let Some(at) = there {
                kept.remove(at);
                self.count -= 1;
            }
            if kept.is_empty() {
                self.sites.remove(&stored.site);
            }
        } else if let Some(at) = there {
            stored.created = kept[at].created;
            kept[at] = stored;
        } else {
            let site = stored.site.clone();
            kept.push(stored);
            self.count += 1;
            self.make_room(&site, unix);
        }
    }

    /// RFC 6265bis §5.7, "leave secure cookies alone": whether a secure cookie of
    /// that name would be seen beside this one or no more.
    fn hides_secure(&self, new: &Stored, unix: u64) -> bool {
        let hides = |old: &&Stored| {
            old.secure
                && !old.is_over(unix)
                && old.name == new.name
                && (old.domain_covers(&new.domain) || new.domain_covers(&old.domain))
                && path_matches(&new.path, &old.path)
        };
        self.sites.get(&new.site).is_some_and(|kept| kept.iter().any(|old| hides(&old)))
    }
}

impl Stored {
    fn is_over(&self, unix: u64) -> bool {
        self.expires.is_some_and(|end| u64::try_from(end).unwrap_or(0) <= unix)
    }

    fn domain_matches(&self, host: &str) -> bool {
        if self.host_only { host == self.domain } else { self.domain_covers(host) }
    }

    fn domain_covers(&self, host: &str) -> bool {
        hosts::is_within(host, &self.domain)
    }
}

/// RFC 6265bis §4.1.3 and §5.7: what a name's prefix promises. A value without a name
/// comes back as a name would, and cannot keep any promise.
fn breaks_prefix(cookie: &Cookie, path: &str) -> bool {
    let nameless = cookie.name.is_empty();
    let text = if nameless { &cookie.value } else { &cookie.name };
    let begins = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    let rooted = cookie.path.is_some() && path == "/";
    let host = cookie.secure && cookie.domain.is_none() && rooted;
    let http = cookie.secure && cookie.http_only;
    let keeps = !nameless;
    (begins("__Secure-") && !(keeps && cookie.secure))
        || (begins("__Host-") && !(keeps && host))
        || ((begins("__Http-") || begins("__Host-Http-")) && !(keeps && http))
}

/// Whether it can be sent so that it is read as the same.
fn comes_back(cookie: &Cookie) -> bool {
    let Cookie { name, value, quoted, .. } = cookie;
    let alone = name.is_empty() && ((value.is_empty() && !quoted) || value.contains('='));
    !alone && !name.contains('=') && !name.chars().chain(value.chars()).any(ends_pair)
}

fn path_of(url: &Url) -> &str {
    if url.path().is_empty() { "/" } else { url.path() }
}
