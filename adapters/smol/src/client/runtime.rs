//! What the engine's run needs of tasks: connecting on the reactor, and a timer for what is
//! not moved by a connection.

use super::dial::{Dialer, OwnDial};
use super::socket::{Socket, socket};
use crate::Source;
use crate::source::ResponsePieces;
use async_io::Async;
use bytes::Bytes;
use purlin_core::Mono;
use purlin_core::exchange::Error;
use purlin_engine::{Attempt, Clock as _, Leaving, Moved, Runtime, Ticks, caught};
use purlin_net::Stream;
use purlin_net::client::Connecting;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

/// Tasks that the reactor wakes.
#[derive(Debug)]
pub(super) struct Polling;

/// The clock of whichever thread a task is on.
pub(super) fn clock() -> Ticks {
    Ticks::new(crate::clock::now)
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
    type Attempt = Trying;

    fn dial(dialer: &Dialer, host: &str, port: u16) -> OwnDial {
        dialer.dial(host, port)
    }

    fn attempt(address: SocketAddr) -> io::Result<Trying> {
        Async::new_nonblocking(Connecting::begin(address)?).map(|watched| Trying(Some(watched)))
    }

    /// Nothing can be awaited in a drop: what has come is read.
    fn leave(mut leaving: Leaving<Socket>, clock: &mut Ticks) {
        let now = clock.last();
        while leaving.goes_on(now) {
            // On a connection that others use too there is nothing to read out.
            let Some((line, machine)) = leaving.lease().parts() else { break };
            if !matches!(line.read(machine, now), Moved::Bytes(_)) {
                break;
            }
        }
    }
}

/// A socket that is connecting, until it has.
pub(super) struct Trying(Option<Async<Connecting>>);

impl Attempt<Socket> for Trying {
    fn poll_connect(&mut self, _: Option<Mono>, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        let Some(watched) = &self.0 else { return Poll::Pending };
        // One that cannot be waited for says why when it is taken.
        let _ = ready!(watched.poll_writable(cx));
        let Some(watched) = self.0.take() else { return Poll::Pending };
        Poll::Ready(watched.into_inner().and_then(|one| socket(Stream::from(one.finish(false)?))))
    }
}

impl Attempt<Socket> for OwnDial {
    fn poll_connect(&mut self, _: Option<Mono>, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        let polled = caught("the dialer", || Ok(self.0.as_mut().poll(cx)));
        let stream = ready!(polled.unwrap_or_else(|panicked| Poll::Ready(Err(panicked))));
        Poll::Ready(stream.and_then(socket))
    }
}
