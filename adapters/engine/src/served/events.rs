//! What each of the machine's events means to those who wait.
//! Passes on; decides nothing.

use super::{Payload, Served, Service, State, Trouble, Work};
use purlin_core::{Event, Id, Machine, Now, Request};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

/// Obeys events and polls the handler, until neither has anything to do.
/// Each may have caused the other. The lock is free while the handler runs;
/// what it panics with is told to `panicked`, once it is answered.
pub fn serve<'s, S: Service>(
    panicked: &dyn Fn(Payload),
    shared: &'s Served,
    mut inner: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    cx: &mut Context<'_>,
    now: &mut Now,
    clock: &mut dyn FnMut() -> Now,
) -> MutexGuard<'s, State> {
    loop {
        let mut request;
        (inner, request) = obey(panicked, shared, inner, work, cx.waker(), *now);
        if !work.has_turn(request.is_some()) {
            return inner;
        }
        inner.driving = true;
        drop(inner);
        let polled = work.run(&mut request, cx);
        *now = clock();
        let polled = polled.map(|answered| answered.map_err(panicked));
        inner = shared.lock();
        inner.driving = false;
        if let Poll::Ready(answer) = polled {
            if let Some(left) = work.settle(answer, &mut inner, *now) {
                drop(inner);
                // What it is made of is the application's, as its handler is.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(left)));
                let _ = dropped.map_err(|payload| work.panicked(payload, panicked));
                inner = shared.lock();
            }
        }
    }
}

/// Takes events until a request comes or there are none.
fn obey<'s, S: Service>(
    panicked: &dyn Fn(Payload),
    shared: &'s Served,
    mut inner: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    own: &Waker,
    now: Now,
) -> (MutexGuard<'s, State>, Option<(Id, Request<S::Body>)>) {
    inner = tell_trouble(shared, inner, work);
    while let Some(event) = inner.machine.poll_event(now) {
        inner = tell(shared, inner, work, &event);
        match event {
            Event::Request { id, head, body, .. } => {
                inner.begin(id, head.method().clone());
                return (inner, Some((id, work.request(id, head, body))));
            }
            Event::Readable { .. } => rouse(inner.waits.read.take(), own, work),
            Event::Writable { id } => {
                inner.send_left(id, now);
                inner = tell_trouble(shared, inner, work);
                rouse(inner.waits.write.take(), own, work);
            }
            Event::InputClosed | Event::Reset { .. } => {
                inner.cancelled = true;
                for waker in std::mem::take(&mut inner.waits.cancel) {
                    rouse(Some(waker), own, work);
                }
            }
            Event::Closed(reason) => {
                inner.closed = Some(reason);
                for waker in inner.release() {
                    rouse(Some(waker), own, work);
                }
            }
            Event::Panicked(message) => {
                drop(inner);
                panicked(Box::new(message));
                inner = shared.lock();
            }
            // The answer is queued already, or there is nothing to do.
            _ => {}
        }
    }
    (inner, None)
}

/// Tells whoever watches of an event; the lock is free meanwhile.
fn tell<'s, S: Service>(
    shared: &'s Served,
    mut inner: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    event: &Event,
) -> MutexGuard<'s, State> {
    let hooks = inner.take_hooks(event);
    let mut watch = work.watch();
    if hooks.is_none() && watch.is_none() {
        return inner;
    }
    drop(inner);
    if let Some(watch) = &mut watch {
        watch.event(event);
    }
    let Some(mut hooks) = hooks else { return shared.lock() };
    if let (Some(payload), Some(watch)) = (hooks.event(event), watch) {
        watch.panicked(&*payload);
    }
    inner = shared.lock();
    inner.put_hooks(hooks, event);
    inner
}

/// Tells whoever watches of a response that could not be made or sent.
fn tell_trouble<'s, S: Service>(
    shared: &'s Served,
    mut inner: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
) -> MutexGuard<'s, State> {
    let Some(trouble) = inner.trouble.take() else {
        return inner;
    };
    let Some(watch) = work.watch() else {
        return inner;
    };
    drop(inner);
    match trouble {
        Trouble::Misused(misuse) => watch.misused(misuse),
        Trouble::Failed(message) => watch.failed(&message),
    }
    shared.lock()
}

/// Tells whoever watches of what is left to tell, at the end.
pub fn tell_last<'s, S: Service>(
    shared: &'s Served,
    mut inner: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    now: Now,
) {
    while let Some(event) = inner.machine.poll_event(now) {
        inner = tell(shared, inner, work, &event);
    }
}

/// The socket took something: if that was all, who flushed goes on.
pub fn written<S: Service>(inner: &mut State, work: &mut Work<'_, S>, own: &Waker) {
    if inner.waits.flush.is_some() && !inner.machine.want().write {
        rouse(inner.waits.flush.take(), own, work);
    }
}

/// Wakes who waits; the handler that waits in this very task is polled again without that.
fn rouse<S: Service>(waker: Option<Waker>, own: &Waker, work: &mut Work<'_, S>) {
    match waker {
        Some(waker) if waker.will_wake(own) => work.make_due(),
        Some(waker) => waker.wake(),
        None => {}
    }
}
