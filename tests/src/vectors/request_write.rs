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
use bytes::Bytes;
use purlin_core::exchange::{Ask, Exchange, Order, Payload, Plan, Proxies, Reached, Route};
use purlin_core::policy::proxy::Proxy;
use purlin_core::tunnel::{Tunnel, Way};
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Fields, Machine, Method, Misuse, Mono, Now, Url,
    client,
};
use serde_json::Value;
use std::collections::BTreeMap;
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
        let lower = dialled.to_ascii_lowercase();
        same("dialled", &written.dialled, &lower)?;
    }
    if !out["wire_before_expect_timeout"].is_null() {
        let before = Message::parse(&latin1(&out["wire_before_expect_timeout"]))?;
        Message::parse(&written.before)?.compare(&before, given)?;
    }
    let expected = Message::parse(&latin1(&out["wire"]))?;
    Message::parse(&written.wire)?.compare(&expected, given)
}

/// Why Purlin refuses what this asks for, where Go sends something.
fn stricter(given: &Value) -> Option<&'static str> {
    let control = |value: &[u8]| value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
    let all = || fields(&given["headers"]).into_iter().chain(fields(&given["trailer"]));
    let named = |name: &str| all().any(|(given, _)| given.eq_ignore_ascii_case(name.as_bytes()));
    let url = latin1(&given["url"]);
    let body = given["body"]["kind"].as_str().is_some_and(|kind| kind != "no_body");
    let host = given["host"].as_str().map(|host| latin1(&Value::from(host))).unwrap_or_default();
    if all().any(|(name, _)| name.is_empty() || !name.iter().all(|byte| is_token(*byte))) {
        return Some("RFC 9110 §5.1: a name that is no token is refused, not left out");
    }
    if all().any(|(_, value)| control(&value)) {
        return Some("RFC 9110 §5.5: a value with a control character is refused, not changed");
    }
    if named("content-length") || named("transfer-encoding") {
        return Some("framing that contradicts the body is refused, not ignored");
    }
    if matches!(text(given, "method"), "CONNECT" | "TRACE") && body {
        return Some("RFC 9110 §9.3.6, §9.3.8: CONNECT and TRACE have no content");
    }
    if !url.is_ascii() || !host.is_ascii() {
        return Some("a host that is not ASCII is refused: write it in punycode");
    }
    let is_http = Url::parse(&url).is_ok_and(|url| url.is_http());
    if !is_http {
        return Some("RFC 9110 §4.2: a request has an http or https URL with a host");
    }
    let odd = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-._~:[]".contains(byte));
    if host.iter().any(odd)
        || all().any(|(n, v)| n.eq_ignore_ascii_case(b"host") && v.iter().any(odd))
    {
        return Some("RFC 9112 §3.2: a Host that is none is refused, not sent empty");
    }
    let proxied = given["proxy"].is_string() || given["kind"] == "write_proxy";
    (proxied || url.starts_with(b"https"))
        .then_some("https through a proxy goes through a tunnel, and is never forwarded")
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
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

fn plan(kind: &str, given: &Value) -> Result<Plan, String> {
    let mut plan = Plan { user_agent: "Go-http-client/1.1".into(), ..Plan::default() };
    plan.compression = kind == "transport" && !flag(given, "disable_compression");
    let proxy = match given["proxy"].as_str() {
        Some(proxy) if !proxy.is_empty() => Some(proxy),
        _ => (kind == "write_proxy").then_some("http://proxy.test"),
    };
    if let Some(proxy) = proxy {
        plan.proxies = Proxies::All(Arc::new(Proxy::parse(proxy).map_err(|e| e.to_string())?));
    }
    Ok(plan)
}

fn order(given: &Value, source: &Source) -> Result<Order, String> {
    let method = match text(given, "method") {
        "" => "GET",
        method => method,
    };
    let method = Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
    let url = Url::parse(latin1(&given["url"])).map_err(|e| e.to_string())?;
    let mut order = Order::new(method, url);
    if let Some(host) = given["host"].as_str().filter(|host| !host.is_empty()) {
        order.fields.append("Host", latin1(&Value::from(host))).map_err(|e| e.to_string())?;
    }
    for (name, value) in fields(&given["headers"]) {
        let name = String::from_utf8(name).map_err(|e| e.to_string())?;
        // White space around a value, which Go cuts off, is refused here.
        let value = value.trim_ascii();
        order.fields.append(&name, value).map_err(|e| e.to_string())?;
    }
    if flag(given, "close") && !order.fields.list_has("Connection", "close") {
        order.fields.append("Connection", "close").map_err(|e| e.to_string())?;
    }
    let names: Vec<_> = trailers(given)?.iter().map(|field| field.name.to_owned()).collect();
    if !names.is_empty() {
        let mut names = names;
        names.sort();
        names.dedup();
        order.fields.append("Trailer", names.join(",")).map_err(|e| e.to_string())?;
    }
    if matches!(source.payload, Payload::Empty) {
        if let Some(length) = given["content_length"].as_i64().filter(|length| *length != 0) {
            let length = length.to_string();
            order.fields.append("Content-Length", length).map_err(|e| e.to_string())?;
        }
    }
    order.payload = source.payload.clone();
    Ok(order)
}

fn trailers(given: &Value) -> Result<Fields, String> {
    let mut all = Fields::new();
    for (name, value) in fields(&given["trailer"]) {
        let name = String::from_utf8(name).map_err(|e| e.to_string())?;
        all.append(&name, value.trim_ascii()).map_err(|e| e.to_string())?;
    }
    Ok(all)
}

fn write(kind: &str, given: &Value) -> Result<Written, String> {
    let now = Now::at(Mono::from_secs(1), 0);
    let source = source(given);
    let mut exchange = Exchange::new(Arc::new(plan(kind, given)?), order(given, &source)?, now);
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

fn dialled(route: &Route) -> String {
    let (host, port) = route.dialled();
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What is asked of a proxy that makes a tunnel; it refuses.
fn tunnel(route: &Route, now: Now) -> Result<Option<Vec<u8>>, String> {
    let Some((proxy, host, port)) = route.tunnelled() else { return Ok(None) };
    let inner = client::Connection::new(Arc::default(), now);
    let mut tunnel =
        Tunnel::new(inner, &Way::new(proxy, host, port), now).map_err(|e| e.to_string())?;
    let mut wire = Vec::new();
    tunnel.transmit(&mut wire, usize::MAX, now);
    tunnel.receive(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", now);
    match tunnel.poll_event(now) {
        Some(Event::Failed(error)) => Err(error.to_string()),
        _ => Ok(Some(wire)),
    }
}

/// A request taken apart.
#[derive(Clone, Debug)]
struct Message {
    line: String,
    fields: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

impl Message {
    fn parse(wire: &[u8]) -> Result<Message, String> {
        let end = wire.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no head")?;
        let head: String = wire[..end].iter().map(|byte| char::from(*byte)).collect();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for field in lines {
            let (name, value) = field.split_once(':').ok_or(field)?;
            fields.entry(name.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
        }
        let body = &wire[end + 4..];
        let body = match fields.get("transfer-encoding") {
            Some(_) if !body.is_empty() => plain(body)?,
            _ => body.to_vec(),
        };
        Ok(Message { line, fields, body })
    }

    /// Puts what means the same into one form.
    fn settle(&mut self, given: &Value) {
        let named = |name: &str| {
            fields(&given["headers"]).iter().any(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
        };
        // RFC 3986 §3.4: what may not stand in a query is escaped.
        if let Some((method, rest)) = self.line.split_once(' ') {
            if let Some((target, version)) = rest.rsplit_once(' ') {
                let mut plain = String::new();
                for letter in target.chars() {
                    match u8::try_from(letter).unwrap_or(b'?') {
                        b @ (b' ' | b'"' | b'<' | b'>' | b'\\' | b'`' | 0x80..) => {
                            plain.push_str(&format!("%{b:02X}"));
                        }
                        b => plain.push(char::from(b)),
                    }
                }
                // RFC 9112 §3.2.3: the target of CONNECT is host and port.
                let plain = if method == "CONNECT" { String::new() } else { plain };
                self.line = format!("{method} {plain} {version}");
            }
        }
        // One Connection, which says whether the connection ends.
        let mut options: Vec<String> = self.fields.remove("connection").unwrap_or_default();
        options = options
            .iter()
            .flat_map(|all| all.split(','))
            .map(|o| o.trim().to_ascii_lowercase())
            .collect();
        options.retain(|option| !option.is_empty() && option != "keep-alive" && option != "te");
        if options.iter().any(|option| option == "close") {
            options = vec!["close".into()];
        }
        options.sort();
        options.dedup();
        if !options.is_empty() {
            self.fields.insert("connection".into(), options);
        }
        // RFC 9110 §10.1.1: nothing is expected without content.
        let framed = self.fields.contains_key("transfer-encoding")
            || self.fields.get("content-length").is_some_and(|length| length[0] != "0");
        if !framed {
            self.fields.remove("expect");
        }
        // A stream is not read to find out whether it is empty, and no body is no body.
        if self.body.is_empty() || self.body == b"\r\n" {
            self.body.clear();
            let coded = self.fields.remove("transfer-encoding");
            let length = self.fields.remove("content-length").filter(|length| length[0] != "0");
            if let (None, Some(length)) = (coded, length) {
                self.fields.insert("content-length".into(), length);
            }
        }
        // What the caller says stands alone, and a Host of theirs is sent.
        for (name, of_client) in [("user-agent", "Go-http-client/1.1"), ("accept-encoding", "gzip")]
        {
            if let Some(values) = self.fields.get_mut(name).filter(|values| values.len() > 1) {
                values.retain(|value| value != of_client);
            }
        }
        if named("proxy-authorization") {
            self.fields.entry("proxy-authorization".into()).and_modify(|values| values.truncate(1));
        }
        if named("host") {
            self.fields.remove("host");
        }
        // Trailer names what follows, in any order and case; it is the caller's to send.
        self.fields.remove("trailer");
        if self.fields.contains_key("transfer-encoding") && !items(given, "trailer").is_empty() {
            let text: String = self.body.iter().map(|byte| char::from(*byte)).collect();
            let mut lines: Vec<_> = text.split_inclusive("\r\n").collect();
            lines.sort_unstable();
            self.body = lines.concat().into_bytes();
        }
        // Fields keep the caller's order, whatever their case.
        for values in self.fields.values_mut() {
            values.sort();
        }
    }

    fn compare(mut self, expected: &Message, given: &Value) -> Result<(), String> {
        let mut expected = expected.clone();
        self.settle(given);
        expected.settle(given);
        same("request line", &self.line, &expected.line)?;
        if text(given, "url").contains('@') && !expected.fields.contains_key("authorization") {
            self.fields.remove("authorization");
        }
        same("fields", &self.fields, &expected.fields)?;
        same("body", &self.body, &expected.body)
    }
}

/// The data of all chunks, and the trailer section as it stands.
fn plain(mut coded: &[u8]) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        let end = coded.windows(2).position(|two| two == b"\r\n").ok_or("no chunk line")?;
        let size = std::str::from_utf8(&coded[..end]).map_err(|e| e.to_string())?;
        let size = usize::from_str_radix(size, 16).map_err(|e| e.to_string())?;
        coded = &coded[end + 2..];
        if size == 0 {
            // The trailer section begins a line.
            if coded != b"\r\n" {
                all.extend_from_slice(b"\r\n");
            }
            all.extend_from_slice(coded);
            return Ok(all);
        }
        all.extend_from_slice(coded.get(..size).ok_or("a chunk is cut")?);
        coded = coded.get(size + 2..).ok_or("a chunk has no end")?;
    }
}
