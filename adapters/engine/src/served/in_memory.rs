//! Has a handler answer a request that comes from no connection.
//! Drives the handler and feeds it its body; whoever polls it takes the answer
//! out of the machine.

use super::{Payload, Served, Service, State, Work, serve};
use crate::sync::MutexGuard;
use bytes::Bytes;
use purlin_core::{CloseReason, Fault, Fields, Machine, Now, Values};
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Rounds before other tasks get theirs.
const ROUNDS: usize = 32;

/// Where a request's body comes from. It is asked only while the handler waits for some.
pub trait Feed {
    /// What comes next.
    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<Fed>;
}

/// A part of a request's body.
#[derive(Debug)]
pub enum Fed {
    /// Some bytes.
    Piece(Bytes),
    /// Its end, perhaps with trailer fields.
    End(Option<Fields>),
    /// It will not come to its end.
    Cut,
}

/// A body that the machine has already.
#[derive(Debug)]
pub struct Supplied;

impl Feed for Supplied {
    fn poll_feed(&mut self, _cx: &mut Context<'_>) -> Poll<Fed> {
        Poll::Ready(Fed::End(None))
    }
}

/// One exchange, to be polled until its handler has returned and its answer is whole.
pub struct InMemoryRun<'h, K: Service, F> {
    served: Arc<Served>,
    work: Work<'h, K>,
    feed: F,
    now: fn() -> Now,
    panic: Option<Payload>,
}

impl<'h, K: Service, F: Feed + Unpin> InMemoryRun<'h, K, F> {
    /// An exchange whose machine is a [`InMemory`](purlin_core::InMemory) one.
    pub fn new(
        service: &'h K,
        served: Arc<Served>,
        values: Values,
        feed: F,
        now: fn() -> Now,
    ) -> Self {
        let work = Work::new(service, served.clone(), values, None);
        InMemoryRun { served, work, feed, now, panic: None }
    }
}

impl<K: Service, F: Feed + Unpin> Future for InMemoryRun<'_, K, F> {
    /// What the handler panicked with, after it was answered.
    type Output = Option<Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        let InMemoryRun { served, work, feed, now: clock, panic } = self.get_mut();
        let mut now = clock();
        let mut state = served.lock();
        state.driver = Some(cx.waker().clone());
        work.woken();
        for _ in 0..ROUNDS {
            let hungry;
            (state, hungry) = supply(served, state, feed, cx);
            let panicked = Cell::new(None);
            let note = |payload| panicked.set(Some(payload));
            state = serve(&note, served, state, work, cx, &mut now, clock);
            *panic = panic.take().or(panicked.into_inner());
            if work.is_over() && !state.machine.in_exchange() {
                return Poll::Ready(panic.take());
            }
            if !work.is_due() && (hungry || !wants_body(&mut state)) {
                return Poll::Pending;
            }
        }
        drop(state);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Supplies as much of the body as is waited for; says whether it has to come yet.
fn supply<'s>(
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    feed: &mut impl Feed,
    cx: &mut Context<'_>,
) -> (MutexGuard<'s, State>, bool) {
    while wants_body(&mut state) {
        drop(state);
        let fed = feed.poll_feed(cx);
        state = served.lock();
        let Poll::Ready(fed) = fed else { return (state, true) };
        if let Some(direct) = state.machine.as_in_memory() {
            match fed {
                Fed::Piece(piece) => direct.supply(piece),
                Fed::End(trailers) => direct.supply_end(trailers),
                Fed::Cut => direct.cut(Fault::Truncated),
            }
        }
    }
    (state, false)
}

fn wants_body(state: &mut State) -> bool {
    state.machine.as_in_memory().is_some_and(|direct| direct.wants_body())
}

/// Nobody waits for the answer any more: its handler is dropped where it
/// waits, and whoever holds a body or a writer elsewhere is told.
impl<K: Service, F> Drop for InMemoryRun<'_, K, F> {
    fn drop(&mut self) {
        self.work.cancel();
        let mut state = self.served.lock();
        let open = state.machine.in_exchange();
        if let Some(direct) = state.machine.as_in_memory().filter(|_| open) {
            direct.abandon();
            state.closed = state.closed.or(Some(CloseReason::Fault(Fault::Reset)));
        }
        let released = state.release();
        drop(state);
        released.into_iter().for_each(Waker::wake);
    }
}

impl<K: Service, F> fmt::Debug for InMemoryRun<'_, K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryRun").field("work", &self.work).finish_non_exhaustive()
    }
}
