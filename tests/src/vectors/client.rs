//! Checks the vectors of what a client decides by itself: redirects and proxies.
//!
//! It sends nothing: what would be sent is put together from what the core
//! decides. What a cookie jar adds is left out here: [`super::exchange`] plays
//! the same cases with a jar.

use super::json::{fields, flag, items, latin1, same, text};
use super::redirect_rules as rules;
use purlin_core::policy::auth;
use purlin_core::policy::proxy::{ProxyEnv, ProxyError};
use purlin_core::policy::redirect::{Failure, Follow, Hop, Policy, Replay, Step, Trail, Verdict};
use purlin_core::{Fields, Method, Status, Url};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// `ProxyFromEnvironment`.
pub(super) fn proxy(case: &Value) -> Result<(), String> {
    let (env, out) = (&case["in"]["env"], &case["out"]);
    let settings = ProxyEnv::from_values(|name| {
        let value = env.get(name)?;
        Some(String::from_utf8_lossy(&latin1(value)).into_owned())
    });
    let Ok(url) = Url::parse(latin1(&case["in"]["url"])) else {
        // A request to it is refused before a proxy is looked for.
        return Ok(());
    };
    let went_on = text(out, "err").is_empty();
    let (proxy, error) = match settings.for_url(&url) {
        Ok(proxy) => (proxy.map(|proxy| proxy.url.to_string()), ""),
        // Go takes it for a proxy and fails when it connects, or goes without one, unnoticed.
        Err(_) if went_on && names_no_proxy(env, url.scheme(), out) => return Ok(()),
        Err(ProxyError::Cgi) => (None, "cgi"),
        Err(other) => return Err(other.to_string()),
    };
    let mut expected = out["proxy"].as_str();
    let lists = ["NO_PROXY", "no_proxy"].map(|name| text(env, name));
    let host = url.host().trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") {
        // RFC 3986 §3.2.2: a host has no case; RFC 6761 §6.3: all below it is this machine.
        expected = None;
    } else if proxy.is_none() && lists.iter().any(|list| is_listed(list, &host, &url)) {
        // Go reads no brackets, no dot at the end, and no blank between two names.
        expected = None;
    } else if url.host().contains("xn--") && lists.iter().any(|list| !list.is_ascii()) {
        // There is no table of punycode here: in a list too such a host is to be written in it.
        expected = expected.or(proxy.as_deref());
    }
    same("proxy", &proxy.as_deref(), &expected)?;
    same("error", &error, &text(out, "err"))
}

/// Whether a list names this host, by the letter: separated by commas or blanks, addresses
/// perhaps in brackets, names perhaps with a dot at their end.
fn is_listed(list: &str, host: &str, url: &Url) -> bool {
    let list = list.to_lowercase();
    list.split([',', ' ', '\t', '\r', '\n']).any(|member| {
        let (name, port) = match member.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            // A network in brackets; whether the address is in it the tables say.
            Some((_, rest)) if rest.starts_with('/') => return host.contains(':'),
            Some((address, rest)) => (address, rest.trim_start_matches(':')),
            None if member.matches(':').count() > 1 => (member, ""),
            None => member.split_once(':').unwrap_or((member, "")),
        };
        let here = port.is_empty() || port.parse() == Ok(url.port_or_default());
        let name = name.trim_end_matches('.').trim_start_matches('*');
        let address = |text: &str| text.parse::<std::net::IpAddr>().ok();
        let same = match address(name) {
            Some(named) => address(host) == Some(named),
            None if name.starts_with('.') => host.ends_with(name),
            None => host == name || host.ends_with(&format!(".{name}")),
        };
        here && !name.is_empty() && same
    })
}

/// Whether the value that counts for this scheme names no proxy that one can
/// connect to: no host, or a scheme that no proxy is spoken to by.
fn names_no_proxy(env: &Value, scheme: &str, out: &Value) -> bool {
    let names = [format!("{}_PROXY", scheme.to_uppercase()), format!("{scheme}_proxy")];
    let values = names.iter().filter_map(|name| env[name].as_str());
    let value = values.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    // What is no URL Go tries again behind `http://`, and then has a host called `http`.
    if value.contains("://") && text(out, "proxy").starts_with(&format!("http://{scheme}://")) {
        return true;
    }
    let known = ["http", "https", "socks5", "socks5h"];
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    let host_end = if place.starts_with('[') { place.find(']') } else { place.find(':') };
    let (host, port) = place.split_at(host_end.unwrap_or(place.len()));
    let digits = port.trim_start_matches([']', ':']);
    let odd = |letter: char| !(letter.is_ascii_alphanumeric() || "[]:.-_~".contains(letter));
    !known.contains(&scheme.to_lowercase().as_str())
        || host.is_empty()
        || host.contains(odd)
        || !digits.chars().all(|letter| letter.is_ascii_digit())
        || (!digits.is_empty() && digits.parse::<u16>().is_err())
        || value.contains(|letter: char| letter.is_ascii_control() || letter == ' ')
        || value.contains('%')
}

/// `Client.Do` with scripted answers: exactly as Go has it with Go's rules, and
/// with our own never a credential more.
pub(super) fn redirect(case: &Value) -> Result<(), String> {
    let url = latin1(&case["in"]["url"]);
    if Url::parse(&url).is_err() && rules::is_nowhere(text(&case["in"], "url")) {
        return Ok(());
    }
    let go = Run::of(case, &Policy::go())?;
    as_go(case, &go)?;
    let unheard = Arc::default();
    let follow = follow(text(&case["in"], "check"), &unheard);
    super::exchange::redirect(case, Policy { follow, ..Policy::go() }, &go.sent)?;

    let ours = Run::of(case, &Policy::default())?;
    for (ours, go) in ours.sent.iter().zip(&go.sent) {
        if ours["url"].as_str().and_then(|url| url.split('#').next())
            != go["url"].as_str().and_then(|url| url.split('#').next())
        {
            break;
        }
        let go = secrets(go);
        if secrets(ours).iter().any(|field| !go.contains(field)) {
            return Err(format!("{ours} tells more than Go does: {go:?}"));
        }
    }
    Ok(())
}

/// The credentials in a request, but for those that its own URL gives.
fn secrets(sent: &Value) -> Vec<Value> {
    let own = Url::parse(text(sent, "url")).ok().and_then(|url| auth::of_url(&url));
    let is_secret = |field: &&Value| {
        let name = field[0].as_str().unwrap_or_default();
        (name.contains("auth") || name.starts_with("cookie")) && field[1].as_str() != own.as_deref()
    };
    items(sent, "headers").iter().filter(is_secret).cloned().collect()
}

/// Compares what Go's rules led to with what Go did.
fn as_go(case: &Value, go: &Run) -> Result<(), String> {
    let (given, out) = (&case["in"], &case["out"]);
    let sent = items(out, "sent");
    for (number, ours) in go.sent.iter().enumerate().take(sent.len()) {
        let expected = rules::expected(case, number);
        if *ours != expected {
            return Err(format!("sent {number}: {ours}, expected {expected}"));
        }
    }
    let calls: Vec<_> =
        (0..items(out, "check_calls").len()).map(|n| rules::call(case, n)).collect();
    let ours = go.calls.iter().map(|(url, via)| (rules::one_form(url, given), *via));
    let ours: Vec<_> = ours.collect();
    let last = go.sent.len();
    let next = sent.get(last).map(|sent| text(sent, "url"));
    let asked = items(out, "check_calls").get(last.wrapping_sub(1)).map(|call| text(call, "url"));
    // What is no URL cannot be asked about, so that the redirect is the answer; and what has
    // another scheme cannot be allowed.
    let stays = text(given, "check") != "default"
        && go.result == "response"
        && go.hop == Some(last - 1)
        && out["hop"].as_u64() != Some(last as u64 - 1);
    if (go.error == "bad_location" || stays) && next.or(asked).is_some_and(rules::is_nowhere) {
        let count = ours.len();
        same("a call for each hop", &(count == last || count + 1 == last), &true)?;
        return same("calls of the check", &Some(ours.as_slice()), &calls.get(..count));
    }
    if stays && text(out, "err") == "bad_location" {
        same("sent", &last, &sent.len())?;
        return same("calls of the check", &ours, &calls);
    }
    let stopped = out["hop"].as_u64().and_then(|hop| usize::try_from(hop).ok());
    let missed = stopped.is_some_and(|hop| rules::misses_a_dropped_body(given, hop));
    if missed && last >= sent.len() {
        return same("calls of the check", &ours.get(..calls.len()), &Some(calls.as_slice()));
    }
    same("sent", &last, &sent.len())?;
    same("calls of the check", &ours, &calls)?;
    same("result", &go.result.as_str(), &text(out, "result"))?;
    same("error", &go.error.as_str(), &text(out, "err"))?;
    same("status", &go.status.map(u64::from), &out["status"].as_u64())?;
    same("hop", &go.hop.map(|hop| hop as u64), &out["hop"].as_u64())
}

/// What came of a case.
#[derive(Default)]
struct Run {
    sent: Vec<Value>,
    calls: Vec<(String, u64)>,
    result: String,
    error: String,
    status: Option<u16>,
    hop: Option<usize>,
}

impl Run {
    fn of(case: &Value, rules: &Policy) -> Result<Run, String> {
        let input = &case["in"];
        let calls = Arc::new(Mutex::new(Vec::new()));
        let policy = Policy { follow: follow(text(input, "check"), &calls), ..rules.clone() };
        let mut request = Sent::first(input)?;
        let mut trail =
            Trail::new(request.method.clone(), request.url.clone(), replay(input), &request.fields);
        let mut run = Run::default();
        let hops = items(input, "hops");
        for number in 0.. {
            run.sent.push(request.shown(input));
            let last = hops.len().saturating_sub(1);
            let number_of_hop = if flag(input, "loop_last") { number.min(last) } else { number };
            let Some(answer) = hops.get(number_of_hop) else {
                run.answered(200, number);
                break;
            };
            if flag(answer, "transport_error") {
                run.failed("error", "transport");
                break;
            }
            let code = answer["status"].as_u64().and_then(|code| u16::try_from(code).ok());
            let status = code.and_then(Status::from_code).ok_or("no status")?;
            let location = answer["location"].as_str().map(|_| latin1(&answer["location"]));
            match trail.step(status, location.as_deref(), &policy) {
                Step::Follow(hop) => {
                    trail.took(&hop);
                    request = request.after(hop);
                    continue;
                }
                Step::Stop(_) => run.answered(status.code(), number),
                Step::Fail(failure) => run.refused(&failure, status.code(), number),
            }
            break;
        }
        run.calls = std::mem::take(&mut *calls.lock().map_err(|e| e.to_string())?);
        Ok(run)
    }

    fn answered(&mut self, status: u16, hop: usize) {
        self.result = "response".to_owned();
        (self.status, self.hop) = (Some(status), Some(hop));
    }

    fn failed(&mut self, result: &str, error: &str) {
        (self.result, self.error) = (result.to_owned(), error.to_owned());
    }

    fn refused(&mut self, failure: &Failure, status: u16, hop: usize) {
        let error = match failure {
            Failure::TooMany(_) => "too_many_redirects",
            Failure::Refused(_) => "check_error",
            _ => return self.failed("error", "bad_location"),
        };
        self.failed("response_and_error", error);
        (self.status, self.hop) = (Some(status), Some(hop));
    }
}

/// A request as it would be sent.
struct Sent {
    method: Method,
    url: Url,
    fields: Fields,
    host: Option<String>,
    body: bool,
}

impl Sent {
    fn first(input: &Value) -> Result<Sent, String> {
        let mut all = Fields::new();
        for (name, value) in fields(&input["headers"]) {
            let name = String::from_utf8_lossy(&name).into_owned();
            all.append(&name, value).map_err(|e| e.to_string())?;
        }
        Ok(Sent {
            method: match text(input, "method") {
                "" => Method::GET,
                method => method.parse::<Method>().map_err(|e| e.to_string())?,
            },
            url: Url::parse(latin1(&input["url"])).map_err(|e| e.to_string())?,
            fields: all,
            host: input["host"].as_str().filter(|host| !host.is_empty()).map(str::to_owned),
            body: input["body"].is_string(),
        })
    }

    fn after(mut self, hop: Hop) -> Sent {
        hop.apply(&mut self.fields);
        let host = self.host.filter(|_| hop.keep_host);
        let body = self.body && hop.keep_body;
        Sent { method: hop.method, url: hop.url, fields: self.fields, host, body }
    }

    fn shown(&self, input: &Value) -> Value {
        let mut all: Vec<(Vec<u8>, Vec<u8>)> = self
            .fields
            .iter()
            .map(|field| (field.name.as_bytes().to_vec(), field.value.to_vec()))
            .collect();
        let basic = auth::of_url(&self.url).filter(|_| !self.fields.contains("Authorization"));
        all.extend(basic.map(|basic| (b"Authorization".to_vec(), basic.into_bytes())));
        let given = input["content_length"].as_i64();
        let length = match input["body"].as_str() {
            Some(body) if flag(input, "replayable") => given.unwrap_or(body.chars().count() as i64),
            Some(_) => given.unwrap_or_default(),
            None => given.unwrap_or_default(),
        };
        json!({
            "method": self.method.as_str(),
            "url": rules::one_form(self.url.as_str(), input),
            "host": self.host.as_deref().unwrap_or(&self.url.authority()),
            "headers": rules::shown(all, input),
            "body": if self.body { input["body"].clone() } else { Value::Null },
            "content_length": if self.body { length } else { 0 },
        })
    }
}

fn replay(input: &Value) -> Replay {
    match (input["body"].is_string(), flag(input, "replayable")) {
        (false, _) => Replay::NoBody,
        (true, true) => Replay::Replayable,
        (true, false) => Replay::Once,
    }
}

/// The function that a case's `check` names.
fn follow(check: &str, calls: &Arc<Mutex<Vec<(String, u64)>>>) -> Follow {
    if check == "default" {
        return Follow::default();
    }
    let (kind, after) = match check.split_once(':') {
        Some((kind, after)) => (kind.trim_end_matches("_after"), after.parse().unwrap_or(0)),
        None => (check, if check == "none" { 21 } else { 0 }),
    };
    let verdict = match kind {
        "use_last" => Verdict::UseLast,
        _ => Verdict::Error("scripted policy error".into()),
    };
    let calls = Arc::clone(calls);
    Follow::Check(Arc::new(move |hop, before| {
        if let Ok(mut calls) = calls.lock() {
            calls.push((hop.url.to_string(), before.len() as u64));
        }
        if before.len() >= after { verdict.clone() } else { Verdict::Allow }
    }))
}
