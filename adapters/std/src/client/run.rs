//! Runs an exchange: does what it asks for and tells it what came of that.

use super::body::{Body, Reading};
use super::dial::Dialled;
use super::socket::{Socket, Turn};
use super::{Error, Inner, Response};
use crate::Source;
use bytes::Bytes;
use purlin_core::exchange::{Answer, Ask, Cause, Exchange, Given, Order, Plan, Reached, Route};
use purlin_core::{Body as Sent, Event, Id, Misuse, Mono, Phase, RequestHead, Retry, Reuse};
use purlin_host::Clock;
use purlin_host::client::{Got, Idle, Lent, Link, Next, Nudge, Waiting, wait_for};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

/// An exchange being run.
pub(super) struct Run<'a> {
    /// None for a connection outside any pool.
    inner: Option<&'a Inner>,
    exchange: Exchange,
    given: Option<Given<Source>>,
    clock: Clock,
    lent: Option<Lent<Socket>>,
    /// The connection outside any pool, until it is used.
    single: Option<Lent<Socket>>,
    id: Id,
    /// What is still to be sent.
    upload: Option<Upload>,
}

/// A body on its way out.
struct Upload {
    source: Source,
    /// What was taken from it and not sent yet.
    rest: Bytes,
}

impl<'a> Run<'a> {
    pub(super) fn new(inner: &'a Inner, order: Order, given: Option<Given<Source>>) -> Run<'a> {
        let clock = Clock::of_thread();
        let exchange = Exchange::new(inner.plan.clone(), order, clock.last());
        Run::made(Some(inner), exchange, given, clock)
    }

    /// The same, on a connection outside any pool.
    pub(super) fn on(
        lent: Lent<Socket>,
        plan: Arc<Plan>,
        order: Order,
        given: Option<Given<Source>>,
    ) -> Run<'static> {
        let clock = Clock::of_thread();
        let exchange = Exchange::new(plan, order, clock.last());
        let mut run = Run::made(None, exchange, given, clock);
        run.single = Some(lent);
        run
    }

    fn made(
        inner: Option<&'a Inner>,
        exchange: Exchange,
        given: Option<Given<Source>>,
        clock: Clock,
    ) -> Run<'a> {
        Run { inner, exchange, given, clock, lent: None, single: None, id: 0, upload: None }
    }

    pub(super) fn response(mut self) -> Result<Response, Error> {
        loop {
            match self.exchange.ask(self.clock.last()) {
                Ask::Connect(route) => self.connect(&route),
                Ask::Send { head, body, rewind } => self.begin(&head, body, rewind),
                Ask::Drive => self.drive(),
                Ask::Discard => self.throw_away(),
                Ask::Deliver(answer) => return self.deliver(answer),
                Ask::Fail(error) => return Err(error),
            }
        }
    }

    fn fail(&mut self, error: Error, fact: Retry) {
        self.lent = None;
        self.upload = None;
        let now = self.clock.look();
        self.exchange.failed(error, fact, now);
    }

    fn connect(&mut self, route: &Arc<Route>) {
        match self.connection(route) {
            Ok((lent, how)) => {
                self.lent = Some(lent);
                self.exchange.connected(how, self.clock.last());
            }
            // If its time is up, the exchange says so itself, with the limit.
            Err(_) if self.exchange.tick(self.clock.look()) => self.lent = None,
            Err(error) => self.fail(error, Retry::Never),
        }
    }

    /// A connection: a kept one, a new one, or whichever comes first.
    fn connection(&mut self, route: &Arc<Route>) -> Result<(Lent<Socket>, Reached), Error> {
        let Some(inner) = self.inner else {
            let mut lent = self.single.take().ok_or_else(|| Error::new(Cause::Busy))?;
            if !self.is_alive(&mut lent) {
                return Err(Error::new(purlin_core::CloseReason::PeerClosed));
            }
            return Ok((lent, Reached { reused: true, ..Reached::new() }));
        };
        loop {
            let waiting = match inner.keep.get(route, self.clock.last()) {
                Got::Kept(mut lent, idle) => {
                    if self.is_alive(&mut lent) {
                        return Ok((lent, Reached { reused: true, idle }));
                    }
                    continue;
                }
                Got::Turn(waiting) => waiting,
            };
            if let Some(found) = self.wait_turn(inner, waiting, route)? {
                return Ok(found);
            }
        }
    }

    /// Waits for a connection that comes back, and dials as soon as that is allowed.
    fn wait_turn(
        &mut self,
        inner: &Inner,
        mut waiting: Waiting<Socket>,
        route: &Arc<Route>,
    ) -> Result<Option<(Lent<Socket>, Reached)>, Error> {
        let nudge = Nudge::new().map_err(Error::of_connecting)?;
        loop {
            let now = self.clock.look();
            match waiting.poll(nudge.waker(), now) {
                Next::Kept(mut lent, idle) => {
                    let alive = self.is_alive(&mut lent);
                    return Ok(alive.then_some((lent, Reached { reused: true, idle })));
                }
                Next::Dial => {
                    let (exchange, clock) = (&mut self.exchange, &mut self.clock);
                    match inner.dial.dial(route, exchange, nudge.as_fd(), clock)? {
                        Dialled::Socket(socket) => {
                            return self.set_up(inner, socket, waiting, route).map(Some);
                        }
                        Dialled::Nudged => nudge.clear(),
                    }
                }
                Next::Later => {
                    self.exchange.begin_waiting(now);
                    let wait = self.exchange.deadline().map(|at| at.since(now.mono));
                    wait_for(&[(nudge.as_fd(), Idle::Reads)], wait)
                        .map_err(Error::of_connecting)?;
                    nudge.clear();
                    if self.exchange.tick(self.clock.look()) {
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
        route: &Arc<Route>,
    ) -> Result<(Lent<Socket>, Reached), Error> {
        let now = self.clock.look();
        let machine = inner.layers.build(route, now)?;
        let link = Box::new(Link::new(socket, machine, route.clone(), now));
        let mut lent = waiting.opened(link, now);
        if !lent.machine().is_ready() {
            self.exchange.begin(Phase::Tls, now);
            set_up(&mut lent, self.exchange.deadline(), &mut self.clock)?;
        }
        Ok((lent, Reached::new()))
    }

    /// Whether a kept connection can still be used: it may have ended, or
    /// something may have come that nobody asked for.
    fn is_alive(&mut self, lent: &mut Lent<Socket>) -> bool {
        let (socket, machine) = lent.parts();
        socket.read_ready(machine, self.clock.last());
        while machine.poll_event(self.clock.last()).is_some() {}
        machine.reuse() == Reuse::Now
    }

    fn begin(&mut self, head: &RequestHead, body: Sent, rewind: bool) {
        let streams = matches!(body, Sent::Length(_) | Sent::Stream);
        if streams {
            let Some(source) = Given::begin(&mut self.given) else {
                return self.fail(Error::new(Cause::NotReplayable), Retry::Never);
            };
            self.upload = Some(Upload { source, rest: Bytes::new() });
        }
        debug_assert!(streams || !rewind);
        let Some(lent) = &mut self.lent else {
            return self.fail(Error::new(Misuse::NoSuchExchange), Retry::Never);
        };
        match lent.machine().request(head, body, self.clock.last()) {
            Ok(id) => self.id = id,
            Err(misuse) => self.fail(Error::new(misuse), Retry::Never),
        }
    }

    /// Moves bytes until there is something to tell the exchange.
    fn drive(&mut self) {
        loop {
            if self.events() || self.lent.is_none() {
                return;
            }
            if let Err(error) = self.feed() {
                return self.fail(error, Retry::Never);
            }
            let Some(lent) = &mut self.lent else { return };
            let (socket, machine) = lent.parts();
            let turn = socket.turn(
                machine,
                self.upload.is_some(),
                self.exchange.deadline(),
                &mut self.clock,
            );
            if self.upload.is_none() && !machine.want().write {
                self.exchange.sent(self.clock.last());
            }
            match turn {
                Turn::Moved => {}
                Turn::Late => {
                    if self.exchange.tick(self.clock.last()) {
                        self.lent = None;
                        return;
                    }
                }
                Turn::Stuck => {
                    if !self.events() {
                        let stuck = Error::new(Misuse::NoSuchExchange).during(Phase::Wait);
                        self.fail(stuck, Retry::Never);
                    }
                    return;
                }
            }
        }
    }

    /// Tells the exchange what the machine has to tell; says whether it is to be asked again.
    fn events(&mut self) -> bool {
        loop {
            let now = self.clock.last();
            let Some(lent) = &mut self.lent else { return true };
            match lent.machine().poll_event(now) {
                None => return false,
                Some(Event::Interim { head, .. }) => self.exchange.interim(head),
                Some(Event::Response { head, body, .. }) => {
                    self.upload = None;
                    self.exchange.response(head, body, now);
                    return true;
                }
                Some(event) => {
                    if let Some((error, fact)) = Error::of_event(event) {
                        let error = error.because(lent.machine().trouble());
                        self.fail(error, fact);
                        return true;
                    }
                }
            }
        }
    }

    /// Gives the machine as much of the body as it takes.
    fn feed(&mut self) -> Result<(), Error> {
        let (Some(upload), Some(lent)) = (&mut self.upload, &mut self.lent) else {
            return Ok(());
        };
        let (socket, machine) = lent.parts();
        loop {
            let now = self.clock.last();
            if upload.rest.is_empty() {
                if machine.is_held() {
                    return Ok(());
                }
                self.exchange.body_taken();
                match upload.source.next().map_err(Error::of_source)? {
                    Some(piece) => upload.rest = piece,
                    None => {
                        let ended = machine.finish(self.id, None, now);
                        self.upload = None;
                        return Error::of_upload(ended);
                    }
                }
            }
            if let Err(misuse) = machine.send(self.id, &mut upload.rest, now) {
                self.upload = None;
                return Error::of_upload(Err(misuse));
            }
            if !upload.rest.is_empty() {
                return Ok(());
            }
            // What the source gave goes out before it is asked for more: it may be slow.
            socket.flush(machine, now);
            if machine.want().write {
                return Ok(());
            }
        }
    }

    /// A response that leads on: its connection is kept if its rest is short.
    fn throw_away(&mut self) {
        if let Some(lent) = self.lent.take() {
            super::body::leave(lent, self.id, &mut self.clock);
        }
        let now = self.clock.look();
        self.exchange.discarded(now);
    }

    fn deliver(&mut self, answer: Arc<Answer>) -> Result<Response, Error> {
        let Some(mut lent) = self.lent.take() else {
            return Err(Error::new(Misuse::NoSuchExchange));
        };
        let secured = lent.machine().tls();
        let reading = Reading::new(lent, self.id, self.clock, &answer);
        Ok(Response::new(answer.clone(), secured, Body::new(reading, answer)))
    }
}

/// Waits until the layers of a new connection are set up.
pub(super) fn set_up(
    lent: &mut Lent<Socket>,
    until: Option<Mono>,
    clock: &mut Clock,
) -> Result<(), Error> {
    let (socket, machine) = lent.parts();
    while !machine.is_ready() {
        while let Some(event) = machine.poll_event(clock.last()) {
            if let Some((error, _)) = Error::of_event(event) {
                // A layer's own words say more.
                return Err(error.because(machine.trouble()).during(Phase::Tls));
            }
        }
        if !machine.is_ready() && socket.turn(machine, false, until, clock) != Turn::Moved {
            return Err(Error::of_connecting(io::ErrorKind::TimedOut.into()).during(Phase::Tls));
        }
    }
    Ok(())
}
