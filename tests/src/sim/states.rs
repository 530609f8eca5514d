//! What the observer was told must be what happened: the states in Go's order,
//! each exactly when due, and one exchange for every request. When a state is
//! due is worked out from what arrived and what the application gave.

use super::check::check;
use super::server::Server;
use super::told::What;
use crate::peer::request::Place;
use purlin_core::Mono;
use purlin_core::observe::ConnState;

/// When all is over; `places` says where the requests lie in what was sent.
pub(super) fn end(server: &Server, places: &[Place]) -> Result<(), String> {
    order(server)?;
    times(server, places)?;
    exchanges(server)?;
    closing(server)
}

/// New, then Active and Idle in turn, then Closed or Hijacked, once.
fn order(server: &Server) -> Result<(), String> {
    use ConnState::{Active, Closed, Hijacked, Idle, New};
    let mut last = None;
    for (_, state) in server.told.states() {
        let follows = match last {
            None => state == New,
            Some(New | Idle) => matches!(state, Active | Closed),
            Some(Active) => matches!(state, Idle | Hijacked | Closed),
            Some(_) => false,
        };
        check(follows, || format!("{state:?} follows {last:?}"))?;
        last = Some(state);
    }
    let hijacked = server.app.raw.is_some();
    let ends = if hijacked { Hijacked } else { Closed };
    check(last == Some(ends), || format!("{last:?} is the last state"))
}

/// When each turn of this state was told.
fn turns(server: &Server, wanted: ConnState) -> Vec<Mono> {
    server.told.states().filter(|(_, state)| *state == wanted).map(|(at, _)| at).collect()
}

fn times(server: &Server, places: &[Place]) -> Result<(), String> {
    let (active, idle) = (turns(server, ConnState::Active), turns(server, ConnState::Idle));
    for (index, at) in active.iter().enumerate() {
        // The first byte of the request has come, and the one before is over.
        let from = match (places.get(index), places.last()) {
            (Some(place), _) => place.from,
            (None, last) => last.map_or(0, |last| last.to),
        };
        let free = index.checked_sub(1).map_or(Some(server.accepted), |one| idle.get(one).copied());
        let due = arrival(server, from).zip(free).map(|(came, free)| came.max(free));
        check(due == Some(*at), || format!("active at {at:?} instead of {due:?}"))?;
        let late = server.shutdown.filter(|_| server.shut).is_some_and(|shut| *at > shut);
        check(!late, || format!("active at {at:?}, after the shutdown"))?;
    }
    for (index, at) in idle.iter().enumerate() {
        // The answer is given whole, and the last byte of the request has come.
        let given = server.app.answered.iter().find(|(one, _)| *one == index).map(|(_, at)| *at);
        let came = places.get(index).and_then(|place| arrival(server, place.to - 1));
        let due = given.zip(came).map(|(given, came)| given.max(came));
        check(due == Some(*at), || format!("idle at {at:?} instead of {due:?}"))?;
    }
    let taken = server.app.raw.as_ref().map(|raw| raw.since);
    let told = turns(server, ConnState::Hijacked).first().copied();
    check(taken == told, || format!("hijacked at {told:?} instead of {taken:?}"))
}

/// When the byte at this place came.
fn arrival(server: &Server, place: usize) -> Option<Mono> {
    let index = server.arrivals.partition_point(|(bytes, _)| *bytes <= place);
    server.arrivals.get(index).map(|(_, at)| *at)
}

/// One exchange for every request, in order, with the facts.
fn exchanges(server: &Server) -> Result<(), String> {
    let active = turns(server, ConnState::Active);
    let idle = turns(server, ConnState::Idle).len();
    let told = server.told.history.iter().filter_map(|(at, what)| match what {
        What::Exchange(target, facts) => Some((*at, target, *facts)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let app = &server.app;
    check(told.len() == app.requests.len(), || {
        format!("{} requests, and {} exchanges are told", app.requests.len(), told.len())
    })?;
    for (index, (at, target, facts)) in told.into_iter().enumerate() {
        let request = &app.requests[index];
        let what = || format!("{} {}: {facts:?} at {at:?}", request.method, request.target);
        let right = *target == request.target
            && active.get(index) == Some(&facts.first_byte)
            && app.begun[index] == facts.head
            && at == facts.end
            && (index < idle) == facts.keep_alive;
        check(right, what)?;
        let raw = app.raw.is_some() && index + 1 == app.requests.len();
        check(raw || facts.received >= request.body.len() as u64, what)?;
    }
    Ok(())
}

/// The end is told once, and last but for the state; a fault at most once, before it.
fn closing(server: &Server) -> Result<(), String> {
    let history = &server.told.history;
    let count = |wanted: fn(&What) -> bool| history.iter().filter(|(_, what)| wanted(what)).count();
    check(count(|what| matches!(what, What::Closed(_))) == 1, || "closed not once".to_owned())?;
    check(count(|what| matches!(what, What::Fault(_))) <= 1, || "a second fault".to_owned())?;
    let mut last = history.iter().rev();
    let mut closed = last.next();
    if let Some((at, What::State(ConnState::Closed))) = closed {
        check(server.socket_closed == Some(*at), || format!("closed is told at {at:?}"))?;
        closed = last.next();
    }
    let right = matches!((closed, server.closed),
        (Some((at, What::Closed(told))), Some((when, reason))) if *at == when && *told == reason);
    check(right, || format!("{closed:?} is told last, and it is {:?}", server.closed))
}
