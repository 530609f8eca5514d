//! The two kinds of futures that handlers have, so that one driver polls both.
//! Begins them; an executor of their kind runs the driver.

use super::{Exchange, Handler, HandlerFuture, SendHandler, SendHandlerFuture};
use crate::writer::ResponseWriter;
use crate::{Answer, Body, Request, Response, Source};
use purlin_core::message::Outcome;
use purlin_engine::served::{Open, Reader, Service, Writer};
use std::sync::Arc;

/// A handler whose futures stay on their thread.
pub(crate) struct Staying<H>(pub(crate) Arc<H>);

/// A handler whose futures may move between threads.
pub(crate) struct Moving<H>(pub(crate) Arc<H>);

/// Has a kind of handlers be served: they differ in their futures alone.
macro_rules! serve_kind {
    ($kind:ident of $handler:ident by $call:ident: $future:ident) => {
        impl<H: $handler> Service for $kind<H> {
            type Body = Body;
            type Exchange = Exchange;
            type Source = Source;
            type Answer = Answer;
            type Future<'h> = $future<'h>;

            fn body(reader: Reader) -> Body {
                Body::of(reader)
            }

            fn exchange(open: Open) -> Exchange {
                Exchange(open)
            }

            fn open(exchange: &mut Exchange) -> &mut Open {
                &mut exchange.0
            }

            fn outcome(answer: Answer) -> Outcome<Source> {
                answer.0
            }

            fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> $future<'h> {
                self.0.$call(request, exchange)
            }

            fn send<'h>(writer: Writer, response: Response) -> $future<'h> {
                Box::pin(send(ResponseWriter::new(writer), response))
            }
        }
    };
}

serve_kind! { Staying of Handler by call: HandlerFuture }
serve_kind! { Moving of SendHandler by call_send: SendHandlerFuture }

async fn send(writer: ResponseWriter, response: Response) -> Answer {
    // An error was the source's, and is told to the peer; or the peer is gone.
    let _ = writer.respond(response).await;
    Answer::written()
}
