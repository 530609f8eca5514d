//! The pool of a client, shared by all that send: connections kept, those who
//! wait for one woken, and what is idle for too long or has ended closed.
//! Which connection goes where, the core's pool decides.

mod sharing;
mod waiting;

pub use waiting::Waiting;

use crate::lease::Lease;
use crate::link::{Lender, Link, SharedLink};
use crate::sync::{Mutex, MutexGuard};
use crate::system::System;
use crate::wire::ReadReady;
use purlin_core::exchange::Route;
use purlin_core::policy::pool::{
    Capacity, Changes, Checked, Get, Kept, Need, Pool, PoolConfig, SharedId, Ticket,
};
use purlin_core::{Mono, Now, Reuse};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

/// A pool that is shared; its clones are the same one.
pub struct SharedPool<S>(Arc<Shared<S>>);

struct Shared<S> {
    /// Itself, for the one who looks after it.
    me: Weak<Shared<S>>,
    system: Arc<dyn System>,
    state: Mutex<State<S>>,
    /// Has what is idle looked after; who gives up a place in the row may do so, too.
    begin_looking: fn(&Shared<S>) -> Option<Waker>,
}

struct State<S> {
    pool: Pool<Route, Box<Link<S>>>,
    /// Whom to wake for which ticket.
    wakers: HashMap<Ticket, Waker>,
    /// The shared connections, by the numbers that the pool has given them.
    shared: HashMap<SharedId, Arc<SharedLink<S>>>,
    /// Who closes what is idle for too long or has ended, while something is idle.
    janitor: Option<Janitor>,
}

/// The one who looks after what is idle.
struct Janitor {
    waker: Waker,
    /// When it looks next.
    looks: Mono,
}

/// What a request for a connection got.
#[derive(Debug)]
pub enum Got<S> {
    /// A connection that was kept, idle for so long.
    Kept(Lease<S>, Duration),
    /// A place in the row.
    Turn(Waiting<S>),
}

/// What one who waits is to do next.
#[derive(Debug)]
pub enum Next<S> {
    /// Take this connection, idle for so long.
    Kept(Lease<S>, Duration),
    /// Make one; meanwhile another may come back, of which the waker tells.
    Dial,
    /// Wait to be woken.
    Later,
}

impl<S: ReadReady + Send + 'static> SharedPool<S> {
    /// An empty pool.
    pub fn new(config: PoolConfig, system: Arc<dyn System>) -> SharedPool<S> {
        let pool = Pool::new(config);
        let (wakers, shared) = (HashMap::new(), HashMap::new());
        let state = State { pool, wakers, shared, janitor: None };
        let state = Mutex::new(state);
        SharedPool(Arc::new_cyclic(|me| Shared {
            me: me.clone(),
            system,
            state,
            begin_looking: Shared::begin_looking,
        }))
    }

    /// A connection along this route for a request of these needs, or a place in the
    /// row for one.
    pub fn get(&self, route: &Route, need: Need, now: Now) -> Got<S> {
        let mut state = self.0.lock();
        let older = need.older || (need.may_share && state.pool.is_older(route, now.mono));
        let may_share = need.may_share && !older;
        let need = Need { older, may_share, ..need };
        let (get, changes) = state.pool.get_for(route, need, now.mono);
        let (ticket, dials) = match get {
            Get::Join(id) => {
                let shared = state.joined(id);
                act(state, changes);
                return Got::Kept(Lease::on_seat(&shared, self.0.clone()), Duration::ZERO);
            }
            Get::Reuse(checked) => {
                act(state, changes);
                let (lease, idle) = self.lend(checked, now);
                return Got::Kept(lease, idle);
            }
            Get::Dial(ticket) => (ticket, true),
            Get::Wait(ticket) => (ticket, false),
        };
        let until = if dials { None } else { state.pool.patient_until(ticket) };
        act(state, changes);
        let pool = self.clone();
        Got::Turn(Waiting { pool, ticket, dials, over: false, older, may_share, until })
    }

    fn lend(&self, checked: Checked<Box<Link<S>>>, now: Now) -> (Lease<S>, Duration) {
        let lease = Lease::kept(checked, self.0.clone(), now);
        let idle = lease.idle();
        (lease, idle)
    }

    /// Closes what is idle, and what comes back before more is asked for.
    pub fn close_idle(&self) {
        let closed = self.0.lock().pool.close_idle();
        // Closing is a system call each: not under the lock.
        drop(closed);
    }

    /// Has this look at the pool. Nothing that comes from it may be used or dropped meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&mut Pool<Route, Box<Link<S>>>) -> T) -> T {
        look(&mut self.0.lock().pool)
    }

    /// How many connections are idle.
    pub fn idle(&self) -> usize {
        self.0.lock().pool.idle()
    }
}

impl<S: ReadReady + Send + 'static> Lender<S> for Shared<S> {
    fn put(&self, link: Box<Link<S>>, kept: Option<Kept>, now: Now) {
        let mut state = self.lock();
        let (route, back) = (link.route().clone(), link.back);
        if let Some(kept) = kept {
            state.pool.served(&route, &kept);
        }
        let changes = state.pool.put_back(&route, link, back, now.mono);
        let end = state.pool.end(back.born, back.limit, now.mono);
        self.look_after_until(&mut state, end, now.mono);
        act(state, changes);
    }

    fn closed(&self, route: &Route) {
        let mut state = self.lock();
        let changes = state.pool.closed(route);
        act(state, changes);
    }

    fn found_unfit(&self, route: &Route, kept: &Kept, why: Reuse) {
        let closed = self.lock().pool.found_unfit(route, kept, why);
        // Closing is a system call each: not under the lock.
        drop(closed);
    }

    fn not_kept(&self, route: &Route, bodiless: bool, why: Reuse, now: Now) {
        let closed = self.lock().pool.not_kept(route, bodiless, why, now.mono);
        drop(closed);
    }

    fn died(&self, route: &Route, kept: &Kept, why: Reuse) {
        let closed = self.lock().pool.died(route, kept, why);
        drop(closed);
    }

    fn ended_early(&self, route: &Route) {
        let mut state = self.lock();
        let changes = state.pool.ended_early(route);
        act(state, changes);
    }

    fn left(&self, shared: &SharedLink<S>, refused: bool) {
        let mut state = self.lock();
        let mut changes = state.pool.left(shared.route(), shared.id(), refused);
        self.take_back(&mut state, &mut changes, shared.now());
        act(state, changes);
    }

    fn carries(&self, shared: &SharedLink<S>, capacity: Capacity) {
        let mut state = self.lock();
        let changes = state.pool.carries(shared.route(), shared.id(), capacity);
        act(state, changes);
    }

    fn demand_older(&self, route: &Route, now: Now) {
        let mut state = self.lock();
        let changes = state.pool.demand_older(route, now.mono);
        act(state, changes);
    }

    fn watch(&self, shared: &Arc<SharedLink<S>>) {
        self.watch_over(shared);
    }
}

/// Wakes and closes, when the lock is released.
fn act<S>(state: MutexGuard<'_, State<S>>, changes: Changes<Box<Link<S>>>) {
    if changes.is_empty() {
        return;
    }
    let wake = changes.wake.iter().filter_map(|ticket| state.wakers.get(ticket).cloned());
    let wake: Vec<Waker> = wake.collect();
    drop(state);
    wake.into_iter().for_each(Waker::wake);
    drop(changes);
}

impl<S> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something came back whose time, if it is idle now, is over then.
    fn look_after_until(&self, state: &mut State<S>, end: Mono, now: Mono) {
        let State { pool, janitor: place, .. } = state;
        match place {
            // That is before anybody would look.
            Some(janitor) if end < janitor.looks => {
                janitor.looks = end;
                janitor.waker.wake_by_ref();
            }
            Some(_) => {}
            None if pool.idle() > 0 => {
                let looks = now + pause(pool.config());
                *place = (self.begin_looking)(self).map(|waker| Janitor { waker, looks });
            }
            None => {}
        }
    }
}

impl<S> Drop for Shared<S> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(janitor) = state.janitor.take() {
            janitor.waker.wake();
        }
    }
}

/// How long a connection is idle before it gives back its buffers, and how often
/// those that are idle are looked at: one that has ended would take a place, and
/// a descriptor here and there.
const REST: Duration = Duration::from_secs(5);

/// How often it is looked after what is idle while nothing
/// is: what comes back in between is seen before its time is over, though nobody
/// wakes anybody for it, which would cost a busy client a system call a request.
fn pause(config: &PoolConfig) -> Duration {
    config.idle_timeout.clamp(SHORTEST, REST)
}

/// It does not look more often than this; who keeps a connection for less wakes it.
const SHORTEST: Duration = Duration::from_millis(250);

/// How long it is looked so while nothing is idle: a connection in use may come
/// back at any moment.
const EMPTY: Duration = Duration::from_secs(30);

impl<S: ReadReady + Send + 'static> Shared<S> {
    /// Has what is idle looked after, until nothing has been for a while or the pool is gone.
    fn begin_looking(&self) -> Option<Waker> {
        let (pool, mut empty_since) = (self.me.clone(), None);
        let chore = move |now| pool.upgrade()?.look_after(&mut empty_since, now);
        // Without it, what is idle is closed when the pool is next used.
        self.system.attend("purlin-pool", Box::new(chore)).ok()
    }

    /// Closes what is idle for too long or has ended, and says when to look again;
    /// not at all if nothing has been idle for long.
    fn look_after(&self, empty_since: &mut Option<Mono>, now: Now) -> Option<Mono> {
        let mut state = self.lock();
        let mut closed = state.pool.expire(now.mono);
        closed.extend(state.pool.sweep(now.mono, |link| link.look(now)));
        for (link, since) in state.pool.idle_mut() {
            if now.mono.since(since) >= REST {
                link.rest(now);
            }
        }
        let looks = if state.pool.idle() > 0 {
            *empty_since = None;
            let soon = now.mono + REST;
            state.pool.deadline().map_or(soon, |at| at.min(soon))
        } else {
            if now.mono.since(*empty_since.get_or_insert(now.mono)) >= EMPTY {
                state.janitor = None;
                return None;
            }
            now.mono + pause(state.pool.config())
        };
        if let Some(janitor) = &mut state.janitor {
            janitor.looks = looks;
        }
        drop(state);
        // Closing is a system call each: not under the lock.
        drop(closed);
        Some(looks)
    }
}

impl<S> Clone for SharedPool<S> {
    fn clone(&self) -> SharedPool<S> {
        SharedPool(self.0.clone())
    }
}

impl<S> fmt::Debug for SharedPool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedPool({} idle)", self.0.lock().pool.idle())
    }
}

#[cfg(test)]
mod tests;
