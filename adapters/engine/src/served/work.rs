//! The application's side of a connection: its handler, polled, and what became of it.
//! Holds the future while there is one; when it is polled, the driver decides.

use super::{Reader, Served, State, Writer};
use purlin_core::message::{Content, Hooks, Outcome};
use purlin_core::observe::Watch;
use purlin_core::{Body, BodyLength, Id, Now, Request, RequestHead, Response, Values};
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a panic leaves behind.
pub type Payload = Box<dyn Any + Send>;

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
    watch: Option<Box<Watch>>,
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
        Work {
            handler,
            exchange: S::exchange(Open { served: served.clone(), id: 0 }),
            served,
            id: 0,
            future: None,
            due: false,
            values,
            watch,
            next: None,
        }
    }

    /// Whoever watches the connection.
    pub(super) fn watch(&mut self) -> Option<&mut Watch> {
        self.watch.as_deref_mut()
    }

    /// The request that this head begins.
    pub(super) fn request(
        &mut self,
        id: Id,
        head: RequestHead,
        length: BodyLength,
    ) -> Request<S::Body> {
        let body = S::body(Reader::new(self.served.clone(), id, length));
        let mut request = Request::new(head, length, body).with_values(self.values.clone());
        if let Some(watch) = &mut self.watch {
            watch.request(&mut request);
        }
        request
    }

    /// The connection is closed.
    pub fn closed(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.closed();
        }
    }

    /// The task was woken, and nobody can tell for whom.
    pub fn woken(&mut self) {
        self.due = self.future.is_some();
    }

    /// The handler may have something to do.
    pub(super) fn make_due(&mut self) {
        self.due = true;
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
    pub(super) fn has_turn(&self, request: bool) -> bool {
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

    /// Does what the handler came to; an error is a panic. Gives back what is
    /// left over, to be dropped without the lock.
    pub(super) fn settle(
        &mut self,
        answer: Result<S::Answer, ()>,
        state: &mut State,
        now: Now,
    ) -> Option<Response<S::Source>> {
        let id = self.id;
        state.handled(id);
        let Ok(answer) = answer else {
            state.fail(id, now);
            return None;
        };
        let outcome = S::outcome(answer);
        if let Some(message) = outcome.response().and_then(Response::failure) {
            state.note_failure(message);
        }
        match outcome {
            Outcome::Response(response) => self.respond(response, state, now),
            Outcome::Written => state.end_written(id, now),
            Outcome::Failed(response) => {
                if !state.is_unsent(id) {
                    state.break_off(id, now);
                    return Some(response);
                }
                state.forget_left(id);
                self.respond(response, state, now);
            }
        }
        None
    }

    /// Sends a response that is whole; of another one, begins the future that writes it.
    fn respond(&mut self, response: Response<S::Source>, state: &mut State, now: Now) {
        let id = self.id;
        let (head, content) = response.into_parts();
        let body = match content {
            Content::Empty => Body::Empty,
            Content::Full(data) => Body::Full(data),
            source => {
                let writer = state.writer(&self.served, id);
                self.future = Some(S::send(writer, Response::from_parts(head, source)));
                self.due = true;
                return;
            }
        };
        state.respond(id, &head, body, now);
    }

    /// Polls the handler once, or the one of a new request; an error is its
    /// panic. The lock must be free.
    pub(super) fn run(
        &mut self,
        request: &mut Option<(Id, Request<S::Body>)>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Answer, Payload>> {
        self.due = false;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if self.future.is_none() {
                self.take_up(request);
            }
            let Some(future) = &mut self.future else { return Poll::Pending };
            let polled = Pin::new(future).poll(cx);
            if polled.is_ready() {
                self.future = None;
            }
            polled
        }));
        if let Some(request) = request.take() {
            self.next = Some(Box::new(request));
        }
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(payload) => {
                self.drop_future();
                if let Some(watch) = &self.watch {
                    watch.panicked(&*payload);
                }
                Poll::Ready(Err(payload))
            }
        }
    }

    /// What the application gave panicked when nobody could be answered any more.
    pub(super) fn panicked(&self, payload: Payload, panicked: &dyn Fn(Payload)) {
        if let Some(watch) = &self.watch {
            watch.panicked(&*payload);
        }
        panicked(payload);
    }

    /// Begins to handle a request: this one, or the one that waits.
    fn take_up(&mut self, request: &mut Option<(Id, Request<S::Body>)>) {
        let next = request.take().or_else(|| self.next.take().map(|next| *next));
        if let Some((id, request)) = next {
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
