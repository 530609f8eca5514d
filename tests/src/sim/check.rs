//! What must be true of every run. Safety: what the application saw is what was
//! sent, in order, once; every response belongs to its request; nothing follows
//! a refusal. Liveness: nobody waits for ever, nor longer than is documented.

use super::app::reply_body;
use super::client::{Client, Ended};
use super::server::Server;
use super::{due, states};
use crate::peer::request::{self, BodyEnd, End, Place, Request};
use crate::peer::response::{self, Framing, Response};
use purlin_core::observe::ConnState;
use purlin_core::{CloseReason, Fault, Limits, Machine, Mono};
use std::time::Duration;

/// The longest that a peer can make an exchange last by being slow: both rates
/// forgive 5 s and pay for stalls of up to 30 s, and 240 bytes buy a second.
const PATIENCE: Duration = Duration::from_secs(2 * 35);
const RATE: u64 = 240;
/// The longest that nothing at all may happen: idle (75 s) or an application that thinks.
const SILENCE: Duration = Duration::from_secs(75);
/// What the application may take over one request: it thinks, and pauses seven times.
const WORK: Duration = Duration::from_secs(40 * 8);

/// After every step.
pub(super) fn step(server: &Server, now: Mono, sent: usize, got: usize) -> Result<(), String> {
    let limits = Limits::default();
    let input = limits.input_bytes.max(limits.head_bytes + 4096);
    let held = server.machine.held();
    let most = input + 4 * (limits.output_bytes + 8192);
    check(held <= most, || format!("{held} bytes are held"))?;
    due::step(server, now)?;
    if server.socket_closed.is_some() {
        return check(held == 0, || format!("{held} bytes are held, and it is closed"));
    }
    let rests = matches!(server.told.state(), Some((_, ConnState::New | ConnState::Idle)));
    check(!rests || held == 0 || server.machine.want().write, || {
        format!("{held} bytes are held between two requests")
    })?;
    check(!server.broken || server.machine.want().close.is_some(), || {
        "the connection is broken, and the machine goes on".to_owned()
    })?;
    let still = now.since(server.moved);
    check(still <= SILENCE, || format!("nothing has moved for {still:?}"))?;
    let deadline = server.machine.deadline();
    check(deadline.is_none_or(|(at, _)| at > now), || format!("{deadline:?} has passed"))?;
    let open =
        deadline.is_some() || server.app.takes_its_time() || server.machine.want().close.is_some();
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
    let (mut expected, mut places, mut end) = request::read_placed(&client.sent);
    if server.app.raw.is_some() {
        // What follows is no HTTP.
        expected.truncate(server.app.requests.len());
        places.truncate(server.app.requests.len());
        end = End::Tunnel;
    }
    if let Some(most) = client.oversized.filter(|most| *most < expected.len()) {
        // The oracle knows no such limit.
        expected.truncate(most);
        end = End::Refused;
    }
    check_requests(server, &expected, end)?;
    let finals = check_responses(client, server, &places)?;
    states::end(server, &places)?;
    due::end(server)?;
    check_both_know(client, server, finals, end == End::Refused)
}

/// What the application saw is what the client sent, as the oracle reads it.
fn check_requests(server: &Server, expected: &[Request], end: End) -> Result<(), String> {
    let requests = &server.app.requests;
    check(requests.len() <= expected.len(), || {
        let extra: Vec<_> = requests.iter().map(|request| &request.target).collect();
        format!("{extra:?}: more requests than were sent")
    })?;
    for (got, expected) in requests.iter().zip(expected) {
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
    let reason = server.closed.map(|(_, reason)| reason);
    check(end == End::Refused || !refuses(reason), || {
        format!("{reason:?}, and what was sent is valid")
    })
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
fn check_responses(client: &Client, server: &Server, places: &[Place]) -> Result<usize, String> {
    let ended = client.ended == Some(Ended::Fin);
    // What was refused may have been taken for a HEAD request, whose answer has no body.
    let methods = |last| {
        let seen = server.app.requests.iter().map(|request| &*request.method);
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
        check_belongs(response, finals, &server.app.requests)?;
        finals += 1;
    }
    check_raw(client, server, places, (finals, rest))?;
    // An orderly end never cuts a message, unless the application gave up on it.
    let raw = server.app.raw.is_some();
    let cut = ended && !rest.is_empty() && !raw && !server.app.gave_up;
    check(!cut, || format!("cut in the middle: {}", rest.escape_ascii()))?;
    Ok(finals)
}

/// What went over a connection that was taken over: all that came behind the
/// request, its body too if nobody had read it, and what was given for it.
fn check_raw(
    client: &Client,
    server: &Server,
    places: &[Place],
    (finals, rest): (usize, &[u8]),
) -> Result<(), String> {
    let Some(raw) = &server.app.raw else { return Ok(()) };
    let place = places.last().ok_or("a connection is taken over without a request")?;
    let from = if raw.unread { place.body } else { place.to };
    check(client.sent[from..].starts_with(&raw.got), || {
        format!("raw: {} came", raw.got.escape_ascii())
    })?;
    let whole = client.ended == Some(Ended::Fin) && !raw.gave_up && !server.aborted;
    if finals < server.app.requests.len() {
        return check(!whole, || "raw: its head did not arrive".to_owned());
    }
    // The application may have written the head itself.
    let head = raw.sent.windows(4).position(|four| four == b"\r\n\r\n" && raw.wrote_head);
    let sent = &raw.sent[head.map_or(0, |at| at + 4)..];
    check(sent.starts_with(rest), || format!("raw: {} was not sent", rest.escape_ascii()))?;
    check(!whole || sent == rest, || format!("raw: {} of {} arrived", rest.len(), sent.len()))
}

fn check_belongs(response: &Response, index: usize, requests: &[Request]) -> Result<(), String> {
    let named = response.values("x-index");
    let Some(named) = named.first() else {
        return check(response.status >= 400 && response.says_close(), || {
            format!("{} without an index", response.status)
        });
    };
    let named = String::from_utf8_lossy(named);
    check(named == index.to_string(), || format!("response {named} to request {index}"))?;
    let request = &requests[index];
    if response.status != 200 || request.method == "HEAD" {
        return Ok(());
    }
    if !response.values("x-echo").is_empty() {
        return check(response.body == request.body, || format!("echo {index} differs"));
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
    let (_, reason) = server.closed.ok_or("the connection closed without a reason")?;
    let asked = client.methods().len();
    let knows = finals >= asked || client.ended.is_some() || client.gone;
    check(knows, || format!("{finals} of {asked} are answered, and the client waits"))?;
    let fault = matches!(reason, CloseReason::Fault(_));
    check(!refused || fault || client.rude, || format!("{reason:?} after a refused request"))?;
    // A client that does all well and fast, on a connection that is not cut, gets every
    // answer that was given; and if nobody but it ended the connection, all.
    // A shutdown that meets a request on its way ends in a reset, as in Go.
    let raced = server.shut && client.sent.len() > server.arrived();
    if client.rude || client.is_slow() || server.app.gave_up || server.aborted || raced {
        return Ok(());
    }
    let given = server.app.answered.len();
    check(finals >= given, || format!("{given} answers were given, {finals} arrived"))?;
    check(finals >= asked || reason != CloseReason::PeerClosed, || {
        format!("{finals} of {asked} are answered, and nothing went wrong")
    })
}

pub(super) fn check(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
