//! What a script recorded, in the words of the world's own events.

use super::super::json::{items, latin1, same, text};
use super::play::Played;
use serde_json::Value;
use std::collections::BTreeMap;

/// What Go did.
#[derive(Debug)]
pub(super) struct Expected {
    /// The events of each step, in alphabetical order.
    pub(super) steps: Vec<Vec<String>>,
    dials: usize,
    served: BTreeMap<String, Vec<usize>>,
    open: Vec<usize>,
}

impl Expected {
    pub(super) fn of(out: &Value, count: usize) -> Result<Expected, String> {
        let mut steps = vec![Vec::new(); count];
        for step in items(out, "steps") {
            let at = number(&step["step"]);
            let place = steps.get_mut(at).ok_or("a step without an operation")?;
            for event in items(step, "events") {
                place.push(line(event)?);
            }
            place.sort();
        }
        let served = out["served"].as_object().ok_or("nothing is said of who served")?;
        let numbers = |value: &Value| -> Vec<usize> {
            value.as_array().map(|all| all.iter().map(number).collect()).unwrap_or_default()
        };
        let served = served.iter().map(|(id, conns)| (id.clone(), numbers(conns))).collect();
        let (dials, open) = (number(&out["dials"]), numbers(&out["open_conns"]));
        Ok(Expected { steps, dials, served, open })
    }

    /// As if Go had done this.
    #[cfg(test)]
    pub(super) fn by(played: Played) -> Expected {
        let Played { steps, dials, served, open, .. } = played;
        Expected { steps, dials, served, open }
    }

    /// Fails unless all that happened is what was to happen.
    pub(super) fn compare(&self, played: &Played) -> Result<(), String> {
        for (at, (got, wanted)) in played.steps.iter().zip(&self.steps).enumerate() {
            same(&format!("step {at}"), got, wanted)?;
        }
        same("dials", &played.dials, &self.dials)?;
        same("served", &played.served, &self.served)?;
        same("open", &played.open, &self.open)
    }
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// An event as [`Said`](crate::virtual_client::Said) prints it.
fn line(event: &Value) -> Result<String, String> {
    let (id, conn, err) = (text(event, "id"), number(&event["conn"]), text(event, "err"));
    let body = latin1(&event["body"]).escape_ascii().to_string();
    Ok(match text(event, "ev") {
        // Hosts have no case.
        "dial" => format!("dial {conn} {}", text(event, "addr").to_ascii_lowercase()),
        "dial_canceled" => format!("dial_canceled {conn}"),
        "request" => {
            format!("request {conn} {id} {} {}", text(event, "method"), text(event, "target"))
        }
        "request_body" if err.is_empty() => format!("request_body {conn} {id} \"{body}\""),
        "request_body" => format!("request_body {conn} {id} \"{body}\" cut"),
        "response" => format!("response {id} {}", number(&event["status"])),
        "error" => format!("error {id} {}", failure(err)),
        "read" if err.is_empty() => format!("read {id} \"{body}\""),
        "read" => format!("read {id} \"{body}\" {}", failure(err)),
        "body_closed" => format!("body_closed {id}"),
        "client_closed" => format!("client_closed {conn}"),
        other => return Err(format!("an event {other:?}")),
    })
}

/// Which kind of failure an error of Go's is.
fn failure(err: &str) -> &'static str {
    match err {
        "eof" => "no response",
        // A write that fails is a reset, to whoever has to act on it.
        "reset" | "write_failed" => "reset",
        "header_timeout" => "late",
        "dial_failed" => "no connection",
        "canceled" => "canceled",
        closed if closed.contains("close") => "body closed",
        // What is wrong with a message has many names.
        _ => "broken",
    }
}
