//! The application's side of a connection where handlers are futures: the handler, polled,
//! and what became of it.
//! Holds the future while there is one; when it is polled, the driver decides.

use super::{Asked, Heard, Payload, Reader, Rest, Served, State, Trouble, Writer};
use super::{obey, tell_closed};
use crate::sync::MutexGuard;
use purlin_core::message::{Hooks, Outcome};
use purlin_core::observe::Watch;
use purlin_core::{Id, Now, Request, Response, Values};
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
    loop {
        let mut heard = Heard::default();
        state = obey(panicked, served, state, cx.waker(), &mut heard, *now);
        work.due |= heard.due;
        let mut request = heard.asked.map(|asked| (asked.id, work.request(asked, &mut state)));
        if !work.has_turn(request.is_some()) {
            return state;
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
                drop(state);
                // What it is made of is the application's, as its handler is.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(left)));
                state = served.lock();
                state.troubles.extend(dropped.err().map(Trouble::Panicked));
            }
        }
    }
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
    handler: &'h S,
    /// What the handler is given.
    exchange: S::Exchange,
    served: Arc<Served>,
    /// The machine's number of the handler's request.
    id: Id,
    /// The handler, until it returns. It may outlast its exchange.
    future: Option<S::Future<'h>>,
    /// It may have something to do.
    due: bool,
    /// What its requests come with.
    values: Values,
    /// A request that came while the last handler was still busy.
    next: Option<Box<(Id, Request<S::Body>)>>,
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
            next: None,
        }
    }

    /// The request that has come.
    fn request(&self, asked: Asked, state: &mut State) -> Request<S::Body> {
        let Asked { id, head, length } = asked;
        let body = S::body(Reader::new(self.served.clone(), id, length));
        let mut request = Request::new(head, length, body).with_values(self.values.clone());
        state.observe(&mut request);
        request
    }

    /// The connection is closed.
    pub fn closed(&mut self) {
        tell_closed(&self.served);
    }

    /// The task was woken, and nobody can tell for whom.
    pub fn woken(&mut self) {
        self.due = self.future.is_some();
    }

    /// Whether the handler may have something to do.
    pub fn is_due(&self) -> bool {
        self.due && self.future.is_some()
    }

    /// Whether no handler runs, nor a request waits for one.
    pub fn is_over(&self) -> bool {
        self.future.is_none() && self.next.is_none()
    }

    /// Whether there is something to run, a new request perhaps.
    fn has_turn(&self, request: bool) -> bool {
        request || self.is_due() || (self.future.is_none() && self.next.is_some())
    }

    /// Drops the handler where it waits.
    pub fn cancel(&mut self) {
        self.next = None;
        self.drop_future();
    }

    fn drop_future(&mut self) {
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
        if let Some(request) = request.take() {
            self.next = Some(Box::new(request));
        }
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
            *request = self.next.take().map(|next| *next);
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
