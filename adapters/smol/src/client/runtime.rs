//! What the engine's run needs of tasks: connecting on the reactor, and a timer for what is
//! not moved by a connection.

use super::dial::{Dialer, OwnDial};
use super::socket::Socket;
use crate::Source;
use crate::clock;
use crate::source::Pieces;
use async_io::{Async, Timer};
use bytes::Bytes;
use futures_lite::future;
use purlin_core::exchange::Error;
use purlin_core::{Mono, Now};
use purlin_engine::{Leaving, Moved, Runtime, caught};
use purlin_net::client::Connecting;
use purlin_net::{Clock, Stream};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Tasks that the reactor wakes.
#[derive(Debug)]
pub(super) struct Polling;

/// The clock of whichever thread a task is on.
#[derive(Clone, Debug)]
pub(super) struct Ticks(Now);

impl Ticks {
    pub(super) fn new() -> Ticks {
        Ticks(clock::now())
    }
}

impl purlin_engine::Clock for Ticks {
    fn look(&mut self) -> Now {
        self.0 = clock::now();
        self.0
    }

    fn last(&self) -> Now {
        self.0
    }
}

impl purlin_engine::Pieces for Source {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        self.poll_next(cx).map(|piece| piece.transpose().map_err(Error::of_source))
    }
}

impl Runtime for Polling {
    type Clock = Ticks;
    type Socket = Socket;
    type Source = Source;
    type Dialer = Dialer;
    type Own = OwnDial;
    type Attempt = Async<Connecting>;

    fn dial(dialer: &Dialer, host: &str, port: u16) -> OwnDial {
        dialer.dial(host, port)
    }

    fn poll_own(
        own: &mut OwnDial,
        _: Option<Mono>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Socket>> {
        let polled = caught("the dialer", || Ok(own.as_mut().poll(cx)));
        let stream = ready!(polled.unwrap_or_else(|panicked| Poll::Ready(Err(panicked))));
        Poll::Ready(stream.and_then(Socket::new))
    }

    fn attempt(address: SocketAddr) -> io::Result<Async<Connecting>> {
        Async::new_nonblocking(Connecting::begin(address)?)
    }

    fn poll_attempt(attempt: &mut Async<Connecting>, cx: &mut Context<'_>) -> Poll<()> {
        // One that cannot be waited for says why when it is taken.
        attempt.poll_writable(cx).map(drop)
    }

    fn connected(attempt: Async<Connecting>) -> io::Result<Socket> {
        Socket::new(Stream::from(attempt.into_inner()?.finish(false)?))
    }

    /// Nothing can be awaited in a drop: what has come is read.
    fn leave(mut leaving: Leaving<Polling>, clock: &mut Ticks) {
        let now = clock.0;
        while leaving.goes_on(now) {
            let (socket, machine) = leaving.lent().parts();
            if !matches!(socket.read_now(machine, now), Moved::Bytes(_)) {
                break;
            }
        }
    }
}

/// Waits until it is ready, and polls it again when its time has come.
pub(super) async fn wait<W, T>(
    it: &mut W,
    poll: impl Fn(&mut W, &mut Context<'_>) -> Poll<T>,
    until: impl Fn(&W) -> Option<Mono>,
) -> T {
    let mut timer: Option<(Timer, Mono)> = None;
    future::poll_fn(|cx| {
        loop {
            if let Poll::Ready(done) = poll(it, cx) {
                return Poll::Ready(done);
            }
            let Some((at, instant)) = until(it).and_then(|at| Some((at, Clock::instant(at)?)))
            else {
                return Poll::Pending;
            };
            if timer.as_ref().is_none_or(|(_, set)| *set != at) {
                timer = Some((Timer::at(instant), at));
            }
            let Some((timer, _)) = &mut timer else { return Poll::Pending };
            ready!(Pin::new(timer).poll(cx));
        }
    })
    .await
}
