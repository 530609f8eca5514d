//! Checks the scripts of a client's pool: what Go's `Transport` did in virtual
//! time is done by a client's world here, step by step.
//!
//! The events of a step have no order. Error texts are ours: kinds of failure are
//! compared. Where Purlin differs on purpose, that is said by rule:
//!
//! - A [`Way`] of Go's that the script calls for: played, everything is as in Go;
//!   not played, everything is as in Go until the way makes a difference, and
//!   then the request is sent again, or its host shared ([`ways`]).
//! - A request that is answered before it is whole: [`early`].
//!
//! Go sends again as often as kept connections are lost, so the plan here has no
//! limit of attempts; Purlin's is 3.

mod early;
mod expected;
mod play;

use super::json::{fields, items, same, text};
use crate::virtual_client::{Broken, Way};
use expected::Expected;
use play::{Played, play};
use serde_json::Value;

/// `Transport` as a script of events.
pub(super) fn check(case: &Value) -> Result<(), String> {
    let expected = Expected::of(&case["out"], items(&case["in"], "ops").len())?;
    let played = play(&case["in"], &[], None)?;
    let Err(why) = expected.compare(&played) else { return Ok(()) };
    if !played.early.is_empty() {
        return early::compare(&expected, &played);
    }
    let ways = ways(&case["in"]);
    if ways.is_empty() {
        return Err(why);
    }
    let as_go = play(&case["in"], &ways, None)?;
    expected.compare(&as_go).map_err(|after| format!("{why}; played as Go does: {after}"))?;
    differs(&as_go, &played)
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
    if items(given, "ops").iter().any(|op| op["op"] == "break_write") {
        ways.extend([Way::FreshOnce, Way::CutOnce]);
    }
    if starts().any(|op| host(op).bytes().any(|byte| byte.is_ascii_uppercase())) {
        ways.push(Way::HostCase);
    }
    ways
}

/// Checks that Purlin differs where Go's way is gone, and not before, and then as
/// it means to: nobody hears of an error, and no connection is made, that there
/// need not be.
fn differs(as_go: &Played, played: &Played) -> Result<(), String> {
    let Some(step) = as_go.went_gos_way else {
        return Err("it differs, but no way of Go's was gone".to_owned());
    };
    for (at, (go, ours)) in as_go.steps.iter().zip(&played.steps).take(step).enumerate() {
        same(&format!("step {at}"), ours, go)?;
    }
    let kinds = |played: &Played, kind: &str| {
        played.steps[step].iter().filter(|line| line.starts_with(kind)).count()
    };
    let less = |kind: &str| kinds(played, kind) < kinds(as_go, kind);
    if less("error ") || less("dial ") {
        return Ok(());
    }
    Err(format!("step {step}: {:?}, and as Go does {:?}", played.steps[step], as_go.steps[step]))
}
