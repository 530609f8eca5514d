//! What the engine's run needs of threads: connecting, and one who blocks where a task
//! would be woken.

use super::beside::BesideOthers;
use super::dial::Dialer;
use super::socket::Socket;
use purlin_core::Mono;
use purlin_engine::{Attempt, Awaited, Leaving, Runtime, Waits, caught};
use purlin_net::client::{Connecting, Feed, Idle, Nudge, wait_for};
use purlin_net::{Clock, Stream};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Threads that wait themselves.
#[derive(Debug)]
pub(super) struct Blocking;

pub(super) fn clock() -> Clock {
    Clock::of_thread()
}

/// A connection by the application's own dialer, which blocks.
pub(super) struct Own {
    dialer: Dialer,
    host: String,
    port: u16,
}

impl Attempt<Socket> for Own {
    fn poll_connect(
        &mut self,
        until: Option<Mono>,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<Socket>> {
        let limit = until.map(|until| until.since(Clock::of_thread().last().mono));
        let dial = || (self.dialer.0)(&self.host, self.port, limit);
        Poll::Ready(caught("the dialer", dial).map(Socket::new))
    }
}

/// A socket that is connecting, until it has.
pub(super) struct Trying(Option<Connecting>);

impl Trying {
    /// What tells that it is connected.
    fn awaited(&self) -> Option<(BorrowedFd<'_>, Idle)> {
        self.0.as_ref().map(|one| (one.as_fd(), Idle::Writes))
    }
}

impl Attempt<Socket> for Trying {
    fn poll_connect(&mut self, _: Option<Mono>, _: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        let Some(awaited) = self.awaited() else { return Poll::Pending };
        if wait_for(&[awaited], Some(Duration::ZERO)).is_ok_and(|ready| !ready[0]) {
            return Poll::Pending;
        }
        // One that cannot be waited for says why when it is taken.
        let Some(one) = self.0.take() else { return Poll::Pending };
        Poll::Ready(one.finish(true).map(|stream| Socket::new(Stream::from(stream))))
    }
}

impl Runtime for Blocking {
    type Clock = Clock;
    type Socket = Socket;
    type Source = Feed;
    type Dialer = Dialer;
    type Own = Own;
    type Attempt = Trying;

    fn dial(dialer: &Dialer, host: &str, port: u16) -> Own {
        Own { dialer: dialer.clone(), host: host.to_owned(), port }
    }

    fn attempt(address: SocketAddr) -> io::Result<Trying> {
        Connecting::begin(address).map(|one| Trying(Some(one)))
    }

    fn leave(mut leaving: Leaving<Socket>, clock: &mut Clock) {
        let cx = &mut Context::from_waker(Waker::noop());
        while leaving.poll(clock, cx).is_pending() {
            // On a connection that others use too there is nothing to read out.
            let Some((socket, machine)) = leaving.lease().parts() else { break };
            socket.wait(machine, None, clock);
        }
    }
}

/// Polls until it is ready, and waits in between.
///
/// # Errors
/// The system gives nothing to wait with.
pub(super) fn block<W: Awaited<Blocking>, T>(
    it: &mut W,
    mut poll: impl FnMut(&mut W, &mut Context<'_>) -> Poll<T>,
) -> io::Result<T> {
    // Only one who waits for more than a connection needs to be woken.
    let mut nudge: Option<Nudge> = None;
    loop {
        let waker = nudge.as_ref().map_or(Waker::noop(), Nudge::waker);
        if let Poll::Ready(done) = poll(it, &mut Context::from_waker(waker)) {
            return Ok(done);
        }
        match (it.waits(), &nudge) {
            (Waits::Line { lease, clock, woken: false }, _) => {
                if let Some((socket, machine)) = lease.parts() {
                    socket.wait(machine, None, clock);
                }
            }
            (Waits::Line { lease, clock, .. }, Some(nudge)) => match lease.parts() {
                Some((socket, machine)) => socket.wait(machine, Some(nudge), clock),
                None => {
                    let beside = BesideOthers::of(lease);
                    let came = beside.wait(nudge, None, clock)?;
                    lease.lead(|socket, machine| socket.waited(machine, came, clock.last()));
                }
            },
            (Waits::Dial { attempts, until, clock }, Some(nudge)) => {
                let mut sockets = vec![(nudge.as_fd(), Idle::Reads)];
                sockets.extend(attempts.iter().filter_map(|(_, one)| one.awaited()));
                let wait = until.map(|at| at.since(clock.look().mono));
                if wait_for(&sockets, wait)?[0] {
                    nudge.clear();
                }
            }
            (Waits::Line { .. } | Waits::Dial { .. }, None) => nudge = Some(Nudge::new()?),
            (Waits::Nothing, _) => {}
        }
    }
}
