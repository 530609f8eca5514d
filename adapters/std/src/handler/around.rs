//! Middleware as a function: it takes a request and what would answer it.
//! Calls the next handler when it is told to; what becomes of the answer, the function says.

use super::{Answer, Handler, IntoAnswer};
use crate::{BoxHandler, Exchange, Request};
use purlin_core::RequestHead;
use std::fmt;
use std::sync::Arc;

/// Middleware of a function that takes the request and the next handler, for
/// [`wrap`](purlin_core::Mux::wrap) of a mux or a group.
///
/// It may answer by itself, give the request to the next handler as it is or
/// with values added, and look at the answer or change it. It is called when the
/// next handler would be, before the body has come if that one is
/// [`full_duplex`](crate::full_duplex).
///
/// ```
/// use purlin_std::{Answer, IntoResponse, Mux, Next, Request, Status, around};
///
/// let mut mux = Mux::new();
/// mux.wrap(around(|request: Request, next: Next| {
///     let line = format!("{} {}", request.method(), request.path());
///     let answer = next.run(request);
///     println!("{line}: {:?}", answer.response().map(|response| response.status()));
///     answer.map(|response| response.with("X-Served-By", "purlin").into_response())
/// }));
///
/// let mut admin = mux.group("/admin");
/// admin.wrap(around(|request: Request, next: Next| {
///     if request.field("Authorization").is_none() {
///         return Answer::from(Status::UNAUTHORIZED);
///     }
///     next.run(request)
/// }));
/// admin.handle("GET /status", |_: Request| "fine\n")?;
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
pub fn around<F, R>(function: F) -> impl Fn(BoxHandler) -> BoxHandler + Send + Sync + 'static
where
    F: Fn(Request, Next<'_>) -> R + Send + Sync + 'static,
    R: IntoAnswer + 'static,
{
    let function = Arc::new(function);
    move |next| BoxHandler::new(Around { function: Arc::clone(&function), next })
}

/// The next handler, as middleware made by [`around`] has it.
pub struct Next<'a> {
    handler: &'a BoxHandler,
    exchange: &'a Exchange,
}

impl Next<'_> {
    /// Has the next handler answer.
    pub fn run(self, request: Request) -> Answer {
        self.handler.call(request, self.exchange)
    }

    /// The exchange, for middleware that writes the response by itself.
    pub fn exchange(&self) -> &Exchange {
        self.exchange
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

/// A handler with middleware around it.
struct Around<F> {
    function: Arc<F>,
    next: BoxHandler,
}

impl<F, R> Handler for Around<F>
where
    F: Fn(Request, Next<'_>) -> R + Send + Sync + 'static,
    R: IntoAnswer + 'static,
{
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        (self.function)(request, Next { handler: &self.next, exchange }).into_answer()
    }

    fn full_duplex(&self, head: &RequestHead) -> bool {
        self.next.full_duplex(head)
    }
}
