//! Holds what a run came to against one outcome of a vector.
//! It runs nothing.

use serde_json::Value;

use super::super::json::{FieldList, fields, flag, hex, items, latin1, same, text};
use super::super::wire::check;
use super::app::Message;
use super::wire::{Back, Output};
use super::{Ran, code, size_updates};

/// Whether this is what the outcome says.
pub(super) fn outcome(outcome: &Value, ran: &Ran) -> Result<(), String> {
    if let Some(missing) = &ran.missing_credit {
        return Err(missing.clone());
    }
    connection(outcome, &ran.output, ran.closing)?;
    if !flag(outcome, "requests_any") {
        requests(outcome, ran)?;
    }
    for (id, expected) in outcome["streams"].as_object().into_iter().flatten() {
        let back = id.parse().ok().and_then(|id: u32| ran.output.streams.get(&id));
        stream(expected, back.unwrap_or(&Back::default())).map_err(|why| format!("{id}: {why}"))?;
    }
    rest(outcome, ran)?;
    for (step, streams) in outcome["after"].as_object().into_iter().flatten() {
        let output = step.parse().ok().and_then(|step: usize| ran.after.get(step));
        for (id, expected) in streams.as_object().into_iter().flatten() {
            let back = output.zip(id.parse().ok()).and_then(|(o, id): (_, u32)| o.streams.get(&id));
            stream(expected, back.unwrap_or(&Back::default()))
                .map_err(|why| format!("{id} after {step}: {why}"))?;
        }
    }
    Ok(())
}

pub(in crate::vectors) fn connection(
    outcome: &Value,
    output: &Output,
    closing: bool,
) -> Result<(), String> {
    let errors: Vec<_> = output.goaways.iter().filter(|(_, code, _)| *code != 0).collect();
    let goaway = || format!("{:?}, closing: {}", output.goaways, closing);
    match text(outcome, "conn") {
        "open" => {
            let closes = closing && !flag(outcome, "conn_may_close");
            check(errors.is_empty() && !closes, || format!("ends: {}", goaway()))
        }
        "error" => {
            check(closing, || "lives on".to_owned())?;
            let Some((last, got, _)) = errors.first() else {
                return check(text(outcome, "goaway") == "may", || "no GOAWAY".to_owned());
            };
            let known = items(outcome, "codes").iter().any(|name| code(name) == Some(*got));
            check(known, || format!("code {got}, expected {}", outcome["codes"]))?;
            let range = items(outcome, "last");
            let within = range.is_empty()
                || (range[0].as_u64() <= Some(u64::from(*last))
                    && Some(u64::from(*last)) <= range[1].as_u64());
            check(within, || format!("last stream {last}, expected {range:?}"))
        }
        "closed" => check(closing, || "lives on".to_owned()),
        other => Err(format!("{other} is not for HTTP/2 alone")),
    }
}

fn requests(outcome: &Value, ran: &Ran) -> Result<(), String> {
    let expected = items(outcome, "requests");
    for (id, message) in &ran.messages {
        let found = expected.iter().find(|request| request["stream"].as_u64() == Some(*id));
        let found = found.ok_or_else(|| format!("the application saw {id}: {message:?}"))?;
        // One whose stream is open, and which nobody reads to its end, sees neither.
        let stream = &outcome["streams"][id.to_string()];
        let broken = text(outcome, "conn") != "open"
            || ["rst", "then_rst"].iter().any(|name| stream.get(name).is_some());
        request(found, message, broken).map_err(|why| format!("request {id}: {why}"))?;
    }
    for request in expected.iter().filter(|request| !flag(request, "optional")) {
        let id = request["stream"].as_u64().unwrap_or_default();
        check(ran.messages.contains_key(&id), || format!("request {id} was not seen"))?;
    }
    Ok(())
}

fn request(expected: &Value, got: &Message, broken: bool) -> Result<(), String> {
    let string = |name: &str| expected[name].as_str().map(str::to_owned);
    same("method", &Some(got.method.clone()), &string("method"))?;
    same("authority", &got.authority, &string("authority"))?;
    same("path", &got.path, &string("path"))?;
    same("protocol", &got.protocol, &string("protocol"))?;
    let by_name = |mut list: FieldList| {
        list.sort_by(|(one, _), (other, _)| one.cmp(other)); // keeps the order within a name
        list
    };
    same("fields", &by_name(got.fields.clone()), &by_name(fields(&expected["fields"])))?;
    let trailers = by_name(fields(&expected["trailers"]));
    same("trailers", &by_name(got.trailers.clone()), &trailers)?;
    body(expected, got)?;
    if flag(expected, "any_complete") {
        return Ok(());
    }
    let complete = flag(expected, "complete");
    same("complete", &got.complete, &complete)?;
    check(complete || got.failed || !broken, || "neither its end nor an error was seen".to_owned())
}

fn body(expected: &Value, got: &Message) -> Result<(), String> {
    let whole = match (&expected["body"], expected["body_run"].as_array()) {
        (_, Some(run)) => {
            let count = run[0].as_u64().and_then(|count| usize::try_from(count).ok());
            latin1(&run[1]).repeat(count.unwrap_or_default())
        }
        (Value::Null, None) => return Ok(()),
        (body, None) => latin1(body),
    };
    let fits = flag(expected, "body_any")
        || got.body == whole
        || (flag(expected, "body_prefix") && whole.starts_with(&got.body));
    check(fits, || format!("body of {}, expected {}", got.body.len(), whole.len()))
}

/// What was sent on one stream.
pub(in crate::vectors) fn stream(expected: &Value, got: &Back) -> Result<(), String> {
    let has = |name: &str| expected.get(name).is_some();
    let known = |list: &Value, got: u32| -> bool {
        let names = list.as_array().map(Vec::as_slice).unwrap_or_default();
        names.iter().any(|name| code(name) == Some(got))
    };
    if flag(expected, "any") {
        return Ok(());
    }
    if flag(expected, "silent") {
        return check(*got == Back::default(), || format!("not silent: {got:?}"));
    }
    if flag(expected, "open") {
        check(!got.end && got.rst.is_empty(), || format!("not open: {got:?}"))?;
    }
    if has("status") {
        let expected = &expected["status"];
        let status = got.status.map_or(Value::Null, Value::from);
        let fits =
            *expected == status || expected.as_array().is_some_and(|list| list.contains(&status));
        check(fits, || format!("status {status}, expected {expected}"))?;
    }
    if has("interim") {
        let interim: Vec<Value> = got.interim.iter().copied().map(Value::from).collect();
        let fits = items(expected, "interim") == interim
            || (flag(expected, "interim_may") && interim.is_empty());
        check(fits, || format!("interim {interim:?}"))?;
    }
    for (name, value) in [("data", got.data), ("most_frame", got.most_frame)] {
        let wanted = expected[name].as_u64();
        let fits = wanted.is_none_or(|wanted| match name {
            "data" => value == wanted,
            _ => value <= wanted,
        });
        check(fits, || format!("{name} {value}, expected {wanted:?}"))?;
    }
    if has("end") && !flag(expected, "any_end") {
        same("end", &got.end, &flag(expected, "end"))?;
    }
    if has("trailers") {
        same("trailers", &got.trailers, &fields(&expected["trailers"]))?;
    }
    let (must, may) = (has("rst") || has("then_rst"), has("then_rst_may"));
    let allowed = ["rst", "then_rst", "then_rst_may"].map(|name| &expected[name]);
    match got.rst.first() {
        Some(first) => {
            let fits = (must || may) && allowed.iter().any(|list| known(list, *first));
            check(fits || flag(expected, "any_end"), || format!("reset by {first}"))?;
        }
        None => check(!must, || "not reset".to_owned())?,
    }
    check(!has("rst") || got.status.is_none(), || format!("answered {:?}", got.status))?;
    let again = flag(expected, "again") || flag(expected, "again_may");
    check(got.rst.len() < 2 || again, || format!("reset more than once: {:?}", got.rst))
}

/// Everything else that an outcome may say of a server.
fn rest(outcome: &Value, ran: &Ran) -> Result<(), String> {
    frames(outcome, &ran.output)?;
    let number = |name: &str| outcome[name].as_u64();
    if let Some(total) = number("total_data") {
        let data: u64 = ran.output.streams.values().map(|back| back.data).sum();
        same("data in all", &data, &total)?;
    }
    for (id, range) in outcome["credit"].as_object().into_iter().flatten() {
        let credit = &ran.output.credit;
        let got = id.parse().ok().and_then(|id: u32| credit.get(&id).copied()).unwrap_or(0);
        let within = range[0].as_u64() <= Some(got) && Some(got) <= range[1].as_u64();
        check(within, || format!("credit of {id}: {got}, expected {range}"))?;
    }
    for (name, got) in [
        ("most_window_updates", ran.output.window_updates),
        ("most_running", ran.most_running as u64),
        ("held_most", ran.most_held as u64),
    ] {
        let most = number(name).unwrap_or(u64::MAX);
        check(got <= most, || format!("{name}: {got}, expected {most}"))?;
    }
    if let Some(expected) = outcome["server_settings"]["ENABLE_CONNECT_PROTOCOL"].as_u64() {
        let told =
            ran.output.settings.iter().any(|(id, value)| *id == 8 && u64::from(*value) == expected);
        check(told, || format!("settings {:?}", ran.output.settings))?;
    }
    Ok(())
}

/// What an outcome says of the frames of the connection and of the encoder's table.
pub(in crate::vectors) fn frames(outcome: &Value, output: &Output) -> Result<(), String> {
    let Output { settings_acks, pings, order, .. } = output;
    check(order.first().is_some_and(|first| first == "SETTINGS"), || format!("{order:?}"))?;
    if let Some(acks) = outcome["settings_acks"].as_u64() {
        same("settings acks", settings_acks, &acks)?;
    }
    if let Some(expected) = outcome["pings"].as_array() {
        let expected: Result<Vec<_>, _> = expected.iter().map(hex).collect();
        same("pings", pings, &expected?)?;
    }
    let mut seen = order.iter();
    for wanted in items(outcome, "order") {
        let found = seen.any(|name| Some(&**name) == wanted.as_str());
        check(found, || format!("no {wanted} in its place: {order:?}"))?;
    }
    for (name, only_first) in [("table_after", true), ("table_through", false)] {
        for (id, most) in outcome[name].as_object().into_iter().flatten() {
            let back = id.parse().ok().and_then(|id: u32| output.streams.get(&id));
            let sizes = back.and_then(|back| back.blocks.first()).map(|block| size_updates(block));
            let sizes = sizes.unwrap_or_default();
            let small = |size: &u32| Some(u64::from(*size)) <= most.as_u64();
            // A later block need not say again what an earlier one said.
            let fits = sizes.iter().any(small) || (only_first && sizes.is_empty() && id != "3");
            check(fits, || format!("table sizes {sizes:?} on {id}, expected {most}"))?;
        }
    }
    Ok(())
}
