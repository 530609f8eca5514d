//! A request's run from its URL to its response: does what the exchange asks for, and tells
//! it what came of that.

use super::agent::{Agent, Single};
use super::body::Body;
use super::connect::{Connector, get};
use super::errand::Errand;
use super::feed::{TURNS, feed};
use super::leave::Leaving;
use super::runtime::{Awaited, Runtime, Waits};
use super::socket::Clock;
use super::wait::wait;
use crate::in_flight::InFlight;
use crate::lease::{Lease, PoolOfOne};
use crate::line::Turn;
use crate::received::Received;
use crate::wire::Timer;
use purlin_core::exchange::{Answer, Ask, Error, Exchange, Given, Reached, RequestParts, Route};
use purlin_core::{CloseReason, Mono, Now, Retry};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A request being run.
pub struct Run<'a, R: Runtime> {
    from: From<'a, R>,
    errand: Box<Errand<R>>,
    stage: Stage<R>,
}

/// Where its connections come from.
enum From<'a, R: Runtime> {
    Pool(&'a Agent<R>),
    /// The place of a connection outside any pool.
    PoolOfOne(PoolOfOne<R::Socket>),
}

/// What it is at.
enum Stage<R: Runtime> {
    /// The exchange is to be asked.
    Asks,
    /// The server did not take it, and is left alone until then.
    Rests(Mono),
    /// A connection is waited for.
    Connects(Box<Connector<R>>),
    /// Bytes move; whether a turn is under way.
    Drives(bool),
    /// A response that leads on is read out.
    Leaves(Box<Leaving<R::Socket>>),
}

impl<'a, R: Runtime> Run<'a, R> {
    /// A request that this client sends, at the time that the clock was looked at last.
    pub fn new(
        agent: &'a Agent<R>,
        parts: RequestParts,
        given: Option<Given<R::Source>>,
        clock: R::Clock,
    ) -> Run<'a, R> {
        let exchange = Exchange::new(agent.policy.clone(), parts, clock.last());
        let errand = Errand::new(InFlight::new(exchange, given), clock);
        Run { from: From::Pool(agent), errand, stage: Stage::Asks }
    }

    /// A request on a connection outside any pool.
    pub fn on(
        single: &Single<R>,
        parts: RequestParts,
        given: Option<Given<R::Source>>,
        clock: R::Clock,
    ) -> Run<'static, R> {
        let exchange = Exchange::new(single.policy.clone(), parts, clock.last());
        let errand = Errand::new(InFlight::new(exchange, given), clock);
        Run { from: From::PoolOfOne(single.slot.clone()), errand, stage: Stage::Asks }
    }

    /// Goes on until there is a response, which is then [delivered](Run::deliver).
    ///
    /// # Errors
    /// There is none.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Arc<Answer>, Error>> {
        loop {
            match &mut self.stage {
                Stage::Asks => {}
                Stage::Rests(until) => {
                    let (until, now) = (*until, self.errand.clock.look());
                    if !self.errand.in_flight.tick(now) && now.mono < until {
                        return Poll::Pending;
                    }
                }
                Stage::Connects(_) => ready!(self.poll_connect(cx)),
                Stage::Drives(_) => ready!(self.poll_drive(cx)),
                Stage::Leaves(leaving) => {
                    ready!(leaving.poll(&mut self.errand.clock, cx));
                    self.errand.in_flight.exchange.discarded(self.errand.clock.look());
                }
            }
            if !matches!(self.stage, Stage::Asks) {
                self.stage = Stage::Asks;
            }
            match self.errand.in_flight.exchange.ask(self.errand.clock.last()) {
                Ask::Connect(route) => self.connect(route),
                Ask::Send { head, body, .. } => {
                    self.errand.in_flight.begin(&head, body, self.errand.clock.last());
                }
                Ask::Drive => self.stage = Stage::Drives(false),
                Ask::Discard => self.throw_away(),
                Ask::Deliver(answer) => return Poll::Ready(Ok(answer)),
                Ask::Fail(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Waits for the response, as a task does.
    ///
    /// # Errors
    /// There is none.
    pub async fn answered(&mut self, timer: &mut impl Timer) -> Result<Arc<Answer>, Error> {
        wait(self, timer, Run::poll, Run::until).await
    }

    /// The system gives nothing to wait with.
    pub fn cannot_wait(&mut self, error: io::Error) {
        self.stage = Stage::Asks;
        self.connected(Err(Error::of_connecting(error)));
    }

    fn connect(&mut self, route: Route) {
        let now = self.errand.clock.last().mono;
        if let Some(until) = self.errand.in_flight.exchange.not_before().filter(|at| now < *at) {
            self.stage = Stage::Rests(until);
            return;
        }
        let Errand { in_flight, clock, .. } = &*self.errand;
        match &self.from {
            From::PoolOfOne(slot) => self.connected(on_slot(slot, clock.last())),
            From::Pool(agent) => match get(agent, route, &in_flight.exchange, clock) {
                Ok((lease, how)) => self.has(lease, how),
                Err(connector) => self.stage = Stage::Connects(connector),
            },
        }
    }

    fn has(&mut self, lease: Lease<R::Socket>, how: Reached) {
        self.errand.in_flight.lease = Some(lease);
        self.errand.in_flight.exchange.connected(how, self.errand.clock.last());
    }

    fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Stage::Connects(connector), From::Pool(agent)) = (&mut self.stage, &self.from) else {
            return Poll::Ready(());
        };
        let Errand { in_flight, clock, .. } = &mut *self.errand;
        let had = connector.poll(agent, &mut in_flight.exchange, clock, cx);
        self.connected(ready!(had));
        Poll::Ready(())
    }

    fn connected(&mut self, had: Result<(Lease<R::Socket>, Reached), Error>) {
        match had {
            Ok((lease, how)) => self.has(lease, how),
            Err(error) => {
                let now = self.errand.clock.look();
                // If its time is up, the exchange says so itself, with the limit.
                if !self.errand.in_flight.tick(now) {
                    self.errand.in_flight.fail(error, Retry::Never, now);
                }
            }
        }
    }

    /// Moves bytes until there is something to tell the exchange.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURNS {
            let turning = matches!(self.stage, Stage::Drives(true));
            if !turning && self.errand.in_flight.events(self.errand.clock.last()) {
                return Poll::Ready(());
            }
            let turn = self.poll_turn(cx);
            if let Stage::Drives(turning) = &mut self.stage {
                *turning = turn.is_pending();
            }
            let (turn, now) = (ready!(turn), self.errand.clock.last());
            match turn {
                Ok(Turn::Moved) => {}
                Ok(Turn::Late) if self.errand.in_flight.tick(now) => return Poll::Ready(()),
                Ok(Turn::Late) => {}
                Ok(Turn::Stuck) => {
                    self.errand.in_flight.stuck(now);
                    return Poll::Ready(());
                }
                Err(error) => {
                    self.errand.in_flight.fail(error, Retry::Never, now);
                    return Poll::Ready(());
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Turn, Error>> {
        let id = self.errand.in_flight.id();
        let Errand { in_flight, clock, .. } = &mut *self.errand;
        let InFlight { exchange, lease, upload, .. } = in_flight;
        let Some(lease) = lease else { return Poll::Ready(Ok(Turn::Stuck)) };
        // A source that has to be waited for does not keep the response waiting.
        let beside = feed(upload, lease, id, clock, || exchange.body_taken(), cx)?;
        let until = exchange.deadline();
        let turn = lease.poll_turn(beside, until, clock, cx);
        self.errand.in_flight.moved(self.errand.clock.last());
        turn.map(Ok)
    }

    /// A response that leads on: its connection is kept if its rest is short.
    fn throw_away(&mut self) {
        let now = self.errand.clock.look();
        let leaving = self.errand.in_flight.leave().and_then(|lease| {
            // It may be whole already.
            Leaving::new(lease, self.errand.in_flight.id(), now)
        });
        match leaving {
            Some(leaving) => self.stage = Stage::Leaves(Box::new(leaving)),
            None => self.errand.in_flight.exchange.discarded(now),
        }
    }

    /// The response of this answer, whose body is still to be read.
    ///
    /// # Errors
    /// It was delivered already.
    pub fn deliver(mut self, answer: Arc<Answer>) -> Result<(Received, Body<R>), Error> {
        let secured = self.errand.in_flight.hand_on(&answer)?;
        let body = Body::new(self.errand, answer.clone());
        Ok((Received::new(answer, secured), body))
    }

    /// When to poll it again, though nothing has moved; what a connection waits for, its
    /// socket knows.
    pub fn until(&self) -> Option<Mono> {
        let exchange = &self.errand.in_flight.exchange;
        match &self.stage {
            Stage::Connects(connector) => connector.until(exchange),
            Stage::Rests(until) => Some(exchange.deadline().map_or(*until, |at| at.min(*until))),
            Stage::Asks | Stage::Drives(_) | Stage::Leaves(_) => None,
        }
    }
}

impl<R: Runtime> Awaited<R> for Run<'_, R> {
    fn waits(&mut self) -> Waits<'_, R> {
        let until = self.until();
        let Run { errand, stage, .. } = self;
        let Errand { in_flight, clock, .. } = &mut **errand;
        match stage {
            Stage::Rests(_) => Waits::Dial { attempts: &[], until, clock },
            Stage::Connects(connector) => connector.waits(&in_flight.exchange, clock),
            Stage::Leaves(leaving) => Waits::line(leaving.lease(), clock, false),
            Stage::Asks | Stage::Drives(_) => match &mut in_flight.lease {
                Some(lease) => Waits::line(lease, clock, in_flight.upload.is_some()),
                None => Waits::Nothing,
            },
        }
    }
}

impl<R: Runtime> fmt::Debug for Run<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run({:?})", self.errand.in_flight)
    }
}

/// The connection outside any pool.
fn on_slot<R>(slot: &PoolOfOne<R>, now: Now) -> Result<(Lease<R>, Reached), Error>
where
    R: crate::wire::ReadReady + Send + 'static,
{
    let mut lease = slot.take()?;
    if !lease.is_alive(now) {
        return Err(Error::new(CloseReason::PeerClosed));
    }
    Ok((lease, Reached::kept(Duration::ZERO)))
}

#[cfg(test)]
mod tests;
