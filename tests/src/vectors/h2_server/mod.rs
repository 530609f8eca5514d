//! Decides whether a server of HTTP/2 does what a vector says: what the application saw, and
//! what came back.
//!
//! The steps are fed whole, byte by byte and at random splits, and must come to the same.
//! Scheme and protocol of a request are not compared: a head does not tell them yet.

mod app;
mod judge;
mod wire;

use serde_json::Value;

use self::app::{Message, Server};
use self::wire::Output;
use super::Profile;
use super::json::{flag, hex, items, text};
use super::wire::check;
use crate::rng::Rng;
use purlin_core::{Eof, Id, Machine, h2};
use std::collections::BTreeMap;
use std::time::Duration;

/// The classes that the machine is not built for yet, and whose cases are not among the
/// vectors: `h1` is about a port on which HTTP/1 is spoken, too.
const NOT_YET: &[&str] = &["h1"];

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
enum Feed {
    Whole,
    Bytes,
    Random(u64),
}

/// `h2_server`: what a client may send to a server.
pub(super) fn server(case: &Value, profile: Profile) -> Result<(), String> {
    let class = text(case, "class");
    check(!NOT_YET.contains(&class), || format!("the class {class} is not built yet"))?;
    let whole = run(case, Feed::Whole)?;
    for feed in [Feed::Bytes, Feed::Random(1), Feed::Random(2)] {
        let split = run(case, feed)?;
        judge_any(case, profile, &split).map_err(|why| format!("split: {why}"))?;
    }
    judge_any(case, profile, &whole)
}

fn judge_any(case: &Value, profile: Profile, ran: &Ran) -> Result<(), String> {
    let mut why = String::new();
    for outcome in items(case, "outcomes") {
        if profile == Profile::Strict && !flag(outcome, "advice") {
            continue;
        }
        match judge::outcome(outcome, ran) {
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
        if let Some(credit) = step["await_credit"].as_object() {
            for (stream, least) in credit {
                let got = stream.parse().ok().and_then(|id: u32| output.credit.get(&id).copied());
                if got.unwrap_or(0) < least.as_u64().unwrap_or(0) {
                    missing_credit = Some(format!("credit of {stream}: {got:?}, not {least}"));
                }
            }
        }
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

/// Feeds a step, in pieces, as long as the server takes it.
fn send(server: &mut Server, mut octets: &[u8], feed: Feed, rng: &mut Rng, reads: bool) {
    let all = octets.len();
    while !octets.is_empty() && server.machine.want().close.is_none() {
        let most = match feed {
            Feed::Whole => octets.len(),
            // Long ones in a few octets, which cut each frame somewhere.
            Feed::Bytes if all > 2000 => 7,
            Feed::Bytes => 1,
            Feed::Random(_) => 1 + rng.below(200),
        };
        let piece = &octets[..most.min(octets.len())];
        let taken = server.machine.receive(piece, server.now);
        octets = &octets[taken..];
        if taken < piece.len() {
            // It reads no more while its answers wait: so they are taken.
            let before = server.output.len();
            server.settle(true);
            if taken == 0 && server.output.len() == before {
                return;
            }
        } else if !matches!(feed, Feed::Whole) {
            server.settle(reads);
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
fn code(name: &Value) -> Option<u32> {
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
