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

use crate::alarms::Alarms;
use crate::handler::{Exchange, Handler};
use crate::link::Link;
use crate::shared::{Inner, Shared, Stop};
use crate::warm::Warm;
use crate::work::Work;
use crate::{clock, events};
use async_io::Async;
use purlin_core::{CloseReason, Eof, Machine, Now};
use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker};

/// Turns of the loop before other tasks get theirs.
const ROUNDS: usize = 32;

/// One connection, to be polled to its end.
pub(crate) struct Driver<'h, H> {
    shared: Arc<Shared>,
    link: Link<'h>,
    work: Work<'h, H>,
    warm: &'h Warm,
}

impl<'h, H: Handler> Driver<'h, H> {
    pub(crate) fn new(
        handler: &'h H,
        warm: &'h Warm,
        alarms: &'h Alarms,
        socket: Async<TcpStream>,
        shared: Arc<Shared>,
    ) -> Self {
        let exchange = Exchange { shared: shared.clone(), id: 0 };
        Driver { shared, link: Link::new(socket, alarms), work: Work::new(handler, exchange), warm }
    }
}

impl<H: Handler> Future for Driver<'_, H> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Driver { shared, link, work, warm } = self.get_mut();
        let mut now = clock::now();
        let mut inner = shared.lock();
        woken(link, &mut inner, cx, now);
        work.woken();
        for _ in 0..ROUNDS {
            link.read(&mut inner, cx, now);
            inner = serve(shared, inner, work, cx, &mut now);
            let want = inner.machine.want();
            if want.write && link.write(&mut inner, cx, now) {
                events::written(&mut inner, work, cx.waker());
                continue;
            }
            if !work.is_due() && link.is_waiting(want) {
                if link.close(want) {
                    return end(inner, work);
                }
                link.arm(&inner, cx);
                warm.wait(shared, inner);
                return Poll::Pending;
            }
        }
        drop(inner);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Takes in what may have happened while the task slept.
fn woken(link: &mut Link<'_>, inner: &mut Inner, cx: &mut Context<'_>, now: Now) {
    if !inner.driver.as_ref().is_some_and(|driver| driver.will_wake(cx.waker())) {
        inner.driver = Some(cx.waker().clone());
        link.forget();
    }
    link.woken(inner, now);
    if inner.stop == Stop::Asked {
        inner.stop = Stop::Told;
        link.read_last(inner, cx, now);
        inner.machine.shutdown(now);
    }
}

/// Obeys events and polls the handler, until neither has anything to do.
/// Each may have caused the other. The lock is free while the handler runs.
fn serve<'s, H: Handler>(
    shared: &'s Shared,
    mut inner: MutexGuard<'s, Inner>,
    work: &mut Work<'_, H>,
    cx: &mut Context<'_>,
    now: &mut Now,
) -> MutexGuard<'s, Inner> {
    loop {
        let mut request = events::obey(&mut inner, work, cx.waker(), *now);
        if !work.has_turn(request.is_some()) {
            return inner;
        }
        inner.driving = true;
        drop(inner);
        let polled = work.run(&mut request, cx);
        *now = clock::now();
        inner = shared.lock();
        inner.driving = false;
        if let Poll::Ready(answer) = polled {
            if let Some(left) = work.settle(answer, &mut inner, *now) {
                drop(inner);
                drop(left);
                inner = shared.lock();
            }
        }
    }
}

/// The socket is closed: the handler may go on with what it does, unless the
/// peer is gone or was cut off, so that nobody waits for an answer.
fn end<H: Handler>(inner: MutexGuard<'_, Inner>, work: &mut Work<'_, H>) -> Poll<()> {
    let lost = inner.is_lost();
    drop(inner);
    if lost {
        work.cancel();
    }
    if work.is_over() { Poll::Ready(()) } else { Poll::Pending }
}

/// A connection that is dropped before its end was told to stop at once.
impl<H> Drop for Driver<'_, H> {
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
        inner.machine.eof(Eof::Reset, clock::now());
        inner.closed = inner.closed.or(Some(CloseReason::Shutdown));
        inner.release().into_iter().for_each(Waker::wake);
    }
}
