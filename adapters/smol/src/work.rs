//! The application's side of a connection: its handler, polled, and what became of it.
//! Holds the future while there is one; when it is polled, the driver decides.

use crate::handler::{Answer, Exchange, Handler, HandlerFuture, Outcome};
use crate::shared::{Inner, Shared};
use crate::{Content, Request, Response};
use purlin_core::{Body, Id, Machine, Now, ResponseHead, ServerMachine};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

pub(crate) struct Work<'h, H> {
    handler: &'h H,
    /// What the handler is given; its id is that of the handler's request.
    exchange: Exchange,
    /// The handler, until it returns. It may outlast its exchange.
    future: Option<HandlerFuture<'h>>,
    /// It may have something to do.
    due: bool,
    /// A request that came while the last handler was still busy.
    next: Option<Box<(Id, Request)>>,
}

/// What the handler came to.
pub(crate) enum Outturn {
    /// A whole response.
    Whole(ResponseHead, Body),
    /// Its writer was used.
    Written,
    /// It failed after the head had gone.
    TooLate,
    Panicked,
}

impl<'h, H> Work<'h, H> {
    pub(crate) fn new(handler: &'h H, exchange: Exchange) -> Self {
        Work { handler, exchange, future: None, due: false, next: None }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
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
        let (future, next) = (self.future.take(), self.next.take());
        // A panic in it was reported when it happened, and concerns nobody else.
        let _ = catch_unwind(AssertUnwindSafe(|| drop((future, next))));
    }

    /// Records what the handler came to.
    pub(crate) fn settle(&mut self, outturn: Outturn, inner: &mut Inner, now: Now) {
        let id = self.exchange.id;
        if inner.turn.id == id {
            inner.turn.handled = true;
        }
        match outturn {
            Outturn::Whole(head, body) => {
                if inner.machine.respond(id, &head, body, now).is_err() {
                    inner.fail(id, now);
                }
            }
            Outturn::Written => inner.end_written(id, now),
            Outturn::Panicked => {
                inner.forget_rest(id);
                inner.fail(id, now);
            }
            Outturn::TooLate => {
                inner.forget_rest(id);
                // What cannot be given up has ended already.
                let _ = inner.machine.reset(id, now);
            }
        }
    }
}

impl<H: Handler> Work<'_, H> {
    /// Polls the handler once, or the one of a new request. The lock must be free.
    pub(crate) fn run(
        &mut self,
        request: Option<(Id, Request)>,
        cx: &mut Context<'_>,
    ) -> Option<Outturn> {
        self.due = false;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.take_up(request);
            let polled = self.future.as_mut().map(|future| future.as_mut().poll(cx));
            if let Some(Poll::Ready(_)) = polled {
                self.future = None;
            }
            polled
        }));
        match polled {
            Ok(Some(Poll::Ready(answer))) => self.outturn(answer),
            Ok(_) => None,
            Err(_) => {
                self.cancel_future();
                Some(Outturn::Panicked)
            }
        }
    }

    fn take_up(&mut self, request: Option<(Id, Request)>) {
        let request = match (request, &self.future) {
            (Some(request), Some(_)) => {
                self.next = Some(Box::new(request));
                return;
            }
            (None, Some(_)) => return,
            (Some(request), None) => request,
            (None, None) => match self.next.take() {
                Some(next) => *next,
                None => return,
            },
        };
        self.exchange.id = request.0;
        self.future = Some(self.handler.call(request.1, &self.exchange));
    }

    fn cancel_future(&mut self) {
        let future = self.future.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
    }

    fn outturn(&mut self, answer: Answer) -> Option<Outturn> {
        match answer.0 {
            Outcome::Response(response) => self.response(response),
            Outcome::Written => Some(Outturn::Written),
            Outcome::Failed(response) => {
                let early = self.exchange.shared.lock().take_unsent(self.exchange.id);
                if early { self.response(response) } else { Some(Outturn::TooLate) }
            }
        }
    }

    /// A response that is whole, or the future that writes it.
    fn response(&mut self, response: Response) -> Option<Outturn> {
        let (head, content) = response.into_parts();
        let content = match content {
            Content::Empty => return Some(Outturn::Whole(head, Body::Empty)),
            Content::Full(data) => return Some(Outturn::Whole(head, Body::Full(data))),
            source => source,
        };
        let writer = self.exchange.writer();
        self.future = Some(Box::pin(async move {
            // An error was the source's, and is told to the peer; or the peer is gone.
            let _ = writer.respond(Response::from_parts(head, content)).await;
            Answer::written()
        }));
        self.due = true;
        None
    }
}
