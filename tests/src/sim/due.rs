//! Every timeout ends what it is for exactly when the documentation says, not
//! before and not later. When that is, is worked out from what happened.

use super::check::check;
use super::server::Server;
use purlin_core::observe::ConnState;
use purlin_core::{CloseReason, Fault, Machine, Mono, Why};
use std::time::Duration;

const HEAD: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(75);
const DRAIN: Duration = Duration::from_secs(30);
const LINGER: Duration = Duration::from_secs(5);

/// After every step.
pub(super) fn step(server: &Server, now: Mono) -> Result<(), String> {
    server.body.check("the request's body", now)?;
    server.write.check("the response", now)?;
    if server.socket_closed.is_some() {
        return Ok(());
    }
    let within = |what: &str, since: Option<Mono>, most: Duration| {
        let lasts = since.map_or(Duration::ZERO, |since| now.since(since));
        check(lasts <= most, || format!("{what} lasts for {lasts:?}"))
    };
    // On a raw stream it is the application that waits for the other side to end.
    within("lingering", server.write_shut.filter(|_| server.app.raw.is_none()), LINGER)?;
    within("a shutdown", server.shutdown.filter(|_| server.shut), DRAIN + LINGER)?;
    let (since, state) = server.told.state().ok_or("no state was told")?;
    match state {
        ConnState::New => within("a connection without a byte", Some(since), HEAD + LINGER),
        ConnState::Idle => {
            // What is said last must be taken first.
            let silent = Some(since.max(server.emptied)).filter(|_| !server.machine.want().write);
            within("idleness", silent, IDLE)
        }
        _ => Ok(()),
    }
}

/// When all is over: the reason that was told, and when it was due.
pub(super) fn end(server: &Server) -> Result<(), String> {
    let Some((at, reason)) = server.closed else { return Ok(()) };
    let last = |wanted: ConnState| {
        let mut states = server.told.states();
        states.by_ref().filter(|(_, state)| *state == wanted).last().map(|(at, _)| at)
    };
    let due = match reason {
        CloseReason::Timeout(Why::Head) => server.accepted + HEAD,
        CloseReason::Fault(Fault::HeadTimeout) => {
            let first = last(ConnState::Idle).is_none();
            let begun = if first { Some(server.accepted) } else { last(ConnState::Active) };
            begun.ok_or("the time for a head that did not begin is up")? + HEAD
        }
        CloseReason::Timeout(Why::Idle) => {
            let idle = last(ConnState::Idle).ok_or("idle for too long, and never idle")?;
            idle.max(server.emptied) + IDLE
        }
        CloseReason::Fault(Fault::DrainTimeout) => {
            server.shutdown.filter(|_| server.shut).ok_or("no shutdown to be drained")? + DRAIN
        }
        // Where it was thrown away meanwhile, nobody has seen the waiting.
        CloseReason::Fault(Fault::BodyTimeout) if server.app.discards() => return Ok(()),
        CloseReason::Fault(Fault::BodyTimeout) => {
            return server.body.check_spent("the request's body", at);
        }
        CloseReason::Fault(Fault::WriteTimeout) => {
            return server.write.check_spent("the response", at);
        }
        _ => return Ok(()),
    };
    check(due == at, || format!("{reason:?} at {at:?} instead of {due:?}"))
}
