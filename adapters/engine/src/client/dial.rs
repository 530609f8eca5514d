//! Connects: names to addresses, addresses in a race. Whether a connection that comes back
//! to the pool is quicker, the connector says.

use super::lookup::Lookup;
use super::question::Question;
use super::resolve::Resolver;
use super::runtime::{Attempt as _, Runtime};
use super::socket::Clock;
use crate::system::System;
use purlin_core::exchange::{Cause, Error, Exchange, Route};
use purlin_core::policy::race::{Attempt, Race};
use purlin_core::{Mono, Now, Phase};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

/// How connections are made.
pub(super) struct Dial<R: Runtime> {
    pub(super) dialer: Option<R::Dialer>,
    pub(super) resolver: Resolver,
    pub(super) side_by_side: bool,
    pub(super) system: Arc<dyn System>,
}

/// A dial under way. It goes on where it was if something else came first and was of
/// no use.
pub(super) enum Dialling<R: Runtime> {
    /// In the application's own way.
    Own(R::Own),
    /// The name is being looked up.
    Looking(Lookup),
    /// Addresses are tried.
    Racing(Racing<R>),
}

/// Addresses in a race.
pub(super) struct Racing<R: Runtime> {
    race: Race,
    running: Vec<(SocketAddr, R::Attempt)>,
    /// Why the last attempt failed.
    last: io::Error,
    /// When the next one begins.
    next: Option<Mono>,
}

impl<R: Runtime> Dial<R> {
    /// Begins to connect along the route.
    pub(super) fn begin(&self, route: &Route, exchange: &mut Exchange, now: Now) -> Dialling<R> {
        let (host, port) = route.dialled();
        if let Some(dialer) = &self.dialer {
            exchange.begin(Phase::Connect, now);
            return Dialling::Own(R::dial(dialer, host, port));
        }
        if let Some(address) = self.resolver.literal(host, port) {
            exchange.begin(Phase::Connect, now);
            return Dialling::Racing(Racing::new(vec![address], self.side_by_side));
        }
        exchange.begin(Phase::Dns, now);
        let asked = Question::new(host, port, route.dials_tls());
        Dialling::Looking(self.resolver.look_up(&asked, &self.system))
    }

    /// Goes on until there is a socket, or the time for it is over.
    pub(super) fn poll(
        &self,
        dialling: &mut Dialling<R>,
        exchange: &mut Exchange,
        clock: &mut R::Clock,
        cx: &mut Context<'_>,
    ) -> Poll<Result<R::Socket, Error>> {
        let unfound = |error| Error::new(Cause::Io(error)).during(Phase::Dns);
        if let Dialling::Looking(lookup) = dialling {
            let Poll::Ready(found) = lookup.poll(cx.waker()) else {
                return late(exchange, clock.last());
            };
            let addresses = found.map_err(unfound)?.addresses;
            exchange.begin(Phase::Connect, clock.look());
            *dialling = Dialling::Racing(Racing::new(addresses, self.side_by_side));
        }
        let dialled = match dialling {
            Dialling::Own(own) => own.poll_connect(exchange.deadline(), cx),
            Dialling::Racing(racing) => racing.poll(exchange.deadline(), clock, cx),
            Dialling::Looking(_) => Poll::Pending,
        };
        match dialled {
            Poll::Ready(socket) => Poll::Ready(socket.map_err(Error::of_connecting)),
            Poll::Pending => late(exchange, clock.last()),
        }
    }
}

/// The time of the phase may be over.
pub(super) fn late<T>(exchange: &Exchange, now: Now) -> Poll<Result<T, Error>> {
    match exchange.deadline() {
        Some(until) if until <= now.mono => {
            Poll::Ready(Err(Error::of_connecting(io::ErrorKind::TimedOut.into())))
        }
        _ => Poll::Pending,
    }
}

impl<R: Runtime> Dialling<R> {
    /// Sockets that are connecting.
    pub(super) fn attempts(&self) -> &[(SocketAddr, R::Attempt)] {
        if let Dialling::Racing(racing) = self { &racing.running } else { &[] }
    }

    /// When it goes on by itself.
    pub(super) fn until(&self) -> Option<Mono> {
        if let Dialling::Racing(racing) = self { racing.next } else { None }
    }
}

impl<R: Runtime> Racing<R> {
    fn new(addresses: Vec<SocketAddr>, side_by_side: bool) -> Racing<R> {
        let (race, last) = (Race::new(addresses, side_by_side), io::ErrorKind::TimedOut.into());
        Racing { race, running: Vec::new(), last, next: None }
    }

    fn poll(
        &mut self,
        until: Option<Mono>,
        clock: &mut R::Clock,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<R::Socket>> {
        loop {
            for at in (0..self.running.len()).rev() {
                let Poll::Ready(socket) = self.running[at].1.poll_connect(until, cx) else {
                    continue;
                };
                let (address, _) = self.running.swap_remove(at);
                match socket {
                    Ok(socket) => return Poll::Ready(Ok(socket)),
                    Err(error) => self.failed(&error, address, clock.look()),
                }
            }
            let now = clock.look();
            match self.race.next(now.mono) {
                Attempt::Begin(address) => match R::attempt(address) {
                    Ok(attempt) => self.running.push((address, attempt)),
                    Err(error) => self.failed(&error, address, now),
                },
                Attempt::Lost => {
                    let lost = io::ErrorKind::TimedOut.into();
                    return Poll::Ready(Err(std::mem::replace(&mut self.last, lost)));
                }
                Attempt::Wait(next) => {
                    self.next = next;
                    return Poll::Pending;
                }
            }
        }
    }

    fn failed(&mut self, error: &io::Error, address: SocketAddr, now: Now) {
        self.last = io::Error::new(error.kind(), format!("{address}: {error}"));
        self.race.failed(now.mono);
    }
}
