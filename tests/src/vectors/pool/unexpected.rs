//! The rule for a 417 to a request that expects 100 (Continue). Go gives it to the
//! caller. Here the request is sent once more, without the expectation, if nothing
//! of its body was sent (RFC 9110 §10.1.1): so the caller is told nothing yet, the
//! server sees the request twice and its body once, and others are served as ever.

use super::super::json::same;
use super::early::without_conn;
use super::expected::Expected;
use super::play::Played;

/// Who was given a 417 by Go, and in which step.
pub(super) fn refused(expected: &Expected) -> Option<(usize, String)> {
    let id = |line: &String| {
        let id = line.strip_prefix("response ")?.strip_suffix(" 417")?;
        Some(id.to_owned())
    };
    let mut steps = expected.steps.iter().enumerate();
    steps.find_map(|(at, lines)| Some((at, lines.iter().find_map(id)?)))
}

pub(super) fn compare(
    (at, id): (usize, &str),
    expected: &Expected,
    played: &Played,
) -> Result<(), String> {
    same("before the 417", &&played.steps[..at], &&expected.steps[..at])?;
    let all = || played.steps.iter().flatten();
    let told = all().find(|line| line.starts_with(&format!("response {id} ")));
    if let Some(told) = told {
        return Err(format!("{told}: it was to be sent again"));
    }
    let requests = |lines: &[String]| {
        let whose = |line: &String| line.split(' ').nth(2) == Some(id);
        lines.iter().filter(|line| line.starts_with("request ") && whose(line)).count()
    };
    same("requests at the 417", &requests(&played.steps[at]), &1)?;
    let whole = |line: &&String| {
        let body = line.strip_prefix("request_body ").and_then(|rest| rest.split_once(' '));
        body.is_some_and(|(_, rest)| rest.starts_with(&format!("{id} ")) && !rest.ends_with(" cut"))
    };
    same("bodies", &all().filter(whole).count(), &1)?;
    for (at, (ours, go)) in played.steps.iter().zip(&expected.steps).enumerate() {
        same(&format!("step {at}"), &of_others(ours, id), &of_others(go, id))?;
    }
    Ok(())
}

/// What happened to the other requests, without connections.
fn of_others(lines: &[String], id: &str) -> Vec<String> {
    let other = |line: &String| line.split(' ').nth(1) != Some(id);
    lines.iter().filter_map(|line| without_conn(line)).filter(other).collect()
}
