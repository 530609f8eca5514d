//! A server that has its listeners.
//! Says where it listens, and begins to serve.

use super::Server;
use super::common::Common;
use super::control::Handle;
use super::crew::Crew;
use super::serving::Serving;
use crate::Result;
use crate::handler::Handler;
use purlin_engine::served::Registry;
use purlin_engine::{Control, Ending};
use purlin_net::{Listener, most_connections, probe, raise_descriptor_limit, run_aside, something};
use std::sync::Arc;

/// A server that has its listeners.
///
/// ```
/// use purlin_smol::{Request, Server};
/// use std::time::Duration;
/// # smol::block_on(async {
/// let bound = Server::new(async |_: Request| "hello\n").bind("127.0.0.1:0").await?;
/// let handle = bound.handle();
/// let serving = smol::spawn(bound.serve());
/// handle.shutdown(Duration::from_secs(10)).await;
/// serving.await?;
/// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
/// ```
#[must_use = "connections are accepted once it serves"]
pub struct Bound<H> {
    pub(super) listeners: Vec<Listener>,
    pub(super) server: Server<H>,
    pub(super) ending: Ending,
}

impl<H> Bound<H> {
    pub(super) fn new(mut server: Server<H>, listeners: Vec<Listener>) -> Bound<H> {
        let hooks = std::mem::take(&mut server.settings.on_shutdown);
        let ending = Ending(Arc::new(Control::new(hooks, run_aside)));
        // What cannot be set is told where it serves.
        let _ = probe(&listeners, server.settings.tcp_keepalive);
        Bound { listeners, server, ending }
    }

    /// What stops it, from any thread.
    ///
    /// ```
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// let bound = server.bind("127.0.0.1:0").await?;
    /// let handle = bound.handle();
    /// std::thread::spawn(move || handle.close());
    /// bound.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    pub fn handle(&self) -> Handle {
        Handle(self.ending.0.clone())
    }
}

impl<H: Handler> Bound<H> {
    /// Serves until it is stopped or accepting fails, on threads of its own.
    /// Dropping the future stops everything.
    ///
    /// ```no_run
    /// # smol::block_on(async {
    /// # let server = purlin_smol::Server::new(async |_: purlin_smol::Request| "hello\n");
    /// server.bind("127.0.0.1:8080").await?.serve().await?;
    /// # Ok::<(), purlin_smol::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Accept`](crate::Error::Accept) if accepting failed for good, [`Error::Io`](crate::Error::Io) if no
    /// thread can be started, [`Error::Listen`](crate::Error::Listen) if there is nothing to listen on.
    ///
    /// # Panics
    /// With a handler's panic, if that is [`Panics::Propagate`](crate::Panics::Propagate).
    pub async fn serve(self) -> Result<()> {
        let Bound { listeners, server, ending } = self;
        something(&listeners)?;
        probe(&listeners, server.settings.tcp_keepalive)?;
        let (handler, threads) = (server.handler.clone(), server.threads);
        let serving = server.begin(&ending);
        let crew = Crew::start(threads, &handler, &serving.0, listeners)?;
        serving.end(|| crew.ended()).await
    }
}

purlin_engine::bound_api! {
    Bound<H> where H;
    example "# use purlin_smol::*;\n# smol::block_on(async {\n# let bound = Server::new(async |_: Request| \"hello\\n\").bind(\"127.0.0.1:0\").await?;"
    end "# Ok::<(), Error>(()) }).unwrap();"
}

impl<H> Server<H> {
    /// From here on it serves, as long as somebody holds what this gives.
    pub(super) fn begin(self, ending: &Ending) -> Serving {
        let descriptors = raise_descriptor_limit();
        let connections = self.settings.connections;
        let most = connections.unwrap_or_else(|| most_connections(descriptors));
        Serving(Arc::new(Common {
            context: self.settings.context(),
            control: ending.0.clone(),
            registry: Registry::new(most),
        }))
    }
}
