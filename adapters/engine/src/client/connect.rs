//! A connection for a request: a kept one, a new one, or whichever comes first.
//! Which goes where, the core's pool decides.

use super::agent::Agent;
use super::dial::{Dialling, late};
use super::pool::{Got, Next, Waiting};
use super::runtime::{Runtime, Waits};
use super::set_up::poll_set_up;
use super::socket::{Beside, Clock};
use crate::lease::Lease;
use crate::line::Turn;
use crate::link::Link;
use purlin_core::Mono;
use purlin_core::exchange::{Error, Exchange, Reached, Route};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A connection that a request waits for.
pub(super) struct Connector<R: Runtime> {
    route: Route,
    stage: Stage<R>,
    /// What was begun goes on if what came first was of no use.
    dialling: Option<Dialling<R>>,
}

enum Stage<R: Runtime> {
    /// In the row for a connection.
    Waits(Waiting<R::Socket>),
    /// A kept one, idle for so long, on which something may still come.
    Settles(Box<Lease<R::Socket>>, Duration),
    /// The layers of a new one are being set up.
    SetsUp(Lease<R::Socket>),
    /// It was handed over.
    Over,
}

/// A connection, and how it was had.
type Had<R> = (Lease<<R as Runtime>::Socket>, Reached);

/// A kept connection if there is one that can be used, else what waits for one.
pub(super) fn get<R: Runtime>(
    agent: &Agent<R>,
    route: Route,
    exchange: &Exchange,
    clock: &R::Clock,
) -> Result<Had<R>, Box<Connector<R>>> {
    match take(agent, &route, exchange, clock) {
        Ok(had) => Ok(had),
        Err(stage) => Err(Box::new(Connector { route, stage, dialling: None })),
    }
}

fn take<R: Runtime>(
    agent: &Agent<R>,
    route: &Route,
    exchange: &Exchange,
    clock: &R::Clock,
) -> Result<Had<R>, Stage<R>> {
    let now = clock.last();
    loop {
        match agent.pool.get(route, agent.layers.need(route, exchange), now) {
            Got::Turn(waiting) => return Err(Stage::Waits(waiting)),
            Got::Kept(mut lease, idle) => match (lease.is_alive(now), lease.settles(now)) {
                (true, None) => return Ok((agent.pool.settle(lease, now), Reached::kept(idle))),
                (true, Some(_)) => return Err(Stage::Settles(Box::new(lease), idle)),
                (false, _) => {}
            },
        }
    }
}

impl<R: Runtime> Connector<R> {
    /// Goes on until there is a connection.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn poll(
        &mut self,
        agent: &Agent<R>,
        exchange: &mut Exchange,
        clock: &mut R::Clock,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Had<R>, Error>> {
        clock.look();
        loop {
            match &mut self.stage {
                Stage::Waits(_) => ready!(self.poll_turn(agent, exchange, clock, cx))?,
                Stage::Settles(lease, _) => {
                    let (now, fit) = (clock.last(), lease.is_alive(clock.last()));
                    let until = lease.settles(now).filter(|_| fit);
                    if let Some(until) = until {
                        let turn = lease.poll_turn(Beside::Nothing, Some(until), clock, cx);
                        if ready!(turn) != Turn::Stuck {
                            continue;
                        }
                    }
                    if let Stage::Settles(lease, idle) = self.next() {
                        if fit && until.is_none() {
                            let lease = agent.pool.settle(*lease, now);
                            return Poll::Ready(Ok((lease, Reached::kept(idle))));
                        }
                    }
                }
                Stage::SetsUp(lease) => {
                    ready!(poll_set_up(lease, exchange, clock, cx))?;
                    if let Stage::SetsUp(lease) = self.next() {
                        let lease = agent.pool.settle(lease, clock.last());
                        return Poll::Ready(Ok((lease, Reached::new())));
                    }
                }
                Stage::Over => match take(agent, &self.route, exchange, clock) {
                    Ok(had) => return Poll::Ready(Ok(had)),
                    Err(stage) => self.stage = stage,
                },
            }
        }
    }

    fn next(&mut self) -> Stage<R> {
        std::mem::replace(&mut self.stage, Stage::Over)
    }

    /// Waits for a connection that comes back, and dials as soon as that is allowed.
    fn poll_turn(
        &mut self,
        agent: &Agent<R>,
        exchange: &mut Exchange,
        clock: &mut R::Clock,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let (now, route) = (clock.last(), &self.route);
        let Stage::Waits(waiting) = &mut self.stage else { return Poll::Ready(Ok(())) };
        let socket = match waiting.poll(cx.waker(), now) {
            Next::Kept(lease, idle) => {
                self.stage = Stage::Settles(Box::new(lease), idle);
                return Poll::Ready(Ok(()));
            }
            Next::Later => {
                self.dialling = None;
                exchange.begin_waiting(now);
                return late(exchange, now);
            }
            Next::Dial => {
                let dialling =
                    self.dialling.get_or_insert_with(|| agent.dial.begin(route, exchange, now));
                ready!(agent.dial.poll(dialling, exchange, clock, cx))?
            }
        };
        self.dialling = None;
        let now = clock.look();
        let machine = if waiting.is_older() {
            agent.layers.build_older(&self.route, now)?
        } else {
            agent.layers.build(&self.route, now)?
        };
        let link = Box::new(Link::new(socket, machine, self.route.clone(), now));
        if let Stage::Waits(waiting) = self.next() {
            self.stage = Stage::SetsUp(waiting.opened(link, now));
        }
        Poll::Ready(Ok(()))
    }

    /// When to poll it again, though nothing has moved.
    pub(super) fn until(&self, exchange: &Exchange) -> Option<Mono> {
        let Stage::Waits(waiting) = &self.stage else { return None };
        let race = self.dialling.as_ref().and_then(Dialling::until);
        [race, waiting.until(), exchange.deadline()].into_iter().flatten().min()
    }

    /// What it waits for.
    pub(super) fn waits<'a>(
        &'a mut self,
        exchange: &Exchange,
        clock: &'a mut R::Clock,
    ) -> Waits<'a, R> {
        let until = self.until(exchange);
        match &mut self.stage {
            Stage::Waits(_) => {
                let attempts = self.dialling.as_ref().map_or(&[][..], Dialling::attempts);
                Waits::Dial { attempts, until, clock }
            }
            Stage::Settles(lease, _) => Waits::Line { lease, clock, woken: false },
            Stage::SetsUp(lease) => Waits::Line { lease, clock, woken: false },
            Stage::Over => Waits::Nothing,
        }
    }
}
