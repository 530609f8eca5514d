//! A server that has its listeners.
//! Says where it listens, and begins to serve.

use super::{Server, timekeeper};
use crate::Error;
use crate::server::alarm::Alarm;
use crate::server::common::Common;
use crate::server::control::{Control, Ending, Handle};
use crate::server::listeners::Listeners;
use crate::server::poller::Poller;
use crate::server::pool::Pool;
use purlin_core::observe::Address;
use purlin_engine::Budget;
use purlin_net::{Listener, Readiness, most_connections, probe, raise_descriptor_limit, something};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A server that has its listeners.
///
/// ```
/// use purlin_std::{Request, Server};
/// use std::time::Duration;
///
/// let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
/// let handle = bound.handle();
/// let serving = std::thread::spawn(move || bound.serve());
/// handle.shutdown(Duration::from_secs(10));
/// serving.join().expect("no panic")?;
/// # Ok::<(), purlin_std::Error>(())
/// ```
#[must_use = "connections are accepted once it serves"]
pub struct Bound {
    listeners: Vec<Listener>,
    server: Server,
    ending: Ending,
}

impl Bound {
    pub(super) fn new(mut server: Server, listeners: Vec<Listener>) -> Bound {
        let ending = Ending(Arc::new(Control::new(std::mem::take(&mut server.on_shutdown))));
        // What cannot be set is told where it serves.
        let _ = probe(&listeners, server.tcp_keepalive);
        Bound { listeners, server, ending }
    }

    /// The same server with one listener more.
    ///
    /// ```
    /// use purlin_std::{Listener, Request, Server};
    /// let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
    /// let bound = bound.and(Listener::bind("[::1]:0").or_else(|_| Listener::bind("127.0.0.1:0"))?);
    /// assert_eq!(bound.addresses().count(), 2);
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn and(mut self, listener: Listener) -> Bound {
        let _ = listener.set_tcp_keepalive(self.server.tcp_keepalive);
        self.listeners.push(listener);
        self
    }

    /// Where it listens, with the ports that the system chose for port 0.
    ///
    /// ```
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0")?;
    /// for address in bound.addresses() {
    ///     println!("listening on {address}");
    /// }
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.listeners.iter().map(Listener::address)
    }

    /// The first TCP address it listens on; `0.0.0.0:0` if there is none.
    ///
    /// ```
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0")?;
    /// assert_ne!(bound.local_addr().port(), 0);
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn local_addr(&self) -> SocketAddr {
        let nowhere = || (Ipv4Addr::UNSPECIFIED, 0).into();
        self.addresses().find_map(Address::socket_addr).unwrap_or_else(nowhere)
    }

    /// What stops it, from any thread.
    ///
    /// ```
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0")?;
    /// let handle = bound.handle();
    /// std::thread::spawn(move || handle.close());
    /// bound.serve()?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.ending.0))
    }

    /// Serves until it is stopped or accepting fails, on this thread and those of its pool.
    ///
    /// Errors of accepting that pass (too many open files, a connection that
    /// was given up before it was accepted) are waited out: 5 ms, then twice
    /// as long each time, at most 1 s.
    ///
    /// ```no_run
    /// # let server = purlin_std::Server::new(|_: purlin_std::Request| "hello\n");
    /// server.bind("127.0.0.1:8080")?.serve()?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Accept`] if accepting failed for good, [`Error::Io`] if the
    /// system has no poller to give, [`Error::Listen`] if there is nothing to
    /// listen on.
    ///
    /// # Panics
    /// With a handler's panic, if that is [`Panics::Propagate`](crate::Panics::Propagate).
    pub fn serve(self) -> Result<(), Error> {
        let Bound { listeners, server, ending } = self;
        something(&listeners)?;
        probe(&listeners, server.tcp_keepalive)?;
        let control = &ending.0;
        let common = common(listeners, server, control)?;
        common.pool.begin(&common);
        timekeeper::keep(common);
        if let Some(payload) = control.take_panic() {
            std::panic::resume_unwind(payload);
        }
        control.take_failure().map_or(Ok(()), |error| Err(Error::Accept(error)))
    }
}

impl Server {
    /// What the connections of this server would have in common, without
    /// listeners and threads.
    pub(crate) fn alone(self) -> io::Result<Arc<Common>> {
        common(Vec::new(), self, &Arc::new(Control::new(Vec::new())))
    }
}

fn common(
    listeners: Vec<Listener>,
    server: Server,
    control: &Arc<Control>,
) -> io::Result<Arc<Common>> {
    let readiness = Readiness::new()?;
    let listeners = Listeners::open(listeners, &readiness)?;
    let alarm = Arc::<Alarm>::default();
    control.woken_by(&alarm);
    let descriptors = raise_descriptor_limit();
    let most = server.connections.unwrap_or_else(|| most_connections(descriptors));
    let mut config = server.config;
    config.trace |= server.observer.is_some();
    config.secure |= server.make_machine.is_some();
    Ok(Arc::new(Common {
        handler: server.handler,
        budget: Budget::new(server.buffers, &config.limits),
        config: Arc::new(config),
        control: Arc::clone(control),
        most,
        alarm,
        pool: Pool::new(server.workers),
        poller: Poller::new(readiness),
        listeners,
        observer: server.observer,
        make_machine: server.make_machine,
        values: server.values,
        connection_values: server.connection_values,
        panics: server.panics,
    }))
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}
