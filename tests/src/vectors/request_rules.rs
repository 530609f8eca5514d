//! Says by rule which requests Purlin refuses where Go sends something.
//!
//! The reasons are those of docs/coming-from-go.md; a rule looks at what a case
//! asks for alone.

use super::json::{fields, items, latin1, text};
use purlin_core::Url;
use serde_json::Value;

/// What decides framing, routing, authentication or how content is read
/// (RFC 9110 §6.5.1), but for the lengths.
const NO_TRAILER: [&str; 19] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "upgrade",
    "www-authenticate",
];

/// Why Purlin refuses what this asks for, where Go sends something.
pub(super) fn stricter(given: &Value) -> Option<&'static str> {
    of_fields(given).or_else(|| of_body(given)).or_else(|| of_place(given))
}

fn of_fields(given: &Value) -> Option<&'static str> {
    let control = |value: &[u8]| value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
    let all = || fields(&given["headers"]).into_iter().chain(fields(&given["trailer"]));
    let named = |name: &str| all().any(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes()));
    if all().any(|(name, _)| name.is_empty() || !name.iter().all(|byte| is_token(*byte))) {
        return Some("RFC 9110 §5.1: a name that is no token is refused, not left out");
    }
    if all().any(|(_, value)| control(&value)) {
        return Some("RFC 9110 §5.5: a value with a control character is refused, not changed");
    }
    if named("content-length") || named("transfer-encoding") {
        return Some("framing that contradicts the body is refused, not ignored");
    }
    let trailers = fields(&given["trailer"]);
    let kept_out =
        |name: &[u8]| NO_TRAILER.iter().any(|no| name.eq_ignore_ascii_case(no.as_bytes()));
    trailers
        .iter()
        .any(|(name, _)| kept_out(name))
        .then_some("RFC 9110 §6.5.1: a field that may not stand in a trailer section is refused")
}

fn of_body(given: &Value) -> Option<&'static str> {
    let body = given["body"]["kind"].as_str().is_some_and(|kind| kind != "no_body");
    let known = given["content_length"].as_i64().is_some_and(|length| length != 0);
    let memory = matches!(text(&given["body"], "kind"), "memory" | "no_body");
    let empty = items(&given["body"], "segments").iter().all(|piece| piece == "");
    if matches!(text(given, "method"), "CONNECT" | "TRACE") && body {
        return Some("RFC 9110 §9.3.6, §9.3.8: CONNECT and TRACE have no content");
    }
    if known && memory && empty {
        return Some("a length that contradicts the body is refused, not ignored");
    }
    (known && !items(given, "trailer").is_empty())
        .then_some("trailers with a body of known length are refused, not left out")
}

fn of_place(given: &Value) -> Option<&'static str> {
    let (url, host) = (latin1(&given["url"]), latin1(&given["host"]));
    if !url.is_ascii() || !host.is_ascii() {
        return Some("a host that is not ASCII is refused: write it in punycode");
    }
    let is_http = Url::parse(&url).is_ok_and(|url| url.is_http());
    if !is_http {
        return Some("RFC 9110 §4.2: a request has an http or https URL with a host");
    }
    let named = |name: &[u8]| name.eq_ignore_ascii_case(b"host");
    let fields = fields(&given["headers"]);
    if !is_host(&host) || fields.iter().any(|(name, value)| named(name) && !is_host(value)) {
        return Some("RFC 9112 §3.2: a Host that is none is refused, not sent empty");
    }
    let proxied = given["proxy"].is_string() || given["kind"] == "write_proxy";
    (proxied || url.starts_with(b"https"))
        .then_some("https through a proxy goes through a tunnel, and is never forwarded")
}

/// Whether Go waits for an answer to Expect: it looks for the name in one case alone.
pub(super) fn waits(given: &Value) -> bool {
    let all = fields(&given["headers"]);
    let expect = all.into_iter().find(|(name, _)| name == b"Expect").map(|(_, value)| value);
    expect.is_some_and(|value| value.to_ascii_lowercase().starts_with(b"100-continue"))
}

/// `uri-host [ ":" port ]`, strictly: names without what only a URL may hold.
fn is_host(host: &[u8]) -> bool {
    let text = String::from_utf8_lossy(host);
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (text.as_ref(), ""),
    };
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let odd = |letter: char| !(letter.is_ascii_alphanumeric() || "-._~".contains(letter));
    let is_name = match inside {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !name.contains(odd) && (!name.is_empty() || port.is_empty()),
    };
    is_name && (port.is_empty() || port.parse::<u16>().is_ok())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
