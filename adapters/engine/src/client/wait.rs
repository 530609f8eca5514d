//! Waiting as a task does: what is polled is polled again when its time has come.
//! What it waits for else, wakes the task.

use crate::wire::Timer;
use purlin_core::Mono;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

/// Waits until it is ready, by this timer.
pub(super) async fn wait<W, T>(
    it: &mut W,
    timer: &mut impl Timer,
    poll: impl Fn(&mut W, &mut Context<'_>) -> Poll<T>,
    until: impl Fn(&W) -> Option<Mono>,
) -> T {
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(done) = poll(it, cx) {
                return Poll::Ready(done);
            }
            let Some(at) = until(it) else { return Poll::Pending };
            ready!(timer.poll_until(at, cx));
        }
    })
    .await
}
