//! One connection outside any pool, for callers who manage their own.

use super::run::Run;
use super::socket::Socket;
use super::{Cause, Error, IntoUrl, Request, Result, Settings};
use purlin_core::exchange::{Exchange, Order, Plan, Route};
use purlin_core::{Method, Phase};
use purlin_host::client::{Layers, Link, Nudge, Slot};
use purlin_host::{Clock, Stream};
use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;

/// One connection outside any pool.
///
/// It sends what it is given, one request at a time: redirects are answers
/// like any other, and nothing is sent a second time. It can be used again when
/// the last response has been read to its end.
///
/// ```no_run
/// use purlin_std::client::{Connection, Request, Settings};
///
/// let mut connection = Connection::connect("http://127.0.0.1:8080", Settings::new())?;
/// for n in 0..3 {
///     let request = Request::get(format!("http://127.0.0.1:8080/{n}"));
///     println!("{}", connection.send(request)?.text()?);
/// }
/// # Ok::<(), purlin_std::client::Error>(())
/// ```
pub struct Connection {
    slot: Slot<Socket>,
    plan: Arc<Plan>,
    route: Route,
}

impl Connection {
    /// Connects to the server of this URL, directly or through the proxy that
    /// the settings name, and sets up TLS if its scheme is `https`.
    ///
    /// # Errors
    /// No connection could be made.
    pub fn connect(url: impl IntoUrl, settings: Settings) -> Result<Connection> {
        let url = url.into_url()?;
        let via = settings.plan.proxies.choose(&url)?;
        let route = Route::to(&url, via);
        let inner = super::Inner::new(settings, None);
        let mut clock = Clock::new();
        let order = Order::new(Method::GET, url.clone());
        let mut exchange = Exchange::new(inner.plan.clone(), order, clock.last());
        let named = |error: Error| error.of(&Method::CONNECT, &url);
        let nudge = Nudge::new().map_err(|error| named(Error::new(Cause::Io(error))))?;
        let dialled = inner.dial.dial(&route, &mut exchange, nudge.as_fd(), &mut clock);
        let super::dial::Dialled::Socket(socket) = dialled.map_err(named)? else {
            return Err(named(Error::new(Cause::Busy).during(Phase::Connect)));
        };
        Connection::set_up(socket, &inner.layers, route, &inner.plan).map_err(named)
    }

    /// Takes over a stream that leads to the server of this URL, and sets up
    /// TLS in it if its scheme is `https`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn over(
        stream: impl Into<Stream>,
        url: impl IntoUrl,
        settings: Settings,
    ) -> Result<Connection> {
        let route = Route::to(&url.into_url()?, None);
        let inner = super::Inner::new(settings, None);
        Connection::set_up(Socket::new(stream.into()), &inner.layers, route, &inner.plan)
    }

    fn set_up(
        socket: Socket,
        layers: &Layers,
        route: Route,
        plan: &Arc<Plan>,
    ) -> Result<Connection> {
        let mut clock = Clock::new();
        let machine = layers.build(&route, clock.last())?;
        let link = Box::new(Link::new(socket, machine, route.clone(), clock.last()));
        let slot = Slot::new();
        let mut lent = slot.lend(link);
        let until = clock.last().mono + plan.timeouts.setup;
        super::run::set_up(&mut lent, Some(until), &mut clock)?;
        lent.give_back(clock.last());
        let mut plan = Plan::clone(plan);
        plan.redirects.follow = super::redirect::Follow::Never;
        Ok(Connection { slot, plan: Arc::new(plan), route })
    }

    /// Sends a request and gives the response. The URL says what is asked for,
    /// not where it is sent.
    ///
    /// # Errors
    /// [`Cause::Busy`] if the last response is not read to its end, or the
    /// connection has ended; else as [`Client::send`](super::Client::send).
    pub fn send(&mut self, request: Request) -> Result {
        let (order, given) = request.into_order()?;
        let Some(lent) = self.slot.take() else {
            return Err(Error::new(Cause::Busy).of(&order.method, &order.url));
        };
        Run::on(lent, self.plan.clone(), order, given).response()
    }

    /// Whether it takes a request now.
    pub fn is_free(&self) -> bool {
        self.slot.is_filled()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.route)
    }
}
