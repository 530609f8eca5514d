//! Runs an exchange: does what it asks for and tells it what came of that.

use super::body::{Body, Reading};
use super::dial::{Dialled, Dialling};
use super::feed::{Feed, Taken};
use super::socket::{Beside, Socket};
use super::{Error, Inner, Response};
use crate::Source;
use purlin_core::exchange::{Answer, Ask, Cause, Exchange, Given, Order, Plan, Reached, Route};
use purlin_core::{ClientMachine, CloseReason, Id, Mono, Now, Phase, Retry};
use purlin_engine::{Course, Got, Lent, Link, Needs, Next, Slot, Turn, Upload, Waiting};
use purlin_net::Clock;
use purlin_net::client::{Idle, Nudge, wait_for};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// An exchange being run.
pub(super) struct Run<'a> {
    from: From<'a>,
    course: Course<Socket, Feed>,
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
        Run { from: From::Pool(inner), course: Course::new(exchange, given.map(fed)), clock }
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
        Run { from: From::Slot(slot), course: Course::new(exchange, given.map(fed)), clock }
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
                return Ok((lent, Reached::kept(Duration::ZERO)));
            }
        };
        // What was begun goes on if what came first was of no use.
        let mut dialling = None;
        loop {
            let need = self.course.exchange.need();
            let waiting = match inner.keep.get(route, need, self.clock.last()) {
                Got::Kept(mut lent, idle) => {
                    if self.is_fit(&mut lent) {
                        return Ok((lent, Reached::kept(idle)));
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

    /// Whether a kept connection can be used: it is alive, and stays so for as long as
    /// something may come behind its last answer.
    fn is_fit(&mut self, lent: &mut Lent<Socket>) -> bool {
        while lent.is_alive(self.clock.last()) {
            let Some(until) = lent.settles(self.clock.look()) else { return true };
            let (socket, machine) = lent.parts();
            if socket.turn(machine, Some(until), &mut self.clock) == Turn::Stuck {
                return false;
            }
        }
        false
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
                    let fit = self.is_fit(&mut lent);
                    return Ok(fit.then_some((lent, Reached::kept(idle))));
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
            let (id, now) = (self.course.id(), self.clock.last());
            let Course { exchange, lent, upload, .. } = &mut self.course;
            let Some(lent) = lent else { return };
            let (socket, machine) = lent.parts();
            if let Err(error) = feed(upload, socket, machine, id, now, || exchange.body_taken()) {
                return self.course.fail(error, Retry::Never, now);
            }
            let until = exchange.deadline();
            let turn = turn(upload, socket, machine, until, &mut self.clock);
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

    /// A response that leads on: its connection is kept if its rest is short.
    fn throw_away(&mut self) {
        if let Some(lent) = self.course.leave() {
            super::body::leave(lent, self.course.id(), &mut self.clock);
        }
        let now = self.clock.look();
        self.course.exchange.discarded(now);
    }

    fn deliver(&mut self, answer: Arc<Answer>) -> Result<Response, Error> {
        let (rest, secured) = self.course.hand_on(&answer)?;
        let reading = Reading::new(rest, self.clock, &answer);
        Ok(Response::new(answer.clone(), secured, Body::new(reading, answer)))
    }
}

/// What gives the body, each time it is to be had, on a thread of its own.
fn fed(given: Given<Source>) -> Given<Feed> {
    match given {
        Given::Once(source) => Given::Once(Feed::new(source)),
        Given::Again(mut make) => Given::Again(Box::new(move || Feed::new(make()))),
    }
}

/// Gives the machine what has come of the body, as far as it takes it.
pub(super) fn feed<M: ClientMachine + ?Sized>(
    slot: &mut Option<Upload<Feed>>,
    socket: &Socket,
    machine: &mut M,
    id: Id,
    now: Now,
    mut taken: impl FnMut(),
) -> Result<(), Error> {
    // What was not read of it before the connection was lost is there for another attempt.
    while let Some(upload) = slot.as_mut().filter(|_| !socket.is_lost()) {
        match upload.needs(machine, id, now)? {
            Needs::Room | Needs::Leave => break,
            Needs::Nothing => *slot = None,
            Needs::Piece => {
                taken();
                match upload.source.take().map_err(Error::of_source)? {
                    Taken::Later => break,
                    Taken::Piece(piece) => upload.give(Some(piece), machine, id, now)?,
                    Taken::End => {
                        upload.give(None, machine, id, now)?;
                        *slot = None;
                    }
                }
            }
        }
    }
    Ok(())
}

/// A turn of the socket's, beside a body on its way out.
pub(super) fn turn<M: ClientMachine + ?Sized>(
    upload: &Option<Upload<Feed>>,
    socket: &mut Socket,
    machine: &mut M,
    until: Option<Mono>,
    clock: &mut Clock,
) -> Turn {
    let beside = match upload {
        _ if socket.is_lost() => Beside::Nothing,
        None => Beside::Nothing,
        Some(upload) if upload.has_rest() => Beside::More,
        Some(upload) => upload.source.bell().map_or(Beside::Nothing, Beside::Bell),
    };
    let turn = socket.turn_beside(machine, beside, until, clock);
    if let (Beside::Bell(_), Some(upload)) = (beside, upload) {
        upload.source.heard();
    }
    turn
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
        if !machine.is_ready() && socket.turn(machine, until, clock) != Turn::Moved {
            return Err(Error::new(Cause::Io(io::ErrorKind::TimedOut.into())).during(phase));
        }
    }
    Ok(())
}
