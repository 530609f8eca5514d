//! What a client runs on: how an adapter connects, waits and tells the time. The run itself
//! is written once, here; it is polled, and says what is waited for.

use super::leave::Leaving;
use crate::lease::Lease;
use crate::line::Turn;
use crate::link::ReadReady;
use bytes::Bytes;
use purlin_core::exchange::Error;
use purlin_core::{ClientMachine, Mono, Now};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The time, looked at when something may have taken some.
pub trait Clock: Clone + Send {
    /// The time now.
    fn look(&mut self) -> Now;

    /// The time of the last look.
    fn last(&self) -> Now;
}

/// The clock of whichever thread a task is on: a function that tells the time.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    now: fn() -> Now,
    last: Now,
}

impl Ticks {
    /// A clock that has looked just now.
    pub fn new(now: fn() -> Now) -> Ticks {
        Ticks { now, last: now() }
    }
}

impl Clock for Ticks {
    fn look(&mut self) -> Now {
        self.last = (self.now)();
        self.last
    }

    fn last(&self) -> Now {
        self.last
    }
}

/// What there is besides what a socket brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Something that the machine takes once it has room.
    More,
    /// Something that comes; the waker is told.
    Comes,
}

/// A connected socket of a client's.
pub trait Socket<C>: ReadReady + Send + 'static {
    /// Writes what there is, then waits for input, for room, or for the first deadline,
    /// the machine's or this one. The clock is looked at once that took time.
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<Turn>;

    /// Writes what there is, as far as the socket takes it, and says that nothing more is
    /// written if the machine wants to close so.
    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now);

    /// Whether a write has failed.
    fn is_lost(&self) -> bool;
}

/// What gives a request's body.
pub trait Pieces: Send {
    /// Whether asking for a piece never takes time, so that several may go out at once. Else
    /// each is sent before the next is asked for.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// It failed: [`Error::of_source`].
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>>;
}

/// No pieces: for a client whose requests have no bodies but those that are whole.
impl Pieces for Infallible {
    fn poll_piece(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        match *self {}
    }
}

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
    fn leave(_leaving: Leaving<Self>, _clock: &mut Self::Clock) {}
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
