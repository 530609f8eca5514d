//! Which hosts and paths belong together (RFC 6265 §5.1).

use super::Rejected;
use crate::policy::cookie::{Cookie, LONGEST_ATTRIBUTE};
use crate::url::Url;
use std::net::IpAddr;

/// Says which domains are public: `com`, `co.uk`, `github.io`, below which
/// strangers register names. The list of publicsuffix.org is such a thing.
pub trait PublicSuffixes {
    /// The public suffix of a host, which is in lower case: `co.uk` of `www.shop.co.uk`.
    fn public_suffix<'a>(&self, host: &'a str) -> &'a str;
}

type Suffixes<'a> = Option<&'a (dyn PublicSuffixes + Send + Sync)>;

/// A host, and the site that its cookies are kept with.
pub(super) struct Site {
    /// In lower case, without a dot at the end; an address with its zone.
    pub(super) host: String,
    is_ip: bool,
    /// The public suffix and one label more; without a list the last two labels.
    pub(super) name: String,
}

impl Site {
    pub(super) fn of(url: &Url, suffixes: Suffixes<'_>) -> Site {
        let host = url.host().to_ascii_lowercase();
        let host = host.strip_suffix('.').map(str::to_owned).unwrap_or(host);
        let is_ip = host.parse::<IpAddr>().is_ok();
        // The same address in another zone is another host (RFC 4007 §6).
        let host = match url.zone() {
            Some(zone) => format!("{host}%{zone}"),
            None => host,
        };
        let name = if is_ip { host.clone() } else { site(&host, suffixes).to_owned() };
        Site { host, is_ip, name }
    }

    /// The domain that a cookie of this host is for, and whether for the host alone.
    pub(super) fn domain(
        &self,
        cookie: &Cookie,
        suffixes: Suffixes<'_>,
    ) -> Result<(String, bool), Rejected> {
        let heeded = |domain: &&str| !domain.is_empty() && domain.len() <= LONGEST_ATTRIBUTE;
        let Some(domain) = cookie.domain.as_deref().filter(heeded) else {
            return Ok((self.host.clone(), true));
        };
        if self.is_ip {
            // RFC 6265 §5.1.3: nothing is below an address.
            let own = domain == self.host;
            return if own { Ok((self.host.clone(), true)) } else { Err(Rejected::ForeignDomain) };
        }
        let domain = domain.strip_prefix('.').unwrap_or(domain);
        if domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') {
            return Err(Rejected::MalformedDomain);
        }
        let domain = domain.to_ascii_lowercase();
        if let Some(suffixes) = suffixes {
            let suffix = suffixes.public_suffix(&domain);
            if !suffix.is_empty() && !is_below(&domain, suffix) {
                // A public suffix may set a cookie for itself alone.
                let own = domain == self.host;
                return if own { Ok((domain, true)) } else { Err(Rejected::ForeignDomain) };
            }
        }
        if is_within(&self.host, &domain) {
            Ok((domain, false))
        } else {
            Err(Rejected::ForeignDomain)
        }
    }
}

fn site<'a>(host: &'a str, suffixes: Suffixes<'_>) -> &'a str {
    let suffix = match suffixes {
        Some(suffixes) => suffixes.public_suffix(host),
        None => host.rsplit('.').next().unwrap_or(host),
    };
    let Some(rest) = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.')) else {
        return host;
    };
    let label = rest.rsplit('.').next().unwrap_or(rest);
    &host[rest.len() - label.len()..]
}

/// Whether a host is that domain or below it.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    host == domain || is_below(host, domain)
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
}

/// Whether nobody on the way reads along: TLS, or this machine itself.
pub(super) fn is_trustworthy(url: &Url) -> bool {
    let host = url.host().to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    url.scheme() == "https"
        || is_within(host, "localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// RFC 6265 §5.1.4: the directory of the URL's path.
pub(super) fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(at) if at > 0 && path.starts_with('/') => &path[..at],
        _ => "/",
    }
}

/// RFC 6265 §5.1.4.
pub(super) fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}
