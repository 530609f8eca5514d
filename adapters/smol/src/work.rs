//! The application's side of a connection: its handler, polled, and what became of it.
//! Holds the future while there is one; when it is polled, the driver decides.

use crate::handler::{Exchange, Kind};
use crate::server::Payload;
use crate::{Answer, Content, Request, Response, ResponseWriter};
use purlin_core::message::Outcome;
use purlin_core::observe::Watch;
use purlin_core::{Body, BodyLength, Id, Now, RequestHead, Values};
use purlin_engine::served::{Reader, Served, State};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub(crate) struct Work<'h, K: Kind> {
    handler: &'h K,
    /// What the handler is given; its id is that of the handler's request.
    exchange: Exchange,
    /// The handler, until it returns. It may outlast its exchange.
    future: Option<K::Future<'h>>,
    /// It may have something to do.
    due: bool,
    /// What its requests come with.
    values: Values,
    watch: Option<Box<Watch>>,
    /// A request that came while the last handler was still busy.
    next: Option<Box<(Id, Request)>>,
}

impl<'h, K: Kind> Work<'h, K> {
    pub(crate) fn new(
        handler: &'h K,
        exchange: Exchange,
        values: Values,
        watch: Option<Box<Watch>>,
    ) -> Self {
        Work { handler, exchange, future: None, due: false, values, watch, next: None }
    }

    /// Whoever watches the connection.
    pub(crate) fn watch(&mut self) -> Option<&mut Watch> {
        self.watch.as_deref_mut()
    }

    /// The request that this head begins.
    pub(crate) fn request(&mut self, id: Id, head: RequestHead, length: BodyLength) -> Request {
        let body = crate::Body::of(Reader::new(self.shared().clone(), id, length));
        let mut request = Request::new(head, length, body).with_values(self.values.clone());
        if let Some(watch) = &mut self.watch {
            watch.request(&mut request);
        }
        request
    }

    /// The connection is closed.
    pub(crate) fn closed(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.closed();
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Served> {
        &self.exchange.shared
    }

    /// The task was woken, and nobody can tell for whom.
    pub(crate) fn woken(&mut self) {
        self.due = self.future.is_some();
    }

    pub(crate) fn make_due(&mut self) {
        self.due = true;
    }

    pub(crate) fn is_due(&self) -> bool {
        self.due && self.future.is_some()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.future.is_none() && self.next.is_none()
    }

    /// Whether there is something to run, a new request perhaps.
    pub(crate) fn has_turn(&self, request: bool) -> bool {
        request || self.is_due() || (self.future.is_none() && self.next.is_some())
    }

    /// Drops the handler where it waits.
    pub(crate) fn cancel(&mut self) {
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
    pub(crate) fn settle(
        &mut self,
        answer: Result<Answer, ()>,
        inner: &mut State,
        now: Now,
    ) -> Option<Response> {
        let id = self.exchange.id;
        inner.handled(id);
        let Ok(Answer(outcome)) = answer else {
            inner.fail(id, now);
            return None;
        };
        if let Some(message) = outcome.response().and_then(Response::failure) {
            inner.note_failure(message);
        }
        match outcome {
            Outcome::Response(response) => self.respond(response, inner, now),
            Outcome::Written => inner.end_written(id, now),
            Outcome::Failed(response) => {
                if !inner.is_unsent(id) {
                    inner.break_off(id, now);
                    return Some(response);
                }
                inner.forget_left(id);
                self.respond(response, inner, now);
            }
        }
        None
    }

    /// Sends a response that is whole; of another one, begins the future that writes it.
    fn respond(&mut self, response: Response, inner: &mut State, now: Now) {
        let id = self.exchange.id;
        let (head, content) = response.into_parts();
        let body = match content {
            Content::Empty => Body::Empty,
            Content::Full(data) => Body::Full(data),
            source => {
                let writer = ResponseWriter::new(inner.writer(self.shared(), id));
                self.future = Some(K::send(writer, Response::from_parts(head, source)));
                self.due = true;
                return;
            }
        };
        inner.respond(id, &head, body, now);
    }

    /// Polls the handler once, or the one of a new request; an error is its
    /// panic. The lock must be free.
    pub(crate) fn run(
        &mut self,
        request: &mut Option<(Id, Request)>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Answer, Payload>> {
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
    pub(crate) fn panicked(&self, payload: Payload, panicked: &dyn Fn(Payload)) {
        if let Some(watch) = &self.watch {
            watch.panicked(&*payload);
        }
        panicked(payload);
    }

    /// Begins to handle a request: this one, or the one that waits.
    fn take_up(&mut self, request: &mut Option<(Id, Request)>) {
        if let Some((id, request)) = request.take() {
            self.exchange.id = id;
            self.future = Some(self.handler.call(request, &self.exchange));
        } else if let Some(next) = self.next.take() {
            self.exchange.id = next.0;
            self.future = Some(self.handler.call(next.1, &self.exchange));
        }
    }
}
