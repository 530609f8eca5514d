//! Runs an exchange: does what it asks for and tells it what came of that.

use super::body::{Body, Reading};
use super::dial::{Dialled, Dialling};
use super::socket::{Socket, Turn};
use super::{Error, Inner, Response};
use crate::Source;
use purlin_core::exchange::{Answer, Ask, Cause, Exchange, Given, Order, Plan, Reached, Route};
use purlin_core::{CloseReason, Phase, Retry};
use purlin_host::Clock;
use purlin_host::client::{Course, Got, Idle, Lent, Link, Next, Nudge, Slot, Waiting, wait_for};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

/// An exchange being run.
pub(super) struct Run<'a> {
    from: From<'a>,
    course: Course<Socket, Source>,
    clock: Clock,
}

/// Where its connections come from.
enum From<'a> {
    Pool(&'a Inner),
    /// The place of a connection outside any pool.
    Slot(Slot<Socket>),
}

impl<'a> Run<'a> {
    pub(super) fn new(inner: &'a Inner, order: Order, given: Option<Given<Source>>) -> Run<'a> {
        let clock = Clock::of_thread();
        let exchange = Exchange::new(inner.plan.clone(), order, clock.last());
        Run { from: From::Pool(inner), course: Course::new(exchange, given), clock }
    }

    /// The same, on a connection outside any pool.
    pub(super) fn on(
        slot: Slot<Socket>,
        plan: Arc<Plan>,
        order: Order,
        given: Option<Given<Source>>,
    ) -> Run<'static> {
        let clock = Clock::of_thread();
        let exchange = Exchange::new(plan, order, clock.last());
        Run { from: From::Slot(slot), course: Course::new(exchange, given), clock }
    }

    pub(super) fn response(mut self) -> Result<Response, Error> {
        loop {
            match self.course.exchange.ask(self.clock.last()) {
                Ask::Connect(route) => self.connect(&route),
                Ask::Send { head, body, .. } => self.course.begin(&head, body, self.clock.last()),
                Ask::Drive => self.drive(),
                Ask::Discard => self.throw_away(),
                Ask::Deliver(answer) => return self.deliver(answer),
                Ask::Fail(error) => return Err(error),
            }
        }
    }

    fn connect(&mut self, route: &Route) {
        match self.connection(route) {
            Ok((lent, how)) => {
                self.course.lent = Some(lent);
                self.course.exchange.connected(how, self.clock.last());
            }
            // If its time is up, the exchange says so itself, with the limit.
            Err(_) if self.course.tick(self.clock.look()) => {}
            Err(error) => self.course.fail(error, Retry::Never, self.clock.last()),
        }
    }

    /// A connection: a kept one, a new one, or whichever comes first.
    fn connection(&mut self, route: &Route) -> Result<(Lent<Socket>, Reached), Error> {
        let inner = match &self.from {
            From::Pool(inner) => *inner,
            From::Slot(slot) => {
                let mut lent = slot.take()?;
                if !lent.is_alive(self.clock.last()) {
                    return Err(Error::new(CloseReason::PeerClosed));
                }
                return Ok((lent, Reached { reused: true, ..Reached::new() }));
            }
        };
        // What was begun goes on if what came first was of no use.
        let mut dialling = None;
        loop {
            let need = self.course.exchange.need();
            let waiting = match inner.keep.get(route, need, self.clock.last()) {
                Got::Kept(mut lent, idle) => {
                    if lent.is_alive(self.clock.last()) {
                        return Ok((lent, Reached { reused: true, idle }));
                    }
                    continue;
                }
                Got::Turn(waiting) => waiting,
            };
            if let Some(found) = self.wait_turn(inner, waiting, route, &mut dialling)? {
                return Ok(found);
            }
        }
    }

    /// Waits for a connection that comes back, and dials as soon as that is allowed.
    fn wait_turn(
        &mut self,
        inner: &Inner,
        mut waiting: Waiting<Socket>,
        route: &Route,
        slot: &mut Option<Dialling>,
    ) -> Result<Option<(Lent<Socket>, Reached)>, Error> {
        let nudge = Nudge::new().map_err(Error::of_connecting)?;
        loop {
            let now = self.clock.look();
            match waiting.poll(nudge.waker(), now) {
                Next::Kept(mut lent, idle) => {
                    let alive = lent.is_alive(self.clock.last());
                    return Ok(alive.then_some((lent, Reached { reused: true, idle })));
                }
                Next::Dial => {
                    let (exchange, clock) = (&mut self.course.exchange, &mut self.clock);
                    let mut dialling =
                        slot.take().unwrap_or_else(|| inner.dial.begin(route, exchange, now));
                    let dialled = inner.dial.go_on(&mut dialling, route, exchange, &nudge, clock);
                    match dialled? {
                        Dialled::Socket(socket) => {
                            return self.set_up(inner, socket, waiting, route).map(Some);
                        }
                        Dialled::Nudged => {
                            *slot = Some(dialling);
                            nudge.clear();
                        }
                    }
                }
                Next::Later => {
                    *slot = None;
                    self.course.exchange.begin_waiting(now);
                    let wait = self.course.exchange.deadline().map(|at| at.since(now.mono));
                    wait_for(&[(nudge.as_fd(), Idle::Reads)], wait)
                        .map_err(Error::of_connecting)?;
                    nudge.clear();
                    if self.course.exchange.tick(self.clock.look()) {
                        return Err(Error::of_connecting(io::ErrorKind::TimedOut.into()));
                    }
                }
            }
        }
    }

    /// Puts the layers on a new socket, and waits until they are set up.
    fn set_up(
        &mut self,
        inner: &Inner,
        socket: Socket,
        waiting: Waiting<Socket>,
        route: &Route,
    ) -> Result<(Lent<Socket>, Reached), Error> {
        let now = self.clock.look();
        let machine = inner.layers.build(route, now)?;
        let link = Box::new(Link::new(socket, machine, route.clone(), now));
        let mut lent = waiting.opened(link, now);
        if !lent.machine().is_ready() {
            set_up(&mut lent, &mut self.course.exchange, &mut self.clock)?;
        }
        Ok((lent, Reached::new()))
    }

    /// Moves bytes until there is something to tell the exchange.
    fn drive(&mut self) {
        loop {
            if self.course.events(self.clock.last()) {
                return;
            }
            if self.course.upload.is_some() {
                let fed = self.feed();
                // What gives the body may have taken its time.
                let now = self.clock.look();
                if let Err(error) = fed {
                    return self.course.fail(error, Retry::Never, now);
                }
            }
            let until = self.course.exchange.deadline();
            let uploads = self.course.upload.is_some();
            let Some(lent) = &mut self.course.lent else { return };
            let (socket, machine) = lent.parts();
            let more = uploads && !machine.is_held();
            let turn = socket.turn(machine, more, until, &mut self.clock);
            let now = self.clock.last();
            self.course.moved(now);
            match turn {
                Turn::Moved => {}
                Turn::Late if self.course.tick(now) => return,
                Turn::Late => {}
                Turn::Stuck => return self.course.stuck(now),
            }
        }
    }

    /// Gives the machine a piece of the body, if it takes one. It goes out before
    /// the source is asked for more: that may be slow.
    fn feed(&mut self) -> Result<(), Error> {
        let (id, now) = (self.course.id(), self.clock.last());
        let Course { exchange, lent, upload: slot, .. } = &mut self.course;
        let (Some(upload), Some(lent)) = (&mut *slot, lent) else {
            return Ok(());
        };
        let (socket, machine) = lent.parts();
        if upload.rest.is_empty() {
            if machine.is_held() {
                return Ok(());
            }
            if !upload.at_hand {
                // It may depend on what the server makes of the head.
                socket.flush(machine, now);
            }
            exchange.body_taken();
            match upload.source.next().map_err(Error::of_source)? {
                Some(piece) => upload.rest = piece,
                None => {
                    let ended = machine.finish(id, None, now);
                    *slot = None;
                    return Error::of_upload(ended);
                }
            }
        }
        let sent = machine.send(id, &mut upload.rest, now);
        if sent.is_err() {
            *slot = None;
        }
        Error::of_upload(sent)
    }

    /// A response that leads on: its connection is kept if its rest is short.
    fn throw_away(&mut self) {
        if let Some(lent) = self.course.lent.take() {
            super::body::leave(lent, self.course.id(), &mut self.clock);
        }
        let now = self.clock.look();
        self.course.exchange.discarded(now);
    }

    fn deliver(&mut self, answer: Arc<Answer>) -> Result<Response, Error> {
        let (lent, secured) = self.course.hand_on(&answer)?;
        let reading = Reading::new(lent, self.course.id(), self.clock, &answer);
        Ok(Response::new(answer.clone(), secured, Body::new(reading, answer)))
    }
}

/// Waits until the layers of a new connection are set up.
pub(super) fn set_up(
    lent: &mut Lent<Socket>,
    exchange: &mut Exchange,
    clock: &mut Clock,
) -> Result<(), Error> {
    let (socket, machine) = lent.parts();
    while !machine.is_ready() {
        let phase = machine.setting_up().unwrap_or(Phase::Tls);
        exchange.setting_up(phase, clock.last());
        while let Some(event) = machine.poll_event(clock.last()) {
            if let Some((error, _)) = Error::of_event(event) {
                // A layer's own words say more.
                return Err(error.because(machine.trouble()).during(phase));
            }
        }
        let until = exchange.deadline();
        if !machine.is_ready() && socket.turn(machine, false, until, clock) != Turn::Moved {
            return Err(Error::new(Cause::Io(io::ErrorKind::TimedOut.into())).during(phase));
        }
    }
    Ok(())
}
