//! Middleware as a function: it takes a request and what would answer it.
//! Calls the next handler when it is told to; what becomes of the answer, the function says.

use super::{Answer, Exchange, Handler, HandlerFuture, IntoAnswer, SendHandler, SendHandlerFuture};
use crate::Request;
use crate::mux::{BoxHandler, BoxSendHandler};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// Middleware of an async function that takes the request and the next handler,
/// for [`wrap`](purlin_core::Mux::wrap) of a mux or a group.
///
/// It may answer by itself, give the request to the next handler as it is or
/// with values added, and look at the answer or change it. Middleware that
/// should not wait for the answer is a [`Handler`] that holds another one.
///
/// ```
/// use purlin_smol::{Answer, IntoResponse, Mux, Next, Request, Status, around};
///
/// let mut mux = Mux::new();
/// mux.wrap(around(async |request: Request, next: Next| {
///     let line = format!("{} {}", request.method(), request.path());
///     let answer = next.run(request).await;
///     println!("{line}: {:?}", answer.response().map(|response| response.status()));
///     answer.map(|response| response.with("X-Served-By", "purlin").into_response())
/// }));
///
/// let mut admin = mux.group("/admin");
/// admin.wrap(around(async |request: Request, next: Next| {
///     if request.field("Authorization").is_none() {
///         return Answer::from(Status::UNAUTHORIZED);
///     }
///     next.run(request).await
/// }));
/// admin.handle("GET /status", async |_: Request| "fine\n")?;
/// # Ok::<(), purlin_smol::InsertError>(())
/// ```
pub fn around<F, R>(function: F) -> impl Fn(BoxHandler) -> BoxHandler + Send + Sync + 'static
where
    F: AsyncFn(Request, Next) -> R + Send + Sync + 'static,
    R: IntoAnswer + 'static,
{
    let function = Arc::new(function);
    move |next| BoxHandler::new(Around { function: function.clone(), next })
}

/// Middleware of a function, for a [`SendMux`](crate::SendMux): the function's future is `Send`.
///
/// ```
/// use purlin_smol::{BoxSendHandler, Next, Request, SendMux, around_send};
/// let mut mux = SendMux::default();
/// mux.wrap(around_send(async |request: Request, next: Next<BoxSendHandler>| {
///     println!("{}", request.path());
///     next.run(request).await
/// }));
/// ```
pub fn around_send<F, T>(
    function: F,
) -> impl Fn(BoxSendHandler) -> BoxSendHandler + Send + Sync + 'static
where
    F: Fn(Request, Next<BoxSendHandler>) -> T + Send + Sync + 'static,
    T: Future<Output: IntoAnswer> + Send + 'static,
{
    let function = Arc::new(function);
    move |next| BoxSendHandler::new(Around { function: function.clone(), next })
}

/// The next handler, as middleware made by [`around`] has it.
pub struct Next<H = BoxHandler> {
    handler: H,
    exchange: Exchange,
}

impl Next {
    /// Has the next handler answer.
    pub async fn run(self, request: Request) -> Answer {
        self.handler.call(request, &self.exchange).await
    }
}

impl Next<BoxSendHandler> {
    /// Has the next handler answer.
    pub async fn run(self, request: Request) -> Answer {
        self.handler.call_send(request, &self.exchange).await
    }
}

impl<H> Next<H> {
    /// The exchange, for middleware that writes the response by itself.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }
}

impl<H> fmt::Debug for Next<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

/// A handler with middleware around it.
struct Around<F, H> {
    function: Arc<F>,
    next: H,
}

impl<F, H: Clone> Around<F, H> {
    fn next(&self, exchange: &Exchange) -> Next<H> {
        Next { handler: self.next.clone(), exchange: exchange.clone() }
    }
}

impl<F, R> Handler for Around<F, BoxHandler>
where
    F: AsyncFn(Request, Next) -> R + Send + Sync + 'static,
    R: IntoAnswer + 'static,
{
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        let answering = (self.function)(request, self.next(exchange));
        Box::pin(async move { answering.await.into_answer() })
    }
}

impl<F, T> Handler for Around<F, BoxSendHandler>
where
    F: Fn(Request, Next<BoxSendHandler>) -> T + Send + Sync + 'static,
    T: Future<Output: IntoAnswer> + Send + 'static,
{
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        self.call_send(request, exchange)
    }
}

impl<F, T> SendHandler for Around<F, BoxSendHandler>
where
    F: Fn(Request, Next<BoxSendHandler>) -> T + Send + Sync + 'static,
    T: Future<Output: IntoAnswer> + Send + 'static,
{
    fn call_send<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        let answering = (self.function)(request, self.next(exchange));
        Box::pin(async move { answering.await.into_answer() })
    }
}
