//! Decides whether blocks of HPACK are decoded as a vector says: their fields, and the table behind them.
//! Also reads stories, which are others' and lie elsewhere: a connection's blocks, one after another.

use std::fs;
use std::path::Path;

use purlin_core::h2::hpack::decode::Outcome;
use purlin_core::h2::hpack::table::STATIC;
use purlin_core::h2::hpack::{Decoder, Encoder, Error, Limits, List};
use serde_json::Value;

use super::json::{flag, hex, items, latin1, same, text};
use super::wire::check;
use super::{Profile, Report};

/// Name, value, and whether it may never be in a table.
type Field = (Vec<u8>, Vec<u8>, bool);

/// `hpack_decode`: blocks and changes of the table's size, in order.
pub(super) fn decode(case: &Value, profile: Profile) -> Result<(), String> {
    let size = |value: &Value| value.as_u64().and_then(|size| u32::try_from(size).ok());
    let mut decoder = Decoder::new(size(&case["table_size"]).ok_or("no table size")?);
    let limits =
        Limits { list_bytes: size(&case["list_limit"]).unwrap_or(u32::MAX), ..Limits::NONE };
    for (number, step) in items(case, "steps").iter().enumerate() {
        if let Some(size) = size(&step["table_size"]) {
            decoder.allow(size);
            continue;
        }
        let got = decoder.decode(&hex(&step["block"])?, &limits);
        judge(step, &got, &decoder, profile).map_err(|why| format!("step {number}: {why}"))?;
    }
    Ok(())
}

fn judge(
    step: &Value,
    got: &Result<Outcome, Error>,
    decoder: &Decoder,
    profile: Profile,
) -> Result<(), String> {
    let refused = if flag(step, "either") {
        match profile {
            Profile::Strict => text(step, "advice") == "error",
            Profile::Conformance => got.is_err(),
        }
    } else {
        step.get("error").is_some()
    };
    match got {
        Err(why) => check(refused, || format!("refused: {why:?}")),
        Ok(_) if refused => Err(format!("read, expected {}", text(step, "error"))),
        Ok(_) if step.get("fields").is_none() => Ok(()), // one that many read, and no one says how
        Ok(outcome) => whole(step, outcome, decoder),
    }
}

fn whole(step: &Value, outcome: &Outcome, decoder: &Decoder) -> Result<(), String> {
    same("too large", &outcome.too_large, &flag(step, "too_large"))?;
    if outcome.too_large {
        same("fields kept", &outcome.list.len(), &0)?;
    } else {
        let expected: Vec<Field> = items(step, "fields").iter().map(field).collect();
        same("fields", &fields(&outcome.list), &expected)?;
    }
    same("size", &u64::from(decoder.table().size()), &step["size"].as_u64().unwrap_or_default())?;
    let expected: Vec<Field> = items(step, "table").iter().map(field).collect();
    same("table", &table(decoder), &expected)
}

fn field(value: &Value) -> Field {
    (latin1(&value[0]), latin1(&value[1]), value[2] == "never")
}

fn fields(list: &List) -> Vec<Field> {
    let owned = |field: purlin_core::h2::hpack::Decoded<'_>| {
        (field.name.to_vec(), field.value.to_vec(), field.never_indexed)
    };
    list.iter().map(owned).collect()
}

/// The dynamic table, the newest entry first.
fn table(decoder: &Decoder) -> Vec<Field> {
    let entries = (STATIC.len() + 1..).map_while(|index| {
        let (found_name, found_value) = decoder.table().get(u32::try_from(index).ok()?)?;
        let (mut name, mut value) = (Vec::new(), Vec::new());
        found_name.put(&mut name);
        found_value.put(&mut value);
        Some((name, value, false))
    });
    entries.collect()
}

/// A story in the format of `http2jp/hpack-test-case`: each block is decoded in the same
/// context and compared, and what was decoded is encoded and decoded again.
///
/// # Errors
/// The file cannot be read, or is no story.
pub fn story(file: &Path) -> Result<Report, String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|why| format!("{name}: {why}"))?;
    let story: Value = serde_json::from_str(&text).map_err(|why| format!("{name}: {why}"))?;
    let (mut decoder, mut encoder, mut back) =
        (Decoder::default(), Encoder::default(), Decoder::default());
    let mut report = Report::default();
    for case in items(&story, "cases") {
        match block(case, &mut decoder, &mut encoder, &mut back) {
            Ok(()) => report.passed += 1,
            Err(why) => report.failures.push(format!("{name} {}: {why}", case["seqno"])),
        }
    }
    if report.passed + report.failures.len() == 0 {
        Err(format!("{name}: no story"))
    } else {
        Ok(report)
    }
}

fn block(
    case: &Value,
    decoder: &mut Decoder,
    encoder: &mut Encoder,
    back: &mut Decoder,
) -> Result<(), String> {
    let size = case["header_table_size"].as_u64().and_then(|size| u32::try_from(size).ok());
    if let Some(size) = size {
        decoder.allow(size);
        encoder.allow(size);
        back.allow(size);
    }
    let wire = hex(&case["wire"])?;
    let outcome = decoder.decode(&wire, &Limits::NONE).map_err(|why| format!("{why:?}"))?;
    let got: Vec<(Vec<u8>, Vec<u8>)> =
        fields(&outcome.list).into_iter().map(|(name, value, _)| (name, value)).collect();
    let pair = |header: &Value| {
        let (name, value) = header.as_object()?.iter().next()?;
        Some((name.as_bytes().to_vec(), value.as_str()?.as_bytes().to_vec()))
    };
    let expected: Option<Vec<_>> = items(case, "headers").iter().map(pair).collect();
    same("fields", &Some(&got), &expected.as_ref())?;
    let mut out = Vec::new();
    encoder.encode(got.iter().map(|(name, value)| (&name[..], &value[..])), &mut out);
    let again = back.decode(&out, &Limits::NONE).map_err(|why| format!("ours: {why:?}"))?;
    let again: Vec<_> =
        fields(&again.list).into_iter().map(|(name, value, _)| (name, value)).collect();
    same("our own block", &again, &got)
}
