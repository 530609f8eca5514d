//! What must be true of every run. Safety: what the application saw is what was
//! sent, in order, once; every response belongs to its request; nothing follows
//! a refusal. Liveness: nobody waits for ever, nor longer than is documented.

use super::client::{Client, Ended};
use super::server::{Server, reply_body};
use crate::peer::request::{self, BodyEnd, End};
use crate::peer::response::{self, Framing, Response};
use purlin_core::{CloseReason, Fault, Limits, Machine, Mono};
use std::time::Duration;

/// The longest that a peer can make an exchange last by being slow: both rates
/// forgive 5 s and pay for stalls of up to 30 s, and 240 bytes buy a second.
const PATIENCE: Duration = Duration::from_secs(2 * 35);
const RATE: u64 = 240;
/// The longest that nothing at all may happen: idle (75 s) or an application that thinks.
const SILENCE: Duration = Duration::from_secs(75);
/// What the application may take over one request.
const WORK: Duration = Duration::from_secs(40 * 8);

/// After every step.
pub(super) fn step(server: &Server, now: Mono, sent: usize, got: usize) -> Result<(), String> {
    let limits = Limits::default();
    let input = limits.input_bytes.max(limits.head_bytes + 4096);
    let held = server.machine.held();
    let most = input + 4 * (limits.output_bytes + 8192);
    check(held <= most, || format!("{held} bytes are held"))?;
    if server.socket_closed {
        return Ok(());
    }
    check(!server.broken || server.machine.want().close.is_some(), || {
        "the connection is broken, and the machine goes on".to_owned()
    })?;
    let still = now.since(server.moved);
    check(still <= SILENCE, || format!("nothing has moved for {still:?}"))?;
    let deadline = server.machine.deadline();
    check(deadline.is_none_or(|(at, _)| at > now), || format!("{deadline:?} has passed"))?;
    let open =
        deadline.is_some() || server.application_waits() || server.machine.want().close.is_some();
    check(open, || "the machine waits for the peer without a deadline".to_owned())?;
    if let Some(began) = server.exchange_began() {
        let moved = Duration::from_secs((sent + got) as u64 / RATE + 1);
        let lasts = now.since(began);
        check(lasts <= PATIENCE + WORK + moved, || format!("an exchange lasts for {lasts:?}"))?;
    }
    Ok(())
}

/// When all is over.
pub(super) fn end(client: &Client, server: &Server) -> Result<(), String> {
    let refused = check_requests(client, server)?;
    let finals = check_responses(client, server)?;
    check_both_know(client, server, finals, refused)
}

/// What the application saw is what the client sent, as the oracle reads it.
fn check_requests(client: &Client, server: &Server) -> Result<bool, String> {
    let (expected, end) = request::read_all(&client.sent);
    check(server.requests.len() <= expected.len(), || {
        let extra: Vec<_> = server.requests.iter().map(|request| &request.target).collect();
        format!("{extra:?}: more requests than were sent")
    })?;
    for (got, expected) in server.requests.iter().zip(&expected) {
        let what = || format!("{} {}", got.method, got.target);
        check(got.method == expected.method && got.target == expected.target, || {
            format!("{} instead of {} {}", what(), expected.method, expected.target)
        })?;
        check(got.fields == expected.fields, || format!("the fields of {} differ", what()))?;
        check(expected.body.starts_with(&got.body), || format!("the body of {} differs", what()))?;
        let whole = got.end != BodyEnd::Whole
            || (expected.end == BodyEnd::Whole && got.body == expected.body);
        check(whole, || format!("the body of {} is taken for whole", what()))?;
    }
    let refused = end == End::Refused;
    check(refused || !refuses(server.closed), || {
        format!("{:?}, and what was sent is valid", server.closed)
    })?;
    Ok(refused)
}

/// Whether the connection ended over a rule that the client broke, not over a
/// limit or the loss of the connection.
fn refuses(closed: Option<CloseReason>) -> bool {
    match closed {
        Some(CloseReason::Fault(Fault::Truncated | Fault::Reset)) => false,
        Some(CloseReason::Fault(fault)) => fault.rule().starts_with("RFC"),
        _ => false,
    }
}

/// Every response is whole or cut by the end, and belongs to its request.
fn check_responses(client: &Client, server: &Server) -> Result<usize, String> {
    let ended = client.ended == Some(Ended::Fin);
    // What was refused may have been taken for a HEAD request, whose answer has no body.
    let methods = |last| {
        let seen = server.requests.iter().map(|request| &*request.method);
        seen.chain([last]).collect::<Vec<_>>()
    };
    let (all, rest) = response::read_all(&methods("GET"), &client.got, ended)?;
    let bodiless = rest.starts_with(b"HTTP/1.1 4") && rest.ends_with(b"\r\n\r\n");
    let methods = methods(if bodiless { "HEAD" } else { "GET" });
    let (all, rest) = match bodiless {
        true => response::read_all(&methods, &client.got, ended)?,
        false => (all, rest),
    };
    let mut finals = 0;
    for response in all.iter().filter(|one| one.status >= 200 || one.framing == Framing::Tunnel) {
        check_belongs(response, finals, methods[finals])?;
        finals += 1;
    }
    // An orderly end never cuts a message, unless the application gave up on it.
    let cut = ended && !rest.is_empty() && !server.gave_up;
    check(!cut, || format!("cut in the middle: {}", rest.escape_ascii()))?;
    Ok(finals)
}

fn check_belongs(response: &Response, index: usize, method: &str) -> Result<(), String> {
    let named = response.values("x-index");
    let Some(named) = named.first() else {
        return check(response.status >= 400 && response.says_close(), || {
            format!("{} without an index", response.status)
        });
    };
    let named = String::from_utf8_lossy(named);
    check(named == index.to_string(), || format!("response {named} to request {index}"))?;
    if response.status != 200 || method == "HEAD" {
        return Ok(());
    }
    let line = response.body.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
    let size = String::from_utf8_lossy(line).split(' ').nth(1).and_then(|size| size.parse().ok());
    let size = size.ok_or_else(|| format!("body: {}", response.body.escape_ascii()))?;
    let same = size <= 100_000 && response.body == reply_body(index, size);
    check(same, || format!("the body of response {index} is not what was given"))
}

/// A request without its response is one of which the client knows that it failed.
fn check_both_know(
    client: &Client,
    server: &Server,
    finals: usize,
    refused: bool,
) -> Result<(), String> {
    let reason = server.closed.ok_or("the connection closed without a reason")?;
    let asked = client.methods().len();
    let knows = finals >= asked || client.ended.is_some() || client.gone;
    check(knows, || format!("{finals} of {asked} are answered, and the client waits"))?;
    let fault = matches!(reason, CloseReason::Fault(_));
    check(!refused || fault || client.rude, || format!("{reason:?} after a refused request"))?;
    // A client that does all well and fast, on a connection that is not cut, gets every
    // answer that was given; and if nobody but it ended the connection, all.
    if client.rude || client.is_slow() || server.gave_up || server.aborted {
        return Ok(());
    }
    let given = server.answered;
    check(finals >= given, || format!("{given} answers were given, {finals} arrived"))?;
    check(finals >= asked || reason != CloseReason::PeerClosed, || {
        format!("{finals} of {asked} are answered, and nothing went wrong")
    })
}

fn check(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
