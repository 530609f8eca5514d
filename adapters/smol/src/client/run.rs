//! Runs an exchange: does what it asks for and tells it what came of that.

use super::body::{self, Body, Reading};
use super::dial::{Dialling, Late};
use super::socket::Socket;
use super::{Error, Inner, Response};
use crate::Source;
use crate::clock;
use crate::source::Pieces;
use futures_lite::future;
use purlin_core::exchange::{Answer, Ask, Cause, Exchange, Given, Order, Plan, Reached, Route};
use purlin_core::{CloseReason, Id, Now, Phase, Retry};
use purlin_engine::{Course, Got, Lent, Link, Needs, Next, Slot, Turn, Upload, Waiting};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Turns of a body on its way out before other tasks get theirs.
const TURNS: u32 = 32;

/// An exchange being run.
pub(super) struct Run<'a> {
    from: From<'a>,
    course: Course<Socket, Source>,
    /// The time of the last look.
    now: Now,
}

/// Where its connections come from.
enum From<'a> {
    Pool(&'a Inner),
    /// The place of a connection outside any pool.
    Slot(Slot<Socket>),
}

impl<'a> Run<'a> {
    pub(super) fn new(inner: &'a Inner, order: Order, given: Option<Given<Source>>) -> Run<'a> {
        let now = clock::now();
        let exchange = Exchange::new(inner.plan.clone(), order, now);
        Run { from: From::Pool(inner), course: Course::new(exchange, given), now }
    }

    /// The same, on a connection outside any pool.
    pub(super) fn on(
        slot: Slot<Socket>,
        plan: Arc<Plan>,
        order: Order,
        given: Option<Given<Source>>,
    ) -> Run<'static> {
        let now = clock::now();
        let course = Course::new(Exchange::new(plan, order, now), given);
        Run { from: From::Slot(slot), course, now }
    }

    pub(super) async fn response(&mut self) -> Result<Response, Error> {
        loop {
            match self.course.exchange.ask(self.now) {
                Ask::Connect(route) => self.connect(&route).await,
                Ask::Send { head, body, .. } => self.course.begin(&head, body, self.now),
                Ask::Drive => self.drive().await,
                Ask::Discard => self.throw_away().await,
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

    async fn connect(&mut self, route: &Route) {
        match self.connection(route).await {
            Ok((lent, how)) => {
                self.course.lent = Some(lent);
                self.course.exchange.connected(how, self.now);
            }
            // If its time is up, the exchange says so itself, with the limit.
            Err(error) => {
                let now = self.look();
                if !self.course.tick(now) {
                    self.course.fail(error, Retry::Never, now);
                }
            }
        }
    }

    /// A connection: a kept one, a new one, or whichever comes first.
    async fn connection(&mut self, route: &Route) -> Result<(Lent<Socket>, Reached), Error> {
        let inner = match &self.from {
            From::Pool(inner) => *inner,
            From::Slot(slot) => {
                let mut lent = slot.take()?;
                if !lent.is_alive(self.now) {
                    return Err(Error::new(CloseReason::PeerClosed));
                }
                return Ok((lent, Reached::kept(Duration::ZERO)));
            }
        };
        // What was begun goes on if what came first was of no use.
        let mut dialling = None;
        loop {
            let need = self.course.exchange.need();
            let mut waiting = match inner.keep.get(route, need, self.now) {
                Got::Kept(mut lent, idle) => {
                    if self.is_fit(&mut lent).await {
                        return Ok((lent, Reached::kept(idle)));
                    }
                    continue;
                }
                Got::Turn(waiting) => waiting,
            };
            let exchange = &mut self.course.exchange;
            let turned = turn(inner, &mut waiting, route, exchange, &mut dialling).await;
            self.look();
            match turned? {
                Turned::Kept(mut lent, reached) => {
                    if self.is_fit(&mut lent).await {
                        return Ok((lent, reached));
                    }
                }
                Turned::Dialled(socket) => return self.set_up(inner, socket, waiting, route).await,
            }
        }
    }

    /// Whether a kept connection can be used: it is alive, and stays so for as long as
    /// something may come behind its last answer.
    async fn is_fit(&mut self, lent: &mut Lent<Socket>) -> bool {
        while lent.is_alive(self.now) {
            let Some(until) = lent.settles(self.now) else { return true };
            let (socket, machine) = lent.parts();
            let turn = socket.turn(machine, Some(until)).await;
            self.look();
            if turn == Turn::Stuck {
                return false;
            }
        }
        false
    }

    /// Puts the layers on a new socket, and waits until they are set up.
    async fn set_up(
        &mut self,
        inner: &Inner,
        socket: Socket,
        waiting: Waiting<Socket>,
        route: &Route,
    ) -> Result<(Lent<Socket>, Reached), Error> {
        let now = clock::now();
        let machine = inner.layers.build(route, now)?;
        let link = Box::new(Link::new(socket, machine, route.clone(), now));
        let mut lent = waiting.opened(link, now);
        if !lent.machine().is_ready() {
            set_up(&mut lent, &mut self.course.exchange).await?;
        }
        self.look();
        Ok((lent, Reached::new()))
    }

    /// Moves bytes until there is something to tell the exchange.
    async fn drive(&mut self) {
        let mut turns = 0_u32;
        while !self.course.events(self.now) {
            turns = turns.wrapping_add(1);
            if turns % TURNS == 0 {
                future::yield_now().await;
            }
            match future::poll_fn(|cx| self.poll_turn(cx)).await {
                Ok(Turn::Moved) => {}
                Ok(Turn::Late) if self.course.tick(self.now) => return,
                Ok(Turn::Late) => {}
                Ok(Turn::Stuck) => return self.course.stuck(self.now),
                Err(error) => {
                    let now = self.look();
                    return self.course.fail(error, Retry::Never, now);
                }
            }
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Turn, Error>> {
        let id = self.course.id();
        let Course { exchange, lent, upload, .. } = &mut self.course;
        let Some(lent) = lent else {
            return Poll::Ready(Ok(Turn::Stuck));
        };
        // A source that has to be waited for does not keep the response waiting.
        let fed = poll_feed(upload, lent, id, || exchange.body_taken(), cx)?;
        let until = exchange.deadline();
        let more = upload.is_some() && fed.is_ready();
        let (socket, machine) = lent.parts();
        let turn = socket.poll_turn(machine, more, until, &mut self.now, cx);
        self.course.moved(self.now);
        turn.map(Ok)
    }

    /// A response that leads on: its connection is kept if its rest is short.
    async fn throw_away(&mut self) {
        if let Some(lent) = self.course.leave() {
            body::read_out(lent, self.course.id()).await;
        }
        let now = self.look();
        self.course.exchange.discarded(now);
    }

    fn deliver(&mut self, answer: Arc<Answer>) -> Result<Response, Error> {
        let (rest, secured) = self.course.hand_on(&answer)?;
        let reading = Reading::new(rest, self.now, &answer);
        Ok(Response::new(answer.clone(), secured, Body::new(reading, answer)))
    }
}

/// Waits for a connection that comes back, and dials as soon as that is allowed.
async fn turn(
    inner: &Inner,
    waiting: &mut Waiting<Socket>,
    route: &Route,
    exchange: &mut Exchange,
    slot: &mut Option<Dialling>,
) -> Result<Turned, Error> {
    let mut late = Late::default();
    let first = future::poll_fn(|cx| {
        let now = clock::now();
        let dialled = match waiting.poll(cx.waker(), now) {
            Next::Kept(lent, idle) => {
                let reached = Reached::kept(idle);
                return Poll::Ready(Ok(Turned::Kept(lent, reached)));
            }
            Next::Later => {
                *slot = None;
                exchange.begin_waiting(now);
                Poll::Pending
            }
            Next::Dial => {
                let dialling = slot.get_or_insert_with(|| inner.dial.begin(route, exchange, now));
                inner.dial.poll(dialling, exchange, cx)
            }
        };
        match dialled {
            Poll::Pending => late.poll(exchange.deadline(), cx).map(Err),
            Poll::Ready(socket) => Poll::Ready(socket.map(Turned::Dialled)),
        }
    });
    first.await
}

/// Gives the machine a piece of the body, if it takes one. Pending if the
/// source is waited for, or the server's leave.
pub(super) fn poll_feed(
    slot: &mut Option<Upload<Source>>,
    lent: &mut Lent<Socket>,
    id: Id,
    taken: impl FnOnce(),
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    let Some(upload) = slot else { return Poll::Ready(Ok(())) };
    let now = clock::now();
    let (socket, machine) = lent.parts();
    if socket.is_lost() {
        // What was not read of it is there for another attempt.
        return Poll::Pending;
    }
    match upload.needs(machine, id, now)? {
        Needs::Room => return Poll::Ready(Ok(())),
        Needs::Leave => return Poll::Pending,
        Needs::Nothing => {
            *slot = None;
            return Poll::Ready(Ok(()));
        }
        Needs::Piece => taken(),
    }
    let piece = match ready!(upload.source.poll_next(cx)) {
        Some(piece) => Some(piece.map_err(Error::of_source)?),
        None => None,
    };
    let ends = piece.is_none();
    upload.give(piece, machine, id, clock::now())?;
    if ends || upload.needs(machine, id, now)? == Needs::Nothing {
        *slot = None;
    }
    Poll::Ready(Ok(()))
}

/// How waiting for a connection ended.
enum Turned {
    Kept(Lent<Socket>, Reached),
    Dialled(Socket),
}

/// Waits until the layers of a new connection are set up.
pub(super) async fn set_up(lent: &mut Lent<Socket>, exchange: &mut Exchange) -> Result<(), Error> {
    let (socket, machine) = lent.parts();
    while !machine.is_ready() {
        let phase = machine.setting_up().unwrap_or(Phase::Tls);
        exchange.setting_up(phase, clock::now());
        while let Some(event) = machine.poll_event(clock::now()) {
            if let Some((error, _)) = Error::of_event(event) {
                // A layer's own words say more.
                return Err(error.because(machine.trouble()).during(phase));
            }
        }
        if !machine.is_ready() && socket.turn(machine, exchange.deadline()).await != Turn::Moved {
            return Err(Error::new(Cause::Io(io::ErrorKind::TimedOut.into())).during(phase));
        }
    }
    Ok(())
}
