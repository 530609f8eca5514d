//! How much a jar keeps and for how long, and what leaves it for something new.

use super::Jar;
use crate::policy::cookie::Cookie;

/// How much a jar keeps. What is used least recently leaves it first.
///
/// There will be more fields: a literal of it ends in `..` and what the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JarLimits {
    /// Cookies in all.
    pub cookies: usize,
    /// Cookies of one site.
    pub cookies_per_site: usize,
    /// Bytes of a name and its value, the quotes around it included. A domain and a
    /// path have at most 1,024 each (RFC 6265bis §5.6).
    pub cookie_bytes: usize,
    /// Seconds that a cookie may ask to be kept; one that asks for more is kept so long.
    pub age: u64,
    #[doc(hidden)]
    pub _more: (),
}

impl Default for JarLimits {
    fn default() -> JarLimits {
        JarLimits {
            cookies: 3000,
            cookies_per_site: 180,
            cookie_bytes: 4096,
            age: 400 * 86_400,
            _more: (),
        }
    }
}

impl JarLimits {
    /// Until when a cookie that is set now is kept.
    pub(super) fn expiry(&self, cookie: &Cookie, unix: u64) -> Option<i64> {
        let latest = i64::try_from(unix.saturating_add(self.age)).unwrap_or(i64::MAX);
        match cookie.max_age {
            Some(0) => Some(0),
            Some(age) => {
                Some(i64::try_from(unix.saturating_add(age)).unwrap_or(i64::MAX).min(latest))
            }
            None => cookie.expires.map(|end| end.min(latest)),
        }
    }
}

impl Jar {
    /// Throws out what is more than the limits allow, after a cookie came to this
    /// site: expired ones, then those of the site, then those of all
    /// (RFC 6265bis §5.7).
    pub(super) fn make_room(&mut self, site: &str, unix: u64) {
        let most = self.limits.cookies_per_site;
        if let Some(kept) = self.sites.get_mut(site).filter(|kept| kept.len() > most) {
            let before = kept.len();
            kept.retain(|stored| !stored.is_over(unix));
            while kept.len() > most {
                // Those that are not Secure go first.
                let least = kept.iter().enumerate().min_by_key(|(_, s)| (s.secure, s.used));
                let Some((at, _)) = least else { break };
                kept.remove(at);
            }
            self.count -= before - kept.len();
        }
        if self.count > self.limits.cookies {
            for kept in self.sites.values_mut() {
                kept.retain(|stored| !stored.is_over(unix));
            }
            self.count = self.sites.values().map(Vec::len).sum();
        }
        while self.count > self.limits.cookies {
            let all = self.sites.values_mut().flat_map(|kept| {
                let least = kept.iter().enumerate().min_by_key(|(_, stored)| stored.used);
                least.map(|(at, stored)| (stored.used, at)).map(|(used, at)| (used, at, kept))
            });
            let Some((_, at, kept)) = all.min_by_key(|(used, ..)| *used) else { break };
            kept.remove(at);
            self.count -= 1;
        }
        self.sites.retain(|_, kept| !kept.is_empty());
    }
}
