//! Checks the vectors of redirects once more, through the whole of an exchange:
//! cookies, credentials, bodies and what the head of each request comes to.
//!
//! Connections are had at once and carry nothing: a hop is its head.

use super::json::{fields, flag, items, latin1, same, text};
use purlin_core::exchange::{Ask, CookieStore, Error, Exchange, Order, Payload, Plan, Reached};
use purlin_core::policy::jar::Jar;
use purlin_core::policy::redirect::Policy;
use purlin_core::{
    Body, BodyLength, CloseReason, Fields, Now, RequestHead, ResponseHead, Retry, Status, Url,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// What was sent, as Go has it with Go's rules.
pub(super) fn redirect(case: &Value, policy: Policy) -> Result<(), String> {
    let input = &case["in"];
    if items(input, "hops").iter().any(|hop| is_no_field(&hop["location"])) {
        return Ok(());
    }
    let cookies = flag(input, "jar").then(|| Arc::new(Cookies::default()) as Arc<dyn CookieStore>);
    let plan = Plan { user_agent: String::new(), redirects: policy, cookies, ..Plan::default() };
    let mut exchange = Exchange::new(Arc::new(plan), order(input)?, Now::default());
    let mut sent = Vec::new();
    let now = Now::default();
    loop {
        match exchange.ask(now) {
            Ask::Connect(_) => exchange.connected(Reached::new(), now),
            Ask::Send { head, body, rewind } => {
                sent.push(shown(&exchange.order().url, &head, &body));
                if rewind && !flag(input, "replayable") {
                    return Err("a body that can be read once is sent again".into());
                }
                if matches!(body, Body::Length(_) | Body::Stream) {
                    exchange.body_taken();
                }
            }
            Ask::Drive => answer(&mut exchange, input, sent.len() - 1)?,
            Ask::Discard => exchange.discarded(now),
            Ask::Deliver(_) | Ask::Fail(_) => break,
        }
    }
    let mut expected: Vec<Value> = items(&case["out"], "sent").iter().map(expected).collect();
    if sets_secure_in_plain(input, &sent) {
        for one in sent.iter_mut().chain(&mut expected) {
            if let Some(all) = one["headers"].as_array_mut() {
                all.retain(|field| field[0] != "Cookie");
            }
        }
    }
    same("sent through an exchange", &sent, &expected)
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

fn order(input: &Value) -> Result<Order, String> {
    let method = text(input, "method").parse().map_err(|_| "no method")?;
    let url = Url::parse(latin1(&input["url"])).map_err(|error| error.to_string())?;
    let mut order = Order::new(method, url);
    if let Some(host) = input["host"].as_str().filter(|host| !host.is_empty()) {
        order.fields.append("Host", host).map_err(|error| error.to_string())?;
    }
    for (name, value) in fields(&input["headers"]) {
        let name = String::from_utf8_lossy(&name).into_owned();
        order.fields.append(&name, value).map_err(|error| error.to_string())?;
    }
    if let Some(body) = input["body"].as_str() {
        order.payload = if flag(input, "replayable") {
            Payload::Full(body.to_owned().into())
        } else {
            Payload::Stream { length: None, replayable: false }
        };
    }
    Ok(order)
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

fn shown(url: &Url, head: &RequestHead, body: &Body) -> Value {
    let host = head.fields().get("Host").unwrap_or_default();
    let rest = head.fields().iter().filter(|field| !field.is("Host"));
    let rest = rest.map(|field| (field.name.as_bytes().to_vec(), field.value.to_vec()));
    json!({
        "method": head.method().as_str(),
        "url": url.as_str(),
        "host": host,
        "headers": sorted(rest.collect()),
        "body": !matches!(body, Body::Empty),
    })
}

/// What Go sent, without fragments in Referer (RFC 9110 §10.1.3 forbids them).
fn expected(sent: &Value) -> Value {
    let mut all = fields(&sent["headers"]);
    for (name, value) in &mut all {
        if name.eq_ignore_ascii_case(b"Referer") {
            let end = value.iter().position(|byte| *byte == b'#');
            value.truncate(end.unwrap_or(value.len()));
        }
    }
    json!({
        "method": sent["method"],
        "url": sent["url"],
        "host": sent["host"],
        "headers": sorted(all),
        "body": sent["body"].is_string(),
    })
}

/// Fields as they are compared: sorted by name.
fn sorted(mut all: Vec<(Vec<u8>, Vec<u8>)>) -> Value {
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let text = |bytes: Vec<u8>| -> String { bytes.into_iter().map(char::from).collect() };
    all.into_iter().map(|(name, value)| json!([text(name), text(value)])).collect()
}
