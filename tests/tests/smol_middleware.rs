//! purlin-smol, end to end: what stands around handlers.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/middleware.rs"]
mod both;

use on::Site;
use purlin_smol::{
    BoxHandler, BoxSendHandler, Exchange, Handler, HandlerFuture, IntoResponse, Mux, Next, Request,
    SendMux, Server, Status, around_send,
};

#[test]
fn middleware_of_a_mux_for_any_executor_is_a_function_too() {
    let mut mux = SendMux::new();
    mux.wrap(around_send(async |request: Request, next: Next<BoxSendHandler>| {
        next.run(request).await.map(|response| response.with_status(Status::CREATED))
    }));
    mux.handle("/{$}", async |_: Request| "made").unwrap();
    let site = Site::start(Server::new(mux));
    assert!(both::get(&site, "/").0.starts_with("HTTP/1.1 201 "));
    // What has no route, too.
    assert!(both::get(&site, "/missing").0.starts_with("HTTP/1.1 201 "));
}

/// Middleware as a type: the future of the next handler is passed on unwrapped.
struct ReadOnly(BoxHandler);

impl Handler for ReadOnly {
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        if request.method().is_safe() {
            return self.0.call(request, exchange);
        }
        Box::pin(async { Status::METHOD_NOT_ALLOWED.into_response().into() })
    }
}

#[test]
fn middleware_may_be_a_type_of_its_own() {
    let mut mux = Mux::new();
    mux.wrap(|next| BoxHandler::new(ReadOnly(next)));
    mux.handle("/", async |_: Request| "read").unwrap();
    let site = Site::start(Server::new(mux));
    assert_eq!(both::get(&site, "/").1, "read");
    let mut peer = site.connect();
    peer.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 405);
}
