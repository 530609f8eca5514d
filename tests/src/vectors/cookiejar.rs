//! Checks the vectors of cookie jars: cookies set and sent over time.
//!
//! Go lets a plain connection set and replace Secure cookies, which RFC 6265bis
//! forbids. A case with Secure cookies is therefore set over TLS, where both do
//! the same; what a plain connection may not do, the tables beside the jar hold.

use super::cookie_rules;
use super::cookies::expected_pairs;
use super::json::{items, latin1, same, text};
use super::redirect_rules::is_nowhere;
use purlin_core::Url;
use purlin_core::policy::jar::{Jar, PublicSuffixes, Stored};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The longest listed suffix, or the last label.
struct Listed(Vec<String>);

impl PublicSuffixes for Listed {
    fn public_suffix<'a>(&self, host: &'a str) -> &'a str {
        let ends = |suffix: &&String| {
            host.strip_suffix(suffix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let longest = self.0.iter().filter(ends).map(String::len).max();
        match longest {
            Some(len) => &host[host.len() - len..],
            None => host.rsplit('.').next().unwrap_or(host),
        }
    }
}

/// One case of `cookiejar.jsonl`.
pub(super) fn check(case: &Value) -> Result<(), String> {
    let given = &case["in"];
    let mut jar = Jar::new();
    if given["psl"].is_array() {
        let suffixes = items(given, "psl").iter().filter_map(|s| s.as_str().map(str::to_owned));
        jar = jar.with_suffixes(Arc::new(Listed(suffixes.collect())));
    }
    let steps = items(given, "steps");
    let secure = steps.iter().flat_map(|step| items(step, "set_cookie")).any(|line| {
        latin1(line).to_ascii_lowercase().windows(6).any(|attribute| attribute == b"secure")
    });
    let rules = Rules::of(steps);
    let mut gets = items(&case["out"], "gets").iter();
    for (number, step) in steps.iter().enumerate() {
        let unix = step["t"].as_u64().unwrap_or_default();
        let url = Url::parse(latin1(&step["url"]));
        if text(step, "op") == "set" {
            let Ok(url) = url else { continue };
            let over_tls = Url::parse(url.as_str().replacen("http:", "https:", 1));
            let url = over_tls.ok().filter(|_| secure).unwrap_or(url);
            jar.set(&url, items(step, "set_cookie").iter().map(latin1), unix);
            continue;
        }
        let wanted = gets.next().ok_or("more gets than results")?;
        same("step", &(number as u64), &wanted["step"].as_u64().unwrap_or(u64::MAX))?;
        let Some(url) = url.ok().filter(|_| rules.compares(text(step, "url"))) else { continue };
        let at = |what: &str| format!("step {number}, {what}");
        let field = jar.cookies(&url, unix).unwrap_or_default();
        let header = String::from_utf8_lossy(&latin1(&wanted["cookie_header"])).into_owned();
        rules.same(&at("cookie_header"), field.split("; "), header.split("; "), |pair| pair)?;
        let sent = jar.matching(&url, unix);
        let one = |stored: &Stored| (stored.name.clone(), stored.value.clone(), stored.quoted);
        let sent: Vec<_> = sent.into_iter().map(one).collect();
        rules.same(&at("cookies"), sent, expected_pairs(wanted), |(name, ..)| name)?;
    }
    same("results left", &gets.count(), &0)
}

/// 180 cookies of a site, 400 days, 4,096 bytes (`JarLimits`): Go's jar has no limits.
const MOST: usize = 180;
const LONGEST: u64 = 400 * 86_400;
const BIGGEST: usize = 4096;

/// RFC 6265bis §5.6, for attributes; here for the path that a URL gives too.
const LONGEST_PATH: usize = 1024;

/// Where the jar differs from Go's, and why (docs/coming-from-go.md).
struct Rules {
    /// The names of the cookies that only one of both keeps, or elsewhere.
    left_out: BTreeSet<String>,
    /// Go takes `[::1]` and `[::1]:80` for two hosts; a cookie is for no port (RFC 6265 §8.5).
    two_hosts: bool,
    /// One keeps them all.
    too_many: bool,
}

impl Rules {
    fn of(steps: &[Value]) -> Rules {
        let times = steps.iter().map(|step| step["t"].as_u64().unwrap_or_default());
        let long = times.clone().max().unwrap_or(0) - times.min().unwrap_or(0) > LONGEST;
        let mut left_out = BTreeSet::new();
        let all = steps
            .iter()
            .flat_map(|step| items(step, "set_cookie").iter().map(move |line| (step, line)));
        for (step, line) in all.clone() {
            let line = String::from_utf8_lossy(&latin1(line)).into_owned();
            if differs(text(step, "url"), &line, long) {
                left_out.insert(name(&line).to_owned());
            }
            let bytes = line.as_bytes();
            let go = cookie_rules::go_sets(bytes) && cookie_rules::go_reads_attributes(bytes);
            let ours = cookie_rules::set(bytes).map(|line| line.pair);
            let go = go
                && ours.as_ref().is_some_and(|(name, value, quoted)| {
                    // Go puts quotes around a space or a comma.
                    *quoted || cookie_rules::go_sends(name, value)
                });
            if let (false, Some((named, value, _))) = (go, &ours) {
                // Without a name the value stands in its place.
                let sent = if named.is_empty() { value } else { named };
                left_out.insert(name(sent).to_owned());
            }
            if !go {
                left_out.insert(name(&line).to_owned());
            }
        }
        left_out.extend(both_for_one_host(all.clone()));
        let with_port = |port: bool| {
            let hosts = steps.iter().map(|step| text(step, "url").to_ascii_lowercase());
            hosts.filter(|url| url.contains("[")).any(|url| url.contains("]:") == port)
        };
        let two_hosts = with_port(true) && with_port(false);
        Rules { left_out, two_hosts, too_many: all.count() > MOST }
    }

    /// Whether what is sent to this URL is compared. A host that begins with a dot is no
    /// name, and no cookie of a domain is for it (RFC 6265 §5.1.3).
    fn compares(&self, url: &str) -> bool {
        !(is_nowhere(url)
            || url.contains("://.")
            || is_escaped(url)
            || (self.two_hosts && url.contains('[')))
    }

    fn same<T: PartialEq + std::fmt::Debug>(
        &self,
        what: &str,
        ours: impl IntoIterator<Item = T>,
        go: impl IntoIterator<Item = T>,
        text: impl Fn(&T) -> &str,
    ) -> Result<(), String> {
        let counts = |cookie: &T| {
            let name = name(text(cookie));
            !name.is_empty() && !self.left_out.contains(name)
        };
        let ours: Vec<T> = ours.into_iter().filter(counts).collect();
        let mut go: Vec<T> = go.into_iter().filter(counts).collect();
        if self.too_many && !ours.is_empty() {
            go.retain(|cookie| ours.contains(cookie));
        }
        same(what, &ours, &go)
    }
}

/// The names of cookies that are set both for a host alone and for the domain of its name: two
/// cookies (RFC 6265bis §5.7), and one to Go.
fn both_for_one_host<'a>(all: impl Iterator<Item = (&'a Value, &'a Value)>) -> Vec<String> {
    let mut seen: BTreeMap<(String, String), BTreeSet<bool>> = BTreeMap::new();
    for (step, line) in all {
        let Some(set) = cookie_rules::set(&latin1(line)) else { continue };
        let Ok(url) = Url::parse(latin1(&step["url"])) else { continue };
        let own = set.domain.is_empty();
        let domain = set.domain.trim_start_matches('.');
        let domain = if own { url.host().trim_end_matches('.') } else { domain };
        seen.entry((set.pair.0, domain.to_ascii_lowercase())).or_default().insert(own);
    }
    seen.into_iter().filter(|(_, kinds)| kinds.len() > 1).map(|((name, _), _)| name).collect()
}

/// Whether a cookie set by this line there may well be kept by one jar alone.
fn differs(url: &str, line: &str, long: bool) -> bool {
    let mut parts = line.split(';').map(str::trim);
    let pair = parts.next().unwrap_or_default().to_ascii_lowercase();
    let value = |name: &str| {
        let attributes = parts.clone().map(|part| part.split_once('=').unwrap_or((part, "")));
        attributes.rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let ages = value("max-age").is_some() || value("expires").is_some();
    // Go counts nanoseconds, and past 292 years they wrap around.
    let wraps = value("max-age")
        .and_then(|age| age.parse::<u64>().ok())
        .is_some_and(|age| age > 9_223_372_036);
    // RFC 6265bis §4.1.3, which Go's jar does not look at.
    let promises = ["__host-", "__secure-", "__http-"].iter().any(|begin| pair.starts_with(begin));
    let defaults = !value("path").is_some_and(|path| path.starts_with('/') && path.is_ascii());
    // What Go takes for a name: neither an address of this machine, nor a domain.
    let bare_v6 = url.contains("//[") && !url.contains("]:");
    let as_name = bare_v6 && (value("secure").is_some() || value("domain").is_some());
    is_nowhere(url)
        || url.contains("://.")
        || as_name
        || (is_escaped(url) && defaults)
        || (long && ages)
        || wraps
        || promises
        || (url.len() > LONGEST_PATH && defaults)
        || pair.len() > BIGGEST
}

/// Whether the path of a URL is another one when decoded, by which Go compares
/// paths; they are compared as they stand (RFC 6265 §5.1.4).
fn is_escaped(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path = path.find('/').map_or("", |at| &path[at..]);
    path.contains(|letter: char| !letter.is_ascii_graphic() || "%\"<>\\^`{|}".contains(letter))
}

/// What stands before `=`, or all of a pair that has none.
fn name(pair: &str) -> &str {
    pair.split([';', '=']).next().unwrap_or_default().trim()
}
