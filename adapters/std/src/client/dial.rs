//! Connects: names to addresses, addresses in a race, while a connection that
//! comes back to the pool may still be quicker.

use super::socket::Socket;
use purlin_core::exchange::{Cause, Error, Exchange, Route};
use purlin_core::policy::race::{Attempt, Race};
use purlin_core::{Mono, Phase};
use purlin_host::client::{Connecting, Idle, Resolver, wait_for};
use purlin_host::{Clock, Stream};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Connects in one's own way: to a Unix socket, in memory, through something else.
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

type DialFn = dyn Fn(&str, u16) -> io::Result<Stream> + Send + Sync;

impl Dialer {
    /// Connections that this function makes, given the host and the port that
    /// are to be reached: a proxy's, if there is one.
    pub fn new(dial: impl Fn(&str, u16) -> io::Result<Stream> + Send + Sync + 'static) -> Dialer {
        Dialer(Arc::new(dial))
    }

    /// Connections to a Unix socket, whatever the host is.
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Dialer {
        let path = path.into();
        Dialer::new(move |_, _| Ok(std::os::unix::net::UnixStream::connect(&path)?.into()))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}

/// How connections are made.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) dialer: Option<Dialer>,
    pub(super) resolver: Resolver,
    pub(super) side_by_side: bool,
}

/// How dialling ended.
pub(super) enum Dialled {
    /// With a socket.
    Socket(Socket),
    /// Something else came first.
    Nudged,
}

impl Dial {
    /// Connects along the route. `nudge` becomes readable when something else
    /// has come first.
    pub(super) fn dial(
        &self,
        route: &Route,
        exchange: &mut Exchange,
        nudge: BorrowedFd<'_>,
        clock: &mut Clock,
    ) -> Result<Dialled, Error> {
        let (host, port) = route.dialled();
        if let Some(Dialer(dial)) = &self.dialer {
            exchange.begin(Phase::Connect, clock.look());
            let stream = dial(host, port).map_err(Error::of_connecting)?;
            return Ok(Dialled::Socket(Socket::new(stream)));
        }
        let addresses = match self.resolver.literal(host, port) {
            Some(address) => vec![address],
            None => {
                exchange.begin(Phase::Dns, clock.look());
                let until = exchange.deadline();
                resolve(&self.resolver, host, port, until, clock)?
            }
        };
        exchange.begin(Phase::Connect, clock.look());
        self.race(addresses, exchange.deadline(), nudge, clock)
    }

    fn race(
        &self,
        addresses: Vec<SocketAddr>,
        until: Option<Mono>,
        nudge: BorrowedFd<'_>,
        clock: &mut Clock,
    ) -> Result<Dialled, Error> {
        let mut race = Race::new(addresses, self.side_by_side);
        let mut running: Vec<Connecting> = Vec::new();
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        loop {
            let now = clock.look().mono;
            if until.is_some_and(|until| until <= now) {
                return Err(Error::of_connecting(io::ErrorKind::TimedOut.into()));
            }
            let wait = match race.next(now) {
                Attempt::Begin(address) => {
                    match Connecting::begin(address) {
                        Ok(connecting) => running.push(connecting),
                        Err(error) => {
                            last = told(error, address);
                            race.failed(now);
                        }
                    }
                    continue;
                }
                Attempt::Lost => return Err(Error::of_connecting(last)),
                Attempt::Wait(next) => [next, until].into_iter().flatten().min(),
            };
            let mut sockets = vec![(nudge, Idle::Reads)];
            sockets.extend(running.iter().map(|one| (one.as_fd(), Idle::Writes)));
            let ready =
                wait_for(&sockets, wait.map(|at| at.since(now))).map_err(Error::of_connecting)?;
            if ready[0] {
                return Ok(Dialled::Nudged);
            }
            for at in (0..running.len()).rev().filter(|at| ready[at + 1]) {
                let connecting = running.swap_remove(at);
                let address = connecting.address();
                match connecting.finish(true) {
                    Ok(stream) => return Ok(Dialled::Socket(Socket::new(stream.into()))),
                    Err(error) => {
                        last = told(error, address);
                        race.failed(clock.look().mono);
                    }
                }
            }
        }
    }
}

fn told(error: io::Error, address: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("{address}: {error}"))
}

/// Looks the name up on a thread of its own, since nothing can end that call.
fn resolve(
    resolver: &Resolver,
    host: &str,
    port: u16,
    until: Option<Mono>,
    clock: &mut Clock,
) -> Result<Vec<SocketAddr>, Error> {
    let failed = |error| Error::new(Cause::Io(error)).during(Phase::Dns);
    let (tell, told) = mpsc::sync_channel(1);
    let (resolver, name) = (resolver.clone(), host.to_owned());
    let look_up = move || {
        // Nobody listens if the time for it has passed.
        let _ = tell.send(resolver.resolve(&name, port));
    };
    thread::Builder::new().name("purlin-dns".into()).spawn(look_up).map_err(failed)?;
    let wait = until.map_or(Duration::from_secs(3600), |at| at.since(clock.look().mono));
    match told.recv_timeout(wait) {
        Ok(found) => found.map_err(failed),
        Err(_) => Err(failed(io::ErrorKind::TimedOut.into())),
    }
}
