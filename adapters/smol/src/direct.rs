//! Has a handler answer a request that comes from no connection.
//! Drives the handler and feeds it its body; whoever polls it takes the answer
//! out of the machine.

use crate::clock;
use crate::server::Payload;
use bytes::Bytes;
use purlin_core::{CloseReason, Fault, Fields, Machine, Values};
use purlin_engine::served::{Served, Service, State, Work, serve};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

/// Rounds before other tasks get theirs.
const ROUNDS: usize = 32;

/// Where a request's body comes from. It is asked only while the handler waits for some.
pub(crate) trait Feed {
    /// What comes next.
    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<Fed>;
}

/// A part of a request's body.
#[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "tests supply all before"))]
pub(crate) enum Fed {
    Piece(Bytes),
    End(Option<Fields>),
    /// It will not come to its end.
    Cut,
}

/// A body that the machine has already.
pub(crate) struct Supplied;

impl Feed for Supplied {
    fn poll_feed(&mut self, _cx: &mut Context<'_>) -> Poll<Fed> {
        Poll::Ready(Fed::End(None))
    }
}

/// One exchange, to be polled until its handler has returned and its answer is whole.
pub(crate) struct Run<'h, K: Service, F> {
    shared: Arc<Served>,
    work: Work<'h, K>,
    feed: F,
    panic: Option<Payload>,
}

impl<'h, K: Service, F: Feed + Unpin> Run<'h, K, F> {
    /// An exchange whose machine is a [`Direct`] one.
    pub(crate) fn new(kind: &'h K, shared: Arc<Served>, values: Values, feed: F) -> Self {
        let work = Work::new(kind, shared.clone(), values, None);
        Run { shared, work, feed, panic: None }
    }
}

impl<K: Service, F: Feed + Unpin> Future for Run<'_, K, F> {
    /// What the handler panicked with, after it was answered.
    type Output = Option<Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        let Run { shared, work, feed, panic } = self.get_mut();
        let mut now = clock::now();
        let mut inner = shared.lock();
        inner.driver = Some(cx.waker().clone());
        work.woken();
        for _ in 0..ROUNDS {
            let hungry;
            (inner, hungry) = supply(shared, inner, feed, cx);
            let panicked = Cell::new(None);
            let note = |payload| panicked.set(Some(payload));
            inner = serve(&note, shared, inner, work, cx, &mut now, &mut clock::now);
            *panic = panic.take().or(panicked.into_inner());
            if work.is_over() && !inner.machine.in_exchange() {
                return Poll::Ready(panic.take());
            }
            if !work.is_due() && (hungry || !wants_body(&mut inner)) {
                return Poll::Pending;
            }
        }
        drop(inner);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Supplies as much of the body as is waited for; says whether it has to come yet.
fn supply<'s>(
    shared: &'s Served,
    mut inner: MutexGuard<'s, State>,
    feed: &mut impl Feed,
    cx: &mut Context<'_>,
) -> (MutexGuard<'s, State>, bool) {
    while wants_body(&mut inner) {
        drop(inner);
        let fed = feed.poll_feed(cx);
        inner = shared.lock();
        let Poll::Ready(fed) = fed else { return (inner, true) };
        if let Some(direct) = inner.machine.as_direct() {
            match fed {
                Fed::Piece(piece) => direct.supply(piece),
                Fed::End(trailers) => direct.supply_end(trailers),
                Fed::Cut => direct.cut(Fault::Truncated),
            }
        }
    }
    (inner, false)
}

fn wants_body(inner: &mut State) -> bool {
    inner.machine.as_direct().is_some_and(|direct| direct.wants_body())
}

/// Nobody waits for the answer any more: its handler is dropped where it
/// waits, and whoever holds a body or a writer elsewhere is told.
impl<K: Service, F> Drop for Run<'_, K, F> {
    fn drop(&mut self) {
        self.work.cancel();
        let mut inner = self.shared.lock();
        let open = inner.machine.in_exchange();
        if let Some(direct) = inner.machine.as_direct().filter(|_| open) {
            direct.abandon();
            inner.closed = inner.closed.or(Some(CloseReason::Fault(Fault::Reset)));
        }
        let released = inner.release();
        drop(inner);
        released.into_iter().for_each(Waker::wake);
    }
}
