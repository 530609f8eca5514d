//! A server that has its listeners.
//! Says where it listens, and begins to serve.

use super::{Server, timekeeper};
use crate::Error;
use crate::server::common::Common;
use crate::server::control::{Control, Handle};
use crate::server::poller::Poller;
use crate::server::pool::Pool;
use purlin_engine::{Ending, Failure};
use purlin_net::{
    Listener, Listeners, Readiness, most_connections, probe, raise_descriptor_limit, run_aside,
    something,
};
use std::io;
use std::panic::resume_unwind;
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
    ending: Ending<Control>,
}

impl Bound {
    pub(super) fn new(mut server: Server, listeners: Vec<Listener>) -> Bound {
        let hooks = std::mem::take(&mut server.settings.on_shutdown);
        let control = purlin_engine::Control::new(hooks, run_aside);
        let ending = Ending(Arc::new(Control::new(control)));
        // What cannot be set is told where it serves.
        let _ = probe(&listeners, server.settings.tcp_keepalive);
        Bound { listeners, server, ending }
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
        probe(&listeners, server.settings.tcp_keepalive)?;
        let common = common(listeners, server, ending.0.clone())?;
        common.pool.begin(&common);
        timekeeper::keep(common);
        match ending.0.failure() {
            None => Ok(()),
            Some(Failure::Accept(error)) => Err(Error::Accept(error)),
            Some(Failure::Panic(payload)) => resume_unwind(payload),
        }
    }
}

impl Server {
    /// What the connections of this server would have in common, without
    /// listeners and threads.
    pub(crate) fn alone(self) -> io::Result<Arc<Common>> {
        let control = purlin_engine::Control::new(Vec::new(), run_aside);
        common(Vec::new(), self, Arc::new(Control::new(control)))
    }
}

fn common(
    listeners: Vec<Listener>,
    server: Server,
    control: Arc<Control>,
) -> io::Result<Arc<Common>> {
    let readiness = Readiness::new()?;
    let listeners = Listeners::open(listeners, &readiness)?;
    let descriptors = raise_descriptor_limit();
    let connections = server.settings.connections;
    Ok(Arc::new(Common {
        handler: server.handler,
        context: server.settings.context(),
        most: connections.unwrap_or_else(|| most_connections(descriptors)),
        alarm: Arc::clone(control.alarm()),
        control,
        pool: Pool::new(server.workers),
        poller: Poller::new(readiness),
        listeners,
    }))
}

purlin_engine::bound_api! {
    Bound;
    example "# use purlin_std::*;\n# let bound = Server::new(|_: Request| \"hello\\n\").bind(\"127.0.0.1:0\")?;"
    end "# Ok::<(), Error>(())"
}
