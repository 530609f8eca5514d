//! Connects: names to addresses, addresses in a race, while a connection that
//! comes back to the pool may still be quicker.

use super::socket::Socket;
use crate::clock;
use async_io::{Async, Timer};
use futures_lite::future;
use purlin_core::exchange::{Cause, Error, Exchange, Route};
use purlin_core::policy::race::{Attempt, Race};
use purlin_core::{Mono, Now, Phase};
use purlin_engine::{Lookup, Question, Resolver, System, caught};
use purlin_net::client::{Connecting, try_connect_unix};
use purlin_net::{Clock, Stream};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A way of one's own to connect: to a Unix socket, in memory, through something else.
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

type DialFn = dyn Fn(String, u16) -> OwnDial + Send + Sync;

type OwnDial = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

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

    /// Connections to a Unix socket, whatever the host is. If its server is busy and
    /// its backlog full, they wait for it as long as connecting may take.
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Dialer {
        let path = path.into();
        Dialer::new(move |_, _| {
            let path = path.clone();
            async move {
                // Nothing tells when there is a place.
                let mut rest = Duration::from_millis(1);
                loop {
                    if let Some(stream) = try_connect_unix(&path)? {
                        return Ok(stream.into());
                    }
                    Timer::after(rest).await;
                    rest = (rest * 2).min(Duration::from_millis(50));
                }
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
    Own(OwnDial),
    /// The name is being looked up.
    Looking(Lookup),
    Racing(Racing),
}

impl Dial {
    /// Begins to connect along the route.
    pub(super) fn begin(&self, route: &Route, exchange: &mut Exchange, now: Now) -> Dialling {
        let (host, port) = route.dialled();
        if let Some(Dialer(dial)) = &self.dialer {
            exchange.begin(Phase::Connect, now);
            let begun = caught("the dialer", || Ok(dial(host.to_owned(), port)));
            return Dialling::Own(begun.unwrap_or_else(|error| Box::pin(async { Err(error) })));
        }
        if let Some(address) = self.resolver.literal(host, port) {
            exchange.begin(Phase::Connect, now);
            return Dialling::Racing(Racing::new(vec![address], self.side_by_side));
        }
        exchange.begin(Phase::Dns, now);
        let asked = Question::new(host, port, route.dials_tls());
        Dialling::Looking(self.resolver.look_up(&asked, &self.system))
    }

    /// Goes on until there is a socket.
    pub(super) fn poll(
        &self,
        dialling: &mut Dialling,
        exchange: &mut Exchange,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Socket, Error>> {
        let unfound = |error| Error::new(Cause::Io(error)).during(Phase::Dns);
        if let Dialling::Looking(lookup) = dialling {
            let addresses = ready!(lookup.poll(cx.waker())).map_err(unfound)?.addresses;
            exchange.begin(Phase::Connect, clock::now());
            *dialling = Dialling::Racing(Racing::new(addresses, self.side_by_side));
        }
        let stream = match dialling {
            Dialling::Own(own) => ready!(poll_own(own, cx)),
            Dialling::Racing(racing) => ready!(racing.poll(cx)),
            Dialling::Looking(_) => return Poll::Pending,
        };
        Poll::Ready(stream.and_then(Socket::new).map_err(Error::of_connecting))
    }

    /// The same for one who waits for nothing else.
    pub(super) async fn dial(
        &self,
        route: &Route,
        exchange: &mut Exchange,
    ) -> Result<Socket, Error> {
        let mut dialling = self.begin(route, exchange, clock::now());
        let mut late = Late::default();
        let dialled = future::poll_fn(|cx| match self.poll(&mut dialling, exchange, cx) {
            Poll::Pending => late.poll(exchange.deadline(), cx).map(Err),
            dialled => dialled,
        });
        dialled.await
    }
}

fn poll_own(own: &mut OwnDial, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
    match caught("the dialer", || Ok(own.as_mut().poll(cx))) {
        Ok(polled) => polled,
        Err(panicked) => Poll::Ready(Err(panicked)),
    }
}

/// The end of a time that may change.
#[derive(Default)]
pub(super) struct Late(Option<(Timer, Mono)>);

impl Late {
    /// The error that the time is over, once it is.
    pub(super) fn poll(&mut self, until: Option<Mono>, cx: &mut Context<'_>) -> Poll<Error> {
        let Some((at, instant)) = until.and_then(|at| Some((at, Clock::instant(at)?))) else {
            return Poll::Pending;
        };
        if self.0.as_ref().is_none_or(|(_, set)| *set != at) {
            self.0 = Some((Timer::at(instant), at));
        }
        let Some((timer, _)) = &mut self.0 else { return Poll::Pending };
        ready!(Pin::new(timer).poll(cx));
        Poll::Ready(Error::of_connecting(io::ErrorKind::TimedOut.into()))
    }
}

/// Addresses in a race.
pub(super) struct Racing {
    race: Race,
    running: Vec<Async<Connecting>>,
    /// Why the last attempt failed.
    last: io::Error,
    timer: Timer,
}

impl Racing {
    fn new(addresses: Vec<SocketAddr>, side_by_side: bool) -> Racing {
        Racing {
            race: Race::new(addresses, side_by_side),
            running: Vec::new(),
            last: io::ErrorKind::TimedOut.into(),
            timer: Timer::never(),
        }
    }

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
