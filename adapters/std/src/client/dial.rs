//! Connects: names to addresses, addresses in a race, while a connection that
//! comes back to the pool may still be quicker.

use super::socket::Socket;
use purlin_core::exchange::{Cause, Error, Exchange, Route};
use purlin_core::policy::race::{Attempt, Race};
use purlin_core::{Mono, Now, Phase};
use purlin_engine::{Lookup, Question, Resolver, System, caught};
use purlin_net::client::{Connecting, Idle, Nudge, connect_unix, wait_for};
use purlin_net::{Clock, Stream};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// A way of one's own to connect: to a Unix socket, in memory, through something else.
///
/// ```
/// use purlin_std::client::{Client, Dialer, Settings};
/// use std::os::unix::net::UnixStream;
///
/// // Whatever the URL's host is, the connection leads to this socket.
/// let dialer = Dialer::new(|_host, _port| Ok(UnixStream::connect("/run/service.sock")?.into()));
/// let client = Client::with_dialer(Settings::new(), dialer);
/// # let _ = client;
/// ```
#[derive(Clone)]
pub struct Dialer(Arc<DialFn>);

/// Given the host, the port and how long it may take, which an application's own does not heed.
type DialFn = dyn Fn(&str, u16, Option<Duration>) -> io::Result<Stream> + Send + Sync;

impl Dialer {
    /// Connections that this function makes, given the host and the port that
    /// are to be reached: a proxy's, if there is one.
    pub fn new(dial: impl Fn(&str, u16) -> io::Result<Stream> + Send + Sync + 'static) -> Dialer {
        Dialer(Arc::new(move |host, port, _| dial(host, port)))
    }

    /// Connections to a Unix socket, whatever the host is. If its server is busy and
    /// its backlog full, they wait for it as long as connecting may take.
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Dialer {
        let path = path.into();
        Dialer(Arc::new(move |_, _, limit| Ok(connect_unix(&path, limit)?.into())))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}

/// How connections are made.
pub(super) struct Dial {
    pub(super) dialer: Option<Dialer>,
    pub(super) resolver: Resolver,
    pub(super) side_by_side: bool,
    pub(super) system: Arc<dyn System>,
}

/// A dial under way. It goes on where it was if something else came first and was of
/// no use.
pub(super) enum Dialling {
    /// By a dialer of one's own.
    Own,
    /// The name is being looked up.
    Looking(Lookup),
    Racing(Racing),
}

/// What a step of dialling came to.
pub(super) enum Dialled {
    /// A socket.
    Socket(Socket),
    /// Something else has happened that may be of use.
    Nudged,
}

impl Dial {
    /// Begins to connect along the route.
    pub(super) fn begin(&self, route: &Route, exchange: &mut Exchange, now: Now) -> Dialling {
        let (host, port) = route.dialled();
        if self.dialer.is_some() {
            exchange.begin(Phase::Connect, now);
            return Dialling::Own;
        }
        if let Some(address) = self.resolver.literal(host, port) {
            exchange.begin(Phase::Connect, now);
            return Dialling::Racing(Racing::new(vec![address], self.side_by_side));
        }
        exchange.begin(Phase::Dns, now);
        let asked = Question::new(host, port, route.dials_tls());
        Dialling::Looking(self.resolver.look_up(&asked, &self.system))
    }

    /// Goes on until there is a socket, or the nudge says that something else has happened.
    pub(super) fn go_on(
        &self,
        dialling: &mut Dialling,
        route: &Route,
        exchange: &mut Exchange,
        nudge: &Nudge,
        clock: &mut Clock,
    ) -> Result<Dialled, Error> {
        loop {
            match dialling {
                Dialling::Own => {
                    let until = exchange.deadline();
                    let limit = until.map(|until| until.since(clock.look().mono));
                    return self.dial(route, limit);
                }
                Dialling::Racing(racing) => {
                    return racing.go_on(exchange.deadline(), nudge.as_fd(), clock);
                }
                Dialling::Looking(lookup) => {
                    let Poll::Ready(found) = lookup.poll(nudge.waker()) else {
                        wait_until(exchange.deadline(), nudge, clock).map_err(unfound)?;
                        return Ok(Dialled::Nudged);
                    };
                    let addresses = found.map_err(unfound)?.addresses;
                    exchange.begin(Phase::Connect, clock.look());
                    *dialling = Dialling::Racing(Racing::new(addresses, self.side_by_side));
                }
            }
        }
    }

    /// Connects in the caller's own way, which nothing can end.
    fn dial(&self, route: &Route, limit: Option<Duration>) -> Result<Dialled, Error> {
        let Some(Dialer(dial)) = &self.dialer else { return Ok(Dialled::Nudged) };
        let (host, port) = route.dialled();
        let stream =
            caught("the dialer", || dial(host, port, limit)).map_err(Error::of_connecting)?;
        Ok(Dialled::Socket(Socket::new(stream)))
    }
}

fn unfound(error: io::Error) -> Error {
    Error::new(Cause::Io(error)).during(Phase::Dns)
}

/// Waits for the nudge, until then at most.
fn wait_until(until: Option<Mono>, nudge: &Nudge, clock: &mut Clock) -> io::Result<()> {
    let wait = until.map(|at| at.since(clock.look().mono));
    wait_for(&[(nudge.as_fd(), Idle::Reads)], wait)?;
    if until.is_some_and(|until| until <= clock.look().mono) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(())
}

/// Addresses in a race.
pub(super) struct Racing {
    race: Race,
    running: Vec<Connecting>,
    /// Why the last attempt failed.
    last: io::Error,
}

impl Racing {
    fn new(addresses: Vec<SocketAddr>, side_by_side: bool) -> Racing {
        let race = Race::new(addresses, side_by_side);
        Racing { race, running: Vec::new(), last: io::ErrorKind::TimedOut.into() }
    }

    fn go_on(
        &mut self,
        until: Option<Mono>,
        nudge: BorrowedFd<'_>,
        clock: &mut Clock,
    ) -> Result<Dialled, Error> {
        loop {
            let now = clock.look().mono;
            if until.is_some_and(|until| until <= now) {
                return Err(Error::of_connecting(io::ErrorKind::TimedOut.into()));
            }
            let wait = match self.race.next(now) {
                Attempt::Begin(address) => {
                    match Connecting::begin(address) {
                        Ok(connecting) => self.running.push(connecting),
                        Err(error) => self.failed(&error, address, now),
                    }
                    continue;
                }
                Attempt::Lost => {
                    let lost = io::ErrorKind::TimedOut.into();
                    let last = std::mem::replace(&mut self.last, lost);
                    return Err(Error::of_connecting(last));
                }
                Attempt::Wait(next) => [next, until].into_iter().flatten().min(),
            };
            let mut sockets = vec![(nudge, Idle::Reads)];
            sockets.extend(self.running.iter().map(|one| (one.as_fd(), Idle::Writes)));
            let ready =
                wait_for(&sockets, wait.map(|at| at.since(now))).map_err(Error::of_connecting)?;
            for at in (0..self.running.len()).rev().filter(|at| ready[at + 1]) {
                let connecting = self.running.swap_remove(at);
                let address = connecting.address();
                match connecting.finish(true) {
                    Ok(stream) => return Ok(Dialled::Socket(Socket::new(stream.into()))),
                    Err(error) => self.failed(&error, address, clock.look().mono),
                }
            }
            if ready[0] {
                return Ok(Dialled::Nudged);
            }
        }
    }

    fn failed(&mut self, error: &io::Error, address: SocketAddr, now: Mono) {
        self.last = io::Error::new(error.kind(), format!("{address}: {error}"));
        self.race.failed(now);
    }
}
