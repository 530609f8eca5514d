//! What connections share: those of a server, and those of one thread.
//! Holds it; who uses what, the driver and the accept loops decide.

use super::control::{Control, Failure};
use super::executor::Payload;
use crate::clock;
use purlin_core::observe::{Observer, Peer, Watch};
use purlin_core::{Now, Secured, ServerConfig, Values};
use purlin_engine::served::{self, Alarms, Registry, Served, Service, State, Warm};
use purlin_engine::{Budget, MakeMachine, MakeValues, Panics, welcome};
use std::sync::{Arc, MutexGuard};

/// What all connections of a server share.
pub(crate) struct Common {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) budget: Budget,
    pub(crate) control: Arc<Control>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) panics: Panics,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Those that every request has.
    pub(crate) make_machine: Option<Box<MakeMachine>>,
    pub(crate) values: Values,
    pub(crate) connection_values: Option<Box<MakeValues>>,
}

impl Common {
    /// The values of a connection of this peer, and whoever watches it.
    pub(crate) fn welcome(
        &self,
        peer: Peer,
        secured: Option<Secured>,
    ) -> (Values, Option<Box<Watch>>) {
        let (make, observer) = (self.connection_values.as_deref(), self.observer.as_ref());
        welcome(peer, secured, &self.values, make, observer)
    }

    /// A panic that was told of and answered already, as far as it can be.
    pub(crate) fn panicked(&self, payload: Payload) {
        if self.panics == Panics::Propagate {
            self.control.fail(Failure::Panic(payload));
        }
    }
}

/// What the connections of one thread share, or of one executor.
pub(crate) struct Place<K> {
    /// The handler.
    pub(crate) kind: K,
    pub(crate) common: Arc<Common>,
    pub(crate) warm: Warm,
    pub(crate) alarms: Alarms,
}

impl<K: Service> served::Place for Place<K> {
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

impl<K> Place<K> {
    pub(crate) fn new(kind: K, common: Arc<Common>) -> Place<K> {
        Place { kind, common, warm: Warm::default(), alarms: Alarms::new(clock::now) }
    }
}
