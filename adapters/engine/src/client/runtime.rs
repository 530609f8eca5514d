//! What a client runs on: how an adapter connects, waits and tells the time. The run itself
//! is written once, here; it is polled, and says what is waited for.

use super::leave::Leaving;
use super::socket::{Clock, Pieces, Socket};
use crate::lease::Lease;
use purlin_core::Mono;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An adapter, as a client's run needs it.
pub trait Runtime: Sized + Send + Sync + 'static {
    /// Its clock.
    type Clock: Clock;
    /// Its sockets.
    type Socket: Socket<Self::Clock>;
    /// What gives bodies.
    type Source: Pieces;
    /// A way of the application's own to connect.
    type Dialer: Send + Sync;
    /// A socket that this connects.
    type Own: Attempt<Self::Socket>;
    /// A socket that is connecting to one address.
    type Attempt: Attempt<Self::Socket>;

    /// Begins to connect in the application's own way.
    fn dial(dialer: &Self::Dialer, host: &str, port: u16) -> Self::Own;

    /// Begins to connect to an address.
    ///
    /// # Errors
    /// It is refused at once.
    fn attempt(address: SocketAddr) -> io::Result<Self::Attempt>;

    /// Reads out a body that nobody wants, as far as this waits for it; its connection is
    /// closed if that is not at all.
    fn leave(_leaving: Leaving<Self::Socket>, _clock: &mut Self::Clock) {}
}

/// A socket that is connecting.
pub trait Attempt<S>: Send {
    /// Goes on. Who can only block for it does so until then at the most.
    ///
    /// # Errors
    /// It could not connect.
    fn poll_connect(&mut self, until: Option<Mono>, cx: &mut Context<'_>) -> Poll<io::Result<S>>;
}

/// No way to connect.
impl<S> Attempt<S> for Infallible {
    fn poll_connect(&mut self, _: Option<Mono>, _: &mut Context<'_>) -> Poll<io::Result<S>> {
        match *self {}
    }
}

/// A future whose time another one watches.
impl<S> Attempt<S> for Pin<Box<dyn Future<Output = io::Result<S>> + Send>> {
    fn poll_connect(&mut self, _: Option<Mono>, cx: &mut Context<'_>) -> Poll<io::Result<S>> {
        self.as_mut().poll(cx)
    }
}

/// What is waited for, for one who blocks instead of being woken.
pub enum Waits<'a, R: Runtime> {
    /// What a connection's last turn says.
    Line {
        /// The connection.
        lease: &'a mut Lease<R::Socket>,
        /// The clock.
        clock: &'a mut R::Clock,
        /// The waker may be told of something as well.
        woken: bool,
    },
    /// Connecting: the waker, and whichever attempt is ready first.
    Dial {
        /// Sockets that are connecting.
        attempts: &'a [(SocketAddr, R::Attempt)],
        /// When to go on at the latest.
        until: Option<Mono>,
        /// The clock.
        clock: &'a mut R::Clock,
    },
    /// Nothing: it goes on.
    Nothing,
}

impl<'a, R: Runtime> Waits<'a, R> {
    /// What a connection's last turn says; the waker may be told of something as well, as it
    /// is where others use the connection too.
    pub(super) fn line(
        lease: &'a mut Lease<R::Socket>,
        clock: &'a mut R::Clock,
        woken: bool,
    ) -> Waits<'a, R> {
        let woken = woken || lease.is_shared();
        Waits::Line { lease, clock, woken }
    }
}

impl<R: Runtime> fmt::Debug for Waits<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Waits::Line { .. } => "Waits::Line",
            Waits::Dial { .. } => "Waits::Dial",
            Waits::Nothing => "Waits::Nothing",
        })
    }
}

/// Something that is polled, and waits.
pub trait Awaited<R: Runtime> {
    /// What it waits for, after it was polled.
    fn waits(&mut self) -> Waits<'_, R>;
}
