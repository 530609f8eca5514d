//! What the requests of a client share, and a connection outside any pool.

use super::dial::{Dial, Dialling};
use super::pool::SharedPool;
use super::runtime::{Awaited, Runtime, Waits};
use super::set_up::poll_set_up;
use super::settings::Settings;
use super::socket::Clock;
use super::wait::wait;
use crate::in_flight::blame;
use crate::layers::Layers;
use crate::lease::{Lease, PoolOfOne};
use crate::link::{BoxMachine, Link};
use crate::system::System;
use crate::wire::Timer;
use purlin_core::exchange::{ClientPolicy, Error, Exchange, RequestParts, Route};
use purlin_core::url::Url;
use purlin_core::{Method, Mono, Now};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A client: how requests are gone about, how connections are made, and the pool of them.
pub struct Agent<R: Runtime> {
    pub(super) policy: Arc<ClientPolicy>,
    pub(super) layers: Layers,
    pub(super) dial: Dial<R>,
    pub(super) pool: SharedPool<R::Socket>,
}

impl<R: Runtime> Agent<R> {
    /// A client of these settings, which connects in its own way if there is one.
    pub fn new(settings: Settings, dialer: Option<R::Dialer>, system: Arc<dyn System>) -> Agent<R> {
        let (layers, policy) = (settings.layers(), settings.policy_on(&*system));
        let pool = SharedPool::new(settings.pool, system.clone());
        let (resolver, side_by_side) = (settings.resolver, settings.happy_eyeballs);
        let dial = Dial { dialer, resolver, side_by_side, system };
        Agent { policy: Arc::new(policy), layers, dial, pool }
    }

    /// An agent with one more layer around the machines of its connections, which this
    /// makes: one that watches what is asked of them, say, or has them fail.
    #[must_use]
    pub fn within(
        self,
        around: impl Fn(BoxMachine, &Route, Now) -> BoxMachine + Send + Sync + 'static,
    ) -> Agent<R> {
        Agent { layers: self.layers.within(around), ..self }
    }

    /// Its pool.
    pub fn pool(&self) -> &SharedPool<R::Socket> {
        &self.pool
    }
}

impl<R: Runtime> fmt::Debug for Agent<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agent({:?})", self.pool)
    }
}

/// One connection outside any pool, being made.
pub struct Opening<R: Runtime> {
    agent: Agent<R>,
    route: Route,
    /// It names what is connected to, and holds the time for that.
    exchange: Exchange,
    stage: Stage<R>,
    clock: R::Clock,
}

enum Stage<R: Runtime> {
    Dials(Dialling<R>),
    SetsUp(PoolOfOne<R::Socket>, Option<Lease<R::Socket>>),
}

/// One connection outside any pool.
pub struct Single<R: Runtime> {
    pub(super) slot: PoolOfOne<R::Socket>,
    pub(super) policy: Arc<ClientPolicy>,
    route: Route,
}

impl<R: Runtime> Opening<R> {
    /// Connects to the server of this URL, directly or through the proxy that the
    /// settings name.
    ///
    /// # Errors
    /// The proxy's URL is none.
    pub fn connect(url: Url, agent: Agent<R>, mut clock: R::Clock) -> Result<Opening<R>, Error> {
        let via = agent.policy.proxies.choose(&url)?;
        let (route, now) = (Route::to(&url, via), clock.look());
        let mut exchange = named(url, &agent, &clock);
        let stage = Stage::Dials(agent.dial.begin(&route, &mut exchange, now));
        Ok(Opening { agent, route, exchange, stage, clock })
    }

    /// Takes over a socket that leads to the server of this URL.
    ///
    /// # Errors
    /// TLS cannot be spoken.
    pub fn over(
        socket: R::Socket,
        url: Url,
        agent: Agent<R>,
        mut clock: R::Clock,
    ) -> Result<Opening<R>, Error> {
        clock.look();
        let (route, exchange) = (Route::to(&url, None), named(url, &agent, &clock));
        let stage = Stage::lending(socket, &agent, &route, &clock)?;
        Ok(Opening { agent, route, exchange, stage, clock })
    }

    /// Goes on until the connection is there, with its layers set up.
    ///
    /// # Errors
    /// No connection could be made.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Single<R>, Error>> {
        self.clock.look();
        match ready!(self.poll_open(cx)) {
            Ok(slot) => {
                let (policy, route) =
                    (self.agent.policy.on_one_connection(&self.route), &self.route);
                Poll::Ready(Ok(Single { slot, policy: Arc::new(policy), route: route.clone() }))
            }
            Err(error) => {
                let error = blame(&mut self.exchange, error, self.clock.look());
                Poll::Ready(Err(error.through(&self.route)))
            }
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<PoolOfOne<R::Socket>, Error>> {
        let Opening { agent, route, exchange, stage, clock } = self;
        if let Stage::Dials(dialling) = stage {
            let socket = ready!(agent.dial.poll(dialling, exchange, clock, cx))?;
            clock.look();
            *stage = Stage::lending(socket, agent, route, clock)?;
        }
        let Stage::SetsUp(slot, lease) = stage else { return Poll::Pending };
        if let Some(setting_up) = lease {
            ready!(poll_set_up(setting_up, exchange, clock, cx))?;
        }
        if let Some(mut lease) = lease.take() {
            // The last word of TLS; with that unsaid it would not be kept.
            lease.flush(clock.last());
            lease.give_back(clock.last());
        }
        Poll::Ready(Ok(slot.clone()))
    }

    /// Waits for the connection, as a task does.
    ///
    /// # Errors
    /// No connection could be made.
    pub async fn opened(mut self, timer: &mut impl Timer) -> Result<Single<R>, Error> {
        wait(&mut self, timer, Opening::poll, Opening::until).await
    }

    /// When to poll it again, though nothing has moved.
    pub fn until(&self) -> Option<Mono> {
        let Stage::Dials(dialling) = &self.stage else { return None };
        [dialling.until(), self.exchange.deadline()].into_iter().flatten().min()
    }
}

fn named<R: Runtime>(url: Url, agent: &Agent<R>, clock: &R::Clock) -> Exchange {
    Exchange::new(agent.policy.clone(), RequestParts::new(Method::CONNECT, url), clock.last())
}

impl<R: Runtime> Stage<R> {
    fn lending(
        socket: R::Socket,
        agent: &Agent<R>,
        route: &Route,
        clock: &R::Clock,
    ) -> Result<Stage<R>, Error> {
        let now = clock.last();
        let machine = agent.layers.build(route, now)?;
        let (slot, lease) =
            PoolOfOne::lending(Box::new(Link::new(socket, machine, route.clone(), now)));
        Ok(Stage::SetsUp(slot, Some(lease)))
    }
}

impl<R: Runtime> Awaited<R> for Opening<R> {
    fn waits(&mut self) -> Waits<'_, R> {
        let until = self.until();
        match &mut self.stage {
            Stage::Dials(dialling) => {
                Waits::Dial { attempts: dialling.attempts(), until, clock: &mut self.clock }
            }
            Stage::SetsUp(_, Some(lease)) => {
                Waits::Line { lease, clock: &mut self.clock, woken: false }
            }
            Stage::SetsUp(_, None) => Waits::Nothing,
        }
    }
}

impl<R: Runtime> Single<R> {
    /// Whether it takes a request now.
    pub fn is_free(&self) -> bool {
        self.slot.is_filled()
    }
}

impl<R: Runtime> fmt::Debug for Opening<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({})", self.route)
    }
}

impl<R: Runtime> fmt::Debug for Single<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.route)
    }
}
