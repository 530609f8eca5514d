//! One request on its way through a handler: who has the machine, and what the
//! handler's answer becomes.
//! Decides nothing of the protocol; it gives commands.

use crate::conn::{Conn, Pending};
use crate::shared::Shared;
use crate::writer::ResponseWriter;
use crate::{Answer, Body, Request, Response, Source};
use purlin_core::message::{Hooks, Outcome};
use purlin_core::{Body as Sent, BodyLength, Content, Facts, Id, Machine, Method};
use purlin_core::{ResponseHead, ServerMachine, Status};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The exchange that a request belongs to: where a handler gets the writer of
/// its response.
///
/// ```
/// use purlin_std::{Answer, Exchange, Handler, Request};
///
/// /// Lets only safe methods through to another handler.
/// struct ReadOnly<H>(H);
///
/// impl<H: Handler> Handler for ReadOnly<H> {
///     fn call(&self, request: Request, exchange: &Exchange) -> Answer {
///         if request.method().is_safe() {
///             return self.0.call(request, exchange);
///         }
///         purlin_std::Response::text("read only\n").into()
///     }
/// }
/// ```
pub struct Exchange {
    shared: Arc<Shared>,
    id: Id,
    method: Method,
    /// The machine, until it is lent.
    conn: RefCell<Option<Box<Conn>>>,
    /// A writer was taken.
    taken: Cell<bool>,
}

impl Exchange {
    /// Has the request answered, and does what the answer says; gives the connection back
    /// once the response is complete, or nothing if the server aborts.
    pub(crate) fn run(
        mut conn: Box<Conn>,
        pending: Pending,
        answer: impl FnOnce(Request, &Exchange) -> Answer,
    ) -> Option<Box<Conn>> {
        let Pending { id, head, length } = pending;
        let shared = Arc::clone(&conn.shared);
        let has_body = length != BodyLength::Empty;
        let body = Body::of(&shared, has_body.then_some(id));
        let method = head.method().clone();
        let mut request = Request::new(head, length, body).with_values(conn.values.clone());
        conn.observe(&mut request);
        let exchange = Exchange {
            shared,
            id,
            method,
            conn: RefCell::new(Some(conn)),
            taken: Cell::new(false),
        };
        if has_body {
            exchange.lend(true);
        }
        // A panic is answered, and nothing else is shared with the handler.
        let answer = catch_unwind(AssertUnwindSafe(|| answer(request, &exchange)));
        exchange.end(answer.map(|answer| answer.0))
    }

    /// The writer of the response. The response belongs to it from here, and
    /// what the handler returns counts only if it is [`Answer::written`](crate::Answer::written).
    ///
    /// ```
    /// use purlin_std::{Answer, Exchange, Handler, Request};
    /// struct Ticker;
    /// impl Handler for Ticker {
    ///     fn call(&self, _: Request, exchange: &Exchange) -> Answer {
    ///         let mut writer = exchange.writer();
    ///         let _ = writer.write(b"tick\n");
    ///         Answer::written()
    ///     }
    /// }
    /// ```
    pub fn writer(&self) -> ResponseWriter {
        self.lend(false);
        self.shared.share();
        self.taken.set(true);
        ResponseWriter::new(Arc::clone(&self.shared), self.id, &self.method)
    }

    /// Calls this once the final head of the response has been given, however it
    /// is written, with the head as it was given; not if that has happened already.
    ///
    /// It is called on the thread that serves, so it had better be quick.
    ///
    /// ```
    /// use purlin_std::{Mux, Next, Request, around};
    /// let mut mux = Mux::new();
    /// mux.wrap(around(|request: Request, next: Next| {
    ///     next.exchange().on_head(|head| println!("{}", head.status()));
    ///     next.run(request)
    /// }));
    /// ```
    pub fn on_head(&self, call: impl FnOnce(&ResponseHead) + Send + 'static) {
        self.follow(|hooks| hooks.on_head(call));
    }

    /// Calls this once the response has ended, or was given up, with the status,
    /// the bytes of body and the times; not if that has happened already.
    ///
    /// It is called on the thread that serves, so it had better be quick.
    ///
    /// ```
    /// use purlin_std::{Mux, Next, Request, around};
    /// let mut mux = Mux::new();
    /// mux.wrap(around(|request: Request, next: Next| {
    ///     next.exchange().on_end(|facts| println!("{:?}, {} bytes", facts.status, facts.sent));
    ///     next.run(request)
    /// }));
    /// ```
    pub fn on_end(&self, call: impl FnOnce(&Facts) + Send + 'static) {
        self.follow(|hooks| hooks.on_end(call));
    }

    fn follow(&self, add: impl FnOnce(&mut Hooks)) {
        if let Some(conn) = self.conn.borrow_mut().as_deref_mut() {
            return conn.follow(self.id, add);
        }
        if let Ok(conn) = self.shared.lock().conn(self.id) {
            conn.follow(self.id, add);
        }
    }

    fn own_writer(&self) -> ResponseWriter {
        ResponseWriter::new(Arc::clone(&self.shared), self.id, &self.method)
    }

    /// Puts the machine where bodies and writers find it.
    fn lend(&self, has_body: bool) {
        if let Some(conn) = self.conn.take() {
            self.shared.lend(conn, self.id, has_body);
        }
    }

    fn end(self, outcome: std::thread::Result<Outcome<Source>>) -> Option<Box<Conn>> {
        // What a response is made of is the application's, as its handler is.
        let answered =
            outcome.and_then(|outcome| catch_unwind(AssertUnwindSafe(|| self.carry_out(outcome))));
        let panic = answered.err();
        if panic.is_some() {
            self.fail();
        }
        let conn = self.conn.take().or_else(|| self.shared.take_back())?;
        told(&conn, panic);
        Some(conn)
    }

    fn carry_out(&self, outcome: Outcome<Source>) {
        if let Some(failure) = outcome.response().and_then(Response::failure) {
            match self.conn.borrow_mut().as_deref_mut() {
                Some(conn) => conn.failed(failure),
                None => self.shared.lock().failed(failure),
            }
        }
        match outcome {
            Outcome::Response(response) => self.respond(response),
            Outcome::Written => self.end_written(None),
            Outcome::Failed(response) => self.end_written(Some(response)),
        }
    }

    fn respond(&self, response: Response) {
        let whole = matches!(response.content(), Content::Empty | Content::Full(_));
        let mut conn = self.conn.borrow_mut();
        match conn.as_deref_mut().filter(|_| whole) {
            Some(conn) => respond_whole(conn, self.id, response),
            None => {
                drop(conn);
                self.lend(false);
                let writer = match self.shared.handled() {
                    Some(draft) => ResponseWriter::of(Arc::clone(&self.shared), self.id, draft),
                    None => self.own_writer(),
                };
                // It fails only if the peer is gone, or the response contradicts
                // itself: then the writer has answered 500.
                let _ = writer.respond(response);
            }
        }
    }

    /// The response is what the writer wrote; or this, if that failed and it is not too late.
    fn end_written(&self, failed: Option<Response>) {
        if !self.taken.get() {
            // Nobody wrote anything.
            return self.respond(failed.unwrap_or_else(|| Response::new(Status::OK)));
        }
        // Otherwise the response is complete, or its writer lives on elsewhere.
        if let Some(draft) = self.shared.handled() {
            // What failed takes nothing from a response of which nobody waits for more.
            let failed = failed.filter(|_| !draft.is_unwanted());
            let writer = ResponseWriter::of(Arc::clone(&self.shared), self.id, draft);
            match failed {
                Some(response) => writer.fail_with(response),
                None => drop(writer),
            }
        }
    }

    /// The handler panicked, or what it answered with: 500, or the response breaks off.
    fn fail(&self) {
        let answer = || Response::new(Status::INTERNAL_SERVER_ERROR);
        if self.conn.borrow().is_some() {
            return self.respond(answer());
        }
        let writer = match self.shared.handled() {
            Some(draft) => ResponseWriter::of(Arc::clone(&self.shared), self.id, draft),
            None if !self.taken.get() => self.own_writer(),
            // It has answered already, or lives on elsewhere.
            None => return,
        };
        writer.fail_with(answer());
    }
}

/// Sends a response that is whole, while nobody else has the machine.
fn respond_whole(conn: &mut Conn, id: Id, response: Response) {
    let (head, content) = response.into_parts();
    let body = match content {
        Content::Full(bytes) => Sent::Full(bytes),
        _ => Sent::Empty,
    };
    conn.obey();
    let now = conn.clock.look();
    if let Err(misuse) = conn.machine.answer(id, &head, body, now) {
        conn.explain(misuse);
        let error = Response::new(Status::INTERNAL_SERVER_ERROR);
        let answered = conn.machine.respond(id, error.head(), Sent::Empty, now);
        if answered.is_err() {
            // An exchange that is over cannot be given up.
            let _ = conn.machine.reset(id, now);
        }
    }
}

/// A panic is told once the connection is back.
fn told(conn: &Conn, panic: Option<Box<dyn Any + Send>>) {
    if let Some(payload) = panic {
        conn.panicked(payload);
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({})", self.id)
    }
}
