//! What answers requests: async functions that return a value, or that write.
//! Holds the shapes; the driver polls them, in the task of their connection.

mod answer;
mod around;
mod fallible;
mod kind;
mod streaming;

pub use answer::{Answer, IntoAnswer};
pub use around::{Next, around, around_send};
pub use fallible::{Fallible, fallible};
pub(crate) use kind::{Moving, Staying};
pub use streaming::{Streaming, streaming};

use crate::writer::ResponseWriter;
use crate::{Request, Source};
use purlin_core::{Facts, IntoResponse, ResponseHead};
use purlin_engine::served::Open;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// The future of one request's handler. It stays on its thread, so it need not be `Send`.
pub type HandlerFuture<'h> = Pin<Box<dyn Future<Output = Answer> + 'h>>;

/// A handler: it answers requests.
///
/// Every `async` closure or function from a [`Request`] to something that is
/// [`IntoResponse`] is one; [`streaming`] makes one of those that take a
/// [`ResponseWriter`] as well. A handler is shared by all threads, its futures
/// are not, and they may borrow from what the closure captured.
///
/// ```
/// use purlin_smol::{Handler, Request, Status};
///
/// fn is_handler(_: impl Handler) {}
/// is_handler(async |_: Request| "a text");
/// is_handler(async |_: Request| Status::NOT_FOUND);
/// let greeting = String::from("hello");
/// is_handler(async move |r: Request| format!("{greeting}, {}\n", r.path()));
/// is_handler(async |mut r: Request| r.body_mut().text().await);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer requests",
    label = "not a handler",
    note = "a handler is `async |request: Request| -> impl IntoResponse<Source>`, Send + Sync + 'static",
    note = "one that writes by itself is `streaming(async |request, writer| ...)`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Begins to answer. For a response that is written rather than returned,
    /// the writer comes from `exchange`.
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h>;
}

impl<F, R> Handler for F
where
    F: AsyncFn(Request) -> R + Send + Sync + 'static,
    R: IntoResponse<Source>,
{
    fn call<'h>(&'h self, request: Request, _exchange: &Exchange) -> HandlerFuture<'h> {
        let answering = self(request);
        Box::pin(async move { Answer::from(answering.await) })
    }
}

/// The future of one request's handler, which may move between threads.
pub type SendHandlerFuture<'h> = Pin<Box<dyn Future<Output = Answer> + Send + 'h>>;

/// A handler for any executor: its futures are `Send`, for
/// [`Bound::serve_on`](crate::Bound::serve_on).
///
/// Functions from a [`Request`] to a `Send` future are, and so are `async`
/// closures that do not borrow from what they captured; what such a one needs,
/// it clones for each request:
///
/// ```
/// use purlin_smol::{Request, SendHandler};
/// use std::sync::Arc;
///
/// fn is_handler(_: impl SendHandler) {}
/// is_handler(async |r: Request| format!("hello, {}\n", r.path()));
/// let greeting: Arc<str> = "hello".into();
/// is_handler(move |r: Request| {
///     let greeting = greeting.clone();
///     async move { format!("{greeting}, {}\n", r.path()) }
/// });
/// ```
///
/// Whatever is one can be served by [`Bound::serve`](crate::Bound::serve) as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer requests on any executor",
    label = "not a handler whose futures are `Send`",
    note = "it is a function of `Request` whose future is `Send + 'static`: it may not borrow from what the closure captured"
)]
pub trait SendHandler: Handler {
    /// Begins to answer, as [`Handler::call`] does.
    fn call_send<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h>;
}

impl<F, T, R> SendHandler for F
where
    F: Fn(Request) -> T + AsyncFn(Request) -> R + Send + Sync + 'static,
    T: Future<Output = R> + Send + 'static,
    R: IntoResponse<Source>,
{
    fn call_send<'h>(&'h self, request: Request, _exchange: &Exchange) -> SendHandlerFuture<'h> {
        let answering = self(request);
        Box::pin(async move { Answer::from(answering.await) })
    }
}

/// A request and its response to be, seen by a [`Handler`].
///
/// ```
/// use purlin_smol::{Answer, Exchange, Handler, HandlerFuture, Request};
///
/// /// Lets only safe methods through to another handler.
/// struct ReadOnly<H>(H);
///
/// impl<H: Handler> Handler for ReadOnly<H> {
///     fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
///         if request.method().is_safe() {
///             return self.0.call(request, exchange);
///         }
///         Box::pin(async { Answer::from(purlin_smol::Response::text("read only\n")) })
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Exchange(pub(crate) Open);

impl Exchange {
    /// The writer of the response. The response belongs to it from here, and
    /// what the handler returns counts only if it is [`Answer::written`].
    ///
    /// ```
    /// use purlin_smol::{Answer, Exchange, Handler, HandlerFuture, Request};
    /// struct Ticker;
    /// impl Handler for Ticker {
    ///     fn call<'h>(&'h self, _: Request, exchange: &Exchange) -> HandlerFuture<'h> {
    ///         let mut writer = exchange.writer();
    ///         Box::pin(async move {
    ///             let _ = writer.write(b"tick\n").await;
    ///             Answer::written()
    ///         })
    ///     }
    /// }
    /// ```
    pub fn writer(&self) -> ResponseWriter {
        ResponseWriter::new(self.0.writer())
    }

    /// Calls this once the final head of the response has been given, however it
    /// is written, with the head as it was given; not if that has happened already.
    ///
    /// It is called on the thread that serves, so it had better be quick.
    ///
    /// ```
    /// use purlin_smol::{Mux, Next, Request, around};
    /// let mut mux = Mux::new();
    /// mux.wrap(around(async |request: Request, next: Next| {
    ///     next.exchange().on_head(|head| println!("{}", head.status()));
    ///     next.run(request).await
    /// }));
    /// ```
    pub fn on_head(&self, call: impl FnOnce(&ResponseHead) + Send + 'static) {
        self.0.follow(|hooks| hooks.on_head(call));
    }

    /// Calls this once the response has ended, or was given up, with the status,
    /// the bytes of body and the times; not if that has happened already.
    ///
    /// It is called on the thread that serves, so it had better be quick.
    ///
    /// ```
    /// use purlin_smol::{Mux, Next, Request, around};
    /// let mut mux = Mux::new();
    /// mux.wrap(around(async |request: Request, next: Next| {
    ///     next.exchange().on_end(|facts| println!("{:?}, {} bytes", facts.status, facts.sent));
    ///     next.run(request).await
    /// }));
    /// ```
    pub fn on_end(&self, call: impl FnOnce(&Facts) + Send + 'static) {
        self.0.follow(|hooks| hooks.on_end(call));
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({})", self.0.id)
    }
}
