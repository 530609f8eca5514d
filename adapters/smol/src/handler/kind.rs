//! The two kinds of futures that handlers have, so that one driver polls both.
//! Begins them; an executor of their kind runs the driver.

use super::{Exchange, Handler, HandlerFuture, SendHandler, SendHandlerFuture};
use crate::writer::ResponseWriter;
use crate::{Answer, Request, Response};
use std::future::Future;
use std::sync::Arc;

/// A handler, and what its futures are.
pub(crate) trait Kind: Send + Sync + 'static {
    type Future<'h>: Future<Output = Answer> + Unpin;

    /// Begins to answer.
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> Self::Future<'h>;

    /// Begins to send a response whose bytes are still to come.
    fn send<'h>(writer: ResponseWriter, response: Response) -> Self::Future<'h>;
}

/// A handler whose futures stay on their thread.
pub(crate) struct Staying<H>(pub(crate) Arc<H>);

/// A handler whose futures may move between threads.
pub(crate) struct Moving<H>(pub(crate) Arc<H>);

impl<H: Handler> Kind for Staying<H> {
    type Future<'h> = HandlerFuture<'h>;

    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        self.0.call(request, exchange)
    }

    fn send<'h>(writer: ResponseWriter, response: Response) -> HandlerFuture<'h> {
        Box::pin(send(writer, response))
    }
}

impl<H: SendHandler> Kind for Moving<H> {
    type Future<'h> = SendHandlerFuture<'h>;

    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> SendHandlerFuture<'h> {
        self.0.call_send(request, exchange)
    }

    fn send<'h>(writer: ResponseWriter, response: Response) -> SendHandlerFuture<'h> {
        Box::pin(send(writer, response))
    }
}

async fn send(writer: ResponseWriter, response: Response) -> Answer {
    // An error was the source's, and is told to the peer; or the peer is gone.
    let _ = writer.respond(response).await;
    Answer::written()
}
