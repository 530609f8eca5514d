//! What answers requests: async functions that return a value, or that write.
//! Holds the shapes; the driver polls them, in the task of their connection.

mod answer;
mod around;
mod exchange;
mod fallible;
mod kind;
mod streaming;

pub use answer::{Answer, IntoAnswer};
pub use around::{Next, around, around_send};
pub use exchange::Exchange;
pub use fallible::{Fallible, fallible};
pub(crate) use kind::{Moving, Staying};
pub use streaming::{Streaming, streaming};

use crate::{Request, Source};
use purlin_core::IntoResponse;
use std::future::Future;
use std::pin::Pin;

/// The future of one request's handler. It stays on its thread, so it need not be `Send`.
pub type HandlerFuture<'h> = Pin<Box<dyn Future<Output = Answer> + 'h>>;

/// A handler: it answers requests.
///
/// Every `async` closure or function from a [`Request`] to something that is
/// [`IntoResponse`] is one; [`streaming`] makes one of those that take a
/// [`ResponseWriter`](crate::ResponseWriter) as well. A handler is shared by all threads, its futures
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
