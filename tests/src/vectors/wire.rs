//! Checks the vectors of the family `wire`: what a server makes of bytes.
//!
//! Each input is fed whole, byte by byte and at random splits, and what is seen
//! must be the same each time. What is right stands in the vectors.

use super::Profile;
use super::json::{decode, fields, flag, items, latin1, same, text};
use crate::assumed::{BodyEnd, Message, Seen, Server, State};
use crate::peer::response::{self, Response};
use crate::rng::Rng;
use purlin_core::{CloseReason, Version};
use serde_json::Value;

/// What an input led to.
struct Ran {
    input: Vec<u8>,
    before_eof: Seen,
    after_eof: Seen,
    /// 100 (Continue) per message, with the input fed whole.
    continues: Vec<usize>,
}

pub(super) fn server_request(case: &Value, profile: Profile) -> Result<(), String> {
    let ran = feed_every_way(decode(&case["input_b64"]), text(case, "id"), false)?;
    let mut why = None;
    for outcome in outcomes(case, profile) {
        match judge(&ran, &outcome) {
            Ok(()) => return Ok(()),
            Err(other) => _ = why.get_or_insert(other),
        }
    }
    Err(why.unwrap_or_else(|| "the case lists no outcome".to_owned()))
}

/// A chunked body is read behind a head that asks for an upgrade: what the
/// body leaves is then what the upgraded connection hands out first.
pub(super) fn chunked(case: &Value, profile: Profile) -> Result<(), String> {
    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
        Connection: upgrade\r\nUpgrade: raw\r\n\r\n";
    let input = [HEAD, &decode(&case["input_b64"])].concat();
    let ran = feed_every_way(input, text(case, "id"), true)?;
    let refused = judge_chunked(&ran, &case["expect"], "error");
    let expected = judge_chunked(&ran, &case["expect"], text(&case["expect"], "end"));
    match (text(case, "rfc"), text(case, "advice"), profile) {
        ("either", "reject", Profile::Strict) => refused,
        ("either", "accept", Profile::Strict) => expected,
        ("either", ..) => expected.or(refused),
        _ => expected,
    }
}

fn judge_chunked(ran: &Ran, expect: &Value, end: &str) -> Result<(), String> {
    let [message] = &ran.after_eof.messages[..] else {
        return Err(format!("{} messages", ran.after_eof.messages.len()));
    };
    let early = ran.before_eof.messages.first().map(|message| message.end);
    let body = decode(&expect["body_b64"]);
    let wanted = match end {
        "done" => Some(BodyEnd::Whole),
        "incomplete" => Some(BodyEnd::NotYet),
        _ => early.filter(|end| *end != BodyEnd::Whole),
    };
    check(early == wanted, || format!("the body is {early:?} before EOF"))?;
    if end == "done" {
        same("body", &message.body, &body)?;
        check_trailers(&message.trailers, expect)?;
        return same("rest", &ran.after_eof.tunnel, &decode(&expect["rest_b64"]));
    }
    check(message.end == BodyEnd::Failed, || format!("the body is {:?} at EOF", message.end))?;
    check(body.starts_with(&message.body), || {
        format!("body {} is no prefix", message.body.escape_ascii())
    })
}

/// One of the outcomes that a case allows.
struct Outcome<'a> {
    expect: &'a [Value],
    end: &'a str,
    after: &'a str,
    status_ok: &'a [Value],
    /// Whether a fault may be met with silence.
    silence: bool,
}

fn outcomes(case: &Value, profile: Profile) -> Vec<Outcome<'_>> {
    let read = |of| Outcome::read(of, profile);
    let tolerant = || std::iter::once(read(case)).chain(items(case, "alts").iter().map(read));
    match (text(case, "rfc"), text(case, "advice"), profile) {
        ("either", "reject", Profile::Strict) => vec![read(&case["reject_outcome"])],
        ("either", "accept", Profile::Strict) => tolerant().collect(),
        ("either", ..) => tolerant().chain([read(&case["reject_outcome"])]).collect(),
        _ => vec![read(case)],
    }
}

impl<'a> Outcome<'a> {
    fn read(of: &'a Value, profile: Profile) -> Outcome<'a> {
        let rejects = text(of, "end") == "error";
        let status_ok = if rejects { items(of, "status_ok") } else { &[] };
        // The peer of a vector can always read an answer; then a strict server gives one.
        let silence = status_ok.iter().any(Value::is_null) && profile == Profile::Conformance;
        Outcome {
            expect: items(of, "expect"),
            end: text(of, "end"),
            after: text(of, "after"),
            status_ok,
            silence,
        }
    }
}

fn feed_every_way(input: Vec<u8>, id: &str, upgrades: bool) -> Result<Ran, String> {
    let whole = feed(&input, &[], upgrades)?;
    let every: Vec<usize> = (1..input.len()).collect();
    let mut rng = Rng::named(id);
    let mut ways = vec![("byte by byte".to_owned(), every)];
    for cuts in [1, 2, 5, 20] {
        let mut places: Vec<usize> = (0..cuts).map(|_| rng.below(input.len())).collect();
        places.sort_unstable();
        ways.push((format!("split at {places:?}"), places));
    }
    for (way, cuts) in ways {
        let other = feed(&input, &cuts, upgrades)?;
        for (when, a, b) in [
            ("before EOF", &whole.before_eof, &other.before_eof),
            ("after EOF", &whole.after_eof, &other.after_eof),
        ] {
            check(a == b, || format!("{way} gives otherwise {when}: {}", difference(a, b)))?;
        }
    }
    Ok(Ran { input, ..whole })
}

fn feed(input: &[u8], cuts: &[usize], upgrades: bool) -> Result<Ran, String> {
    let mut server = Server::new(upgrades);
    let mut from = 0;
    for cut in cuts.iter().copied().chain([input.len()]) {
        // Once it is closing, how the rest comes cannot matter: it is thrown away.
        let cut = if server.is_closing() { input.len() } else { cut.max(from) };
        server.feed(&input[from..cut])?;
        from = cut;
    }
    let before_eof = server.seen();
    let continues = server.continues.clone();
    server.eof();
    Ok(Ran { input: Vec::new(), before_eof, after_eof: server.seen(), continues })
}

fn difference(a: &Seen, b: &Seen) -> String {
    if a.messages != b.messages {
        return format!("{:?} / {:?}", a.messages, b.messages);
    }
    let text = |seen: &Seen| seen.output.escape_ascii().to_string();
    format!("{:?} {} / {:?} {}", a.state, text(a), b.state, text(b))
}

fn judge(ran: &Ran, outcome: &Outcome<'_>) -> Result<(), String> {
    check_messages(&ran.after_eof.messages, outcome.expect)?;
    check_end(ran, outcome)?;
    check_persistence(ran, outcome)?;
    check_answers(ran, outcome)?;
    check_continues(ran, outcome)
}

/// The handler saw these messages, and no others: nothing that follows a
/// refused or last request is among them.
fn check_messages(got: &[Message], expect: &[Value]) -> Result<(), String> {
    let least = expect.iter().filter(|message| !flag(message, "optional")).count();
    check((least..=expect.len()).contains(&got.len()), || {
        let got: Vec<_> = got.iter().map(|m| format!("{} {}", m.method, m.target)).collect();
        format!("the handler saw {got:?}, expected {} messages", expect.len())
    })?;
    got.iter().zip(expect).try_for_each(|(got, expect)| check_message(got, expect))
}

fn check_message(got: &Message, expect: &Value) -> Result<(), String> {
    same("method", &got.method.as_bytes().to_vec(), &latin1(&expect["method"]))?;
    same("target", &got.target.as_bytes().to_vec(), &latin1(&expect["target"]))?;
    let version = if text(expect, "version") == "1.0" { Version::Http10 } else { Version::Http11 };
    same("version", &got.version, &version)?;
    if let Some(authority) = expect["authority"].as_str() {
        same("authority", &got.authority.as_deref().unwrap_or(""), &authority)?;
    }
    check_fields(&got.fields, expect)?;
    let body = decode(&expect["body_b64"]);
    if flag(expect, "complete") {
        same("end of body", &got.end, &BodyEnd::Whole)?;
        same("body", &got.body, &body)?;
        return check_trailers(&got.trailers, expect);
    }
    same("end of body", &got.end, &BodyEnd::Failed)?;
    check(body.starts_with(&got.body), || format!("body {}", got.body.escape_ascii()))
}

pub(super) fn check_fields(got: &[(Vec<u8>, Vec<u8>)], expect: &Value) -> Result<(), String> {
    let free: &[&[u8]] = match () {
        () if flag(expect, "te_norm") => &[b"transfer-encoding"],
        () if flag(expect, "cl_dedup") || flag(expect, "cl_dropped") => &[b"content-length"],
        () => &[],
    };
    let normal = |(name, value): &(Vec<u8>, Vec<u8>)| {
        let name = name.to_ascii_lowercase();
        let value = if flag(expect, "ws_lenient") { one_space(value) } else { value.clone() };
        (!free.contains(&&name[..])).then_some((name, value))
    };
    let got: Vec<_> = got.iter().filter_map(normal).collect();
    let expected: Vec<_> = fields(&expect["headers"]).iter().filter_map(normal).collect();
    check(got == expected, || format!("fields {}, expected {}", show(&got), show(&expected)))
}

/// Runs of white space and NUL as one space, none at the ends.
fn one_space(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| b" \t\r\n\0".contains(byte)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// A trailer may be dropped, but not one of ours: those that begin with `X-`.
pub(super) fn check_trailers(got: &[(Vec<u8>, Vec<u8>)], expect: &Value) -> Result<(), String> {
    if flag(expect, "trailers_any") {
        return Ok(());
    }
    let lenient = flag(expect, "ws_lenient");
    let expected = fields(&expect["trailers"]);
    let mut rest = expected.iter();
    for (name, value) in got {
        let found = rest.any(|(other, text)| {
            let same = if lenient { one_space(text) == one_space(value) } else { text == value };
            name.eq_ignore_ascii_case(other) && same
        });
        check(found, || format!("trailers {}", show(got)))?;
    }
    let ours = |all: &[(Vec<u8>, Vec<u8>)]| {
        all.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with(b"x-")).count()
    };
    check(ours(got) == ours(&expected), || format!("trailers {}", show(got)))
}

fn check_end(ran: &Ran, outcome: &Outcome<'_>) -> Result<(), String> {
    let state = ran.before_eof.state;
    let unread = ran.before_eof.messages.last().is_some_and(|last| last.end == BodyEnd::NotYet);
    let fits = match (outcome.end, state) {
        // An empty line before the next request is not part of it (RFC 9112 §2.2).
        ("idle", State::Between { begun }) => {
            !begun || ran.input.is_empty() || ran.input.ends_with(b"\r\n")
        }
        ("partial_head", State::Between { begun }) => begun,
        ("partial_body", State::Body) => unread,
        ("tunnel", State::Tunnel) | ("either", _) => true,
        ("closed", State::Closed(reason)) => !matches!(reason, CloseReason::Fault(_)),
        ("error", State::Closed(CloseReason::Fault(_))) => true,
        // The broken line may have no end yet.
        ("error", State::Between { begun }) => begun,
        ("error", State::Body) => unread,
        _ => false,
    };
    check(fits, || format!("{state:?}, expected {}", outcome.end))?;
    let after = &ran.after_eof;
    let ended = matches!(after.state, State::Closed(_)) && after.closing;
    check(ended, || format!("after EOF: {:?}", after.state))?;
    if outcome.end == "idle" {
        same("after EOF", &after.state, &State::Closed(CloseReason::PeerClosed))?;
        check(after.output == ran.before_eof.output, || "an answer to EOF".to_owned())?;
    }
    Ok(())
}

fn check_persistence(ran: &Ran, outcome: &Outcome<'_>) -> Result<(), String> {
    let seen = if outcome.end == "error" { &ran.after_eof } else { &ran.before_eof };
    match outcome.after {
        "keep" => check(!seen.closing, || "closes, expected to be kept".to_owned()),
        "close" => check(seen.closing, || "kept, expected a close".to_owned()),
        _ => Ok(()),
    }
}

/// 200 for every whole message; for a fault one of the statuses allowed.
fn check_answers(ran: &Ran, outcome: &Outcome<'_>) -> Result<(), String> {
    let mut finals = answers(ran)?.into_iter();
    for message in &ran.after_eof.messages {
        let Some(answer) = finals.next() else {
            return Err(format!("no answer to {} {}", message.method, message.target));
        };
        let status = answer.status;
        if message.end == BodyEnd::Whole {
            check(status == 200, || format!("{status} instead of 200"))?;
        } else {
            check_fault(&answer, ran, outcome)?;
        }
    }
    let rejected = ran.after_eof.messages.iter().all(|message| message.end == BodyEnd::Whole)
        && outcome.end == "error";
    match finals.next() {
        Some(answer) => check_fault(&answer, ran, outcome)?,
        None if rejected => check(outcome.silence, || "no answer to the fault".to_owned())?,
        None => {}
    }
    check(finals.next().is_none(), || "more answers than requests".to_owned())
}

/// Every final response, read as a strict client reads it.
fn answers(ran: &Ran) -> Result<Vec<Response>, String> {
    let methods: Vec<&str> = ran.after_eof.messages.iter().map(|m| &*m.method).collect();
    // What is refused may have been a HEAD request, whose answer has no body.
    let read = |last| {
        let methods: Vec<&str> = methods.iter().copied().chain([last]).collect();
        let (all, rest) = response::read_all(&methods, &ran.after_eof.output, true)?;
        check(rest.is_empty(), || format!("part of a response: {}", rest.escape_ascii()))?;
        Ok(all)
    };
    read("GET").or_else(|why: String| read("HEAD").map_err(|_| why))
}

/// The answer to a fault has the right status, says what it is, and ends the connection.
fn check_fault(answer: &Response, ran: &Ran, outcome: &Outcome<'_>) -> Result<(), String> {
    let status = answer.status;
    let at_eof = answers_at_eof(ran);
    let allowed = match outcome.end {
        "partial_head" => at_eof && matches!(status, 400 | 408),
        "partial_body" => at_eof && status == 400,
        "error" => outcome.status_ok.iter().any(|ok| ok.as_u64() == Some(u64::from(status))),
        _ => false,
    };
    check(allowed, || format!("{status} answers the fault"))?;
    let complete = answer.says_close()
        && answer.values("date").len() == 1
        && answer.values("content-length").len() == 1;
    check(complete, || format!("{status} lacks Date, Content-Length or Connection: close"))
}

fn answers_at_eof(ran: &Ran) -> bool {
    ran.after_eof.output.len() > ran.before_eof.output.len()
}

fn check_continues(ran: &Ran, outcome: &Outcome<'_>) -> Result<(), String> {
    for (index, (count, expect)) in ran.continues.iter().zip(outcome.expect).enumerate() {
        let answered = ran.before_eof.messages[index].end != BodyEnd::NotYet;
        let fits = match text(expect, "interim100") {
            "must" => *count == 1 || answered,
            "may" => *count <= 1,
            _ => *count == 0,
        };
        check(fits, || format!("{count} times 100 (Continue) for message {index}"))?;
    }
    Ok(())
}

fn show(fields: &[(Vec<u8>, Vec<u8>)]) -> String {
    let line = |(name, value): &(Vec<u8>, Vec<u8>)| {
        format!("{}: {}", name.escape_ascii(), value.escape_ascii())
    };
    fields.iter().map(line).collect::<Vec<_>>().join("; ")
}

pub(super) fn check(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
