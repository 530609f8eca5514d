//! Decides whether a single frame of HTTP/2 is read as a vector says, or refused so.
//! What a frame means in a connection it does not know.

use purlin_core::h2::errors::Scope;
use purlin_core::h2::frame::{Frame, Malformed, Weight, read};
use serde_json::{Value, json};

use super::Profile;
use super::json::{flag, hex, items, text};
use super::wire::check;

/// `h2_frames`: one frame, or a part of one.
pub(super) fn frame(case: &Value, profile: Profile) -> Result<(), String> {
    let most = case["max_frame_size"].as_u64().and_then(|most| u32::try_from(most).ok());
    let most = most.ok_or("no max_frame_size")?;
    let input = hex(&case["input"])?;
    // What is here of a frame says nothing of it, unless that is wrong by itself.
    for end in 0..input.len() {
        let part = read(&input[..end], most);
        let waits = part == Ok(None) || (part.is_err() && part == read(&input, most));
        check(waits, || format!("after {end} octets: {part:?}"))?;
    }
    let got = read(&input, most);
    if let Ok(Some((_, length))) = got {
        check(length == input.len(), || format!("it has {length} octets"))?;
    }
    let others = match profile {
        Profile::Strict => &[],
        Profile::Conformance => items(case, "also"),
    };
    let judged = judge(case, case, &got);
    if others.iter().any(|other| judge(case, other, &got).is_ok()) { Ok(()) } else { judged }
}

fn judge(
    case: &Value,
    outcome: &Value,
    got: &Result<Option<(Frame<'_>, usize)>, Malformed>,
) -> Result<(), String> {
    let is_error = outcome.get("error").is_some();
    let expected = &outcome["expect"];
    match got {
        Err(malformed) if is_error => refused(&outcome["error"], malformed),
        Err(malformed) => Err(format!("{malformed:?}")),
        Ok(None) => check(flag(expected, "partial"), || "waits for more".to_owned()),
        Ok(Some((frame, _))) if is_error => Err(format!("{frame:?}, expected {outcome}")),
        Ok(Some((frame, _))) => same(case, expected, told(frame)),
    }
}

fn refused(error: &Value, malformed: &Malformed) -> Result<(), String> {
    let code = malformed.violation.code().name().unwrap_or_default();
    let scope = match malformed.violation.scope() {
        Scope::Connection => "connection",
        Scope::Stream => "stream",
    };
    let holds =
        items(error, "codes").iter().any(|known| known == code) && text(error, "scope") == scope;
    check(holds, || format!("{malformed:?} {code} {scope}, expected {error}"))
}

/// A frame as the vectors write it.
fn told(frame: &Frame<'_>) -> Value {
    let weight = |weight: &Weight| json!({"dep": weight.dependency, "weight": weight.weight, "exclusive": weight.exclusive});
    match frame {
        Frame::Data { stream, data, padding, end_stream } => json!({
            "type": "DATA", "stream": stream, "data": latin1(data), "end_stream": end_stream,
            "padding": padding.unwrap_or(0), "flow": frame.flow(),
        }),
        Frame::Headers { stream, fragment, padding, weight: given, end_stream, end_headers } => {
            json!({
                "type": "HEADERS", "stream": stream, "fragment": digits(fragment),
                "end_stream": end_stream, "end_headers": end_headers,
                "padding": padding.unwrap_or(0), "priority": given.as_ref().map(weight),
            })
        }
        Frame::Priority { stream, weight: given } => {
            json!({"type": "PRIORITY", "stream": stream, "priority": weight(given)})
        }
        Frame::RstStream { stream, code } => {
            json!({"type": "RST_STREAM", "stream": stream, "code": code})
        }
        Frame::Settings(settings) => {
            let settings: Vec<_> = settings.iter().collect();
            json!({"type": "SETTINGS", "stream": 0, "ack": false, "settings": settings})
        }
        Frame::SettingsAck => {
            json!({"type": "SETTINGS", "stream": 0, "ack": true, "settings": []})
        }
        Frame::PushPromise { stream, promised, fragment, padding, end_headers } => json!({
            "type": "PUSH_PROMISE", "stream": stream, "promised": promised,
            "fragment": digits(fragment), "end_headers": end_headers,
            "padding": padding.unwrap_or(0),
        }),
        Frame::Ping { ack, data } => {
            json!({"type": "PING", "stream": 0, "ack": ack, "data": digits(data)})
        }
        Frame::GoAway { last, code, debug } => json!({
            "type": "GOAWAY", "stream": 0, "last": last, "code": code, "debug": latin1(debug),
        }),
        Frame::WindowUpdate { stream, increment } => {
            json!({"type": "WINDOW_UPDATE", "stream": stream, "increment": increment})
        }
        Frame::Continuation { stream, fragment, end_headers } => json!({
            "type": "CONTINUATION", "stream": stream, "fragment": digits(fragment),
            "end_headers": end_headers,
        }),
        Frame::PriorityUpdate { prioritized, value } => json!({
            "type": "PRIORITY_UPDATE", "stream": 0, "prioritized": prioritized,
            "value": latin1(value),
        }),
        Frame::Unknown { kind, .. } => json!({"type": kind, "ignored": true}),
    }
}

fn same(case: &Value, expected: &Value, mut got: Value) -> Result<(), String> {
    let mut expected = expected.clone();
    if let Some([count, octet]) = expected["data_run"].as_array().map(Vec::as_slice) {
        let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
        expected["data"] =
            octet.as_str().unwrap_or_default().repeat(count.unwrap_or_default()).into();
        expected.as_object_mut().map(|object| object.remove("data_run"));
    }
    if flag(case, "unknown_may_go") {
        // Whether they are kept is ours to say: the known ones count.
        let known = |list: &Value| -> Vec<Value> {
            let known = |entry: &&Value| (1..=9).contains(&entry[0].as_u64().unwrap_or_default());
            list.as_array().into_iter().flatten().filter(known).cloned().collect()
        };
        (expected["settings"], got["settings"]) =
            (known(&expected["settings"]).into(), known(&got["settings"]).into());
    }
    check(got == expected, || format!("{got}, expected {expected}"))
}

/// One character for each octet.
fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

fn digits(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
