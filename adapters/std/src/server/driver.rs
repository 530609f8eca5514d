//! What a worker thread does with a connection: the six steps of the core's
//! contract, until there is nothing to do but to wait.
//! Decides nothing: it reads, writes and closes as the machine wants, and has
//! the poller wait.
//!
//! ```text
//!   read ---> events ---> handler ---> write ---> close? ---> linger, park
//!               ^------- again, while anything moved --------'
//! ```
//!
//! While a handler runs, the connection is lent to those who have a part in its exchange:
//! `waiting` says how they move its bytes.

use crate::handler::Exchange;
use crate::server::conn::{Conn, Own};
use crate::server::line::Guard;
use crate::server::many::{self, By};
use crate::{Body, Request, Source};
use purlin_core::message::Outcome;
use purlin_core::testing::Recorded;
use purlin_core::{BodyLength, Machine, Values};
use purlin_engine::BULK;
use purlin_engine::served::{Asked, Heard, Rest, Trouble};
use purlin_net::Clock;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// So much of a body is taken in before its handler is called, so that slow
/// senders hold no thread.
pub(crate) const AHEAD: usize = 64 * 1024;

/// Serves a connection until it waits or is closed.
pub(crate) fn serve(mut conn: Box<Conn>) {
    loop {
        if conn.is_many() {
            return many::attend(conn, By::Worker);
        }
        if !turn(&mut conn) {
            return;
        }
        if conn.is_many() {
            continue;
        }
        let common = conn.line().common.clone();
        match common.poller.park(conn) {
            Some(ready) => conn = ready,
            None => return,
        }
    }
}

/// Does what can be done without waiting long; says whether it waits, and is not closed.
/// One that turns out to carry many exchanges does not wait.
fn turn(conn: &mut Conn) -> bool {
    let Conn { exchange, own } = conn;
    let line = &*exchange.line;
    own.look(&line.common);
    let mut state = line.lock();
    // What came before a graceful end is served yet.
    own.read(line, &mut state);
    own.pass_time(line, &mut state);
    let mut lingered = false;
    loop {
        line.obey(&mut state, own.clock.last());
        if state.machine.carries_many() {
            own.is_many = true;
            return true;
        }
        state = answer_all(exchange, own, state);
        let want = state.machine.want();
        if want.write {
            let Some(written) = line.write(&mut state, own.clock.last()) else { break };
            // So little stood in the way of no request that is here already, and mostly the
            // next one follows at once.
            let small = written < BULK && !state.machine.in_exchange();
            if small && line.common.pool.has_spare() && state.machine.want().close.is_none() {
                lingered = !own.linger(line, &mut state);
            }
            continue;
        }
        if want.close.is_some_and(|how| line.close(how)) {
            return false;
        }
        if lingered {
            break;
        }
        if line.common.pool.has_spare() && want.close.is_none() {
            lingered = !own.linger(line, &mut state);
        } else if own.is_drained(line) || !own.read(line, &mut state) {
            break;
        }
    }
    own.rest(line, &mut state);
    true
}

/// Has the handler answer what is there without a wire, and records that.
pub(crate) fn record(conn: &mut Conn) -> Option<Recorded> {
    let Conn { exchange, own } = conn;
    let line = &*exchange.line;
    let mut state = answer_all(exchange, own, line.lock());
    state.machine.as_in_memory().map(Recorded::take)
}

/// Has every request answered that is there.
fn answer_all<'s>(exchange: &'s Exchange, own: &mut Own, mut state: Guard<'s>) -> Guard<'s> {
    let mut heard = Heard::default();
    own.pending = own.pending.take().or_else(|| state.take_asked());
    loop {
        if own.pending.is_some() {
            state = answer_ready(exchange, own, state);
        }
        state = exchange.obey(state, &mut heard, own.clock.last());
        match &heard.asked {
            None => return state,
            Some(asked) if asked.length == BodyLength::Empty => {
                state = answer(exchange, own, state, &mut heard.asked);
                own.pending = state.take_asked();
            }
            Some(_) => own.pending = heard.asked.take().map(Box::new),
        }
    }
}

/// Has a request answered whose handler will not have to wait for a small body.
fn answer_ready<'s>(exchange: &'s Exchange, own: &mut Own, state: Guard<'s>) -> Guard<'s> {
    let Some(asked) = own.pending.take() else { return state };
    let line = &*exchange.line;
    drop(state);
    let asks = AssertUnwindSafe(|| line.common.handler.full_duplex(&asked.head));
    let duplex = catch_unwind(asks);
    let mut state = line.lock();
    let now = own.clock.last();
    match duplex {
        Ok(false) if !state.machine.prefetch(asked.id, AHEAD, now) => own.pending = Some(asked),
        Ok(_) => {
            state = answer(exchange, own, state, &mut Some(*asked));
            own.pending = state.take_asked();
        }
        // It is answered as a panic of the handler itself.
        Err(payload) => state.panicked(asked.id, payload, now),
    }
    state
}

/// Calls the handler, and does what it says; comes back when the response is whole, or
/// nobody but the connection's owner has anything to do with it.
fn answer<'s>(
    exchange: &'s Exchange,
    own: &mut Own,
    mut state: Guard<'s>,
    asked: &mut Option<Asked>,
) -> Guard<'s> {
    let line = &*exchange.line;
    let watched = state.watch.is_some();
    state.lent = true;
    drop(state);
    // A panic is answered, and nothing else is shared with the handler.
    let answered = catch_unwind(AssertUnwindSafe(|| {
        let outcome = call(exchange, &own.values, asked, watched);
        let now = own.clock.look();
        let mut state = line.lock();
        line.obey(&mut state, now);
        let rest = state.settle(exchange.id.get(), outcome, now);
        (state, rest.map(Box::new))
    }));
    let id = exchange.id.get();
    let (mut state, rest) = answered.unwrap_or_else(|payload| {
        let mut state = line.lock();
        state.panicked(id, payload, own.clock.look());
        (state, None)
    });
    if let Some(rest) = rest {
        state = finish(exchange, &mut own.clock, state, *rest);
    }
    if state.is_held(id) {
        state = line.wait_elsewhere(state, id, &mut own.clock);
    }
    line.take_back(state, &mut own.clock)
}

/// Calls the handler with this request.
#[inline]
fn call(
    exchange: &Exchange,
    values: &Values,
    asked: &mut Option<Asked>,
    watched: bool,
) -> Outcome<Source> {
    let Some(Asked { id, head, length }) = asked.take() else { return Outcome::Written };
    exchange.id.set(id);
    let body = Body::of(exchange, length);
    let request = Request::new(head, length, body).with_values(values.clone());
    let handler = &exchange.line.common.handler;
    if watched {
        return handler.call(observed(exchange, request), exchange).0;
    }
    handler.call(request, exchange).0
}

#[cold]
fn observed(exchange: &Exchange, mut request: Request) -> Request {
    exchange.line.lock().observe(exchange.id.get(), &mut request);
    request
}

/// Does what is left to be done with what a handler came to, which may take time.
#[cold]
pub(crate) fn finish<'s>(
    exchange: &'s Exchange,
    clock: &mut Clock,
    mut state: Guard<'s>,
    rest: Rest<Source>,
) -> Guard<'s> {
    let (line, id) = (&*exchange.line, exchange.id.get());
    match rest {
        Rest::Pieces(response) => {
            let writer = exchange.own_writer(&mut state);
            drop(state);
            // An error was the source's, and is told to the peer; or the peer is gone.
            let sent = catch_unwind(AssertUnwindSafe(|| drop(writer.respond(response))));
            state = line.lock();
            state.sent(id, sent, clock.look());
        }
        Rest::Unsent(response) => {
            drop(state);
            // What it is made of is the application's, as its handler is.
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(response)));
            state = line.lock();
            if let Err(payload) = dropped {
                state.report(Trouble::Panicked(payload));
            }
        }
    }
    state
}
