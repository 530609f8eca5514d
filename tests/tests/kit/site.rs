//! A server that runs beside its test.
//! Ends it, and waits for that in bounds; how it serves, its adapter knows.

use super::LONG;
use super::peer::Peer;
use purlin_core::message::Error;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What ends a server.
pub(crate) trait Ends: Clone + Send + 'static {
    /// At once.
    fn close(&self);

    /// Gracefully: waits, and says how many connections were cut.
    fn shutdown(&self, deadline: Duration) -> usize;
}

/// A server; it stops when dropped.
pub(crate) struct Site<E: Ends> {
    pub(crate) address: SocketAddr,
    handle: E,
    serving: Option<JoinHandle<Result<(), Error>>>,
}

/// A graceful stop that has begun, or is about to.
pub(crate) struct Stopping(JoinHandle<usize>);

impl Stopping {
    pub(crate) fn of(handle: impl Ends, deadline: Duration) -> Stopping {
        Stopping(thread::spawn(move || handle.shutdown(deadline)))
    }

    /// How many connections were cut, once the server has ended.
    pub(crate) fn cut(self) -> usize {
        self.0.join().unwrap()
    }
}

impl<E: Ends> Site<E> {
    pub(crate) fn new(
        address: SocketAddr,
        handle: E,
        serve: impl FnOnce() -> Result<(), Error> + Send + 'static,
    ) -> Site<E> {
        Site { address, handle, serving: Some(thread::spawn(serve)) }
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::new(self.address)
    }

    pub(crate) fn handle(&self) -> E {
        self.handle.clone()
    }

    /// Begins to stop gracefully, without a deadline that should come.
    pub(crate) fn stop(&self) -> Stopping {
        Stopping::of(self.handle(), LONG)
    }

    /// The same; comes back once nobody listens any more.
    pub(crate) fn stopping(&self) -> Stopping {
        let stopping = self.stop();
        // Who knocked instead would be let in, and counted with those that are cut.
        super::until(|| std::net::TcpListener::bind(self.address).is_ok());
        stopping
    }

    pub(crate) fn shutdown(&self) -> usize {
        self.shutdown_within(LONG)
    }

    pub(crate) fn shutdown_within(&self, deadline: Duration) -> usize {
        self.handle.shutdown(deadline)
    }

    /// What serving came to, once the server has ended by itself; an error is a panic.
    pub(crate) fn served(mut self) -> thread::Result<Result<(), Error>> {
        ended(self.serving.take().unwrap())
    }
}

/// Waits for a server that ends.
fn ended(serving: JoinHandle<Result<(), Error>>) -> thread::Result<Result<(), Error>> {
    super::until(|| serving.is_finished());
    serving.join()
}

impl<E: Ends> Drop for Site<E> {
    fn drop(&mut self) {
        self.handle.close();
        let Some(serving) = self.serving.take().filter(|_| !thread::panicking()) else {
            return;
        };
        ended(serving).unwrap().unwrap();
    }
}
