//! Decides whether a client of HTTP/2 does what a vector says: what it sent, and what those
//! who made requests were told.
//!
//! The steps are fed whole, byte by byte and at random splits, and must come to the same.

mod app;
mod judge;

use serde_json::Value;

use self::app::{Asked, Client};
use super::Profile;
use super::h2_server::wire::Output;
use super::h2_server::{Fed, Feed, in_all_cuts, judge_any, missing, send};
use super::json::{flag, hex, items, text};
use crate::rng::Rng;
use purlin_core::{ClientMachine, Eof, Machine, Reuse};

/// What a run came to.
struct Ran {
    asked: Vec<Asked>,
    output: Output,
    closing: bool,
    reuse: Reuse,
    /// What was to be credited by a step, and was not.
    missing_credit: Option<String>,
}

/// `h2_client`: what a server may send to a client that made given requests.
pub(super) fn client(case: &Value, profile: Profile) -> Result<(), String> {
    in_all_cuts(|feed| {
        let ran = run(case, feed)?;
        judge_any(case, profile, |outcome| judge::outcome(outcome, &ran))
    })
}

fn run(case: &Value, feed: Feed) -> Result<Ran, String> {
    let mut client = Client::new();
    let mut rng = Rng::new(match feed {
        Feed::Random(seed) => seed,
        _ => 0,
    });
    let mut missing_credit = None;
    client.settle(true);
    for step in items(case, "steps") {
        if let Some(request) = step.get("request") {
            client.ask(request)?;
        }
        if step.get("cancel").is_some() {
            client.cancel(text(step, "cancel"));
        }
        client.settle(true);
        if step.get("send").is_some() {
            send(&mut client, &hex(&step["send"])?, feed, &mut rng, true);
        }
        if flag(step, "eof") {
            let now = client.now();
            client.machine().eof(Eof::Clean, now);
        }
        client.settle(true);
        missing_credit = missing_credit.or(missing(step, &Output::read_client(&client.output)?));
    }
    Ok(Ran {
        output: Output::read_client(&client.output)?,
        closing: client.machine.want().close.is_some(),
        reuse: client.machine.reuse(),
        asked: client.asked,
        missing_credit,
    })
}
