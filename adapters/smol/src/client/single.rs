//! One connection outside any pool, for callers who manage their own.

use super::run::Run;
use super::socket::Socket;
use super::{Error, Inner, IntoUrl, Request, Result, Settings, Url};
use crate::clock;
use purlin_core::exchange::{Exchange, Order, Plan, Route};
use purlin_core::{Method, Now};
use purlin_engine::{Link, Slot, blame};
use purlin_net::Stream;
use std::fmt;
use std::sync::Arc;

/// One connection outside any pool.
///
/// It sends what it is given, one request at a time: redirects are answers
/// like any other, and nothing is sent a second time. It can be used again when
/// the last response has been read to its end.
///
/// ```no_run
/// use purlin_smol::client::{Connection, Request, Settings};
///
/// # async fn show() -> purlin_smol::client::Result<()> {
/// let mut connection = Connection::connect("http://127.0.0.1:8080", Settings::new()).await?;
/// for n in 0..3 {
///     let request = Request::get(format!("http://127.0.0.1:8080/{n}"));
///     println!("{}", connection.send(request).await?.text().await?);
/// }
/// # Ok(()) }
/// ```
pub struct Connection {
    slot: Slot<Socket>,
    plan: Arc<Plan>,
    route: Route,
}

/// An exchange that names what is connected to, and holds the time for that.
fn named(url: Url, inner: &Inner, now: Now) -> Exchange {
    Exchange::new(inner.plan.clone(), Order::new(Method::CONNECT, url), now)
}

impl Connection {
    /// Connects to the server of this URL, directly or through the proxy that
    /// the settings name, and sets up TLS if its scheme is `https`.
    ///
    /// # Errors
    /// No connection could be made.
    pub async fn connect(url: impl IntoUrl, settings: Settings) -> Result<Connection> {
        let url = url.into_url()?;
        let via = settings.plan.proxies.choose(&url)?;
        let route = Route::to(&url, via);
        let inner = Inner::new(settings, None);
        let mut exchange = named(url, &inner, clock::now());
        match inner.dial.dial(&route, &mut exchange).await {
            Ok(socket) => Connection::set_up(socket, &inner, route, exchange).await,
            Err(error) => Err(blame(&mut exchange, error, clock::now()).through(&route)),
        }
    }

    /// Takes over a stream that leads to the server of this URL, and sets up
    /// TLS in it if its scheme is `https`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub async fn over(
        stream: impl Into<Stream>,
        url: impl IntoUrl,
        settings: Settings,
    ) -> Result<Connection> {
        let url = url.into_url()?;
        let route = Route::to(&url, None);
        let inner = Inner::new(settings, None);
        let socket = Socket::new(stream.into()).map_err(Error::of_connecting)?;
        let exchange = named(url, &inner, clock::now());
        Connection::set_up(socket, &inner, route, exchange).await
    }

    async fn set_up(
        socket: Socket,
        inner: &Inner,
        route: Route,
        mut exchange: Exchange,
    ) -> Result<Connection> {
        let now = clock::now();
        let machine = inner.layers.build(&route, now)?;
        let link = Box::new(Link::new(socket, machine, route.clone(), now));
        let (slot, mut lent) = Slot::lending(link);
        if let Err(error) = super::run::set_up(&mut lent, &mut exchange).await {
            return Err(blame(&mut exchange, error, clock::now()).through(&route));
        }
        lent.give_back(clock::now());
        let plan = Arc::new(inner.plan.on_one_connection(&route));
        Ok(Connection { slot, plan, route })
    }

    /// Sends a request and gives the response. The URL says what is asked for,
    /// not where it is sent.
    ///
    /// # Errors
    /// [`Cause::Busy`](super::Cause::Busy) if the last response is not read to its
    /// end, [`Cause::Closed`](super::Cause::Closed) if the connection has ended; else
    /// as [`Client::send`](super::Client::send).
    pub async fn send(&mut self, request: Request) -> Result {
        let (order, given) = request.into_order()?;
        Run::on(self.slot.clone(), self.plan.clone(), order, given).response().await
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
