//! purlin-std, end to end: what stands around handlers.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/middleware.rs"]
mod both;

use on::Site;
use purlin_std::{
    Answer, BoxHandler, Exchange, Handler, Mux, Next, Request, Response, Server, Source, Status,
    around, full_duplex,
};

/// Middleware as a type.
struct ReadOnly(BoxHandler);

impl Handler for ReadOnly {
    fn call(&self, request: Request, exchange: &Exchange) -> Answer {
        if request.method().is_safe() {
            return self.0.call(request, exchange);
        }
        Status::METHOD_NOT_ALLOWED.into()
    }
}

#[test]
fn middleware_may_be_a_type_of_its_own() {
    let mut mux = Mux::new();
    mux.wrap(|next| BoxHandler::new(ReadOnly(next)));
    mux.handle("/", |_: Request| "read").unwrap();
    let site = Site::start(Server::new(mux));
    assert_eq!(both::get(&site, "/").1, "read");
    let mut peer = site.connect();
    peer.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 405);
}

#[test]
fn a_handler_that_writes_while_the_client_sends_does_so_behind_middleware_too() {
    let mut mux = Mux::new();
    mux.wrap(around(|request: Request, next: Next| next.run(request)));
    let echo = |request: Request| Response::stream(Source::from(request.into_body()));
    mux.handle("POST /echo", full_duplex(echo)).unwrap();
    let site = Site::start(Server::new(mux));
    let mut peer = site.connect();
    peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    peer.head();
    // The answer begins before the request has ended.
    assert_eq!(peer.exactly(6), b"1\r\na\r\n");
    peer.send("b");
    assert_eq!(peer.exactly(11), b"1\r\nb\r\n0\r\n\r\n");
}

#[test]
fn what_answers_otherwise_may_write_while_the_client_sends_too() {
    let mut mux = Mux::new();
    mux.wrap(around(|request: Request, next: Next| next.run(request)));
    let echo = |request: Request| Response::stream(Source::from(request.into_body()));
    mux.otherwise(full_duplex(echo));
    let site = Site::start(Server::new(mux));
    let mut peer = site.connect();
    peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    peer.head();
    assert_eq!(peer.exactly(6), b"1\r\na\r\n");
    peer.send("b");
    assert_eq!(peer.exactly(11), b"1\r\nb\r\n0\r\n\r\n");
}
