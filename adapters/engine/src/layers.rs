//! The machines of a connection, one around the other: HTTP inside, TLS around
//! it, a proxy's tunnel around that, and perhaps TLS with the proxy.

use crate::link::BoxMachine;
use purlin_core::client::Connection;
use purlin_core::config::{ClientConfig, Protocols};
use purlin_core::exchange::{Cause, Error, Exchange, Route};
use purlin_core::policy::pool::Need;
use purlin_core::tunnel::{Destination, Tunnel};
use purlin_core::{Now, Phase};
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "rustls")]
use std::sync::OnceLock;
use std::time::Duration;

/// What the machines of connections are made by.
#[derive(Debug)]
pub struct Layers {
    config: Arc<ClientConfig>,
    around: Option<Around>,
    #[cfg(feature = "rustls")]
    tls: OnceLock<purlin_tls::ClientTls>,
}

/// What makes the outermost layer.
struct Around(Box<dyn Fn(BoxMachine, &Route, Now) -> BoxMachine + Send + Sync>);

impl fmt::Debug for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Around")
    }
}

impl Layers {
    /// Machines of this configuration; TLS is set up with the first connection that needs it.
    pub fn new(config: Arc<ClientConfig>) -> Layers {
        Layers {
            config,
            around: None,
            #[cfg(feature = "rustls")]
            tls: OnceLock::new(),
        }
    }

    /// The same with this TLS, which is the one of every connection.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn with_tls(self, tls: purlin_tls::ClientTls) -> Layers {
        Layers { tls: OnceLock::from(tls), ..self }
    }

    /// Layers with one more around all others, which this makes.
    #[must_use]
    pub fn within(
        self,
        around: impl Fn(BoxMachine, &Route, Now) -> BoxMachine + Send + Sync + 'static,
    ) -> Layers {
        Layers { around: Some(Around(Box::new(around))), ..self }
    }

    /// What this request needs of a connection along this route.
    pub(crate) fn need(&self, route: &Route, exchange: &Exchange) -> Need {
        let need = exchange.need();
        if !self.may_speak_newer(route) {
            return need;
        }
        let older = exchange.asks_for_upgrade();
        Need { older, may_share: self.config.keep_alive && !older, ..need }
    }

    /// Whether a connection along this route may turn out to carry many exchanges at once.
    fn may_speak_newer(&self, route: &Route) -> bool {
        match self.config.protocols {
            Protocols::Http1 => false,
            Protocols::Both => route.is_secure(),
            Protocols::Http2 => true,
        }
    }

    /// The machine for a connection along this route that speaks the older protocol, unless
    /// nothing but the newer one is spoken.
    ///
    /// # Errors
    /// As [`Layers::build`].
    pub fn build_older(&self, route: &Route, now: Now) -> Result<BoxMachine, Error> {
        let mut config = ClientConfig::clone(&self.config);
        if config.protocols == Protocols::Both {
            config.protocols = Protocols::Http1;
        }
        self.build_with(&Arc::new(config), route, now)
    }

    /// The machine for a connection along this route.
    ///
    /// # Errors
    /// TLS cannot be spoken: the roots cannot be read, or the host has no name for it.
    pub fn build(&self, route: &Route, now: Now) -> Result<BoxMachine, Error> {
        self.build_with(&self.config, route, now)
    }

    fn build_with(
        &self,
        config: &Arc<ClientConfig>,
        route: &Route,
        now: Now,
    ) -> Result<BoxMachine, Error> {
        let mut machine: BoxMachine;
        if route.is_secure() {
            machine = Connection::secure(config.clone(), now).boxed();
            machine = self.secure(route.server_name(), machine, config.protocols, now)?;
        } else {
            machine = Connection::new(config.clone(), now).boxed();
        }
        if let Some((proxy, host, port)) = route.tunnelled() {
            // The exchange holds the time for it.
            let mut destination = Destination::new(proxy, host, port);
            destination.timeout = Duration::MAX;
            let tunnel = Tunnel::new(machine, &destination, now)
                .map_err(|error| Error::new(Cause::Layer(Box::new(error))).during(Phase::Tunnel))?;
            machine = Box::new(tunnel);
        }
        if route.is_proxy_secure() {
            // A tunnel is asked for in HTTP/1, and so is what a proxy passes on, unless
            // nothing else is spoken.
            let protocols = match config.protocols {
                Protocols::Http2 if route.tunnelled().is_none() => Protocols::Http2,
                _ => Protocols::Http1,
            };
            machine = self.secure(route.dialled().0, machine, protocols, now)?;
        }
        if let Some(Around(around)) = &self.around {
            machine = around(machine, route, now);
        }
        Ok(machine)
    }

    #[cfg(feature = "rustls")]
    fn secure(
        &self,
        name: &str,
        machine: BoxMachine,
        protocols: Protocols,
        now: Now,
    ) -> Result<BoxMachine, Error> {
        let failed = |error| Error::new(Cause::Layer(Box::new(error))).during(Phase::Tls);
        let tls = match self.tls.get() {
            Some(tls) => tls,
            None => {
                let tls = purlin_tls::ClientTls::with_default_roots().map_err(failed)?;
                self.tls.get_or_init(|| tls)
            }
        };
        let secured = purlin_tls::Tls::client_of(tls, protocols, name, machine, now);
        Ok(Box::new(secured.map_err(failed)?))
    }

    #[cfg(not(feature = "rustls"))]
    fn secure(
        &self,
        _name: &str,
        _machine: BoxMachine,
        _protocols: Protocols,
        _now: Now,
    ) -> Result<BoxMachine, Error> {
        let text = "https needs the feature `tls`, which is off";
        Err(Error::new(Cause::Layer(text.into())).during(Phase::Tls))
    }
}
