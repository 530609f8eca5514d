//! Connections of a pool that carry many exchanges at once: they come to be shared, are
//! joined, and taken back when nobody has a seat on them any more.
//! Who joins which, the core's pool decides.

use super::{Shared, SharedPool, State, act};
use crate::lease::Lease;
use crate::link::{Link, SharedLink};
use crate::wire::ReadReady;
use purlin_core::Now;
use purlin_core::policy::pool::{Changes, SharedId};
use std::sync::Arc;

impl<S: ReadReady + Send + 'static> SharedPool<S> {
    /// A connection that is ready for its request: one that turns out to carry many is shared
    /// from now on, and has a seat for who brought it.
    pub fn settle(&self, mut lease: Lease<S>, now: Now) -> Lease<S> {
        if !lease.is_undecided() {
            return lease;
        }
        let mut state = self.0.lock();
        if !lease.machine().carries_many() {
            lease.is_alone();
            let changes = state.pool.alone(lease.route());
            act(state, changes);
            return lease;
        }
        let (link, kept) = lease.into_shared();
        let (route, capacity) = (link.route().clone(), SharedLink::capacity_of(&link));
        let (id, changes) = state.pool.shares(&route, capacity, now.mono);
        let shared = SharedLink::new(id, link, kept, self.0.clone(), now);
        state.shared.insert(id, shared.clone());
        let lease = Lease::on_seat(&shared, self.0.clone());
        act(state, changes);
        lease
    }
}

impl<S: ReadReady + Send + 'static> Shared<S> {
    /// Sees to it that somebody moves a shared connection as long as several wait for it.
    pub(super) fn watch_over(&self, shared: &Arc<SharedLink<S>>) {
        let link = Arc::downgrade(shared);
        let (mut neglected, mut alone) = (false, 0);
        let look = move |now| link.upgrade()?.look_after(&mut neglected, &mut alone, now);
        // Without it, who leads is trusted to come when it is woken.
        let _ = self.system.attend("purlin-lead", Box::new(look));
    }
}

impl<S> State<S> {
    /// The shared connection of this number, which the pool has given.
    pub(super) fn joined(&self, id: SharedId) -> Arc<SharedLink<S>> {
        self.shared.get(&id).expect("it is shared as long as somebody has a seat").clone()
    }
}

impl<S> Shared<S> {
    /// Takes back the connections that nobody has a seat on any more.
    pub(super) fn take_back(
        &self,
        state: &mut State<S>,
        changes: &mut Changes<Box<Link<S>>>,
        now: Now,
    ) {
        while let Some(id) = changes.emptied.pop() {
            let Some(shared) = state.shared.remove(&id) else { continue };
            let (mut link, kept) = shared.dissolve();
            let fit = link.as_mut().is_some_and(|link| link.is_reusable(now));
            let (route, pool) = (shared.route(), &mut state.pool);
            match link {
                Some(link) if fit => {
                    if let Some(kept) = kept {
                        pool.served(route, &kept);
                    }
                    let (back, end) = (link.back, pool.end(link.back.born, None, now.mono));
                    changes.join(pool.put_back(route, link, back, now.mono));
                    self.look_after_until(state, end, now.mono);
                }
                link => {
                    changes.join(pool.ended_early(route));
                    changes.join(pool.closed(route));
                    changes.close.extend(link);
                }
            }
        }
    }
}
