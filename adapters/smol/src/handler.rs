//! What answers requests: async functions that return a value, or that write.
//! Holds the shapes; the driver polls them, on the thread of their connection.

use crate::shared::Shared;
use crate::writer::ResponseWriter;
use crate::{Request, Response, Source};
use purlin_core::{Id, IntoResponse};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The future of one request's handler. It stays on its thread, so it need not be `Send`.
pub type HandlerFuture<'h> = Pin<Box<dyn Future<Output = Answer> + 'h>>;

/// Answers requests.
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
        Box::pin(async move { Answer::from(answering.await.into_response()) })
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
pub struct Exchange {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: Id,
}

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
        self.shared.lock().writer(&self.shared, self.id)
    }
}

/// What became of a request.
///
/// ```
/// use purlin_smol::{Answer, Response};
/// let answer = Answer::from(Response::text("hello"));
/// # let _ = answer;
/// ```
pub struct Answer(pub(crate) Outcome);

pub(crate) enum Outcome {
    /// A response to be sent.
    Response(Response),
    /// The writer was used.
    Written,
    /// The writer was used, and then something failed: this instead, if it is not too late.
    Failed(Response),
}

impl Answer {
    /// The writer was used: the response is what it wrote. It ends now, unless
    /// the writer lives on elsewhere.
    pub fn written() -> Answer {
        Answer(Outcome::Written)
    }

    /// Writing failed: answer with this if nothing has gone out yet, else give
    /// the message up so that the peer can tell.
    pub fn failed(response: Response) -> Answer {
        Answer(Outcome::Failed(response))
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer(Outcome::Response(response))
    }
}

/// What a [`streaming`] handler may return: nothing, or a `Result` of nothing
/// whose error is an answer.
#[diagnostic::on_unimplemented(
    message = "a streaming handler cannot return `{Self}`",
    note = "it returns `()`, or `Result<(), E>` with `E: IntoResponse<Source>`"
)]
pub trait Streamed {
    /// What is behind it.
    fn into_answer(self) -> Answer;
}

impl Streamed for () {
    fn into_answer(self) -> Answer {
        Answer::written()
    }
}

/// An error is the answer if nothing has gone out yet; else the message is
/// given up, so that the peer can tell.
impl<E: IntoResponse<Source>> Streamed for Result<(), E> {
    fn into_answer(self) -> Answer {
        match self {
            Ok(()) => Answer::written(),
            Err(error) => Answer::failed(error.into_response()),
        }
    }
}

/// A handler that writes its response by itself; made by [`streaming`].
pub struct Streaming<F>(F);

/// A handler of an async function that takes the request and the writer of its response.
///
/// The response ends when the writer is finished, or when both the writer has
/// been dropped and the handler has returned.
///
/// ```
/// use purlin_smol::{Error, Request, ResponseWriter, Server, streaming};
/// let server = Server::new(streaming(async |_: Request, mut writer: ResponseWriter| {
///     for line in ["one\n", "two\n"] {
///         writer.write(line.as_bytes()).await?;
///         writer.flush().await?;
///     }
///     Ok::<(), Error>(())
/// }));
/// # let _ = server;
/// ```
pub fn streaming<F, R>(function: F) -> Streaming<F>
where
    F: AsyncFn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed,
{
    Streaming(function)
}

impl<F, R> Handler for Streaming<F>
where
    F: AsyncFn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed,
{
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        let answering = (self.0)(request, exchange.writer());
        Box::pin(async move { answering.await.into_answer() })
    }
}
