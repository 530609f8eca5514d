//! What a worker thread does with a connection: the six steps of the core's
//! contract, until there is nothing to do but to wait.
//! Decides nothing: it reads, writes and closes as the machine wants, and has
//! the poller wait.

use crate::conn::{Conn, Free, Pending};
use crate::exchange::Exchange;
use crate::hub::Hub;
use purlin_core::{BodyLength, Event, Machine};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;

/// So much of a body is taken in before its handler is called, so that slow
/// senders hold no thread.
const AHEAD: usize = 64 * 1024;

/// What is to become of a connection.
enum Next {
    /// It waits for its socket, or its deadline.
    Wait(Box<Conn>),
    Closed,
}

/// Serves a connection until it waits or is closed.
pub(crate) fn serve(mut conn: Box<Conn>) {
    let hub = Arc::clone(&conn.hub);
    loop {
        match turn(conn, &hub) {
            Next::Closed => return,
            Next::Wait(mut waiting) => {
                waiting.rest();
                match hub.poller.park(waiting) {
                    Some(ready) => conn = ready,
                    None => return,
                }
            }
        }
    }
}

/// Does what can be done without waiting long.
fn turn(mut conn: Box<Conn>, hub: &Hub) -> Next {
    conn.look();
    if !conn.is_new() {
        // What came before a graceful end is served yet.
        conn.read_ready();
    }
    conn.pass_time(Free::ALL);
    loop {
        conn.obey();
        match answer_all(conn, hub) {
            Some(back) => conn = back,
            None => return Next::Closed,
        }
        let want = conn.machine.want();
        if want.write {
            if !conn.write_ready() {
                return Next::Wait(conn);
            }
            continue;
        }
        if want.close.is_some_and(|how| conn.close(how)) {
            return Next::Closed;
        }
        if hub.pool.has_spare() && want.close.is_none() {
            if !conn.linger() {
                conn.trim();
                return Next::Wait(conn);
            }
        } else if conn.is_drained() || !conn.read_ready() {
            return Next::Wait(conn);
        }
    }
}

/// Has every request answered that is there; gives the connection back, or
/// nothing if the server aborts.
fn answer_all(mut conn: Box<Conn>, hub: &Hub) -> Option<Box<Conn>> {
    loop {
        if let Some(pending) = conn.pending.take() {
            conn = match is_ready(&mut conn, &pending) {
                Ok(true) => answer(conn, *pending, hub)?,
                Ok(false) => {
                    conn.pending = Some(pending);
                    conn.note_events();
                    return Some(conn);
                }
                // It is answered as a panic of the handler itself.
                Err(payload) => {
                    conn.input_closed = false;
                    Exchange::run(conn, *pending, |_, _| resume_unwind(payload))?
                }
            };
        }
        let Some(event) = conn.machine.poll_event(conn.now()) else {
            return Some(conn);
        };
        match event {
            Event::Request { id, head, body, .. } if body == BodyLength::Empty => {
                conn = answer(conn, Pending { id, head, length: body }, hub)?;
            }
            Event::Request { id, head, body, .. } => {
                conn.pending = Some(Box::new(Pending { id, head, length: body }));
            }
            other => conn.note(&other),
        }
    }
}

/// Whether the handler can be called: it will not have to wait for a small body.
///
/// # Errors
/// It panicked when it was asked whether it waits.
fn is_ready(conn: &mut Conn, pending: &Pending) -> thread::Result<bool> {
    let now = conn.now();
    let handler = &conn.hub.handler;
    let asked = AssertUnwindSafe(|| handler.full_duplex(&pending.head));
    Ok(catch_unwind(asked)? || conn.machine.prefetch(pending.id, AHEAD, now))
}

/// Calls the handler; comes back when the response is complete.
fn answer(mut conn: Box<Conn>, pending: Pending, hub: &Hub) -> Option<Box<Conn>> {
    conn.input_closed = false;
    Exchange::run(conn, pending, |request, exchange| hub.handler.call(request, exchange))
}
