//! The settings of a server, and what its connections have of them.
//! Holds them; `knobs` sets them one by one.

use super::{MakeMachine, MakeValues, Panics, machine, welcome};
use crate::budget::{BUFFERS, Budget};
use crate::served::Served;
use crate::system::Work;
use purlin_core::observe::{Guarded, Observer, Peer, Watch};
use purlin_core::{Now, Secured, ServerConfig, Values};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The settings of a server to be, whatever it runs on.
#[non_exhaustive]
pub struct ServerSettings {
    /// Limits and timeouts of its connections.
    pub config: ServerConfig,
    /// Connections that may be open; as many as there are descriptors for unless it is set.
    pub connections: Option<usize>,
    /// Bytes that connections may hold together beyond their shares.
    pub buffers: usize,
    /// How long a peer may be silent before the system asks for it.
    pub tcp_keepalive: Option<Duration>,
    /// What a panic does to the server.
    pub panics: Panics,
    /// Whoever is told what becomes of connections and requests.
    pub observer: Option<Arc<dyn Observer>>,
    /// What makes the machines of its connections, if they are not the plain ones.
    pub make_machine: Option<Box<MakeMachine>>,
    /// Values that every request has.
    pub values: Values,
    /// What makes the values of a connection.
    pub connection_values: Option<Box<MakeValues>>,
    /// What runs when the server begins to stop.
    pub on_shutdown: Vec<Work>,
}

/// What all connections of a server have in common.
pub struct ServerContext {
    /// Limits and timeouts of its connections.
    pub config: Arc<ServerConfig>,
    /// What the connections may hold together.
    pub budget: Budget,
    /// What a panic does to the server.
    pub panics: Panics,
    /// Whoever is told what becomes of connections and requests.
    pub observer: Option<Arc<dyn Observer>>,
    make_machine: Option<Box<MakeMachine>>,
    values: Values,
    make_values: Option<Box<MakeValues>>,
}

impl ServerSettings {
    /// Every limit at its default; the system asks for peers that are silent for so long.
    pub fn new(tcp_keepalive: Duration) -> ServerSettings {
        ServerSettings {
            config: ServerConfig::default(),
            connections: None,
            buffers: BUFFERS,
            tcp_keepalive: Some(tcp_keepalive),
            panics: Panics::default(),
            observer: None,
            make_machine: None,
            values: Values::default(),
            connection_values: None,
            on_shutdown: Vec::new(),
        }
    }

    /// Adds an observer to those that there are.
    pub fn observe(&mut self, observer: impl Observer + 'static) {
        let observer = Guarded::new(observer);
        self.observer = Some(match self.observer.take() {
            Some(first) => Arc::new((first, observer)),
            None => Arc::new(observer),
        });
    }

    /// What the connections have of them.
    pub fn context(self) -> ServerContext {
        let mut config = self.config;
        config.trace |= self.observer.is_some();
        config.secure |= self.make_machine.is_some();
        ServerContext {
            budget: Budget::new(self.buffers, &config.limits),
            config: Arc::new(config),
            panics: self.panics,
            observer: self.observer,
            make_machine: self.make_machine,
            values: self.values,
            make_values: self.connection_values,
        }
    }
}

impl ServerContext {
    /// A connection that was accepted just now, over the machine that [`machine`] makes.
    pub fn accept(&self, now: Now) -> (Arc<Served>, Option<Secured>) {
        let (machine, secured) = machine(self.make_machine.as_deref(), &self.config, now);
        (Served::over(machine, now), secured)
    }

    /// The values of a connection and whoever watches it, as [`welcome`] makes them.
    pub fn welcome(&self, peer: Peer, secured: Option<Secured>) -> (Values, Option<Box<Watch>>) {
        let make = self.make_values.as_deref();
        welcome(peer, secured, &self.values, make, self.observer.as_ref())
    }
}

impl fmt::Debug for ServerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSettings").field("config", &self.config).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerContext").field("config", &self.config).finish_non_exhaustive()
    }
}
