//! The rule for a request that is answered before it is whole. Go goes on with
//! the body for 50 ms, or for as long as the server waits for it, and keeps the
//! connection if that was enough. Here the answer ends the upload: it is given
//! at once, the body is cut, and the connection ends with the response.
//!
//! Which connection serves whom after that differs, so what follows is compared
//! without connections.

use super::super::json::{items, same, text};
use super::expected::Expected;
use super::play::Played;
use serde_json::Value;

pub(super) fn compare(given: &Value, expected: &Expected, played: &Played) -> Result<(), String> {
    for (id, conn) in &played.early {
        if !may_be_early(given, id) {
            return Err(format!("{id} was sent whole before it was answered"));
        }
        upload_is_cut(id, *conn, played)?;
        let (ours, go) = (told(&played.steps, id), told(&expected.steps, id));
        let lines = |all: &[(usize, String)]| -> Vec<String> {
            all.iter().map(|(_, line)| line.clone()).collect()
        };
        same(&format!("what {id} was told"), &lines(&ours), &lines(&go))?;
        for ((ours, line), (go, _)) in ours.iter().zip(&go) {
            if ours > go {
                return Err(format!("{line}: in step {ours}, after step {go}"));
            }
        }
    }
    for (at, (ours, go)) in played.steps.iter().zip(&expected.steps).enumerate() {
        same(&format!("step {at}"), &of_others(ours, played), &of_others(go, played))?;
    }
    Ok(())
}

/// Whether its body comes bit by bit, or waits for 100 (Continue).
fn may_be_early(given: &Value, id: &str) -> bool {
    let starts = items(given, "ops").iter().filter(|op| op["op"] == "start");
    let piped = |op: &Value| op["body"] == "pipe";
    super::expects(given, id) || starts.filter(|op| text(op, "id") == id).any(piped)
}

/// Its server sees no end of it, and its connection is closed by the end.
fn upload_is_cut(id: &str, conn: usize, played: &Played) -> Result<(), String> {
    let begins = format!("request_body {conn} {id} ");
    let bodies: Vec<&String> =
        played.steps.iter().flatten().filter(|line| line.starts_with(&begins)).collect();
    let is_cut = bodies.len() == 1 && bodies[0].ends_with(" cut");
    let closed = format!("client_closed {conn}");
    let is_closed = played.steps.iter().flatten().any(|line| *line == closed);
    if is_cut && is_closed {
        return Ok(());
    }
    Err(format!("{id} was answered before it was whole, but {bodies:?}, closed: {is_closed}"))
}

/// What the caller of a request was told, and when.
fn told(steps: &[Vec<String>], id: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (at, lines) in steps.iter().enumerate() {
        for line in lines {
            if let Some(rest) = ["response", "read", "error", "body_closed"]
                .iter()
                .find_map(|kind| line.strip_prefix(kind)?.strip_prefix(' '))
            {
                if rest.split(' ').next() == Some(id) {
                    all.push((at, line.clone()));
                }
            }
        }
    }
    all
}

/// What happened to the other requests, without connections.
fn of_others(lines: &[String], played: &Played) -> Vec<String> {
    let mut all: Vec<String> = lines.iter().filter_map(|line| without_conn(line)).collect();
    let early =
        |line: &String| line.split(' ').nth(1).is_some_and(|id| played.early.contains_key(id));
    all.retain(|line| line.starts_with("request ") || !early(line));
    all.sort();
    all
}

/// The same event, on whatever connection; none if it is about a connection alone.
pub(super) fn without_conn(line: &str) -> Option<String> {
    let mut words = line.splitn(3, ' ');
    let (kind, rest) = (words.next()?, words.next()?);
    match kind {
        "request" | "request_body" => Some(format!("{kind} {}", words.next()?)),
        "dial" | "dial_canceled" | "client_closed" => None,
        _ => Some(
            words.next().map_or_else(|| line.to_owned(), |more| format!("{kind} {rest} {more}")),
        ),
    }
}
