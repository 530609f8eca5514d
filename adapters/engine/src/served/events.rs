//! What each of the machine's events means to those who wait, and who is told of it.
//! Passes on; decides nothing.

use super::{Payload, Served, State, Trouble};
use crate::sync::MutexGuard;
use purlin_core::observe::Watch;
use purlin_core::{BodyLength, Event, Id, Machine, Now, RequestHead};
use std::task::Waker;

/// A request that has come.
#[derive(Debug)]
pub struct Asked {
    /// The machine's number of its exchange.
    pub id: Id,
    /// Its head.
    pub head: RequestHead,
    /// How long its body is.
    pub length: BodyLength,
}

/// Takes events until a request comes or there are none. Whoever is waited for by `own` is
/// not woken: `due` is set instead. What the application panicked with is told to
/// `panicked`. The lock is free while anybody is told of anything; meanwhile nobody else
/// takes events, so that all are told in their order.
pub fn obey<'s>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    own: &Waker,
    due: &mut bool,
    now: Now,
) -> (MutexGuard<'s, State>, Option<Asked>) {
    state.catch_up(now);
    while !state.telling {
        if !state.troubles.is_empty() {
            state = tell_troubles(panicked, served, state);
        }
        let Some(event) = state.machine.poll_event(now) else { break };
        if state.watch.is_some() || state.has_hooks(&event) {
            state = tell(served, state, &event);
        }
        match event {
            Event::Request { id, head, body, .. } => {
                state.begin(id, head.method().clone());
                return (state, Some(Asked { id, head, length: body }));
            }
            Event::Readable { .. } => rouse(state.waits.read.take(), own, due),
            Event::Writable { id } => {
                state.send_left(id, now);
                rouse(state.waits.write.take(), own, due);
            }
            Event::Flushed { .. } => rouse(state.waits.flush.take(), own, due),
            Event::InputClosed | Event::Reset { .. } => {
                state.cancelled = true;
                for waker in std::mem::take(&mut state.waits.cancel) {
                    rouse(Some(waker), own, due);
                }
            }
            Event::Closed(reason) => {
                state.closed.get_or_insert(reason);
                for waker in state.release() {
                    rouse(Some(waker), own, due);
                }
            }
            Event::Panicked(message) => {
                (state, ()) = aside(served, state, |_| panicked(Box::new(message)));
            }
            // The answer is queued already, or there is nothing to do.
            _ => {}
        }
    }
    (state, None)
}

/// The same for who is not the connection's driver, and keeps a request for that.
pub fn overhear<'s>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    state: MutexGuard<'s, State>,
    now: Now,
) -> MutexGuard<'s, State> {
    if state.asked.is_some() {
        return state;
    }
    let (mut state, asked) = obey(panicked, served, state, Waker::noop(), &mut false, now);
    state.asked = asked.map(Box::new);
    state.poke();
    state
}

/// Has something done with whoever watches, the lock free and nobody else telling them.
fn aside<'s, T>(
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    act: impl FnOnce(Option<&mut Watch>) -> T,
) -> (MutexGuard<'s, State>, T) {
    let mut watch = state.watch.take();
    state.telling = true;
    drop(state);
    let done = act(watch.as_deref_mut());
    let mut state = served.lock();
    state.watch = watch;
    state.telling = false;
    (state, done)
}

/// Tells whoever watches of an event.
#[cold]
fn tell<'s>(
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    event: &Event,
) -> MutexGuard<'s, State> {
    let hooks = state.take_hooks(event);
    let (mut state, hooks) = aside(served, state, |mut watch| {
        if let Some(watch) = &mut watch {
            watch.event(event);
        }
        let mut hooks = hooks?;
        if let (Some(payload), Some(watch)) = (hooks.event(event), watch) {
            watch.panicked(&*payload);
        }
        Some(hooks)
    });
    if let Some(hooks) = hooks {
        state.put_hooks(hooks, event);
    }
    state
}

/// Tells whoever watches of responses that could not be made or sent.
#[cold]
fn tell_troubles<'s>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
) -> MutexGuard<'s, State> {
    let troubles = std::mem::take(&mut state.troubles);
    let tell_all = |mut watch: Option<&mut Watch>| {
        for trouble in troubles {
            let watch = watch.as_deref_mut();
            match trouble {
                Trouble::Misused(misuse) => watch.into_iter().for_each(|to| to.misused(misuse)),
                Trouble::Failed(message) => watch.into_iter().for_each(|to| to.failed(&message)),
                Trouble::Panicked(payload) => {
                    watch.into_iter().for_each(|to| to.panicked(&*payload));
                    panicked(payload);
                }
            }
        }
    };
    aside(served, state, tell_all).0
}

/// Tells whoever watches of what is left to tell, at the end.
pub fn tell_last<'s>(served: &'s Served, mut state: MutexGuard<'s, State>, now: Now) {
    while let Some(event) = state.machine.poll_event(now) {
        state = tell(served, state, &event);
    }
}

/// Tells whoever watches that the connection is closed.
pub fn tell_closed(served: &Served) {
    let state = served.lock();
    if state.watch.is_some() {
        drop(aside(served, state, |watch| watch.into_iter().for_each(Watch::closed)));
    }
}

/// Wakes who waits; who waits in this very task is polled again without that.
fn rouse(waker: Option<Waker>, own: &Waker, due: &mut bool) {
    match waker {
        Some(waker) if waker.will_wake(own) => *due = true,
        Some(waker) => waker.wake(),
        None => {}
    }
}
