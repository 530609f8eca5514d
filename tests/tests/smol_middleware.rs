//! purlin-smol, end to end: what stands around handlers.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "smol_e2e/peer.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod peer;

use peer::{Peer, Site};
use purlin_smol::{
    Answer, BoxHandler, BoxSendHandler, Error, Exchange, Handler, HandlerFuture, IntoResponse, Mux,
    Next, Request, Response, ResponseWriter, SendMux, Server, Status, around, around_send,
    streaming,
};
use std::sync::mpsc;

fn get(site: &Site, path: &str) -> (String, String) {
    let mut peer = site.connect();
    peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    (peer.head(), body(peer))
}

fn body(mut peer: Peer) -> String {
    String::from_utf8(peer.rest()).unwrap()
}

#[test]
fn middleware_sees_and_changes_the_response_of_a_value_and_of_no_other() {
    let (tell, told) = mpsc::channel();
    let mut mux = Mux::new();
    mux.wrap(around(async move |request: Request, next: Next| {
        let answer = next.run(request).await;
        tell.send(answer.response().map(Response::status)).unwrap();
        answer.map(|response| response.with("X-Seen", "1").into_response())
    }));
    mux.handle("/value", async |_: Request| (Status::ACCEPTED, "value")).unwrap();
    mux.handle("/fails", async |_: Request| Err::<(), _>(Status::NOT_FOUND)).unwrap();
    let written = async |_: Request, mut writer: ResponseWriter| writer.write(b"written").await;
    mux.handle("/written", streaming(written)).unwrap();
    let site = Site::start(Server::new(mux));
    let (head, body) = get(&site, "/value");
    assert!(head.starts_with("HTTP/1.1 202 ") && head.contains("X-Seen: 1\r\n"), "{head}");
    assert_eq!((&*body, told.recv().unwrap()), ("value", Some(Status::ACCEPTED)));
    assert!(get(&site, "/fails").0.starts_with("HTTP/1.1 404 "));
    assert_eq!(told.recv().unwrap(), Some(Status::NOT_FOUND));
    let (head, body) = get(&site, "/written");
    assert!(!head.contains("X-Seen"), "{head}");
    assert_eq!((&*body, told.recv().unwrap()), ("written", None));
}

#[test]
fn middleware_may_answer_by_itself_with_a_value_or_an_error_or_a_writer() {
    let mut mux = Mux::new();
    mux.wrap(around(async |request: Request, next: Next| -> Result<Answer, Error> {
        match request.path() {
            "/value" => Ok(Response::text("by itself").into()),
            "/error" => Err(Error::Misuse(purlin_smol::Misuse::WrongStatus)),
            "/writer" => {
                let mut writer = next.exchange().writer();
                writer.write(b"written").await?;
                Ok(Answer::written())
            }
            _ => Ok(next.run(request).await),
        }
    }));
    mux.handle("/", async |_: Request| "behind").unwrap();
    let site = Site::start(Server::new(mux));
    assert_eq!(get(&site, "/value").1, "by itself");
    assert!(get(&site, "/error").0.starts_with("HTTP/1.1 500 "));
    assert_eq!(get(&site, "/writer").1, "written");
    assert_eq!(get(&site, "/").1, "behind");
}

#[test]
fn what_is_wrapped_first_is_outermost_and_groups_are_inside() {
    let tag = |tag: &'static str| {
        around(async move |mut request: Request, next: Next| {
            let before = request.value::<String>().cloned().unwrap_or_default();
            request.add_value(before + tag);
            next.run(request).await
        })
    };
    let tags = async |r: Request| r.value::<String>().cloned();
    let mut mux = Mux::new();
    mux.wrap(tag("a")).wrap(tag("b"));
    let mut group = mux.group("/in");
    group.wrap(tag("c"));
    group.handle("/x", async move |r: Request| tags(r).await.unwrap_or_default()).unwrap();
    let site = Site::start(Server::new(mux));
    assert_eq!(get(&site, "/in/x").1, "abc");
}

#[test]
fn middleware_of_a_mux_for_any_executor_is_a_function_too() {
    let mut mux = SendMux::default();
    mux.wrap(around_send(async |request: Request, next: Next<BoxSendHandler>| {
        next.run(request).await.map(|response| response.with_status(Status::CREATED))
    }));
    mux.handle("/", async |_: Request| "made").unwrap();
    let site = Site::start(Server::new(mux));
    assert!(get(&site, "/").0.starts_with("HTTP/1.1 201 "));
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
    assert_eq!(get(&site, "/").1, "read");
    let mut peer = site.connect();
    peer.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 405);
}
