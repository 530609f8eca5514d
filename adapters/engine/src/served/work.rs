//! The application's side of a connection where handlers are futures: the handler, polled,
//! and what became of it.
//! Holds the futures while there are any; when they are polled, the driver decides.
//!
//! The first one is polled with the task's own waker, and is all there is over HTTP/1. Where
//! a connection carries many exchanges, those that come while it is busy have seats in a
//! crowd, whose wakers tell who of them is due.

use super::crowd::Crowd;
use super::{Asked, Heard, Payload, Reader, Rest, Served, State, Trouble, Writer};
use super::{obey, tell_closed};
use crate::sync::MutexGuard;
use purlin_core::message::{Hooks, Outcome};
use purlin_core::observe::Watch;
use purlin_core::{Id, Now, Request, Response, Values};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Obeys events and polls the handler, until neither has anything to do.
/// Each may have caused the other. The lock is free while the handler runs;
/// what it panics with is told to `panicked`, once it is answered.
pub fn serve<'s, S: Service>(
    panicked: &dyn Fn(Payload),
    served: &'s Served,
    mut state: MutexGuard<'s, State>,
    work: &mut Work<'_, S>,
    cx: &mut Context<'_>,
    now: &mut Now,
    clock: &mut dyn FnMut() -> Now,
) -> MutexGuard<'s, State> {
    let mut turns = 0;
    loop {
        let mut heard = Heard::default();
        state = obey(panicked, served, state, cx.waker(), &mut heard, *now);
        if heard.due {
            work.due = true;
            state = work.forgo(served, state, *now);
        }
        let mut request = heard.asked.map(|asked| (asked.id, work.request(asked, &mut state)));
        if !work.has_turn(&mut request) {
            let Some(next) = work.next_beside(&state, turns) else { return state };
            turns += 1;
            state = work.serve_beside(next, served, state, now, clock);
            continue;
        }
        state.driving = true;
        drop(state);
        let mut answer = None;
        let panic = work.run(&mut request, &mut answer, cx).err();
        *now = clock();
        state = served.lock();
        state.driving = false;
        if let Some(payload) = panic {
            state.panicked(work.id, payload, *now);
        } else if let Some(answer) = answer {
            if let Some(left) = work.settle(answer, &mut state, *now) {
                state = drop_unsent(left, served, state);
            }
        }
    }
}

/// What a response is made of is the application's, as its handler is.
#[cold]
pub(super) fn drop_unsent<'s, R>(
    left: Response<R>,
    served: &'s Served,
    state: MutexGuard<'s, State>,
) -> MutexGuard<'s, State> {
    drop(state);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(left)));
    let mut state = served.lock();
    if let Err(payload) = dropped {
        state.report(Trouble::Panicked(payload));
    }
    state
}

/// What answers the requests of a connection: a handler, as futures that an executor of
/// their kind can poll.
pub trait Service: Send + Sync + 'static {
    /// What a request's body is to its handler.
    type Body: Unpin;

    /// What a handler is given of its exchange.
    type Exchange: Unpin;

    /// What a response that comes in pieces is made of.
    type Source;

    /// What a handler's future comes to.
    type Answer;

    /// The future of a handler.
    type Future<'h>: Future<Output = Self::Answer> + Unpin;

    /// The body that this reads.
    fn body(reader: Reader) -> Self::Body;

    /// What a handler is given of this exchange, and of those that follow it.
    fn exchange(open: Open) -> Self::Exchange;

    /// The exchange that was open when that was last given.
    fn open(exchange: &mut Self::Exchange) -> &mut Open;

    /// What an answer says is to become of the response.
    fn outcome(answer: Self::Answer) -> Outcome<Self::Source>;

    /// Begins to answer.
    fn call<'h>(
        &'h self,
        request: Request<Self::Body>,
        exchange: &Self::Exchange,
    ) -> Self::Future<'h>;

    /// Begins to send a response that comes in pieces.
    fn send<'h>(writer: Writer, response: Response<Self::Source>) -> Self::Future<'h>;
}

/// An exchange that is open, where its handler gets the writer of its response.
#[derive(Clone)]
pub struct Open {
    /// Its connection.
    pub served: Arc<Served>,
    /// The machine's number of it.
    pub id: Id,
}

impl Open {
    /// The writer of its response.
    pub fn writer(&self) -> Writer {
        self.served.lock().writer(&self.served, self.id)
    }

    /// Adds who is called when its response begins or ends, if it is still open.
    pub fn follow(&self, add: impl FnOnce(&mut Hooks)) {
        self.served.lock().follow(self.id, add);
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Open({})", self.id)
    }
}

/// The handler of a connection, and what became of it. Holds its future while there is one.
pub struct Work<'h, S: Service> {
    pub(super) handler: &'h S,
    /// What the handler is given.
    pub(super) exchange: S::Exchange,
    pub(super) served: Arc<Served>,
    /// The machine's number of the handler's request.
    pub(super) id: Id,
    /// The handler, until it returns. It may outlast its exchange.
    pub(super) future: Option<S::Future<'h>>,
    /// It may have something to do.
    due: bool,
    /// What its requests come with.
    values: Values,
    /// Requests that came while the handler was busy.
    pub(super) next: VecDeque<(Id, Request<S::Body>)>,
    /// The handlers beside that one.
    pub(super) crowd: Option<Box<Crowd<S::Future<'h>>>>,
    /// So many of them there may be.
    pub(super) most: usize,
}

impl<'h, S: Service> Work<'h, S> {
    /// The handler of this connection, whose requests have these values.
    pub fn new(
        handler: &'h S,
        served: Arc<Served>,
        values: Values,
        watch: Option<Box<Watch>>,
    ) -> Self {
        served.lock().watch = watch;
        Work {
            handler,
            exchange: S::exchange(Open { served: served.clone(), id: 0 }),
            served,
            id: 0,
            future: None,
            due: false,
            values,
            next: VecDeque::new(),
            crowd: None,
            most: 0,
        }
    }

    /// The request that has come.
    fn request(&self, asked: Asked, state: &mut State) -> Request<S::Body> {
        let Asked { id, head, length } = asked;
        let body = S::body(Reader::new(self.served.clone(), id, length));
        let mut request = Request::new(head, length, body).with_values(self.values.clone());
        state.observe(id, &mut request);
        request
    }

    /// The connection is closed.
    pub fn closed(&mut self) {
        tell_closed(&self.served);
    }

    /// The handlers of several exchanges may be busy at once, so many beside the first.
    pub fn seats(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The task was woken, and nobody can tell for whom.
    pub fn woken(&mut self) {
        self.due = self.future.is_some();
        if let Some(crowd) = &mut self.crowd {
            crowd.awake();
        }
    }

    /// The task is going to sleep, and is woken at once if somebody is due.
    #[inline]
    pub fn sleep(&self, cx: &Context<'_>) {
        if self.crowd.as_ref().is_some_and(|crowd| !crowd.sleep(cx.waker())) {
            cx.waker().wake_by_ref();
        }
    }

    /// Whether a handler may have something to do.
    pub fn is_due(&self) -> bool {
        let first = self.due && self.future.is_some();
        first || self.crowd.as_ref().is_some_and(|crowd| crowd.more)
    }

    /// Whether no handler runs, nor a request waits for one.
    pub fn is_over(&self) -> bool {
        let alone = self.crowd.as_ref().is_none_or(|crowd| crowd.len() == 0);
        self.future.is_none() && self.next.is_empty() && alone
    }

    /// Whether there is something to run, a new request perhaps, that has to wait if not.
    #[inline]
    fn has_turn(&mut self, request: &mut Option<(Id, Request<S::Body>)>) -> bool {
        match (&self.future, request.is_some()) {
            (None, true) => true,
            (None, false) => !self.next.is_empty(),
            (Some(_), false) => self.due,
            (Some(_), true) => self.keep_waiting(request),
        }
    }

    #[cold]
    fn keep_waiting(&mut self, request: &mut Option<(Id, Request<S::Body>)>) -> bool {
        self.next.extend(request.take());
        self.due
    }

    /// Drops the handlers where they wait.
    pub fn cancel(&mut self) {
        self.next.clear();
        self.drop_future();
        while let Some(future) = self.crowd.as_mut().and_then(|crowd| crowd.take_any()) {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
        }
    }

    pub(super) fn drop_future(&mut self) {
        let future = self.future.take();
        // A panic in it was reported when it happened, and concerns nobody else.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
    }

    /// Does what the handler came to. Gives back what is left over, to be dropped
    /// without the lock.
    fn settle(
        &mut self,
        answer: S::Answer,
        state: &mut State,
        now: Now,
    ) -> Option<Response<S::Source>> {
        match state.settle(self.id, S::outcome(answer), now)? {
            Rest::Unsent(response) => Some(response),
            Rest::Pieces(response) => {
                let writer = state.writer(&self.served, self.id);
                self.future = Some(S::send(writer, response));
                self.due = true;
                None
            }
        }
    }

    /// Polls the handler once, or the one of a new request, and puts its answer where
    /// that is taken from: each way through results would copy it. An error is the
    /// handler's panic. The lock must be free.
    fn run(
        &mut self,
        request: &mut Option<(Id, Request<S::Body>)>,
        answer: &mut Option<S::Answer>,
        cx: &mut Context<'_>,
    ) -> Result<(), Payload> {
        self.due = false;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if self.future.is_none() {
                self.take_up(request);
            }
            let Some(future) = &mut self.future else { return };
            if let Poll::Ready(ready) = Pin::new(future).poll(cx) {
                *answer = Some(ready);
                self.future = None;
            }
        }));
        if polled.is_err() {
            self.drop_future();
            // An answer whose future panicked in going is none.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(answer.take())));
        }
        polled
    }

    /// Begins to handle a request: this one, or the one that waits.
    fn take_up(&mut self, request: &mut Option<(Id, Request<S::Body>)>) {
        if request.is_none() {
            *request = self.next.pop_front();
        }
        if let Some((id, request)) = request.take() {
            self.id = id;
            S::open(&mut self.exchange).id = id;
            self.future = Some(self.handler.call(request, &self.exchange));
        }
    }
}

impl<S: Service> fmt::Debug for Work<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("id", &self.id).field("due", &self.due).finish_non_exhaustive()
    }
}
