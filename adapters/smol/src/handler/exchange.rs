//! The exchange that a handler answers: what it needs beyond the request.
//! Holds nothing: what is open, the engine knows.

use crate::writer::ResponseWriter;
use purlin_core::message::Hooks;
use purlin_engine::served::Open;
use std::fmt;

/// A request and its response to be, seen by a [`Handler`](crate::Handler).
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
    /// what the handler returns counts only if it is [`Answer::written`](crate::Answer::written).
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

    fn follow(&self, add: impl FnOnce(&mut Hooks)) {
        self.0.follow(add);
    }
}

purlin_engine::exchange_api! { example "# fn example(exchange: &purlin_smol::Exchange) {" }

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({})", self.0.id)
    }
}
