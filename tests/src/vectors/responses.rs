//! Checks the vectors of kind `client_responses`: what a client makes of bytes.
//!
//! Each input is fed whole, byte by byte and at random splits, and what is seen
//! must be the same each time. What is right stands in the vectors.

use super::Profile;
use super::json::{decode, flag, items, latin1, same, text};
use super::wire::{check, check_fields, check_trailers};
use crate::asking::{Client, Message, Seen};
use crate::assumed::BodyEnd;
use crate::rng::Rng;
use purlin_core::{Reuse, Version};
use serde_json::Value;

/// What an input led to, before and after its end.
struct Ran {
    before: Seen,
    after: Seen,
}

pub(super) fn client_response(case: &Value, profile: Profile) -> Result<(), String> {
    let ran = feed_every_way(case)?;
    let expected = || {
        let alts = items(case, "alts").iter();
        let mut all = std::iter::once(&case["expect"]).chain(alts).map(|one| judge(&ran, one));
        let first = all.next().unwrap_or(Ok(()));
        first.or_else(|why| if all.any(|other| other.is_ok()) { Ok(()) } else { Err(why) })
    };
    let refused = || judge_refusal(&ran, &case["expect"]);
    match (text(case, "rfc"), text(case, "advice"), profile) {
        ("either", "reject", Profile::Strict) => refused(),
        ("either", "accept", Profile::Strict) => expected(),
        ("either", ..) => expected().or_else(|_| refused()),
        _ => expected(),
    }
}

fn feed_every_way(case: &Value) -> Result<Ran, String> {
    let input = decode(&case["input_b64"]);
    let method = text(case, "method");
    let whole = feed(method, &input, &[])?;
    let mut rng = Rng::named(text(case, "id"));
    let mut ways = vec![(1..input.len()).collect::<Vec<_>>()];
    for cuts in [1, 2, 5, 20] {
        let mut places: Vec<usize> = (0..cuts).map(|_| rng.below(input.len().max(1))).collect();
        places.sort_unstable();
        ways.push(places);
    }
    for cuts in ways {
        let other = feed(method, &input, &cuts)?;
        let show = || format!("{:?} / {:?}", whole.after, other.after);
        let alike = whole.before == other.before && whole.after == other.after;
        check(alike, || format!("split in {} gives otherwise: {}", cuts.len() + 1, show()))?;
    }
    Ok(whole)
}

fn feed(method: &str, input: &[u8], cuts: &[usize]) -> Result<Ran, String> {
    let mut client = Client::new(method)?;
    let mut from = 0;
    for cut in cuts.iter().copied().chain([input.len()]) {
        client.feed(&input[from..cut])?;
        from = cut;
    }
    let before = client.seen();
    client.eof()?;
    let after = client.seen();
    let ended = after.closing && after.closed.is_some();
    check(ended, || format!("after EOF it stays open: {after:?}"))?;
    Ok(Ran { before, after })
}

fn judge(ran: &Ran, expect: &Value) -> Result<(), String> {
    let statuses: Vec<u16> =
        items(expect, "interim").iter().filter_map(Value::as_u64).map(to_u16).collect();
    same("interim", &ran.after.interims, &statuses)?;
    match (&ran.after.message, &expect["message"]) {
        (None, Value::Null) => {}
        (Some(message), wanted @ Value::Object(_)) => {
            let end = text(expect, "end");
            check_message(message, wanted, end == "tunnel", &decode(&expect["rest_b64"]))?;
        }
        (got, _) => return Err(format!("message: {got:?}, and {:?}", ran.after.failed)),
    }
    check_end(ran, text(expect, "end"), &decode(&expect["rest_b64"]))
}

/// What comes is refused: no response is told, or its body fails.
fn judge_refusal(ran: &Ran, expect: &Value) -> Result<(), String> {
    let statuses: Vec<u16> =
        items(expect, "interim").iter().filter_map(Value::as_u64).map(to_u16).collect();
    check(statuses.starts_with(&ran.after.interims), || format!("{:?}", ran.after.interims))?;
    match &ran.after.message {
        None => check(ran.after.failed.is_some(), || "nothing failed".to_owned()),
        Some(message) => {
            same("end of body", &message.end, &BodyEnd::Failed)?;
            let body = decode(&expect["message"]["body_b64"]);
            check(body.starts_with(&message.body), || "it is no prefix of the body".to_owned())
        }
    }
}

fn check_message(got: &Message, expect: &Value, tunnel: bool, rest: &[u8]) -> Result<(), String> {
    same("status", &u64::from(got.status), &expect["status"].as_u64().unwrap_or_default())?;
    let version = if text(expect, "version") == "1.0" { Version::Http10 } else { Version::Http11 };
    same("version", &got.version, &version)?;
    let (reason, wanted) = (&got.reason, latin1(&expect["reason"]));
    if flag(expect, "reason_trim") {
        same("reason", &reason.trim_ascii_end(), &wanted.trim_ascii_end())?;
    } else {
        same("reason", reason, &wanted)?;
    }
    check_fields(&got.fields, expect)?;
    if tunnel {
        return same("raw bytes", &got.body, &rest.to_vec());
    }
    let body = decode(&expect["body_b64"]);
    if flag(expect, "complete") {
        same("end of body", &got.end, &BodyEnd::Whole)?;
        same("body", &got.body, &body)?;
        return check_trailers(&got.trailers, expect);
    }
    same("end of body", &got.end, &BodyEnd::Failed)?;
    check(body.starts_with(&got.body), || format!("body {}", got.body.escape_ascii()))
}

fn check_end(ran: &Ran, end: &str, rest: &[u8]) -> Result<(), String> {
    let (before, after) = (&ran.before, &ran.after);
    // What begins as a 408 does is looked at whole: the connection is not reused, and
    // closes when the head is there, or late (RFC 9110 §15.5.9).
    let closes = |seen: &Seen| seen.closing || (begins_timeout(rest) && after.closing);
    let body = |seen: &Seen| seen.message.as_ref().map(|message| message.end);
    let never = matches!(before.reuse, Reuse::Never(_));
    let failed = before.failed.is_some();
    let fits = match end {
        "reusable" => body(before) == Some(BodyEnd::Whole) && before.reuse == Reuse::Now,
        "close" => body(before) == Some(BodyEnd::Whole) && never && closes(before),
        "eof_body" => {
            body(before) == Some(BodyEnd::NotYet) && never && body(after) == Some(BodyEnd::Whole)
        }
        "partial_head" => {
            !failed && !before.closing && body(before).is_none() && after.failed.is_some()
        }
        "partial_body" => {
            body(before) == Some(BodyEnd::NotYet) && body(after) == Some(BodyEnd::Failed)
        }
        "tunnel" => before.tunnel && never,
        // The broken line may have no end before the input has.
        "error" => after.failed.is_some() || body(after) == Some(BodyEnd::Failed),
        "either" => body(after) == Some(BodyEnd::Whole),
        _ => false,
    };
    check(fits, || format!("expected {end}: {before:?}, then {after:?}"))
}

fn begins_timeout(rest: &[u8]) -> bool {
    let head_ends = rest.windows(4).any(|four| four == b"\r\n\r\n");
    let begins = |begin: &[u8]| begin.starts_with(&rest[..rest.len().min(begin.len())]);
    !rest.is_empty() && !head_ends && (begins(b"HTTP/1.1 408") || begins(b"HTTP/1.0 408"))
}

fn to_u16(status: u64) -> u16 {
    u16::try_from(status).unwrap_or_default()
}
