//! Checks the vectors of redirects once more, through the whole of an exchange:
//! that what the policy decides is what is sent, and that a jar's cookies are Go's.
//!
//! Connections are had at once and carry nothing: a hop is its head.

use super::json::{fields, flag, items, latin1, same, text};
use super::redirect_rules as rules;
use purlin_core::exchange::{
    Ask, ClientPolicy, CookieStore, Error, Exchange, Payload, Reached, RequestParts,
};
use purlin_core::policy::jar::Jar;
use purlin_core::policy::redirect::Policy;
use purlin_core::{
    Body, BodyLength, CloseReason, Fields, Method, Now, RequestHead, ResponseHead, Retry, Status,
    Url,
};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What is sent is what the policy has `decided`, and has Go's cookies.
pub(super) fn redirect(case: &Value, policy: Policy, decided: &[Value]) -> Result<(), String> {
    let given = &case["in"];
    if items(given, "hops").iter().any(|hop| is_no_field(&hop["location"])) {
        return Ok(());
    }
    let sent = play(given, policy)?;
    same("requests through an exchange", &sent.len(), &decided.len())?;
    for (number, ((head, body), decided)) in sent.iter().zip(decided).enumerate() {
        let at = |what: &str| format!("request {number} through an exchange, {what}");
        same(&at("method"), &head.method().as_str(), &text(decided, "method"))?;
        same(&at("host"), &head.fields().get("Host").unwrap_or_default(), &text(decided, "host"))?;
        same(&at("body"), body, &decided["body"].is_string())?;
        let all = head.fields().iter().map(|field| (field.name.into(), field.value.to_vec()));
        let all = rules::shown(all.collect(), given);
        same(&at("headers"), &all, &decided["headers"])?;
    }
    if flag(given, "jar") && !sets_secure_in_plain(given, decided) {
        for (number, ((head, _), go)) in sent.iter().zip(items(&case["out"], "sent")).enumerate() {
            let ours = head.fields().values("Cookie").flat_map(pairs).collect::<Vec<_>>();
            let go = fields(&go["headers"]);
            let go = go.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"Cookie"));
            let go = go.flat_map(|(_, value)| pairs(value)).collect::<Vec<_>>();
            same(&format!("cookies of request {number}"), &sorted(ours), &sorted(go))?;
        }
    }
    Ok(())
}

/// The heads that an exchange sends, and whether a body goes with each.
fn play(given: &Value, policy: Policy) -> Result<Vec<(RequestHead, bool)>, String> {
    let cookies = flag(given, "jar").then(|| Arc::new(Cookies::default()) as Arc<dyn CookieStore>);
    let client = ClientPolicy {
        user_agent: String::new(),
        redirects: policy,
        cookies,
        ..ClientPolicy::default()
    };
    let now = Now::default();
    let mut exchange = Exchange::new(Arc::new(client), parts(given)?, now);
    let mut sent = Vec::new();
    loop {
        match exchange.ask(now) {
            Ask::Connect(_) => exchange.connected(Reached::new(), now),
            Ask::Send { head, body, rewind } => {
                if rewind && !flag(given, "replayable") {
                    return Err("a body that can be read once is sent again".into());
                }
                if matches!(body, Body::Length(_) | Body::Stream) {
                    exchange.body_taken();
                }
                sent.push((head, !matches!(body, Body::Empty)));
            }
            Ask::Drive => answer(&mut exchange, given, sent.len() - 1)?,
            Ask::Discard => exchange.discarded(now),
            Ask::Deliver(_) | Ask::Fail(_) => return Ok(sent),
        }
    }
}

/// The cookies in a Cookie field.
fn pairs(value: &[u8]) -> Vec<String> {
    let text: String = value.iter().copied().map(char::from).collect();
    text.split("; ").map(str::to_owned).collect()
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

/// A jar as requests share it.
#[derive(Debug, Default)]
struct Cookies(Mutex<Jar>);

impl CookieStore for Cookies {
    fn cookies(&self, url: &Url, now: Now) -> Option<String> {
        self.0.lock().ok()?.cookies(url, now.unix)
    }

    fn store(&self, url: &Url, lines: &mut dyn Iterator<Item = &[u8]>, now: Now) {
        if let Ok(mut jar) = self.0.lock() {
            jar.set(url, lines, now.unix);
        }
    }
}

fn parts(input: &Value) -> Result<RequestParts, String> {
    let method = match text(input, "method") {
        "" => Method::GET,
        method => method.parse().map_err(|_| "no method")?,
    };
    let url = Url::parse(latin1(&input["url"])).map_err(|error| error.to_string())?;
    let mut parts = RequestParts::new(method, url);
    if let Some(host) = input["host"].as_str().filter(|host| !host.is_empty()) {
        parts.fields.append("Host", host).map_err(|error| error.to_string())?;
    }
    for (name, value) in fields(&input["headers"]) {
        let name = String::from_utf8_lossy(&name).into_owned();
        parts.fields.append(&name, value).map_err(|error| error.to_string())?;
    }
    if let Some(body) = input["body"].as_str() {
        parts.payload = if flag(input, "replayable") {
            Payload::Full(body.to_owned().into())
        } else {
            Payload::Stream { length: None, replayable: false }
        };
    }
    Ok(parts)
}

/// Gives the answer to the request of that number.
fn answer(exchange: &mut Exchange, input: &Value, number: usize) -> Result<(), String> {
    let now = Now::default();
    let hops = items(input, "hops");
    let last = hops.len().saturating_sub(1);
    let hop = if flag(input, "loop_last") { number.min(last) } else { number };
    let Some(hop) = hops.get(hop) else {
        exchange.response(ResponseHead::new(Status::OK), BodyLength::Empty, now);
        return Ok(());
    };
    if flag(hop, "transport_error") {
        exchange.failed(Error::new(CloseReason::PeerClosed), Retry::Never, now);
        return Ok(());
    }
    let code = hop["status"].as_u64().and_then(|code| u16::try_from(code).ok());
    let mut head = ResponseHead::new(code.and_then(Status::from_code).ok_or("no status")?);
    if hop["location"].is_string() {
        let value = latin1(&hop["location"]);
        head.fields_mut().append("Location", value).map_err(|e| e.to_string())?;
    }
    for line in items(hop, "set_cookie") {
        head.fields_mut().append("Set-Cookie", latin1(line)).map_err(|e| e.to_string())?;
    }
    exchange.response(head, BodyLength::Empty, now);
    Ok(())
}

/// Whether no head that is read has this Location.
fn is_no_field(location: &Value) -> bool {
    location.is_string() && Fields::new().append("Location", latin1(location)).is_err()
}

/// Whether a plain connection sets a Secure cookie: Go keeps it, RFC 6265bis §5.7 forbids that.
fn sets_secure_in_plain(input: &Value, sent: &[Value]) -> bool {
    let secure =
        |line: &Value| latin1(line).to_ascii_lowercase().windows(6).any(|w| w == b"secure");
    let plain = sent.iter().map(|one| text(one, "url").starts_with("http:"));
    items(input, "hops")
        .iter()
        .zip(plain)
        .any(|(hop, plain)| plain && items(hop, "set_cookie").iter().any(secure))
}
