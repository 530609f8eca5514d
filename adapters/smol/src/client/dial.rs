//! Connects: names to addresses, addresses in a race, while a connection that
//! comes back to the pool may still be quicker.

use super::socket::Socket;
use crate::clock;
use async_io::{Async, Timer};
use futures_lite::future;
use purlin_core::exchange::{Cause, Error, Exchange, Route};
use purlin_core::policy::race::{Attempt, Race};
use purlin_core::{Mono, Phase};
use purlin_host::client::{Connecting, Resolver};
use purlin_host::{Clock, Stream};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Connects in one's own way: to a Unix socket, in memory, through something else.
///
/// ```
/// use purlin_smol::client::{Client, Dialer, Settings};
/// use std::os::unix::net::UnixStream;
///
/// // Whatever the URL's host is, the connection leads to this socket.
/// let dialer = Dialer::new(async |_host, _port| {
///     Ok(UnixStream::connect("/run/service.sock")?.into())
/// });
/// let client = Client::with_dialer(Settings::new(), dialer);
/// # let _ = client;
/// ```
#[derive(Clone)]
pub struct Dialer(Arc<DialFn>);

type DialFn = dyn Fn(String, u16) -> Dialling + Send + Sync;

type Dialling = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

impl Dialer {
    /// Connections that this function makes, given the host and the port that
    /// are to be reached: a proxy's, if there is one.
    pub fn new<F, T>(dial: F) -> Dialer
    where
        F: Fn(String, u16) -> T + Send + Sync + 'static,
        T: Future<Output = io::Result<Stream>> + Send + 'static,
    {
        Dialer(Arc::new(move |host, port| Box::pin(dial(host, port))))
    }

    /// Connections to a Unix socket, whatever the host is.
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Dialer {
        let path = path.into();
        Dialer::new(move |_, _| {
            let path = path.clone();
            async move {
                let stream = Async::<std::os::unix::net::UnixStream>::connect(path).await?;
                Ok(stream.into_inner()?.into())
            }
        })
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

impl Dial {
    /// Connects along the route.
    pub(super) async fn dial(
        &self,
        route: &Route,
        exchange: &mut Exchange,
    ) -> Result<Socket, Error> {
        let (host, port) = route.dialled();
        if let Some(Dialer(dial)) = &self.dialer {
            exchange.begin(Phase::Connect, clock::now());
            let dialling = dial(host.to_owned(), port);
            let stream =
                within(exchange.deadline(), dialling).await.map_err(Error::of_connecting)?;
            return Socket::new(stream).map_err(Error::of_connecting);
        }
        let addresses = match self.resolver.literal(host, port) {
            Some(address) => vec![address],
            None => {
                exchange.begin(Phase::Dns, clock::now());
                let (resolver, name) = (self.resolver.clone(), host.to_owned());
                let look_up = blocking::unblock(move || resolver.resolve(&name, port));
                let found = within(exchange.deadline(), look_up).await;
                found.map_err(|error| Error::new(Cause::Io(error)).during(Phase::Dns))?
            }
        };
        exchange.begin(Phase::Connect, clock::now());
        let mut racing = Racing {
            race: Race::new(addresses, self.side_by_side),
            running: Vec::new(),
            last: io::ErrorKind::TimedOut.into(),
            timer: Timer::never(),
        };
        let won = future::poll_fn(|cx| racing.poll(cx));
        let stream = within(exchange.deadline(), won).await.map_err(Error::of_connecting)?;
        Socket::new(stream).map_err(Error::of_connecting)
    }
}

/// Addresses in a race.
struct Racing {
    race: Race,
    running: Vec<Async<Connecting>>,
    /// Why the last attempt failed.
    last: io::Error,
    timer: Timer,
}

impl Racing {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        loop {
            for at in (0..self.running.len()).rev() {
                if self.running[at].poll_writable(cx).is_pending() {
                    continue;
                }
                match finish(self.running.swap_remove(at)) {
                    Ok(stream) => return Poll::Ready(Ok(stream)),
                    Err(error) => self.failed(error),
                }
            }
            match self.race.next(clock::now().mono) {
                Attempt::Begin(address) => match begin(address) {
                    Ok(connecting) => self.running.push(connecting),
                    Err(error) => self.failed(told(&error, address)),
                },
                Attempt::Lost => {
                    let lost = io::ErrorKind::TimedOut.into();
                    return Poll::Ready(Err(std::mem::replace(&mut self.last, lost)));
                }
                Attempt::Wait(None) => return Poll::Pending,
                Attempt::Wait(Some(at)) => {
                    let Some(instant) = Clock::instant(at) else {
                        return Poll::Pending;
                    };
                    self.timer.set_at(instant);
                    if Pin::new(&mut self.timer).poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    fn failed(&mut self, error: io::Error) {
        self.last = error;
        self.race.failed(clock::now().mono);
    }
}

fn begin(address: SocketAddr) -> io::Result<Async<Connecting>> {
    Async::new_nonblocking(Connecting::begin(address)?)
}

fn finish(connecting: Async<Connecting>) -> io::Result<Stream> {
    let connecting = connecting.into_inner()?;
    let address = connecting.address();
    Ok(connecting.finish(false).map_err(|error| told(&error, address))?.into())
}

fn told(error: &io::Error, address: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("{address}: {error}"))
}

/// The same, given up at that instant.
pub(super) async fn within<T>(
    until: Option<Mono>,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let Some(instant) = until.and_then(Clock::instant) else {
        return work.await;
    };
    let late = async {
        Timer::at(instant).await;
        Err(io::ErrorKind::TimedOut.into())
    };
    future::or(work, late).await
}
