//! What an application adds to a server: values, observers, what runs at its end.
//! Keeps them; when they are called, connections and the control decide.

use super::Server;
use purlin_core::Values;
use purlin_core::observe::{Guarded, Observer, Peer};
use purlin_engine::Panics;
use std::any::Any;
use std::sync::Arc;

impl Server {
    /// Adds somebody who is told what becomes of connections and requests; each
    /// one that is added is told. They are called on the threads that serve; one that
    /// panics misses what it was told then, and costs nothing else.
    ///
    /// ```
    /// use purlin_std::observe::{Exchange, Observer, Peer};
    /// use purlin_std::{Request, Server};
    ///
    /// struct AccessLog;
    /// impl Observer for AccessLog {
    ///     fn exchange(&self, peer: &Peer, exchange: &Exchange) {
    ///         println!("{} {exchange}", peer.remote);
    ///     }
    /// }
    /// let server = Server::new(|_: Request| "hello\n").observe(AccessLog);
    /// # let _ = server;
    /// ```
    pub fn observe(mut self, observer: impl Observer + 'static) -> Server {
        let observer = Guarded::new(observer);
        self.observer = Some(match self.observer.take() {
            Some(first) => Arc::new((first, observer)),
            None => Arc::new(observer),
        });
        self
    }

    /// Adds a value that every request has, to be found by its type. Of several
    /// of one type the last one is found.
    ///
    /// ```
    /// use purlin_std::{Request, Server};
    ///
    /// struct Motto(&'static str);
    /// let server = Server::new(|request: Request| {
    ///     request.value::<Motto>().map_or("", |motto| motto.0)
    /// });
    /// let server = server.value(Motto("less is more\n"));
    /// # let _ = server;
    /// ```
    pub fn value<T: Any + Send + Sync>(mut self, value: T) -> Server {
        self.values = self.values.with(value);
        self
    }

    /// Sets what makes the values of each new connection from those of the
    /// server, its [`Peer`] among them. It runs where the connection is accepted,
    /// before its first request.
    ///
    /// ```
    /// use purlin_std::{Request, Server};
    ///
    /// struct Number(u64);
    /// let server = Server::new(|request: Request| {
    ///     request.value::<Number>().map_or(String::new(), |number| number.0.to_string())
    /// });
    /// let server = server.connection_values(|peer, values| values.with(Number(peer.number)));
    /// # let _ = server;
    /// ```
    pub fn connection_values(
        mut self,
        make: impl Fn(&Peer, Values) -> Values + Send + Sync + 'static,
    ) -> Server {
        self.connection_values = Some(Box::new(make));
        self
    }

    /// Adds what runs when the server begins to stop, gracefully or at once:
    /// each in a thread of its own, and not waited for.
    ///
    /// It is the place to tell connections that have been upgraded, or long
    /// streams: a graceful stop waits for them.
    ///
    /// ```
    /// use purlin_std::{Request, Server};
    /// use std::sync::mpsc;
    ///
    /// let (tell, told) = mpsc::channel();
    /// let server = Server::new(|_: Request| "hello\n").on_shutdown(move || {
    ///     let _ = tell.send("stopping");
    /// });
    /// let bound = server.bind("127.0.0.1:0")?;
    /// bound.handle().close();
    /// bound.serve()?;
    /// assert_eq!(told.recv(), Ok("stopping"));
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn on_shutdown(mut self, run: impl FnOnce() + Send + 'static) -> Server {
        self.on_shutdown.push(Box::new(run));
        self
    }

    /// Sets what a panic of a handler does to the server: nothing, unless it is set.
    ///
    /// ```
    /// # use purlin_std::{Panics, Request, Server};
    /// let server = Server::new(|_: Request| "hello\n").panics(Panics::Propagate);
    /// # let _ = server;
    /// ```
    pub fn panics(mut self, panics: Panics) -> Server {
        self.panics = panics;
        self
    }
}
