//! What each of the machine's events means to those who wait, and who is told of it.
//! Passes on; decides nothing.

use super::{For, Payload, Served, State, Trouble};
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

/// What came of taking events.
#[derive(Debug, Default)]
pub struct Heard {
    /// A request that has come, until it is taken.
    pub asked: Option<Asked>,
    /// Who waits in the driver's own task is to be polled.
    pub due: bool,
}

/// Takes events until a request comes or there are none. Whoever is waited for by `own` is
/// not woken: that is noted instead. What the application panicked with is told to
/// `panicked`. The lock is free while anybody is told of anything; meanwhile nobody else
/// takes events, so that all are told in their order.
#[inline]
pub fn obey<'s>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    own: &Waker,
    heard: &mut Heard,
    now: Now,
) -> MutexGuard<'s, State> {
    state.catch_up(now);
    let lent = state.lent;
    while !state.telling && state.lent == lent {
        if !state.backlog.is_empty() {
            state = tell_troubles(panicked, served, state);
        }
        let Some(event) = state.machine.poll_event(now) else { break };
        if state.watch.is_some() || state.has_hooks(&event) {
            state = tell(served, state, &event);
        }
        match event {
            Event::Request { id, head, body, .. } => {
                state.begin(id, head.method());
                heard.asked = Some(Asked { id, head, length: body });
                break;
            }
            Event::Panicked(message) => {
                (state, ()) = aside(served, state, |_| panicked(Box::new(message)));
            }
            event => state.happens(&event, own, &mut heard.due, now),
        }
    }
    state
}

impl State {
    /// This has happened to an exchange, or to the connection.
    fn happens(&mut self, event: &Event, own: &Waker, due: &mut bool, now: Now) {
        match *event {
            Event::Readable { id } => self.rouse(id, For::Input, own, due),
            Event::Writable { id } => {
                self.send_left(id, now);
                self.rouse(id, For::Room, own, due);
            }
            Event::Flushed { id } => self.rouse(id, For::Flush, own, due),
            Event::Reset { id, .. } | Event::Failed { id: Some(id), .. } => {
                let told = self.give_up(id, now);
                rouse_all(told, own, due);
                *due = true;
            }
            Event::InputClosed => {
                for row in self.rows.iter_mut() {
                    row.marks.cancelled = true;
                    rouse_all(row.waits.take_cancel(), own, due);
                }
            }
            Event::Closed(reason) => {
                self.closed.get_or_insert(reason);
                rouse_all(self.release(), own, due);
            }
            // The answer is queued already, or there is nothing to do.
            _ => {}
        }
    }

    /// Wakes who waits for this of this exchange.
    fn rouse(&mut self, id: Id, what: For, own: &Waker, due: &mut bool) {
        let waker = self.rows.take(id, what);
        if waker.is_none() {
            rouse_all(self.rows.take_strays(), own, due);
        }
        rouse(waker, own, due);
    }
}

/// The same for those whom the connection is lent to: they keep a request for its driver,
/// and leave the rest to that once it is back.
pub fn overhear<'s>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    state: MutexGuard<'s, State>,
    now: Now,
) -> MutexGuard<'s, State> {
    if state.asked.is_some() || !state.lent {
        return state;
    }
    let mut heard = Heard::default();
    let mut state = obey(panicked, served, state, Waker::noop(), &mut heard, now);
    state.asked = heard.asked.map(Box::new);
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
    let troubles = state.backlog.take_troubles();
    if troubles.is_empty() {
        return state;
    }
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

fn rouse_all(wakers: Vec<Waker>, own: &Waker, due: &mut bool) {
    wakers.into_iter().for_each(|waker| rouse(Some(waker), own, due));
}

/// Wakes who waits; who waits in this very task is polled again without that.
fn rouse(waker: Option<Waker>, own: &Waker, due: &mut bool) {
    match waker {
        Some(waker) if waker.will_wake(own) => *due = true,
        Some(waker) => waker.wake(),
        None => {}
    }
}
