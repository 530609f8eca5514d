//! Checks the vectors of cookies: what Go reads and writes.
//!
//! What a user agent reads, and a server hears of browsers, is more than Go takes
//! ([`cookie_rules`](super::cookie_rules)): each case is held against the letter of
//! RFC 6265bis, and against Go as far as Go reads it.
//! A date is read by RFC 6265 §5.1.1, which Go does not follow: where Go finds
//! no date and Purlin does, or the other way round, only the rest is compared.
//! What the right date is, the tables beside the parser hold.

use super::cookie_rules as rules;
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
        "parse_set_cookie" => set(&latin1(&given["line"]), out),
        "parse_cookie" => whole_line(&latin1(&given["line"]), out),
        "request_cookies" => {
            let lines: Vec<Vec<u8>> = items(given, "lines").iter().map(latin1).collect();
            seen(&lines, given["filter"].as_str(), &expected_pairs(out))
        }
        "response_cookies" => {
            let lines: Vec<Vec<u8>> = items(given, "lines").iter().map(latin1).collect();
            let mut go = items(out, "cookies").iter();
            for line in &lines {
                let ours = by_the_letter(line)?;
                if let (true, Some(ours)) = (rules::go_sets(line), ours) {
                    compare(line, &ours, go.next().ok_or("a cookie that Go does not set")?)?;
                }
            }
            same("cookies that Go sets", &go.count(), &0)
        }
        "serialise_cookie" => written(&built(given), out),
        "add_cookie" => {
            let mut field = string(&given["existing"]);
            let mut wanted: Vec<String> = Some(field.clone()).into_iter().collect();
            let mut as_go = true;
            for cookie in items(given, "cookies").iter().map(built) {
                append_cookie(&mut field, &cookie);
                wanted.push(rules::sent_text(&cookie.name, &cookie.value, cookie.quoted));
                as_go &= rules::go_sends(&cookie.name, &cookie.value);
            }
            wanted.retain(|pair| !pair.is_empty());
            same("cookie_header by the letter", &field, &wanted.join("; "))?;
            let go = string(&out["cookie_header"]);
            if as_go { same("cookie_header", &field, &go) } else { Ok(()) }
        }
        other => Err(format!("no kind of that name: {other}")),
    }
}

/// One Set-Cookie line, whose cookie Go has, or why it has none.
fn set(line: &[u8], out: &Value) -> Result<(), String> {
    let ours = by_the_letter(line)?;
    match (text(out, "err"), ours) {
        // RFC 6265bis §5.6: a control character anywhere, which Go passes over in attributes.
        ("", None) if line.iter().any(|byte| rules::is_control(*byte)) => Ok(()),
        ("", None) => Err("not read".into()),
        ("", Some(cookie)) => compare(line, &cookie, &out["cookie"]),
        ("blank", Some(_)) => Err("a blank line is read".into()),
        _ if rules::go_sets(line) => Err("Go would set it".into()),
        _ => Ok(()),
    }
}

/// What the parser makes of a Set-Cookie line, if that is what RFC 6265bis says of it.
fn by_the_letter(line: &[u8]) -> Result<Option<Cookie>, String> {
    let read = Cookie::parse(line);
    let ours = read.as_ref().ok().map(|cookie| rules::Line {
        pair: pair(cookie),
        path: cookie.path.clone().unwrap_or_default(),
        domain: cookie.domain.clone().unwrap_or_default(),
        max_age: cookie.max_age,
        secure: cookie.secure,
        http_only: cookie.http_only,
        partitioned: cookie.partitioned,
    });
    same("by the letter", &ours, &rules::set(line))?;
    Ok(read.ok())
}

/// A Cookie line of which all is to be well formed.
fn whole_line(line: &[u8], out: &Value) -> Result<(), String> {
    let read = parse_cookies(line);
    let error = read.as_ref().map_or_else(|error| class(*error), |_| "");
    let go = text(out, "err");
    if matches!(go, "blank" | "too_many") || matches!(error, "blank" | "too_many") {
        return same("err", &error, &go);
    }
    let ends = |byte: &u8| b" \t\r\n".contains(byte);
    let line = line.iter().copied().skip_while(ends).collect::<Vec<_>>();
    let end = line.iter().rposition(|byte| !ends(byte)).map_or(0, |at| at + 1);
    let pair_of = |part: &[u8]| rules::sent(part).filter(|_| part.contains(&b'='));
    let wanted: Option<Vec<_>> = line[..end].split(|byte| *byte == b';').map(pair_of).collect();
    same("by the letter", &read.as_ref().ok().map(|read| pairs(read)), &wanted)?;
    if go.is_empty() {
        same("cookies", &pairs(&read.unwrap_or_default()), &trimmed(expected_pairs(out)))
    } else {
        // Go may have stopped before, at what it does not read.
        let mut parts = line[..end].split(|byte| *byte == b';');
        let known = parts.all(|part| {
            let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
            let blank = name.ends_with(b" ") || name.ends_with(b"\t");
            !part.contains(&b'=') || (rules::go_sees(part) && !blank)
        });
        if known { same("err", &error, &go) } else { Ok(()) }
    }
}

/// The cookies of a request, of which Go sees some.
fn seen(lines: &[Vec<u8>], filter: Option<&str>, go: &[rules::Pair]) -> Result<(), String> {
    let ours = pairs(&read_cookies(lines.iter().map(Vec::as_slice)));
    let parts: Vec<_> = lines.iter().flat_map(|line| line.split(|byte| *byte == b';')).collect();
    if parts.len() > 3000 {
        same("too many", &ours, &Vec::new())?;
        return same("too many", &go.len(), &0);
    }
    let both = |part: &&[u8]| Some((rules::sent(part)?, rules::go_sees(part)));
    let all: Vec<_> = parts.iter().filter_map(both).collect();
    let wanted: Vec<_> = all.iter().map(|(pair, _)| pair.clone()).collect();
    same("by the letter", &ours, &wanted)?;
    let named = |pair: &rules::Pair| filter.is_none_or(|name| name == pair.0);
    let wanted: Vec<_> =
        all.into_iter().filter(|(pair, go)| *go && named(pair)).map(|(pair, _)| pair).collect();
    same("cookies", &wanted, &trimmed(go.to_vec()))
}

/// White space around a value is none of it (RFC 6265bis §5.6).
fn trimmed(mut all: Vec<rules::Pair>) -> Vec<rules::Pair> {
    for (_, value, quoted) in &mut all {
        if !*quoted {
            *value = value.trim_matches([' ', '\t']).to_owned();
        }
    }
    all
}

fn class(error: CookieError) -> &'static str {
    match error {
        CookieError::Blank => "blank",
        CookieError::NoEqual => "no_equal",
        CookieError::Name => "bad_name",
        CookieError::Value | CookieError::Control => "bad_value",
        CookieError::TooMany => "too_many",
        _ => "?",
    }
}

/// Name, value and quotes of each.
fn pairs(cookies: &[Cookie]) -> Vec<rules::Pair> {
    cookies.iter().map(pair).collect()
}

fn pair(cookie: &Cookie) -> rules::Pair {
    (cookie.name.clone(), cookie.value.clone(), cookie.quoted)
}

pub(super) fn expected_pairs(out: &Value) -> Vec<rules::Pair> {
    let one = |c: &Value| (string(&c["name"]), string(&c["value"]), flag(c, "quoted"));
    items(out, "cookies").iter().map(one).collect()
}

/// A parsed cookie, and what Go says of the same.
fn compare(line: &[u8], cookie: &Cookie, wanted: &Value) -> Result<(), String> {
    let unset = |text: &Option<String>| text.clone().unwrap_or_default();
    let go = (string(&wanted["name"]), string(&wanted["value"]), flag(wanted, "quoted"));
    same("pair", &vec![pair(cookie)], &trimmed(vec![go.clone()]))?;
    if !rules::go_reads_attributes(line) || pair(cookie) != go {
        return Ok(());
    }
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
