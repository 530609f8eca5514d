//! Checks the scripts of a client's pool: what Go's `Transport` did in virtual
//! time is done by a client's world here, step by step.
//!
//! The events of a step have no order. Error texts are ours: kinds of failure are
//! compared. Where Purlin differs on purpose, that is said by rule:
//!
//! - A [`Way`] of Go's that the script calls for ([`ways`]): a world that goes it
//!   does everything as Go did, and the one that does not first differs in what
//!   the way is about: a request is sent again, or connections are shared.
//! - A request that is answered before it is whole: [`early`].
//! - A request whose expectation is refused: [`unexpected`].
//!
//! Go sends again as often as kept connections are lost, so the plan here has no
//! limit of attempts; Purlin's is 3.

mod early;
mod expected;
mod play;
mod unexpected;

use super::json::{fields, flag, items, text};
use crate::virtual_client::{Broken, Way};
use expected::Expected;
use play::{Played, play};
use serde_json::Value;

/// `Transport` as a script of events.
pub(super) fn check(case: &Value) -> Result<(), String> {
    let expected = Expected::of(&case["out"], items(&case["in"], "ops").len())?;
    judge(&case["in"], &expected)
}

fn judge(given: &Value, expected: &Expected) -> Result<(), String> {
    let played = play(given, &[], None)?;
    let Err(why) = expected.compare(&played) else { return Ok(()) };
    if let Some((at, id)) = unexpected::refused(expected).filter(|(_, id)| expects(given, id)) {
        return unexpected::compare((at, &id), expected, &played);
    }
    if !played.early.is_empty() {
        return early::compare(given, expected, &played);
    }
    let ways = ways(given);
    if ways.is_empty() {
        return Err(why);
    }
    let as_go = play(given, &ways, None)?;
    expected.compare(&as_go).map_err(|after| format!("{why}; played as Go does: {after}"))?;
    differs(given, &as_go, &played, &ways)
}

/// Whether that request waits for 100 (Continue).
fn expects(given: &Value, id: &str) -> bool {
    let starts = items(given, "ops").iter().filter(|op| op["op"] == "start");
    let expect = |op: &Value| {
        fields(&op["headers"]).iter().any(|(name, _)| name.eq_ignore_ascii_case(b"expect"))
    };
    starts.filter(|op| text(op, "id") == id).any(expect)
}

/// Whether a case holds in a world that is broken in this way: to prove that it would not.
///
/// # Errors
/// What does not hold.
pub fn holds_if_broken(case: &Value, broken: Broken) -> Result<(), String> {
    let expected = Expected::of(&case["out"], items(&case["in"], "ops").len())?;
    expected.compare(&play(&case["in"], &[], Some(broken))?)
}

/// In which ways of Go's a script may come out otherwise.
fn ways(given: &Value) -> Vec<Way> {
    let starts = || items(given, "ops").iter().filter(|op| op["op"] == "start");
    let keyed = |op: &Value| {
        let key = |name: &[u8]| {
            let name = name.to_ascii_lowercase();
            name == b"idempotency-key" || name == b"x-idempotency-key"
        };
        fields(&op["headers"]).iter().any(|(name, _)| key(name))
    };
    let host = |op: &Value| {
        let rest = text(op, "url").split("://").nth(1).unwrap_or_default();
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    let put = |op: &Value| matches!(text(op, "method"), "PUT" | "DELETE") && !keyed(op);
    let mut ways = Vec::new();
    if starts().any(put) {
        ways.push(Way::PutOnce);
    }
    let config = &given["config"];
    let manual = flag(config, "manual_dial");
    let has = |names: &[&str]| items(given, "ops").iter().any(|op| names.contains(&text(op, "op")));
    let ends = has(&["server_close", "server_reset"]);
    let breaks = has(&["break_write"]);
    if breaks || (manual && ends) {
        ways.extend([Way::FreshOnce, Way::CutOnce]);
    }
    let waits = config["max_conns_per_host"].as_i64() > Some(0) || manual;
    if waits && ends {
        ways.push(Way::LendsUnseen);
    }
    if ends || breaks {
        ways.push(Way::LearnsNothing);
    }
    if has(&["send", "respond"]) {
        ways.push(Way::LeftIsAnswer);
    }
    if starts().any(|op| host(op).bytes().any(|byte| byte.is_ascii_uppercase())) {
        ways.push(Way::HostCase);
    }
    ways
}

/// Checks that Purlin does something else than Go at all, and then what it means
/// to: nobody hears of an error, or hosts that are one share what they have.
fn differs(given: &Value, as_go: &Played, played: &Played, ways: &[Way]) -> Result<(), String> {
    let pairs = || as_go.steps.iter().zip(&played.steps);
    let Some(step) = pairs().position(|(go, ours)| go != ours) else {
        return Err("both are the same step by step, and only one of them as it should".to_owned());
    };
    let count = |of: &Played, kind: &str| {
        of.steps[step].iter().filter(|line| line.starts_with(kind)).count()
    };
    let less = |kind: &str| count(played, kind) < count(as_go, kind);
    let shares = || {
        let more_closed = count(played, "client_closed ") > count(as_go, "client_closed ");
        less("dial ") || more_closed || requests(played, step) == requests(as_go, step)
    };
    // What had been idle for longer is given up, and another connection is made.
    let anew = || {
        let more = |kind: &str| count(played, kind) > count(as_go, kind);
        let (ours, go) = (requests(played, step), requests(as_go, step));
        let others = |all: &[String]| -> Vec<String> {
            all.iter().filter(|line| !line.starts_with("request")).cloned().collect()
        };
        // A request may have to wait for the one that is made, or lets another go first.
        let waits = ours.iter().all(|line| go.contains(line));
        let once = |line: &&String| line.strip_prefix("request ").is_some_and(|l| once(given, l));
        let first = go.iter().filter(once).any(|line| !ours.contains(line));
        let more = more("client_closed ") || more("dial ");
        ((more && waits) || first) && others(&ours) == others(&go)
    };
    let learns = ways.contains(&Way::LearnsNothing) && anew();
    if less("error ") || learns || (ways.contains(&Way::HostCase) && shares()) {
        return Ok(());
    }
    Err(format!("step {step}: {:?}, and as Go does {:?}", played.steps[step], as_go.steps[step]))
}

/// Whether the request of this line, which begins with its id, cannot be sent again.
fn once(given: &Value, line: &str) -> bool {
    let id = line.split(' ').next();
    let mut starts = items(given, "ops").iter().filter(|op| op["op"] == "start");
    let start = starts.find(|op| Some(text(op, "id")) == id);
    start.is_some_and(|op| text(op, "method") == "POST" || op["body"] == "stream")
}

/// The events of a step but for those that are about a connection alone.
fn requests(of: &Played, step: usize) -> Vec<String> {
    of.steps[step].iter().filter_map(|line| early::without_conn(line)).collect()
}

#[cfg(test)]
mod tests;
