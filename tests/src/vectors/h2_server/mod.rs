//! Decides whether a server of HTTP/2 does what a vector says: what the application saw, and
//! what came back.
//!
//! The steps are fed whole, byte by byte and at random splits, and must come to the same.
//! The scheme of a request is not compared: a head does not tell it.

pub(super) mod app;
pub(super) mod judge;
mod told;
pub(super) mod wire;

use serde_json::Value;

use self::app::{Message, Server};
use self::wire::Output;
use super::Profile;
use super::json::{flag, hex, items, text};
use crate::rng::Rng;
use purlin_core::h2::connection::Connection;
use purlin_core::{Eof, Id, Machine, Now, h2};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ran {
    messages: BTreeMap<Id, Message>,
    output: Output,
    /// The output behind each step.
    after: Vec<Output>,
    closing: bool,
    most_running: usize,
    most_held: usize,
    /// What was to be credited by a step, and was not.
    missing_credit: Option<String>,
}

/// How a step is cut.
#[derive(Clone, Copy)]
pub(super) enum Feed {
    Whole,
    Bytes,
    Random(u64),
}

/// A machine with its application, which a step is fed to.
pub(super) trait Fed {
    fn machine(&mut self) -> &mut Connection;
    fn now(&self) -> Now;
    /// Lets everything happen until nothing moves; output is taken, or is not.
    fn settle(&mut self, takes_output: bool);
    /// How much output was taken.
    fn sent(&self) -> usize;
}

/// `h2_server`: what a client may send to a server.
pub(super) fn server(case: &Value, profile: Profile) -> Result<(), String> {
    in_all_cuts(|feed| {
        // Where both protocols are served it is another machine that is asked.
        if text(case, "protocols") == "both" {
            return judge_any(case, profile, |outcome| told::outcome(case, outcome, feed));
        }
        let ran = run(case, feed)?;
        judge_any(case, profile, |outcome| judge::outcome(outcome, &ran))
    })
}

/// Runs a case whole and in pieces.
pub(super) fn in_all_cuts(mut run: impl FnMut(Feed) -> Result<(), String>) -> Result<(), String> {
    for feed in [Feed::Bytes, Feed::Random(1), Feed::Random(2)] {
        run(feed).map_err(|why| format!("split: {why}"))?;
    }
    run(Feed::Whole)
}

/// Whether one of the outcomes that the profile allows is what happened.
pub(super) fn judge_any(
    case: &Value,
    profile: Profile,
    judge: impl Fn(&Value) -> Result<(), String>,
) -> Result<(), String> {
    let mut why = String::new();
    for outcome in items(case, "outcomes") {
        if profile == Profile::Strict && !flag(outcome, "advice") {
            continue;
        }
        match judge(outcome) {
            Ok(()) => return Ok(()),
            Err(wrong) => why = format!("{why}{}: {wrong}; ", text(outcome, "name")),
        }
    }
    Err(why)
}

fn run(case: &Value, feed: Feed) -> Result<Ran, String> {
    let config = &case["config"];
    let most = config["max_concurrent"].as_u64().and_then(|most| u32::try_from(most).ok());
    let mut server = Server::new(most, flag(config, "enable_connect_protocol"));
    let mut rng = Rng::new(match feed {
        Feed::Random(seed) => seed,
        _ => 0,
    });
    let (mut after, mut missing_credit) = (Vec::new(), None);
    let unread = flag(case, "unread");
    for step in items(case, "steps") {
        if step.get("send").is_some() {
            send(&mut server, &hex(&step["send"])?, feed, &mut rng, !unread);
        }
        if flag(step, "eof") {
            server.machine.eof(Eof::Clean, server.now);
        }
        if let Some(seconds) = step["advance_s"].as_u64() {
            advance(&mut server, seconds);
        }
        server.settle(!unread);
        let output = if unread { Output::default() } else { Output::read(&server.output)? };
        missing_credit = missing_credit.or(missing(step, &output));
        after.push(output);
    }
    server.settle(true);
    Ok(Ran {
        output: Output::read(&server.output)?,
        after,
        closing: server.machine.want().close.is_some(),
        most_running: server.most_running,
        most_held: server.most_held,
        messages: server.messages,
        missing_credit,
    })
}

/// What is to be credited by now, and is not.
pub(super) fn missing(step: &Value, output: &Output) -> Option<String> {
    step["await_credit"].as_object().into_iter().flatten().find_map(|(stream, least)| {
        let got = stream.parse().ok().and_then(|id: u32| output.credit.get(&id).copied());
        let short = got.unwrap_or(0) < least.as_u64().unwrap_or(0);
        short.then(|| format!("credit of {stream}: {got:?}, not {least}"))
    })
}

/// Feeds a step, in pieces, as long as the server takes it.
pub(super) fn send(peer: &mut impl Fed, mut octets: &[u8], feed: Feed, rng: &mut Rng, reads: bool) {
    let all = octets.len();
    while !octets.is_empty() && peer.machine().want().close.is_none() {
        let most = match feed {
            Feed::Whole => octets.len(),
            // Long ones in a few octets, which cut each frame somewhere.
            Feed::Bytes if all > 2000 => 7,
            Feed::Bytes => 1,
            Feed::Random(_) => 1 + rng.below(200),
        };
        let piece = &octets[..most.min(octets.len())];
        let taken = {
            let now = peer.now();
            peer.machine().receive(piece, now)
        };
        octets = &octets[taken..];
        if taken < piece.len() {
            // It reads no more while its answers wait: so they are taken.
            let before = peer.sent();
            peer.settle(true);
            if taken == 0 && peer.sent() == before {
                return;
            }
        } else if !matches!(feed, Feed::Whole) {
            peer.settle(reads);
        }
    }
}

/// Lets time pass, deadline by deadline.
fn advance(server: &mut Server, seconds: u64) {
    let end = server.now.later(Duration::from_secs(seconds));
    while let Some((at, _)) = server.machine.deadline().filter(|(at, _)| *at <= end.mono) {
        server.now = server.now.later(at.since(server.now.mono));
        server.machine.tick(server.now);
        server.settle(true);
    }
    server.now = end;
    server.machine.tick(end);
}

/// The number of a code.
pub(super) fn code(name: &Value) -> Option<u32> {
    let number = (0..14).find(|number| {
        let known = purlin_core::ErrorCode::new(*number).name();
        known.is_some() && known == name.as_str()
    });
    number.or_else(|| name.as_u64().and_then(|code| u32::try_from(code).ok()))
}

/// What a size update at the front of a block says.
fn size_updates(block: &[u8]) -> Vec<u32> {
    let mut rest = block;
    let mut sizes = Vec::new();
    while rest.first().is_some_and(|first| first & 0xe0 == 0x20) {
        match h2::hpack::integer::take(&mut rest, 5) {
            Ok(size) => sizes.push(size),
            Err(_) => break,
        }
    }
    sizes
}
