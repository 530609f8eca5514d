//! Runs an exchange: does what it asks for and tells it what came of that.

use super::body::{self, Body, Reading};
use super::socket::{Socket, Turn};
use super::{Error, Inner, Response};
use crate::Source;
use crate::clock;
use crate::source::Pieces;
use bytes::Bytes;
use futures_lite::future;
use purlin_core::exchange::{Answer, Ask, Cause, Exchange, Given, Order, Plan, Reached, Route};
use purlin_core::{
    Body as Sent, CloseReason, Event, Id, Misuse, Mono, Now, Phase, RequestHead, Retry, Reuse,
};
use purlin_host::client::{Got, Lent, Link, Next, Waiting};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// An exchange being run.
pub(super) struct Run<'a> {
    /// None for a connection outside any pool.
    inner: Option<&'a Inner>,
    exchange: Exchange,
    /// The time of the last look.
    now: Now,
    given: Option<Given<Source>>,
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
        let now = clock::now();
        let exchange = Exchange::new(inner.plan.clone(), order, now);
        Run::made(Some(inner), exchange, given, now)
    }

    /// The same, on a connection outside any pool.
    pub(super) fn on(
        lent: Lent<Socket>,
        plan: Arc<Plan>,
        order: Order,
        given: Option<Given<Source>>,
    ) -> Run<'static> {
        let now = clock::now();
        let mut run = Run::made(None, Exchange::new(plan, order, now), given, now);
        run.single = Some(lent);
        run
    }

    fn made(
        inner: Option<&'a Inner>,
        exchange: Exchange,
        given: Option<Given<Source>>,
        now: Now,
    ) -> Run<'a> {
        Run { inner, exchange, now, given, lent: None, single: None, id: 0, upload: None }
    }

    pub(super) async fn response(mut self) -> Result<Response, Error> {
        loop {
            match self.exchange.ask(self.now) {
                Ask::Connect(route) => self.connect(&route).await,
                Ask::Send { head, body, .. } => self.begin(&head, body),
                Ask::Drive => self.drive().await,
                Ask::Discard => self.throw_away(),
                Ask::Deliver(answer) => return self.deliver(answer),
                Ask::Fail(error) => return Err(error),
            }
        }
    }

    /// Looks at the clock.
    fn look(&mut self) -> Now {
        self.now = clock::now();
        self.now
    }

    fn fail(&mut self, error: Error, fact: Retry) {
        self.lent = None;
        self.upload = None;
        let now = self.look();
        self.exchange.failed(error, fact, now);
    }

    async fn connect(&mut self, route: &Arc<Route>) {
        match self.connection(route).await {
            Ok((lent, how)) => {
                self.lent = Some(lent);
                self.exchange.connected(how, self.now);
            }
            // If its time is up, the exchange says so itself, with the limit.
            Err(error) => {
                let now = self.look();
                if self.exchange.tick(now) {
                    self.lent = None;
                } else {
                    self.fail(error, Retry::Never);
                }
            }
        }
    }

    /// A connection: a kept one, a new one, or whichever comes first.
    async fn connection(&mut self, route: &Arc<Route>) -> Result<(Lent<Socket>, Reached), Error> {
        let Some(inner) = self.inner else {
            let mut lent = self.single.take().ok_or_else(|| Error::new(Cause::Busy))?;
            if !is_alive(&mut lent, self.now) {
                return Err(Error::new(CloseReason::PeerClosed));
            }
            return Ok((lent, Reached { reused: true, ..Reached::new() }));
        };
        loop {
            let mut waiting = match inner.keep.get(route, self.now) {
                Got::Kept(mut lent, idle) => {
                    if is_alive(&mut lent, self.now) {
                        return Ok((lent, Reached { reused: true, idle }));
                    }
                    continue;
                }
                Got::Turn(waiting) => waiting,
            };
            self.exchange.begin_waiting(self.now);
            let turned = self.turn(inner, &mut waiting, route).await;
            self.look();
            match turned? {
                Turned::Kept(mut lent, reached) => {
                    if is_alive(&mut lent, self.now) {
                        return Ok((lent, reached));
                    }
                }
                Turned::Dialled(socket) => return self.set_up(inner, socket, waiting, route).await,
            }
        }
    }

    /// Waits for a connection that comes back, and dials as soon as that is allowed.
    async fn turn(
        &mut self,
        inner: &Inner,
        waiting: &mut Waiting<Socket>,
        route: &Arc<Route>,
    ) -> Result<Turned, Error> {
        let until = self.exchange.deadline();
        let next = future::poll_fn(|cx| match waiting.poll(cx.waker(), clock::now()) {
            Next::Later => Poll::Pending,
            next => Poll::Ready(Ok(next)),
        });
        if let Next::Kept(lent, idle) =
            super::dial::within(until, next).await.map_err(Error::of_connecting)?
        {
            return Ok(Turned::Kept(lent, Reached { reused: true, idle }));
        }
        let mut dialling = pin!(inner.dial.dial(route, &mut self.exchange));
        let first = future::poll_fn(|cx| {
            if let Next::Kept(lent, idle) = waiting.poll(cx.waker(), clock::now()) {
                return Poll::Ready(Ok(Turned::Kept(lent, Reached { reused: true, idle })));
            }
            dialling.as_mut().poll(cx).map(|socket| socket.map(Turned::Dialled))
        });
        first.await
    }

    /// Puts the layers on a new socket, and waits until they are set up.
    async fn set_up(
        &mut self,
        inner: &Inner,
        socket: Socket,
        waiting: Waiting<Socket>,
        route: &Arc<Route>,
    ) -> Result<(Lent<Socket>, Reached), Error> {
        let now = clock::now();
        let machine = inner.layers.build(route, now)?;
        let link = Box::new(Link::new(socket, machine, route.clone(), now));
        let mut lent = waiting.opened(link, now);
        if !lent.machine().is_ready() {
            self.exchange.begin(Phase::Tls, now);
            set_up(&mut lent, self.exchange.deadline()).await?;
        }
        self.look();
        Ok((lent, Reached::new()))
    }

    fn begin(&mut self, head: &RequestHead, body: Sent) {
        if matches!(body, Sent::Length(_) | Sent::Stream) {
            let Some(source) = Given::begin(&mut self.given) else {
                return self.fail(Error::new(Cause::NotReplayable), Retry::Never);
            };
            self.upload = Some(Upload { source, rest: Bytes::new() });
        }
        let Some(lent) = &mut self.lent else {
            return self.fail(Error::new(Misuse::NoSuchExchange), Retry::Never);
        };
        match lent.machine().request(head, body, self.now) {
            Ok(id) => self.id = id,
            Err(misuse) => self.fail(Error::new(misuse), Retry::Never),
        }
    }

    /// Moves bytes until there is something to tell the exchange.
    async fn drive(&mut self) {
        loop {
            if self.events() || self.lent.is_none() {
                return;
            }
            let moved = future::poll_fn(|cx| {
                // A source that has to be waited for does not keep the response waiting.
                if let Poll::Ready(Err(error)) = self.poll_feed(cx) {
                    return Poll::Ready(Err(error));
                }
                let Some(lent) = &mut self.lent else {
                    return Poll::Ready(Ok(Turn::Stuck));
                };
                let (socket, machine) = lent.parts();
                let turn =
                    socket.poll_turn(machine, self.upload.is_some(), self.exchange.deadline(), cx);
                if self.upload.is_none() && !machine.want().write {
                    self.exchange.sent(self.now);
                }
                turn.map(Ok)
            });
            let moved = moved.await;
            let now = self.look();
            match moved {
                Ok(Turn::Moved) => {}
                Ok(Turn::Late) => {
                    if self.exchange.tick(now) {
                        self.lent = None;
                        return;
                    }
                }
                Ok(Turn::Stuck) => {
                    if !self.events() {
                        let stuck = Error::new(Misuse::NoSuchExchange).during(Phase::Wait);
                        self.fail(stuck, Retry::Never);
                    }
                    return;
                }
                Err(error) => return self.fail(error, Retry::Never),
            }
        }
    }

    /// Tells the exchange what the machine has to tell; says whether it is to be asked again.
    fn events(&mut self) -> bool {
        loop {
            let now = self.now;
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

    /// Gives the machine of the body what it takes. Pending if the source is
    /// waited for, or if the machine takes no more before some has been written.
    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let (Some(upload), Some(lent)) = (&mut self.upload, &mut self.lent) else {
            return Poll::Ready(Ok(()));
        };
        let (socket, machine) = lent.parts();
        loop {
            let now = clock::now();
            if upload.rest.is_empty() {
                if machine.is_held() {
                    return Poll::Pending;
                }
                self.exchange.body_taken();
                match ready!(upload.source.poll_next(cx)) {
                    Some(piece) => upload.rest = piece.map_err(Error::of_source)?,
                    None => {
                        let ended = machine.finish(self.id, None, now);
                        self.upload = None;
                        return Poll::Ready(Error::of_upload(ended));
                    }
                }
            }
            if let Err(misuse) = machine.send(self.id, &mut upload.rest, now) {
                self.upload = None;
                return Poll::Ready(Error::of_upload(Err(misuse)));
            }
            if !upload.rest.is_empty() {
                return Poll::Pending;
            }
            // What the source gave goes out before it is asked for more: it may be slow.
            socket.flush(machine, now);
            if machine.want().write {
                return Poll::Pending;
            }
        }
    }

    /// A response that leads on: its connection is kept if its rest is here.
    fn throw_away(&mut self) {
        if let Some(lent) = self.lent.take() {
            body::leave(lent, self.id);
        }
        let now = self.look();
        self.exchange.discarded(now);
    }

    fn deliver(&mut self, answer: Arc<Answer>) -> Result<Response, Error> {
        let Some(mut lent) = self.lent.take() else {
            return Err(Error::new(Misuse::NoSuchExchange));
        };
        let secured = lent.machine().tls();
        let reading = Reading::new(lent, self.id, &answer);
        Ok(Response::new(answer.clone(), secured, Body::new(reading, answer)))
    }
}

/// How waiting for a connection ended.
enum Turned {
    Kept(Lent<Socket>, Reached),
    Dialled(Socket),
}

/// Whether a kept connection can still be used: it may have ended, or
/// something may have come that nobody asked for.
fn is_alive(lent: &mut Lent<Socket>, now: Now) -> bool {
    let (socket, machine) = lent.parts();
    socket.read_ready(machine, now);
    while machine.poll_event(now).is_some() {}
    machine.reuse() == Reuse::Now
}

/// Waits until the layers of a new connection are set up.
pub(super) async fn set_up(lent: &mut Lent<Socket>, until: Option<Mono>) -> Result<(), Error> {
    let (socket, machine) = lent.parts();
    while !machine.is_ready() {
        while let Some(event) = machine.poll_event(clock::now()) {
            if let Some((error, _)) = Error::of_event(event) {
                // A layer's own words say more.
                return Err(error.because(machine.trouble()).during(Phase::Tls));
            }
        }
        if !machine.is_ready() && socket.turn(machine, until).await != Turn::Moved {
            return Err(Error::of_connecting(io::ErrorKind::TimedOut.into()).during(Phase::Tls));
        }
    }
    Ok(())
}
