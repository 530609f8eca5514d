//! Checks the vectors of cookie jars: cookies set and sent over time.
//!
//! Go lets a plain connection set and replace Secure cookies, which RFC 6265bis
//! forbids. A case with Secure cookies is therefore set over TLS, where both do
//! the same; what a plain connection may not do, the tables beside the jar hold.

use super::cookies::expected_pairs;
use super::json::{items, latin1, same, text};
use purlin_core::Url;
use purlin_core::policy::jar::{Jar, PublicSuffixes, Stored};
use serde_json::Value;
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
        let at = |what: &str| format!("step {number}, {what}");
        let url = url.ok();
        let field = url.as_ref().and_then(|url| jar.cookies(url, unix)).unwrap_or_default();
        same(
            &at("cookie_header"),
            &field.as_bytes(),
            &latin1(&wanted["cookie_header"]).as_slice(),
        )?;
        let sent = url.as_ref().map(|url| jar.matching(url, unix)).unwrap_or_default();
        let one = |stored: &Stored| (stored.name.clone(), stored.value.clone(), stored.quoted);
        let sent: Vec<_> = sent.into_iter().map(one).collect();
        same(&at("cookies"), &sent, &expected_pairs(wanted))?;
    }
    same("results left", &gets.count(), &0)
}
