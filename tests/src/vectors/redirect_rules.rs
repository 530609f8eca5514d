//! Says by rule where a redirect is held to something else than what Go does.
//!
//! The reasons are those of docs/coming-from-go.md. What a rule needs it takes
//! from the case and from what Go sent, never from what Purlin made of it.

use super::json::{fields, flag, items, latin1, text};
use serde_json::{Value, json};

/// What describes or frames a body (RFC 9110 §15.4), but for what Go drops too.
const OF_BODY: [&str; 10] = [
    "Content-Digest",
    "Content-Length",
    "Content-Md5",
    "Content-Range",
    "Digest",
    "Expect",
    "Last-Modified",
    "Repr-Digest",
    "Trailer",
    "Transfer-Encoding",
];

/// What tells who one is, and goes to the first host alone.
const CREDENTIALS: [&str; 6] = [
    "Authorization",
    "Cookie",
    "Cookie2",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
];

/// What the request of this number is held to: what Go sent, but for the rules.
pub(super) fn expected(case: &Value, number: usize) -> Value {
    let (given, all) = (&case["in"], items(&case["out"], "sent"));
    let mut sent = all[number].clone();
    let url = text(&sent, "url").to_owned();
    let own = fields(&given["headers"]).into_iter().find(|(name, _)| is(name, "Referer"));
    let own = own.map(|(_, value)| value).filter(|value| !value.is_empty());
    let mut headers = fields(&sent["headers"]);
    if body_dropped(given, number) {
        headers.retain(|(name, _)| !OF_BODY.iter().any(|of_body| is(name, of_body)));
    }
    if other_zone(all, number) {
        let secret = |name: &[u8]| CREDENTIALS.iter().any(|secret| is(name, secret));
        headers.retain(|(name, _)| !secret(name));
    }
    let referer = referer(all, number, own.as_deref());
    headers.retain(|(name, _)| !is(name, "Referer"));
    headers.extend(referer.map(|referer| (b"Referer".to_vec(), referer)));
    sent["headers"] = shown(headers, given);
    // RFC 3986 §3.2.3, RFC 6874 §4: neither a colon without a port nor a zone is part of Host.
    let host = text(&sent, "host").to_owned();
    let given_host = number == 0 && !text(given, "host").is_empty();
    if elsewhere(given, number) || !given_host {
        let named = elsewhere(given, number) || host == authority(&url).replace("%25", "%");
        sent["host"] = if named { of_host(authority(&url)).into() } else { host.into() };
    }
    let before = number.checked_sub(1).map(|before| text(&all[before], "url"));
    let url =
        before.map_or(url.clone(), |before| led_to(before, location(given, number - 1), &url));
    sent["url"] = one_form(&url, given).into();
    sent
}

/// What the policy's function is called with this time: the URL, and how many came before.
pub(super) fn call(case: &Value, number: usize) -> (String, u64) {
    let (given, out) = (&case["in"], &case["out"]);
    let call = &items(out, "check_calls")[number];
    let before = items(out, "sent").get(number).map_or("", |sent| text(sent, "url"));
    let url = led_to(before, location(given, number), text(call, "url"));
    (one_form(&url, given), call["via"].as_u64().unwrap_or_default())
}

/// Where a Location leads that is a fragment alone (RFC 3986 §5.2.2): Go takes an
/// empty one for none, and loses an empty query before it.
fn led_to(before: &str, location: &str, go: &str) -> String {
    let before = before.split('#').next().unwrap_or_default();
    let go = if location.ends_with('#') { go.split('#').next().unwrap_or_default() } else { go };
    if location.starts_with('#') && before.ends_with('?') {
        return format!("{before}{location}");
    }
    go.to_owned()
}

/// Whether one of the hosts so far was the first one but for the case of its zone, which
/// is a name of this machine's and has one: it is another host.
fn other_zone(all: &[Value], number: usize) -> bool {
    let host = |at: usize| of_url(text(&all[at], "url"));
    let first = host(0);
    (1..=number)
        .map(host)
        .any(|host| host.contains("%25") && host != first && host.eq_ignore_ascii_case(&first))
}

/// The host of a URL, with its zone.
fn of_url(url: &str) -> String {
    let host = authority(url).rsplit_once('@').map_or(authority(url), |(_, host)| host);
    let end = host.find(']').map_or(0, |end| end + 1);
    host[..end].to_owned()
}

/// Fields as they are compared: sorted by name, in which case does not count;
/// without what a jar changes, an empty Referer, which says nothing, and a Host
/// among the fields, which Go ignores.
pub(super) fn shown(all: Vec<(Vec<u8>, Vec<u8>)>, given: &Value) -> Value {
    let text = |bytes: &[u8]| -> String { bytes.iter().copied().map(char::from).collect() };
    let mut shown: Vec<(String, String)> = Vec::new();
    for (name, value) in all {
        let (name, mut value) = (text(&name.to_ascii_lowercase()), text(&value));
        if name == "referer" {
            value = one_form(&value, given);
        }
        let left_out = match name.as_str() {
            "cookie" => flag(given, "jar"),
            "referer" => value.is_empty(),
            other => other == "host",
        };
        if !left_out {
            shown.push((name, value));
        }
    }
    shown.sort_by(|(a, _), (b, _)| a.cmp(b));
    shown.into_iter().map(|(name, value)| json!([name, value])).collect()
}

/// A URL in the form in which two are compared.
pub(super) fn one_form(url: &str, given: &Value) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, f)| (url, Some(f)));
    let (place, query) = url.split_once('?').map_or((url, None), |(url, q)| (url, Some(q)));
    let mut all = place.replacen(authority(place), &plain_authority(authority(place)), 1);
    // RFC 3986 §5.2.4: an empty segment is one, also behind `..`; Go drops it there.
    let locations = items(given, "hops").iter().map(|hop| text(hop, "location"));
    if locations.into_iter().any(|location| location.contains("..//")) {
        let (scheme, path) = all.split_once("://").unwrap_or(("", &all));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        all = format!("{scheme}://{}", parts.join("/"));
    }
    // RFC 3986 §3.3: a path has no brackets.
    let path = all.find("://").and_then(|at| Some(at + 3 + all[at + 3..].find('/')?));
    if let Some(path) = path {
        let plain = all[path..].replace('[', "%5B").replace(']', "%5D");
        all.replace_range(path.., &plain);
    }
    if let Some(query) = query {
        all.push('?');
        all.push_str(&escaped(query));
    }
    // An empty fragment is none: Go shows none, or the one before.
    if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
        all.push('#');
        all.push_str(fragment);
    }
    all
}

/// Whether no request can go to a URL that Go would follow: another scheme,
/// no host, or a host or port that is none (RFC 9110 §4.2.1, RFC 3986 §3.2).
pub(super) fn is_nowhere(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let host = of_host(authority(url));
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host.as_str(), ""),
    };
    let odd = |letter: char| !letter.is_ascii_graphic() || "\"<>\\^`{|}".contains(letter);
    !matches!(scheme.as_str(), "http" | "https")
        || name.is_empty()
        || name.contains(odd)
        || decoded(name).iter().any(|byte| !byte.is_ascii_graphic())
        || (!port.is_empty() && port.parse::<u16>().is_err())
}

/// Whether Go stops at this redirect for want of a body that had been dropped before.
pub(super) fn misses_a_dropped_body(given: &Value, hop: usize) -> bool {
    let status = items(given, "hops").get(hop).and_then(|hop| hop["status"].as_u64());
    let once = given["body"].is_string() && !flag(given, "replayable");
    once && matches!(status, Some(307 | 308)) && body_dropped(given, hop)
}

/// The Location of an answer, of the last if that is given again and again.
fn location(given: &Value, hop: usize) -> &str {
    let hops = items(given, "hops");
    hops.get(hop.min(hops.len().wrapping_sub(1))).map_or("", |hop| text(hop, "location"))
}

/// Whether one of the answers before this request took its body away.
fn body_dropped(given: &Value, number: usize) -> bool {
    let hops = items(given, "hops").iter();
    hops.take(number).any(|hop| matches!(hop["status"].as_u64(), Some(301..=303)))
}

/// Whether a Location before this request is relative and names a host all the
/// same: a Host of the caller's does not go there.
fn elsewhere(given: &Value, number: usize) -> bool {
    let hops = items(given, "hops").iter();
    hops.take(number).any(|hop| text(hop, "location").starts_with("//"))
}

/// Referer, which never tells a fragment, nor of an `https` page in plain
/// (RFC 9110 §10.1.3), also where the caller gave one.
fn referer(all: &[Value], number: usize, own: Option<&[u8]>) -> Option<Vec<u8>> {
    let is_plain = |sent: &Value| text(sent, "url").to_ascii_lowercase().starts_with("http:");
    let is_secret = own.is_some_and(|own| own.to_ascii_lowercase().starts_with(b"https:"));
    let lost = (1..=number).find(|at| is_secret && is_plain(&all[*at]));
    let go = fields(&all[number]["headers"]).into_iter().find(|(name, _)| is(name, "Referer"));
    let go = go.map(|(_, value)| value);
    match lost {
        None if go.as_deref() == own => go,
        None => go.map(without_fragment),
        Some(at) if at == number => None,
        Some(_) if is_plain(&all[number]) && !is_plain(&all[number - 1]) => None,
        Some(_) => {
            let before = text(&all[number - 1], "url");
            let user = authority(before).rsplit_once('@').map_or("", |(user, _)| user);
            let before = before.replacen(&format!("//{user}@"), "//", 1);
            Some(without_fragment(latin1(&before.into())))
        }
    }
}

fn without_fragment(mut value: Vec<u8>) -> Vec<u8> {
    let end = value.iter().position(|byte| *byte == b'#');
    value.truncate(end.unwrap_or(value.len()));
    value
}

/// What stands between `//` and the path.
fn authority(url: &str) -> &str {
    let rest = url.split_once("//").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Userinfo decoded, since in it Go escapes what need not be; no colon without a port.
fn plain_authority(authority: &str) -> String {
    let host = authority.trim_end_matches(':');
    match host.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", decoded(user).escape_ascii()),
        None => host.to_owned(),
    }
}

/// Host and port of an authority, as Host has them.
fn of_host(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.trim_end_matches(':');
    match (host.find('%'), host.find(']')) {
        (Some(zone), Some(end)) if zone < end => format!("{}{}", &host[..zone], &host[end..]),
        _ => host.to_owned(),
    }
}

/// RFC 3986 §3.4: what may not stand in a query is escaped; Go sends it as it is.
pub(super) fn escaped(query: &str) -> String {
    let mut all = String::new();
    for (at, letter) in query.char_indices() {
        match u8::try_from(letter).unwrap_or(b'?') {
            b'%' if hex(query.as_bytes(), at).is_none() => all.push_str("%25"),
            byte @ (b' ' | b'"' | b'<' | b'>' | b'\\' | b'`' | 0x80..) => {
                all.push_str(&format!("%{byte:02X}"));
            }
            byte => all.push(char::from(byte)),
        }
    }
    all
}

fn decoded(text: &str) -> Vec<u8> {
    let (bytes, mut all, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let escape = hex(bytes, at).filter(|_| byte == b'%');
        all.push(escape.unwrap_or(byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    all
}

/// The byte that the two digits behind this place stand for.
fn hex(bytes: &[u8], at: usize) -> Option<u8> {
    let digits = std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

fn is(name: &[u8], other: &str) -> bool {
    name.eq_ignore_ascii_case(other.as_bytes())
}
