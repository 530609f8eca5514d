//! Checks the vectors of cookies: what Go reads and writes.
//!
//! A date is read by RFC 6265 §5.1.1, which Go does not follow: where Go finds
//! no date and Purlin does, or the other way round, only the rest is compared.
//! What the right date is, the tables beside the parser hold.

use super::json::{flag, items, latin1, same, text};
use purlin_core::policy::cookie::{
    Cookie, CookieError, InvalidCookie, SameSite, append_cookie, parse_cookies, read_cookies,
};
use serde_json::Value;

/// 10000-01-01T00:00:00Z.
const YEAR_10000: i64 = 253_402_300_800;

/// 0001-01-01T00:00:00Z, by which Go tells that there is no date.
const GO_NO_TIME: i64 = -62_135_596_800;

/// One case of `cookies_parse.jsonl`.
pub(super) fn check(case: &Value) -> Result<(), String> {
    let (given, out) = (&case["in"], &case["out"]);
    match text(case, "kind") {
        "parse_set_cookie" => match Cookie::parse(latin1(&given["line"])) {
            Ok(cookie) => {
                same("err", &"", &text(out, "err"))?;
                compare(&cookie, &out["cookie"])
            }
            Err(error) => same("err", &class(error), &text(out, "err")),
        },
        "parse_cookie" => {
            let (error, cookies) = match parse_cookies(latin1(&given["line"])) {
                Ok(cookies) => ("", cookies),
                Err(error) => (class(error), Vec::new()),
            };
            same("err", &error, &text(out, "err"))?;
            same("cookies", &pairs(&cookies), &expected_pairs(out))
        }
        "request_cookies" => {
            let lines: Vec<Vec<u8>> = items(given, "lines").iter().map(latin1).collect();
            let mut cookies = read_cookies(lines.iter().map(Vec::as_slice));
            if let Some(filter) = given["filter"].as_str() {
                cookies.retain(|cookie| cookie.name == filter);
            }
            same("cookies", &pairs(&cookies), &expected_pairs(out))
        }
        "response_cookies" => {
            let lines = items(given, "lines").iter().map(latin1);
            let cookies: Vec<Cookie> = lines.filter_map(|line| Cookie::parse(line).ok()).collect();
            let expected = items(out, "cookies");
            same("cookies", &cookies.len(), &expected.len())?;
            cookies.iter().zip(expected).try_for_each(|(cookie, wanted)| compare(cookie, wanted))
        }
        "serialise_cookie" => written(&built(given), out),
        "add_cookie" => {
            let mut field = string(&given["existing"]);
            for cookie in items(given, "cookies") {
                append_cookie(&mut field, &built(cookie));
            }
            same("cookie_header", &field, &string(&out["cookie_header"]))
        }
        other => Err(format!("no kind of that name: {other}")),
    }
}

fn class(error: CookieError) -> &'static str {
    match error {
        CookieError::Blank => "blank",
        CookieError::NoEqual => "no_equal",
        CookieError::Name => "bad_name",
        CookieError::Value => "bad_value",
        CookieError::TooMany => "too_many",
        _ => "?",
    }
}

/// Name, value and quotes of each.
fn pairs(cookies: &[Cookie]) -> Vec<(String, String, bool)> {
    cookies.iter().map(|c| (c.name.clone(), c.value.clone(), c.quoted)).collect()
}

pub(super) fn expected_pairs(out: &Value) -> Vec<(String, String, bool)> {
    let one = |c: &Value| (string(&c["name"]), string(&c["value"]), flag(c, "quoted"));
    items(out, "cookies").iter().map(one).collect()
}

/// A parsed cookie, and what Go says of the same.
fn compare(cookie: &Cookie, wanted: &Value) -> Result<(), String> {
    let unset = |text: &Option<String>| text.clone().unwrap_or_default();
    same("name", &cookie.name, &string(&wanted["name"]))?;
    same("value", &cookie.value, &string(&wanted["value"]))?;
    same("quoted", &cookie.quoted, &flag(wanted, "quoted"))?;
    same("path", &unset(&cookie.path), &string(&wanted["path"]))?;
    same("domain", &unset(&cookie.domain), &string(&wanted["domain"]))?;
    same("raw_expires", &unset(&cookie.raw_expires), &string(&wanted["raw_expires"]))?;
    same("max_age", &go_max_age(cookie), &wanted["max_age"].as_i64().unwrap_or_default())?;
    same("secure", &cookie.secure, &flag(wanted, "secure"))?;
    same("http_only", &cookie.http_only, &flag(wanted, "http_only"))?;
    same("same_site", &go_same_site(cookie), &text(wanted, "same_site"))?;
    same("partitioned", &cookie.partitioned, &flag(wanted, "partitioned"))?;
    let other = |part: &&Vec<u8>| !part.to_ascii_lowercase().starts_with(b"expires=");
    let unparsed: Vec<_> = cookie.unparsed.iter().filter(other).cloned().collect();
    let expected: Vec<Vec<u8>> = items(wanted, "unparsed").iter().map(latin1).collect();
    let expected: Vec<_> = expected.iter().filter(other).cloned().collect();
    same("unparsed", &unparsed, &expected)?;
    let go_date = wanted["expires"].as_i64();
    if cookie.expires.is_some() != go_date.is_some() {
        return Ok(());
    }
    same("expires", &cookie.expires, &go_date)?;
    written(cookie, wanted)
}

/// A cookie as it is written, and what is wrong with it.
fn written(cookie: &Cookie, wanted: &Value) -> Result<(), String> {
    let line = cookie.to_line().unwrap_or_default();
    // RFC 9110 §5.6.7: a year has four digits, so that a later date is the last with four.
    if cookie.expires.is_some_and(|unix| unix >= YEAR_10000) {
        same("year", &line.contains(" Dec 9999 "), &true)?;
    } else {
        same("serialised", &line, &string(&wanted["serialised"]))?;
    }
    let error = match cookie.check() {
        Ok(()) => "",
        Err(InvalidCookie::Name) => "invalid_name",
        Err(InvalidCookie::Expires) => "invalid_expires",
        Err(InvalidCookie::Value) => "invalid_value_byte",
        Err(InvalidCookie::Path) => "invalid_path_byte",
        Err(InvalidCookie::Domain) => "invalid_domain",
        Err(InvalidCookie::PartitionedInsecure) => "partitioned_insecure",
        Err(_) => "?",
    };
    same("valid_err", &error, &text(wanted, "valid_err"))
}

/// Go's field: 0 is none, -1 deletes.
fn go_max_age(cookie: &Cookie) -> i64 {
    match cookie.max_age {
        None => 0,
        Some(0) => -1,
        Some(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
    }
}

fn go_same_site(cookie: &Cookie) -> &'static str {
    match cookie.same_site {
        None => "unset",
        Some(SameSite::Lax) => "lax",
        Some(SameSite::Strict) => "strict",
        Some(SameSite::None) => "none",
        Some(_) => "default",
    }
}

/// A cookie of these fields.
fn built(given: &Value) -> Cookie {
    let filled = |value: &Value| Some(string(value)).filter(|text| !text.is_empty());
    let mut cookie = Cookie::new(string(&given["name"]), string(&given["value"]));
    cookie.quoted = flag(given, "quoted");
    cookie.path = filled(&given["path"]);
    cookie.domain = filled(&given["domain"]);
    cookie.expires = given["expires"].as_i64().filter(|unix| *unix != GO_NO_TIME);
    cookie.max_age = match given["max_age"].as_i64() {
        None | Some(0) => None,
        Some(seconds) => Some(u64::try_from(seconds).unwrap_or(0)),
    };
    cookie.secure = flag(given, "secure");
    cookie.http_only = flag(given, "http_only");
    cookie.partitioned = flag(given, "partitioned");
    cookie.same_site = match text(given, "same_site") {
        "default" => Some(SameSite::Default),
        "lax" => Some(SameSite::Lax),
        "strict" => Some(SameSite::Strict),
        "none" => Some(SameSite::None),
        _ => None,
    };
    cookie
}

/// The bytes of a string as text; what is not UTF-8 is never written in any case.
fn string(value: &Value) -> String {
    String::from_utf8_lossy(&latin1(value)).into_owned()
}
