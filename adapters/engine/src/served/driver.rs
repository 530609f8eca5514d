//! The loop that serves one connection: the machine's six steps, and its handler beside them.
//! Decides nothing of the protocol: events are obeyed, commands passed on.
//!
//! ```text
//!   read ---> events ---> handler ---> write ---> close? ---> trim, wait
//!               ^------- again, while anything moved --------'
//! ```
//!
//! The handler's future is polled here, in the connection's own task, so that
//! an answer leaves in the same wake that brought its request.

use super::link::Link;
use super::{Payload, Served, Service, State, Stop, Work, serve, tell_last};
use crate::sync::MutexGuard;
use crate::{Budget, Ready};
use purlin_core::observe::Watch;
use purlin_core::{CloseReason, Eof, Machine, Mono, Now, Values, Why};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Turns of the loop before other tasks get theirs.
const ROUNDS: usize = 32;

/// What the connections of a server share, as whoever drives one needs it.
pub trait Place {
    /// What answers requests.
    type Service: Service;

    /// What answers requests.
    fn service(&self) -> &Self::Service;

    /// The time.
    fn now(&self) -> Now;

    /// What the server's connections may hold together.
    fn budget(&self) -> &Budget;

    /// A handler panicked with this, or what it answered with did; the peer is answered
    /// already, as far as it can be.
    fn panicked(&self, _payload: Payload) {}

    /// A connection is about to wait, and need not keep its buffers for that.
    fn rest(&self, _served: &Arc<Served>, mut state: MutexGuard<'_, State>) {
        state.trim(self.now());
    }

    /// So many handlers may be busy at once beside the first one of a connection.
    fn seats(&self) -> usize {
        100
    }

    /// Whether somebody waits for the place of a connection that is idle.
    fn is_pressed(&self) -> bool {
        false
    }
}

/// One connection that is served, to be polled to its end.
///
/// Dropped before that, it ends at once, so that the peer can tell.
pub struct Driver<'p, P: Place, W: Ready> {
    served: Arc<Served>,
    link: Link<'p, W>,
    work: Work<'p, P::Service>,
    place: &'p P,
}

impl<'p, P: Place, W: Ready> Driver<'p, P, W> {
    /// Serves this over this wire; requests come with these values.
    pub fn new(
        place: &'p P,
        wire: W,
        served: Arc<Served>,
        values: Values,
        watch: Option<Box<Watch>>,
    ) -> Self {
        let work = Work::new(place.service(), served.clone(), values, watch).seats(place.seats());
        Driver { served, link: Link::new(wire, place.budget()), work, place }
    }
}

impl<P: Place, W: Ready + Unpin> Future for Driver<'_, P, W> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Driver { served, link, work, place } = self.get_mut();
        let mut now = place.now();
        let mut state = served.lock();
        if state.stop == Stop::Cut {
            return Poll::Ready(());
        }
        woken(link, &mut state, cx, now);
        work.woken();
        for _ in 0..ROUNDS {
            link.read(&mut state, cx, now);
            if state.stop == Stop::Asked {
                end_soon(link, &mut state, cx, now);
            }
            let panicked = |payload| place.panicked(payload);
            state = serve(&panicked, served, state, work, cx, &mut now, &mut || place.now());
            if state.stop == Stop::Cut {
                return Poll::Ready(());
            }
            let want = state.machine.want();
            if want.write && link.write(&mut state, cx, now) {
                continue;
            }
            if !work.is_due() && link.is_waiting(want) {
                if link.close(want) {
                    return end(state, work, cx);
                }
                if link.await_end(&mut state, cx, now) {
                    continue;
                }
                let deadline = state.machine.deadline();
                if deadline.is_some_and(|(at, _)| link.poll_until(at, cx).is_ready()) {
                    now = place.now();
                    link.time_up(&mut state, cx, now);
                    continue;
                }
                if note_idle(&mut state, deadline, now) && place.is_pressed() {
                    state.stop = state.stop.max(Stop::Asked);
                    continue;
                }
                link.rest(&mut state);
                work.sleep(cx);
                place.rest(served, state);
                return Poll::Pending;
            }
        }
        drop(state);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Takes in what may have happened while the task slept.
fn woken<W: Ready>(link: &mut Link<'_, W>, state: &mut State, cx: &mut Context<'_>, now: Now) {
    if !state.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
        state.driver = Some(cx.waker().clone());
        link.renew(cx);
    }
    link.woken(state, cx, now);
}

/// Tells the machine of a graceful stop. What has arrived until now is still
/// served, and so is the first request of a new connection, which may be on its way.
fn end_soon<W: Ready>(link: &mut Link<'_, W>, state: &mut State, cx: &mut Context<'_>, now: Now) {
    link.read_last(state, cx, now);
    match state.idle {
        Some(since) if since > now.mono => link.wake_at(since, cx),
        _ => {
            state.stop = Stop::Told;
            state.machine.shutdown(now);
        }
    }
}

/// Notes since when the connection is idle, if it is; says whether it is.
fn note_idle(state: &mut State, deadline: Option<(Mono, Why)>, now: Now) -> bool {
    // Without any deadline, and without an exchange, it can be nothing else.
    let unhurried = matches!(deadline, None | Some((_, Why::Idle)));
    let idle = unhurried && !state.machine.in_exchange();
    if idle {
        state.idle.get_or_insert(now.mono);
    }
    idle
}

/// The wire is closed: the handler may go on with what it does, unless the
/// peer is gone or was cut off, so that nobody waits for an answer.
fn end<S: Service>(
    state: MutexGuard<'_, State>,
    work: &mut Work<'_, S>,
    cx: &Context<'_>,
) -> Poll<()> {
    let lost = state.is_lost();
    drop(state);
    work.closed();
    if lost {
        work.cancel();
    }
    if work.is_over() {
        return Poll::Ready(());
    }
    work.sleep(cx);
    Poll::Pending
}

/// A connection that is dropped before its end was told to stop at once.
impl<P: Place, W: Ready> Drop for Driver<'_, P, W> {
    fn drop(&mut self) {
        self.work.cancel();
        let now = self.place.now();
        let mut state = self.served.lock();
        if self.link.is_closed() {
            // Others may hold on to what is shared.
            state.machine.trim(now);
            return;
        }
        if state.machine.in_exchange() {
            self.link.abort();
        }
        state.machine.eof(Eof::Reset, now);
        state.closed = state.closed.or(Some(CloseReason::Shutdown));
        state.release().into_iter().for_each(Waker::wake);
        tell_last(&self.served, state, now);
    }
}

impl<P: Place, W: Ready> fmt::Debug for Driver<'_, P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("work", &self.work).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
