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
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    cx: &mut Context<'_>,
    now: &mut Now,
    clock: &mut dyn FnMut() -> Now,
) -> MutexGuard<'s, State> {
    loop {
        let mut request;
        (state, request) = obey(panicked, served, state, work, cx.waker(), *now);
        if !work.has_turn(request.is_some()) {
            return state;
        }
        state.driving = true;
        drop(state);
        let polled = work.run(&mut request, cx);
        *now = clock();
        let polled = polled.map(|answered| answered.map_err(panicked));
        state = served.lock();
        state.driving = false;
        if let Poll::Ready(answer) = polled {
            if let Some(left) = work.settle(answer, &mut state, *now) {
                drop(state);
                // What it is made of is the application's, as its handler is.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(left)));
                let _ = dropped.map_err(|payload| work.panicked(payload, panicked));
                state = served.lock();
            }
        }
    }
}

/// Takes events until a request comes or there are none.
fn obey<'s, S: Service>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    own: &Waker,
    now: Now,
) -> (MutexGuard<'s, State>, Option<(Id, Request<S::Body>)>) {
    state = tell_trouble(served, state, work);
    while let Some(event) = state.machine.poll_event(now) {
        state = tell(served, state, work, &event);
        match event {
            Event::Request { id, head, body, .. } => {
                state.begin(id, head.method().clone());
                return (state, Some((id, work.request(id, head, body))));
            }
            Event::Readable { .. } => rouse(state.waits.read.take(), own, work),
            Event::Writable { id } => {
                state.send_left(id, now);
                state = tell_trouble(served, state, work);
                rouse(state.waits.write.take(), own, work);
            }
            Event::InputClosed | Event::Reset { .. } => {
                state.cancelled = true;
                for waker in std::mem::take(&mut state.waits.cancel) {
                    rouse(Some(waker), own, work);
                }
            }
            Event::Closed(reason) => {
                state.closed = Some(reason);
                for waker in state.release() {
                    rouse(Some(waker), own, work);
                }
            }
            Event::Panicked(message) => {
                drop(state);
                panicked(Box::new(message));
                state = served.lock();
            }
            // The answer is queued already, or there is nothing to do.
            _ => {}
        }
    }
    (state, None)
}

/// Tells whoever watches of an event; the lock is free meanwhile.
fn tell<'s, S: Service>(
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    event: &Event,
) -> MutexGuard<'s, State> {
    let hooks = state.take_hooks(event);
    let mut watch = work.watch();
    if hooks.is_none() && watch.is_none() {
        return state;
    }
    drop(state);
    if let Some(watch) = &mut watch {
        watch.event(event);
    }
    let Some(mut hooks) = hooks else { return served.lock() };
    if let (Some(payload), Some(watch)) = (hooks.event(event), watch) {
        watch.panicked(&*payload);
    }
    state = served.lock();
    state.put_hooks(hooks, event);
    state
}

/// Tells whoever watches of a response that could not be made or sent.
fn tell_trouble<'s, S: Service>(
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
) -> MutexGuard<'s, State> {
    let Some(trouble) = state.trouble.take() else {
        return state;
    };
    let Some(watch) = work.watch() else {
        return state;
    };
    drop(state);
    match trouble {
        Trouble::Misused(misuse) => watch.misused(misuse),
        Trouble::Failed(message) => watch.failed(&message),
    }
    served.lock()
}

/// Tells whoever watches of what is left to tell, at the end.
pub fn tell_last<'s, S: Service>(
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    now: Now,
) {
    while let Some(event) = state.machine.poll_event(now) {
        state = tell(served, state, work, &event);
    }
}

/// The socket took something: if that was all, who flushed goes on.
pub fn written<S: Service>(state: &mut State, work: &mut Work<'_, S>, own: &Waker) {
    if state.waits.flush.is_some() && !state.machine.want().write {
        rouse(state.waits.flush.take(), own, work);
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
