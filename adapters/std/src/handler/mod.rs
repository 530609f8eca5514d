//! What a handler is: a function of a request, or one that takes the writer.
//! Decides nothing; the driver calls handlers, and the writer sends what they answer.

use crate::exchange::Exchange;
use crate::{Request, Response, ResponseWriter, Source};
use purlin_core::{IntoResponse, RequestHead};

/// Answers requests, on a thread of the server.
///
/// Every function from [`Request`] to something that can be turned into a
/// [`Response`] is a handler; [`streaming`] makes one of a
/// function that takes the [`ResponseWriter`].
///
/// ```
/// use purlin_std::{Handler, Request, Status, streaming};
/// use std::io::Write;
///
/// fn takes(_: impl Handler) {}
///
/// takes(|_: Request| "hello\n");
/// takes(|_: Request| (Status::NOT_FOUND, "no such page\n"));
/// takes(streaming(|_, mut writer| {
///     let _ = writer.write_all(b"hello\n");
/// }));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is a function `Fn(Request) -> R` where `R` can be turned into a response: \
            text, bytes, a `Status`, `(Status, R)`, a `Response`, or a `Result` of such",
    note = "closures need the type of their argument: `|request: Request| ...`",
    note = "a function that takes the writer becomes a handler by `streaming(|request, writer| ...)`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request: with a response, or through the exchange's writer.
    fn call(&self, request: Request, exchange: &Exchange) -> Answer;

    /// Whether this handler writes while the client still sends, and so has to
    /// be called before the body has come; see [`full_duplex`].
    fn full_duplex(&self, head: &RequestHead) -> bool {
        let _ = head;
        false
    }
}

/// What a handler answers: a response, or that its writer has the response.
///
/// Middleware may look into a response that another handler gave:
///
/// ```
/// use purlin_std::{Answer, Exchange, Handler, Request, Response};
///
/// fn noted(next: impl Handler) -> impl Handler {
///     purlin_std::middleware(move |request, exchange| {
///         next.call(request, exchange).map(|response: Response| {
///             println!("answered {}", response.status().code());
///             response
///         })
///     })
/// }
/// # let _ = noted(|_: Request| "hello");
/// ```
#[derive(Debug)]
#[must_use = "the server sends it"]
pub struct Answer(pub(crate) Outcome);

#[derive(Debug)]
pub(crate) enum Outcome {
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

    /// The response, if it is a value: one that a writer wrote cannot be looked into.
    pub fn response(&self) -> Option<&Response> {
        match &self.0 {
            Outcome::Response(response) | Outcome::Failed(response) => Some(response),
            Outcome::Written => None,
        }
    }

    /// The same with another response, if it is a value.
    pub fn map(self, change: impl FnOnce(Response) -> Response) -> Answer {
        Answer(match self.0 {
            Outcome::Response(response) => Outcome::Response(change(response)),
            Outcome::Failed(response) => Outcome::Failed(change(response)),
            Outcome::Written => Outcome::Written,
        })
    }
}

impl<R: IntoResponse<Source>> From<R> for Answer {
    fn from(response: R) -> Answer {
        Answer(Outcome::Response(response.into_response()))
    }
}

impl<F, R> Handler for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: IntoResponse<Source>,
{
    fn call(&self, request: Request, _exchange: &Exchange) -> Answer {
        self(request).into()
    }
}

/// Makes a handler of a function that takes the exchange: what middleware is made of.
///
/// ```
/// use purlin_std::{BoxHandler, Handler, IntoResponse, Mux, Request, Status, middleware};
///
/// let mut mux = Mux::new();
/// mux.wrap(|next: BoxHandler| {
///     BoxHandler::new(middleware(move |request, exchange| {
///         if request.field("authorization").is_none() {
///             return Status::UNAUTHORIZED.into();
///         }
///         next.call(request, exchange)
///     }))
/// });
/// mux.handle("GET /secret", |_: Request| "42\n")?;
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
pub fn middleware<F>(function: F) -> Middleware<F>
where
    F: Fn(Request, &Exchange) -> Answer + Send + Sync + 'static,
{
    Middleware(function)
}

/// A handler that takes the exchange; made by [`middleware`].
#[derive(Clone, Copy, Debug)]
pub struct Middleware<F>(F);

impl<F> Handler for Middleware<F>
where
    F: Fn(Request, &Exchange) -> Answer + Send + Sync + 'static,
{
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        (self.0)(request, exchange)
    }
}

/// Makes a handler of a function that takes the writer.
///
/// The response ends when the writer is finished, or when both the writer has
/// been dropped and the function has returned. If that returns an error, the
/// error is the answer, or, once the head is out, the response breaks off.
///
/// ```
/// use purlin_std::{Error, Server, streaming};
/// use std::io::Write;
///
/// let server = Server::new(streaming(|request, mut writer| -> Result<(), Error> {
///     writeln!(writer, "you asked for {}", request.path())?;
///     writer.flush()?;
///     writeln!(writer, "and that is all")?;
///     Ok(())
/// }));
/// # let _ = server;
/// ```
pub fn streaming<F, R>(function: F) -> Streaming<F>
where
    F: Fn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed,
{
    Streaming(function)
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

/// A handler that takes the writer; made by [`streaming`].
#[derive(Clone, Copy, Debug)]
pub struct Streaming<F>(F);

impl<F, R> Handler for Streaming<F>
where
    F: Fn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed,
{
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        (self.0)(request, exchange.writer()).into_answer()
    }
}

/// Has a handler called as soon as the head of a request has come.
///
/// Without this, up to 64 KiB of a body are taken in first (all of it, if it
/// is small), so that a client that sends slowly holds no thread. A client that
/// waits for part of the answer before it sends the rest would wait for ever.
///
/// ```
/// use purlin_std::{Mux, Request, Response, Source, full_duplex};
/// let mut mux = Mux::new();
/// let echo = |request: Request| Response::stream(Source::reader(request.into_body()));
/// mux.handle("POST /echo", full_duplex(echo))?;
/// # Ok::<(), purlin_std::InsertError>(())
/// ```
pub fn full_duplex<H: Handler>(handler: H) -> FullDuplex<H> {
    FullDuplex(handler)
}

/// A handler that writes while the client still sends; made by [`full_duplex`].
#[derive(Clone, Copy, Debug)]
pub struct FullDuplex<H>(H);

impl<H: Handler> Handler for FullDuplex<H> {
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        self.0.call(request, exchange)
    }

    fn full_duplex(&self, _head: &RequestHead) -> bool {
        true
    }
}
