//! Holds what a run came to against one outcome of a vector.
//! It runs nothing.

use serde_json::Value;

use super::super::h2_server::judge as frames;
use super::super::h2_server::wire::Back;
use super::super::json::{FieldList, fields, flag, items, latin1, same, text};
use super::super::wire::check;
use super::Ran;
use super::app::Asked;
use purlin_core::{Retry, Reuse};

/// Whether this is what the outcome says.
pub(super) fn outcome(outcome: &Value, ran: &Ran) -> Result<(), String> {
    if let Some(missing) = &ran.missing_credit {
        return Err(missing.clone());
    }
    frames::connection(outcome, &ran.output, ran.closing)?;
    frames::frames(outcome, &ran.output)?;
    for (id, expected) in outcome["streams"].as_object().into_iter().flatten() {
        let back = id.parse().ok().and_then(|id: u32| ran.output.streams.get(&id));
        frames::stream(expected, back.unwrap_or(&Back::default()))
            .map_err(|why| format!("{id}: {why}"))?;
    }
    let opened = ran.output.streams.iter().filter(|(_, back)| !back.blocks.is_empty());
    let opened: Vec<Value> = opened.map(|(id, _)| Value::from(*id)).collect();
    check(opened.starts_with(items(outcome, "opened")), || format!("opened {opened:?}"))?;
    if text(outcome, "reuse") == "never" {
        let never = matches!(ran.reuse, Reuse::Never(_));
        check(never, || format!("reuse {:?}", ran.reuse))?;
    }
    if flag(outcome, "responses_any") {
        return Ok(());
    }
    for (name, expected) in outcome["responses"].as_object().into_iter().flatten() {
        let asked = ran.asked.iter().find(|asked| asked.name == *name);
        let asked = asked.ok_or_else(|| format!("there is no request {name}"))?;
        response(expected, asked).map_err(|why| format!("{name}: {why}: {asked:?}"))?;
    }
    Ok(())
}

fn response(expected: &Value, got: &Asked) -> Result<(), String> {
    if flag(expected, "unsent") {
        check(got.id.is_none(), || "it went out".to_owned())?;
    }
    if let Some(retry) = expected["retry"].as_str() {
        let word = got.error.or(got.failed).map(word);
        check(word == Some(retry), || format!("retry {word:?}, expected {retry}"))?;
    }
    if flag(expected, "error") {
        if flag(expected, "cancelled") {
            let status = got.status.map_or(Value::Null, Value::from);
            let fits = status.is_null() || status == expected["status_may"];
            return check(got.cancelled && fits && !got.complete, || "not given up".to_owned());
        }
        return check(got.error.is_some() && got.status.is_none(), || "no error".to_owned());
    }
    check(got.error.is_none(), || "it fails".to_owned())?;
    if flag(expected, "pending") {
        check(!got.complete && got.failed.is_none(), || "not pending".to_owned())?;
    }
    same("status", &got.status, &expected["status"].as_u64())?;
    let interim: Vec<Value> = got.interim.iter().copied().map(Value::from).collect();
    check(items(expected, "interim") == interim, || format!("interim {interim:?}"))?;
    if !flag(expected, "fields_any") {
        let by_name = |mut list: FieldList| {
            list.retain(|(name, _)| !(flag(expected, "cl_dedup") && name == b"content-length"));
            list.sort_by(|(one, _), (other, _)| one.cmp(other)); // keeps the order within a name
            list
        };
        same("fields", &by_name(got.fields.clone()), &by_name(fields(&expected["fields"])))?;
    }
    same("trailers", &got.trailers, &fields(&expected["trailers"]))?;
    body(expected, got)?;
    if flag(expected, "any_complete") {
        return Ok(());
    }
    same("complete", &got.complete, &flag(expected, "complete"))?;
    check(!flag(expected, "failed") || got.failed.is_some(), || "its end is no error".to_owned())
}

fn body(expected: &Value, got: &Asked) -> Result<(), String> {
    let whole = match (&expected["body"], expected["body_run"].as_array()) {
        (_, Some(run)) => match run[0].as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(count) => latin1(&run[1]).repeat(count),
            None => return Ok(()),
        },
        (Value::Null, None) => return Ok(()),
        (body, None) => latin1(body),
    };
    let fits = got.body == whole || (flag(expected, "body_prefix") && whole.starts_with(&got.body));
    check(fits, || format!("body of {}, expected {}", got.body.len(), whole.len()))
}

fn word(retry: Retry) -> &'static str {
    match retry {
        Retry::Safe => "safe",
        Retry::OlderProtocol => "safe_on_http1",
        Retry::IfIdempotent => "if_idempotent",
        Retry::Never => "never",
    }
}
