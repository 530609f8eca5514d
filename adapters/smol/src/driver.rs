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

use crate::clock;
use crate::link::Link;
use crate::place::Place;
use crate::server::{Arrival, Seat};
use purlin_core::{CloseReason, Eof, Machine, Now};
use purlin_engine::served::{Served, Service, State, Stop, Work, serve, tell_last};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

/// Turns of the loop before other tasks get theirs.
const ROUNDS: usize = 32;

/// One connection, to be polled to its end.
pub(crate) struct Driver<'h, K: Service> {
    shared: Arc<Served>,
    link: Link<'h>,
    work: Work<'h, K>,
    place: &'h Place<K>,
    seat: Seat,
}

impl<'h, K: Service> Driver<'h, K> {
    pub(crate) fn new(place: &'h Place<K>, arrival: Arrival) -> Self {
        let Arrival { stream, peer, secured, shared, seat } = arrival;
        let (values, watch) = place.common.welcome(peer, secured);
        let work = Work::new(&place.kind, shared.clone(), values, watch);
        let link = Link::new(stream, &place.alarms, &place.common.budget);
        Driver { shared, link, work, place, seat }
    }
}

impl<K: Service> Future for Driver<'_, K> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Driver { shared, link, work, place, seat } = self.get_mut();
        let mut now = clock::now();
        let mut inner = shared.lock();
        if inner.stop == Stop::Cut {
            return Poll::Ready(());
        }
        woken(link, &mut inner, cx, now);
        work.woken();
        for _ in 0..ROUNDS {
            link.read(&mut inner, cx, now);
            if inner.stop == Stop::Asked {
                end_soon(link, &mut inner, cx, now);
            }
            let panicked = |payload| place.common.panicked(payload);
            inner = serve(&panicked, shared, inner, work, cx, &mut now, &mut clock::now);
            if inner.stop == Stop::Cut {
                return Poll::Ready(());
            }
            let want = inner.machine.want();
            if want.write && link.write(&mut inner, cx, now) {
                continue;
            }
            if !work.is_due() && link.is_waiting(want) {
                if link.close(want) {
                    return end(inner, work);
                }
                if link.await_end(&mut inner, cx, now) {
                    continue;
                }
                if link.arm(&mut inner, cx, now) && seat.roll().is_pressed() {
                    inner.stop = inner.stop.max(Stop::Asked);
                    continue;
                }
                link.rest(&mut inner);
                place.warm.wait(shared, inner);
                return Poll::Pending;
            }
        }
        drop(inner);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Takes in what may have happened while the task slept.
fn woken(link: &mut Link<'_>, inner: &mut State, cx: &mut Context<'_>, now: Now) {
    if !inner.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
        inner.driver = Some(cx.waker().clone());
        link.forget(cx.waker());
    }
    link.woken(inner, cx, now);
}

/// Tells the machine of a graceful stop. What has arrived until now is still
/// served, and so is the first request of a new connection, which may be on its way.
fn end_soon(link: &mut Link<'_>, inner: &mut State, cx: &mut Context<'_>, now: Now) {
    link.read_last(inner, cx, now);
    match inner.idle {
        Some(since) if since > now.mono => link.wake_at(since, cx),
        _ => {
            inner.stop = Stop::Told;
            inner.machine.shutdown(now);
        }
    }
}

/// The socket is closed: the handler may go on with what it does, unless the
/// peer is gone or was cut off, so that nobody waits for an answer.
fn end<K: Service>(inner: MutexGuard<'_, State>, work: &mut Work<'_, K>) -> Poll<()> {
    let lost = inner.is_lost();
    drop(inner);
    work.closed();
    if lost {
        work.cancel();
    }
    if work.is_over() { Poll::Ready(()) } else { Poll::Pending }
}

/// A connection that is dropped before its end was told to stop at once.
impl<K: Service> Drop for Driver<'_, K> {
    fn drop(&mut self) {
        self.work.cancel();
        let mut inner = self.shared.lock();
        if self.link.is_closed() {
            // Others may hold on to what is shared.
            inner.machine.trim(clock::now());
            return;
        }
        if inner.machine.in_exchange() {
            self.link.abort();
        }
        let now = clock::now();
        inner.machine.eof(Eof::Reset, now);
        inner.closed = inner.closed.or(Some(CloseReason::Shutdown));
        inner.release().into_iter().for_each(Waker::wake);
        tell_last(&self.shared, inner, now);
    }
}
