//! Checks the vectors of what a request looks like on the wire: an exchange
//! builds the head, a client's machine frames and writes it.
//!
//! Where Purlin refuses what Go changes, leaves out or sends as it is, the case
//! says so by what it asks for ([`stricter`]); where both send something that
//! means the same, both are put into one form ([`Message::settle`]).
//! Fields are compared as a list of values for each name, bodies without their
//! chunks: in which order fields stand and how a body is cut is not Go's to say.
//! White space around a value is cut off before, as the caller has to.
//! What a URL's user becomes is Go's `Client`'s business and an exchange's here.

use super::json::{fields, flag, items, latin1, same, text};
use super::request_message::Message;
use super::request_rules::{stricter, waits};
use bytes::Bytes;
use purlin_core::exchange::{
    Ask, ClientPolicy, Exchange, Payload, Proxies, Reached, RequestParts, Route,
};
use purlin_core::policy::proxy::Proxy;
use purlin_core::tunnel::{Destination, Tunnel};
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Fields, Machine, Method, Misuse, Mono, Now, Url,
    client,
};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// `Request.Write`, `Request.WriteProxy`, or `Transport.RoundTrip`.
pub(super) fn check(case: &Value) -> Result<(), String> {
    let (given, out) = (&case["in"], &case["out"]);
    let wanted = text(out, "err");
    let written = match write(text(case, "kind"), given) {
        Err(_) if !wanted.is_empty() => return Ok(()),
        Err(why) => return stricter(given).map(|_| ()).ok_or(why),
        Ok(_) if !wanted.is_empty() => return Err(format!("no error, but {wanted}")),
        Ok(written) => written,
    };
    if let Some(dialled) = out["dialed"].as_str() {
        // A host has no case, and a port is a number (RFC 3986 §3.2).
        same("dialled", &place(&written.dialled), &place(dialled))?;
    }
    if !out["wire_before_expect_timeout"].is_null() {
        let before = Message::parse(&latin1(&out["wire_before_expect_timeout"]))?;
        let ours = if waits(given) { &written.before } else { &written.wire };
        Message::parse(ours)?.compare(&before, given)?;
    }
    let expected = Message::parse(&latin1(&out["wire"]))?;
    Message::parse(&written.wire)?.compare(&expected, given)
}

struct Written {
    dialled: String,
    /// What was written before an answer to Expect was due.
    before: Vec<u8>,
    wire: Vec<u8>,
}

/// The body of a case.
struct Source {
    payload: Payload,
    pieces: Vec<Bytes>,
    fails: bool,
}

fn source(given: &Value) -> Source {
    let none = || Source { payload: Payload::Empty, pieces: Vec::new(), fails: false };
    let body = &given["body"];
    let kind = body["kind"].as_str().unwrap_or("no_body");
    if kind == "no_body" {
        return none();
    }
    let pieces: Vec<Bytes> = items(body, "segments").iter().map(|s| latin1(s).into()).collect();
    let told = given["content_length"].as_i64();
    let coded = items(given, "transfer_encoding").first().is_some_and(|c| c == "chunked");
    let whole: Vec<u8> = pieces.concat();
    let trailers = !items(given, "trailer").is_empty();
    if kind == "memory" && told.is_none() && !coded && !trailers {
        return Source { payload: Payload::Full(whole.into()), pieces: Vec::new(), fails: false };
    }
    let length = told.and_then(|told| u64::try_from(told).ok()).filter(|told| *told > 0);
    let length = if coded { None } else { length };
    Source { payload: Payload::Stream { length, replayable: true }, pieces, fails: kind == "error" }
}

fn policy(kind: &str, given: &Value) -> Result<ClientPolicy, String> {
    let mut policy =
        ClientPolicy { user_agent: "Go-http-client/1.1".into(), ..ClientPolicy::default() };
    policy.compression = kind == "transport" && !flag(given, "disable_compression");
    let proxy = match given["proxy"].as_str() {
        Some(proxy) if !proxy.is_empty() => Some(proxy),
        _ => (kind == "write_proxy").then_some("http://proxy.test"),
    };
    if let Some(proxy) = proxy {
        policy.proxies = Proxies::All(Arc::new(Proxy::parse(proxy).map_err(|e| e.to_string())?));
    }
    Ok(policy)
}

fn parts(given: &Value, source: &Source) -> Result<RequestParts, String> {
    let method = match text(given, "method") {
        "" => "GET",
        method => method,
    };
    let method = Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
    let url = Url::parse(latin1(&given["url"])).map_err(|e| e.to_string())?;
    let mut parts = RequestParts::new(method, url);
    if let Some(host) = given["host"].as_str().filter(|host| !host.is_empty()) {
        parts.fields.append("Host", latin1(&Value::from(host))).map_err(|e| e.to_string())?;
    }
    for (name, value) in fields(&given["headers"]) {
        let name = String::from_utf8(name).map_err(|e| e.to_string())?;
        // White space around a value, which Go cuts off, is refused here.
        let value = trimmed(&value);
        parts.fields.append(&name, value).map_err(|e| e.to_string())?;
    }
    if flag(given, "close") && !parts.fields.list_has("Connection", "close") {
        parts.fields.append("Connection", "close").map_err(|e| e.to_string())?;
    }
    let names: Vec<_> = trailers(given)?.iter().map(|field| field.name.to_owned()).collect();
    if !names.is_empty() {
        let mut names = names;
        names.sort();
        names.dedup();
        parts.fields.append("Trailer", names.join(",")).map_err(|e| e.to_string())?;
    }
    if matches!(source.payload, Payload::Empty) {
        if let Some(length) = given["content_length"].as_i64().filter(|length| *length != 0) {
            let length = length.to_string();
            parts.fields.append("Content-Length", length).map_err(|e| e.to_string())?;
        }
    }
    parts.payload = source.payload.clone();
    Ok(parts)
}

/// A value without the spaces and tabs around it.
fn trimmed(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(from) = value.iter().position(|byte| !blank(byte)) else { return &[] };
    let to = value.iter().rposition(|byte| !blank(byte)).unwrap_or(from);
    &value[from..=to]
}

fn trailers(given: &Value) -> Result<Fields, String> {
    let mut all = Fields::new();
    for (name, value) in fields(&given["trailer"]) {
        let name = String::from_utf8(name).map_err(|e| e.to_string())?;
        all.append(&name, trimmed(&value)).map_err(|e| e.to_string())?;
    }
    Ok(all)
}

fn write(kind: &str, given: &Value) -> Result<Written, String> {
    let now = Now::at(Mono::from_secs(1), 0);
    let source = source(given);
    let mut exchange = Exchange::new(Arc::new(policy(kind, given)?), parts(given, &source)?, now);
    let route = match exchange.ask(now) {
        Ask::Connect(route) => route,
        Ask::Fail(error) => return Err(error.to_string()),
        other => return Err(format!("{other:?}")),
    };
    let mut config =
        ClientConfig { keep_alive: !flag(given, "disable_keep_alives"), ..Default::default() };
    let wait = given["expect_continue_timeout_ms"].as_u64().unwrap_or(0);
    config.timeouts.expect = Duration::from_millis(wait);
    let mut machine = client::Connection::new(Arc::new(config), now);
    if let Some(wire) = tunnel(&route, now)? {
        return Ok(Written { dialled: dialled(&route), before: Vec::new(), wire });
    }
    exchange.connected(Reached::new(), now);
    let (head, body) = match exchange.ask(now) {
        Ask::Send { head, body, .. } => (head, body),
        Ask::Fail(error) => return Err(error.to_string()),
        other => return Err(format!("{other:?}")),
    };
    let streams = matches!(body, Body::Length(_) | Body::Stream);
    let id = machine.request(&head, body, now).map_err(|misuse| misuse.to_string())?;
    let mut wire = Vec::new();
    machine.transmit(&mut wire, usize::MAX, now);
    let before = wire.clone();
    let later = now.later(Duration::from_millis(wait));
    machine.tick(later);
    if streams {
        for piece in &source.pieces {
            let mut piece = piece.clone();
            while !piece.is_empty() {
                machine.send(id, &mut piece, later).map_err(|misuse| misuse.to_string())?;
                machine.transmit(&mut wire, usize::MAX, later);
            }
        }
        if source.fails {
            return Err("the body failed".into());
        }
        let trailers = trailers(given)?;
        let trailers = (!trailers.is_empty()).then_some(&trailers);
        machine.finish(id, trailers, later).map_err(|misuse: Misuse| misuse.to_string())?;
    }
    machine.transmit(&mut wire, usize::MAX, later);
    Ok(Written { dialled: dialled(&route), before, wire })
}

fn place(dialled: &str) -> (String, Option<u16>) {
    let (host, port) = dialled.rsplit_once(':').unwrap_or((dialled, ""));
    (host.to_ascii_lowercase(), port.parse().ok())
}

fn dialled(route: &Route) -> String {
    let (host, port) = route.dialled();
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What is asked of a proxy that makes a tunnel; it refuses.
fn tunnel(route: &Route, now: Now) -> Result<Option<Vec<u8>>, String> {
    let Some((proxy, host, port)) = route.tunnelled() else { return Ok(None) };
    let inner = client::Connection::new(Arc::default(), now);
    let mut tunnel =
        Tunnel::new(inner, &Destination::new(proxy, host, port), now).map_err(|e| e.to_string())?;
    let mut wire = Vec::new();
    tunnel.transmit(&mut wire, usize::MAX, now);
    tunnel.receive(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", now);
    match tunnel.poll_event(now) {
        Some(Event::Failed { error, .. }) => Err(error.to_string()),
        _ => Ok(Some(wire)),
    }
}
