//! What the connections of one thread share.
//! Holds it; who uses what, the driver decides.

use super::common::Common;
use super::executor::Payload;
use crate::clock;
use purlin_core::Now;
use purlin_engine::Budget;
use purlin_engine::served::{Alarms, Place, Served, Service, State, Warm};
use std::sync::{Arc, MutexGuard};

/// What the connections of one thread share, or of one executor.
pub(crate) struct Shard<K> {
    /// The handler.
    pub(crate) kind: K,
    pub(crate) common: Arc<Common>,
    pub(crate) warm: Warm,
    pub(crate) alarms: Alarms,
}

impl<K: Service> Place for Shard<K> {
    type Service = K;

    fn service(&self) -> &K {
        &self.kind
    }

    fn now(&self) -> Now {
        clock::now()
    }

    fn budget(&self) -> &Budget {
        &self.common.budget
    }

    fn panicked(&self, payload: Payload) {
        self.common.panicked(payload);
    }

    fn rest(&self, served: &Arc<Served>, state: MutexGuard<'_, State>) {
        self.warm.wait(served, state, clock::now());
    }

    fn is_pressed(&self) -> bool {
        self.common.registry.is_pressed()
    }
}

impl<K> Shard<K> {
    pub(crate) fn new(kind: K, common: Arc<Common>) -> Shard<K> {
        Shard { kind, common, warm: Warm::default(), alarms: Alarms::new(clock::now) }
    }
}
