//! Checks the vectors of how responses are written: a scripted handler in Go's
//! terms, on the core's draft and a connection in virtual time.
//!
//! What Go sent is read by the same strict client as what Purlin sends, so that
//! sizes of chunks and the order of fields do not matter.

mod script;

use super::json::{flag, items, latin1, same, text};
use crate::peer::response::{self, Framing, Response};
use purlin_core::content::sniff;
use script::{Outcome, Script};
use serde_json::Value;

/// `DetectContentType`.
pub(super) fn detect(case: &Value) -> Result<(), String> {
    let data = latin1(&case["in"]["data"]);
    same("type", &sniff(&data), &text(&case["out"], "type"))
}

/// A script of a handler on a connection.
pub(super) fn serve(case: &Value) -> Result<(), String> {
    let mut script = Script::new(&case["in"]);
    let sends = items(&case["in"], "send");
    for (number, send) in sends.iter().enumerate() {
        let mut bytes = latin1(send);
        if number + 1 == sends.len() {
            let pad = case["in"]["pad"].as_u64().unwrap_or_default();
            bytes.resize(bytes.len() + usize::try_from(pad).unwrap_or_default(), b'x');
        }
        script.send(&bytes);
    }
    let ran = script.end();
    let expected = Expected::of(case, &ran);
    same("handler calls", &(ran.calls as u64), &expected.calls)?;
    expected.responses(&ran)?;
    same("stays open", &ran.open, &expected.open)?;
    operations(case, &ran)
}

/// What Go did, where Purlin means to do the same.
struct Expected {
    calls: u64,
    open: bool,
    wire: Vec<u8>,
    scope: Scope,
}

/// How much of a response is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    /// Framing and media type are left out: a handler cannot choose the coding here.
    Content,
    /// The answer is Purlin's own: to a fault before any handler, or to a panic.
    Status,
}

impl Expected {
    fn of(case: &Value, ran: &Outcome) -> Expected {
        let out = &case["out"];
        let sets = |name: &str| items(&case["in"], "handler").iter().any(|step| step["k"] == name);
        let mut expected = Expected {
            calls: out["handler_calls"].as_u64().unwrap_or_default(),
            open: flag(out, "open"),
            wire: items(out, "recv").iter().flat_map(latin1).collect(),
            scope: if sets("Transfer-Encoding") { Scope::Content } else { Scope::All },
        };
        // A panic before the head is a 500, and the connection lives: nothing went out that was cut.
        if ran.panicked && expected.wire.is_empty() {
            expected.wire = b"HTTP/1.1 500 Internal Server Error\r\n\r\n".to_vec();
            (expected.open, expected.scope) = (ran.open, Scope::Status);
        }
        if ran.calls == 0 {
            expected.scope = Scope::Status;
        }
        // `close` in any case, and in any place of the list, is kept to (RFC 9110 §7.6.1).
        if ran.asked_to_close {
            expected.open = false;
        }
        // `identity` is no coding any more, and a response of known length needs no close.
        if expected.scope == Scope::Content {
            expected.open = ran.open;
        }
        expected
    }

    /// The responses are alike, one by one.
    fn responses(&self, ran: &Outcome) -> Result<(), String> {
        if let Some(raw) = &ran.hijacked {
            return same("raw bytes", &ran.wire.ends_with(raw), &self.wire.ends_with(raw));
        }
        let ours = read_all(&ran.methods, &ran.wire, !ran.open)?;
        // What a strict client does not take has nothing to be like.
        let Ok(theirs) = read_all(&ran.methods, &self.wire, !self.open) else {
            return Ok(());
        };
        let (ours, theirs) = (finals(ours), finals(theirs));
        same("statuses", &statuses(&ours), &statuses(&theirs))?;
        ours.iter().zip(&theirs).try_for_each(|(our, their)| self.compare(our, their, ran))
    }

    fn compare(&self, our: &Response, their: &Response, ran: &Outcome) -> Result<(), String> {
        // RFC 9110 §15.3.6: 205 has no content.
        if self.scope == Scope::Status || our.status == 205 {
            return Ok(());
        }
        let left_out = |name: &str| match name {
            // RFC 9110 §15.4.5: what a 304 tells of the content is the application's to choose.
            "content-type" | "content-length" if our.status == 304 => true,
            "content-type" | "content-length" | "transfer-encoding" | "connection" => {
                self.scope == Scope::Content
            }
            name => ran.refused.iter().any(|refused| refused == name),
        };
        same("fields", &fields(our, left_out), &fields(their, left_out))?;
        if self.scope == Scope::All {
            same("framing", &our.framing, &their.framing)?;
            same("trailers", &sorted(&our.trailers), &sorted(&their.trailers))?;
        }
        same("body", &our.body.escape_ascii().to_string(), &their.body.escape_ascii().to_string())
    }
}

/// The responses without 100 (Continue), which need not be sent where the body
/// comes anyway, and without any interim one for HTTP/1.0 (RFC 9110 §15.2).
fn finals(all: Vec<Response>) -> Vec<Response> {
    let told = |one: &Response| one.status != 100 && (one.status >= 200 || one.minor > 0);
    all.into_iter().filter(told).collect()
}

fn statuses(all: &[Response]) -> Vec<u16> {
    all.iter().map(|one| one.status).collect()
}

/// The fields in an order of their own: names in lower case, values in the
/// order they came in, and lists that say the same alike.
fn fields(one: &Response, left_out: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let fields = one.fields.iter().filter_map(|(name, value)| {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let value = String::from_utf8_lossy(value).into_owned();
        match &*name {
            name if left_out(name) => None,
            // One of them is masked, and a handler cannot leave it out here.
            "date" => None,
            "content-length" => Some((name, value.trim_start_matches('0').to_owned())),
            // That a connection goes on is said by saying nothing in HTTP/1.1.
            "connection" => {
                let value = value.to_ascii_lowercase().replace("keep-alive", "");
                // HTTP/1.0 closes unless it says otherwise.
                let said =
                    |option: &&str| !option.is_empty() && (one.minor > 0 || *option != "close");
                let mut options: Vec<&str> = value.split(',').map(str::trim).filter(said).collect();
                options.sort_unstable();
                options.dedup();
                (!options.is_empty()).then(|| (name, options.join(",")))
            }
            _ => Some((name, value)),
        }
    });
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields.dedup_by(|a, b| a.0 == "connection" && a == b);
    fields
}

fn sorted(fields: &response::FieldList) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut all: Vec<_> =
        fields.iter().map(|(name, value)| (text(name).to_ascii_lowercase(), text(value))).collect();
    all.sort();
    all
}

/// Every response; a last one that was cut is given with what came of it.
fn read_all(methods: &[String], wire: &[u8], ended: bool) -> Result<Vec<Response>, String> {
    let mut methods: Vec<&str> = methods.iter().map(String::as_str).collect();
    methods.extend(["GET"; 4]);
    let (mut all, rest) = response::read_all(&methods, wire, ended)?;
    if !rest.is_empty() {
        all.push(cut(rest)?);
    }
    Ok(all)
}

/// What is left of a response that was broken off.
fn cut(rest: &[u8]) -> Result<Response, String> {
    let end = rest.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| format!("cut in a head: {}", rest.escape_ascii()))? + 4;
    // Its head with the framing it would have had, and a body of nothing.
    let head = [&rest[..end - 2], b"Connection: close\r\n\r\n"].concat();
    match response::read("HEAD", &head, true)? {
        response::Found::Whole(mut response, _) => {
            response.framing = Framing::Close;
            response.body = rest[end..].to_vec();
            Ok(*response)
        }
        response::Found::Partial => Err("a head that is not whole".to_owned()),
    }
}

/// The results of reading and writing are Go's.
fn operations(case: &Value, ran: &Outcome) -> Result<(), String> {
    let theirs = items(&case["out"], "ops");
    for (our, their) in ran.operations.iter().zip(theirs) {
        let err = text(their, "err");
        // Purlin reads on while a response is under way, and behind a body that was given up.
        if err == "read_after_close" {
            continue;
        }
        same("operation", &our.index, &their["i"].as_u64().unwrap_or_default())?;
        same("failed", &our.error.is_some(), &!err.is_empty())?;
        if err == "content_length" || err == "body_not_allowed" {
            same("error", &our.error, &Some(err.to_owned()))?;
        }
        same("bytes", &our.count, &their["n"].as_u64().unwrap_or_default())?;
        let got = latin1(&their["got"]);
        if !our.got.starts_with(&got) {
            return Err(format!(
                "read {}, expected {}",
                our.got.escape_ascii(),
                got.escape_ascii()
            ));
        }
    }
    same("operations", &ran.operations.len(), &theirs.len())
}
