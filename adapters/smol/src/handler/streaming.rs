//! Handlers that write their response by themselves.
//! What is written, the writer takes; when it ends, the connection decides.

use super::{Answer, Exchange, Handler, HandlerFuture, SendHandler, SendHandlerFuture};
use crate::writer::ResponseWriter;
use crate::{Request, Source};
use purlin_core::message::Streamed;
use std::future::Future;

/// A handler that writes its response by itself; made by [`streaming`].
#[derive(Clone, Copy, Debug)]
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
    R: Streamed<Source>,
{
    Streaming(function)
}

impl<F, R> Handler for Streaming<F>
where
    F: AsyncFn(Request, ResponseWriter) -> R + Send + Sync + 'static,
    R: Streamed<Source>,
{
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        let answering = (self.0)(request, exchange.writer());
        Box::pin(async move { Answer(answering.await.into_outcome()) })
    }
}

impl<F, T, R> SendHandler for Streaming<F>
where
    F: Fn(Request, ResponseWriter) -> T + AsyncFn(Request, ResponseWriter) -> R,
    F: Send + Sync + 'static,
    T: Future<Output = R> + Send + 'static,
    R: Streamed<Source>,
{
    fn call_send<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        let answering = (self.0)(request, exchange.writer());
        Box::pin(async move { Answer(answering.await.into_outcome()) })
    }
}
