//! What answers requests: functions that return a value, or that write.
//! Holds the shapes; the driver calls them, and the writer sends what they answer.

mod answer;
mod around;
mod exchange;
mod fallible;
mod streaming;

pub use answer::{Answer, IntoAnswer};
pub use around::{Next, around};
pub use exchange::Exchange;
pub use fallible::{Fallible, fallible};
pub use streaming::{Streaming, streaming};

use crate::{Request, Source};
use purlin_core::{IntoResponse, RequestHead};

/// A handler: it answers requests, on a thread of the server.
///
/// Every function from [`Request`] to something that can be turned into a
/// [`Response`](crate::Response) is a handler; [`streaming`] makes one of a
/// function that takes the [`ResponseWriter`](crate::ResponseWriter).
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

impl<F, R> Handler for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: IntoResponse<Source>,
{
    fn call(&self, request: Request, _exchange: &Exchange) -> Answer {
        self(request).into()
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
