//! An axum router, and other tower services, served by purlin-smol on real sockets.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "../../tests/kit/mod.rs"]
mod kit;
#[path = "../../tests/kit/smol.rs"]
mod on;
mod tower_kit;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use kit::LONG;
use kit::peer::Guard;
use kit::told::{Told, observer};
use on::Site;
use purlin_smol::tower::{OnUpgrade, ServiceHandler};
use purlin_smol::{Mux, Peer, Server};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::io;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll};
use tower_kit::{frames, pieces};
use tower_service::Service;

fn serve(router: Router) -> Site {
    Site::start(Server::new(ServiceHandler::new(router)))
}

/// One request on a connection of its own, and all that comes back.
fn ask(site: &Site, text: &str) -> String {
    let mut peer = site.connect();
    peer.send(text);
    peer.half_close();
    String::from_utf8(peer.rest()).unwrap()
}

fn get_of(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

#[test]
fn routes_parameters_and_refusals_are_axums() {
    let router = Router::new()
        .route("/", get("root\n"))
        .route("/hello/{name}", get(async |Path(name): Path<String>| format!("hello, {name}\n")))
        .route("/items", post(async |body: String| (StatusCode::CREATED, body)));
    let site = serve(router);
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/go%20pher HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response(), (200, "root\n".into()));
    assert_eq!(peer.response(), (200, "hello, go pher\n".into()));
    let json = r#"{"a":1}"#;
    peer.send(&format!(
        "POST /items HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
        json.len()
    ));
    assert_eq!(peer.response(), (201, json.into()));
    peer.send("POST /items HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(peer.response(), (201, "abc".into()));
    peer.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 404);
    peer.send("DELETE /items HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 405 ") && head.contains("allow: POST\r\n"), "{head}");
}

#[test]
fn head_has_the_length_and_no_body() {
    let site = serve(Router::new().route("/", get("root\n")));
    let answer = ask(&site, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("content-length: 5\r\n"), "{answer}");
}

#[test]
fn head_of_a_stream_tells_no_length() {
    let stream = async || Body::new(pieces(&["one", "two"]));
    let site = serve(Router::new().route("/", get(stream)));
    let answer = ask(&site, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(!answer.to_lowercase().contains("content-length"), "{answer}");
}

#[test]
fn a_streamed_answer_goes_out_as_it_comes_with_its_trailers() {
    let (give, body) = frames();
    let body = std::sync::Mutex::new(Some(body));
    let stream = move || {
        let body = body.lock().unwrap().take();
        std::future::ready(Body::new(body.unwrap()))
    };
    let stream = std::sync::Arc::new(stream);
    let site = serve(Router::new().route("/", get(move || stream())));
    let mut peer = site.connect();
    peer.send(&get_of("/"));
    give.data("one");
    assert!(peer.head().contains("Transfer-Encoding: chunked\r\n"));
    assert_eq!(peer.exactly(8), b"3\r\none\r\n", "before the next one is there");
    give.data("two!");
    assert_eq!(peer.exactly(9), b"4\r\ntwo!\r\n");
    give.trailer("x-sum", "7");
    drop(give);
    assert_eq!(peer.rest(), b"0\r\nx-sum: 7\r\n\r\n");
}

#[test]
fn trailers_behind_a_known_length_are_left_out() {
    let answer = async || {
        let (give, frames) = frames();
        give.data("one");
        give.trailer("x-sum", "7");
        ([("content-length", "3")], Body::new(frames))
    };
    let site = serve(Router::new().route("/", get(answer)));
    let answer = ask(&site, &get_of("/"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\none"), "{answer}");
}

#[test]
fn a_body_is_echoed_while_it_comes() {
    let echo = async |request: Request| request.into_body();
    let site = serve(Router::new().route("/", post(echo)));
    let mut peer = site.connect();
    peer.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    );
    peer.send("3\r\none\r\n");
    peer.head();
    assert_eq!(peer.exactly(8), b"3\r\none\r\n");
    peer.send("3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n");
    assert_eq!(peer.exactly(8), b"3\r\ntwo\r\n");
    let rest = String::from_utf8(peer.rest()).unwrap();
    assert_eq!(rest.to_lowercase(), "0\r\nx-sum: 6\r\n\r\n");
}

#[test]
fn a_large_body_goes_both_ways_whole() {
    let echo = async |request: Request| request.into_body();
    let site = serve(Router::new().route("/", post(echo)));
    let mut peer = site.connect();
    let size = 8 << 20;
    peer.send(&format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    ));
    let mut twin = peer.twin();
    let body: Vec<u8> = (0..size as u32).map(|n| (n % 251) as u8).collect();
    let sending = std::thread::spawn(move || {
        twin.send_bytes(&body);
        body
    });
    let head = peer.head();
    assert!(head.contains(&format!("Content-Length: {size}\r\n")), "its length is known: {head}");
    let got = peer.rest();
    assert!(got == sending.join().unwrap());
}

#[test]
fn a_handler_knows_its_peer_and_values_by_extensions() {
    struct Motto(&'static str);
    let router = Router::new().route(
        "/",
        get(
            async |Extension(peer): Extension<Peer>,
                   Extension(values): Extension<purlin_smol::Values>| {
                format!("{} {}", peer.number, values.get::<Motto>().unwrap().0)
            },
        ),
    );
    let mut mux = Mux::new();
    mux.handle("/", ServiceHandler::new(router)).unwrap();
    let site = Site::start(Server::new(mux).value(Motto("less is more")));
    assert!(ask(&site, &get_of("/")).ends_with("\r\n\r\n1 less is more"));
}

/// A service that is ready once, and then fails in the way it is asked to.
#[derive(Clone)]
struct Faulty {
    ready: bool,
}

#[derive(Debug)]
struct Broken(io::Error);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the back end is gone")
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Service<http::Request<purlin_smol::Body>> for Faulty {
    type Response = http::Response<Body>;
    type Error = Broken;
    type Future = std::future::Ready<Result<Self::Response, Broken>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if !std::mem::replace(&mut self.ready, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<purlin_smol::Body>) -> Self::Future {
        assert!(self.ready, "called before it was ready");
        std::future::ready(match request.uri().path() {
            "/error" => Err(Broken(io::Error::other("no route to it"))),
            "/body" => {
                let (give, frames) = frames();
                give.data(vec![b'x'; 5000]);
                give.fail("half way");
                Ok(http::Response::new(Body::new(frames)))
            }
            "/early" => {
                let (give, frames) = frames();
                give.data("some");
                give.fail("at once");
                Ok(http::Response::new(Body::new(frames)))
            }
            "/switch" => {
                let response = http::Response::builder().status(101).header("upgrade", "x");
                Ok(response.body(Body::empty()).unwrap())
            }
            _ => Ok(http::Response::new(Body::from("fine"))),
        })
    }
}

fn faulty() -> (Site, Told) {
    let (tells, told) = observer();
    (Site::start(Server::new(ServiceHandler::new(Faulty { ready: false })).observe(tells)), told)
}

#[test]
fn a_service_is_called_once_it_is_ready() {
    let (site, _told) = faulty();
    assert!(ask(&site, &get_of("/")).ends_with("\r\n\r\nfine"));
}

#[test]
fn a_service_that_fails_is_answered_500_and_told() {
    let (site, told) = faulty();
    let mut peer = site.connect();
    peer.send("GET /error HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500);
    told.expect(&["New", "Active", "failed: the back end is gone: no route to it"]);
    told.expect(&["GET /error by -: 500 in 0 out 0", "Idle"]);
    peer.send(&get_of("/"));
    assert_eq!(peer.response(), (200, "fine".into()), "the connection goes on");
}

#[test]
fn a_body_that_fails_breaks_the_answer_off_and_is_told() {
    let (site, told) = faulty();
    let mut peer = site.connect();
    peer.send("GET /early HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500, "nothing has gone out");
    let failed = "failed: reading or writing failed: at once";
    told.expect(&["New", "Active", failed, "GET /early by -: 500 in 0 out 0", "Idle"]);
    drop(peer);
    told.until("Closed");
    let answer = ask(&site, &get_of("/body"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    let all = told.until("Closed");
    assert!(all.iter().any(|(_, line)| line.ends_with("half way")), "{all:?}");
}

#[test]
fn an_upgrade_that_nobody_asked_for_is_answered_500_and_told() {
    let (site, told) = faulty();
    assert!(ask(&site, &get_of("/switch")).starts_with("HTTP/1.1 500 "));
    told.expect(&["New", "Active", "misused: NotUpgradable"]);
}

#[test]
fn a_fault_of_the_client_behind_an_error_has_its_own_status() {
    let echo = async |request: Request| request.into_body();
    let (tells, told) = observer();
    let router = Router::new().route("/", post(echo));
    let server = Server::new(ServiceHandler::new(router)).observe(tells).body_limit(10);
    let site = Site::start(server);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n";
    assert!(ask(&site, head).starts_with("HTTP/1.1 413 "));
    let all = told.until("Closed");
    assert!(!all.iter().any(|(_, line)| line.starts_with("failed")), "{all:?}");
}

#[test]
fn a_client_that_goes_takes_its_service_along() {
    let (tell, gone) = sync_channel(2);
    let wait = async move |request: Request| {
        let guard = Guard(tell.clone());
        if request.uri().path() == "/body" {
            let (give, frames) = frames();
            give.data("x");
            return Body::new(frames.holding((give, guard))).into_response();
        }
        tell.send(()).unwrap();
        std::future::pending::<Response>().await
    };
    let site = serve(Router::new().fallback(wait));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    gone.recv_timeout(LONG).expect("it has begun");
    peer.reset();
    gone.recv_timeout(LONG).unwrap();

    let mut peer = site.connect();
    peer.send("GET /body HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.head();
    peer.reset();
    gone.recv_timeout(LONG).unwrap();
}

#[test]
fn a_service_may_upgrade() {
    const ASKS: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    let (tell, upgraded) = sync_channel(1);
    let upgrade = async move |Extension(upgrade): Extension<OnUpgrade>, request: Request| {
        smol::spawn(async move {
            let stream = upgrade.upgraded().await;
            tell.send(stream.is_some()).unwrap();
            let Some(mut stream) = stream else { return };
            let mut line = [0; 3];
            stream.read_exact(&mut line).await.unwrap();
            stream.write_all(&line).await.unwrap();
            stream.close().await.unwrap();
        })
        .detach();
        let status = match request.uri().path() {
            "/" => StatusCode::SWITCHING_PROTOCOLS,
            _ => StatusCode::OK,
        };
        (status, [("upgrade", "echo")])
    };
    let site = serve(Router::new().fallback(upgrade));
    let mut peer = site.connect();
    peer.send(&format!("{ASKS}abc"));
    assert!(peer.head().starts_with("HTTP/1.1 101 "));
    assert_eq!(peer.rest(), b"abc");
    assert!(upgraded.recv_timeout(LONG).unwrap());
    // Another answer leaves nothing to take.
    let refused = ASKS.replace("GET / ", "GET /no ");
    assert!(ask(&site, &refused).starts_with("HTTP/1.1 200 "));
    assert!(!upgraded.recv_timeout(LONG).unwrap());
    // One that asks for nothing has nothing to take.
    assert!(ask(&site, &get_of("/")).starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_router_runs_on_the_executor_of_a_caller_too() {
    let router = Router::new().route("/", get("anywhere\n"));
    let bound =
        smol::block_on(Server::new(ServiceHandler::new(router)).bind("127.0.0.1:0")).unwrap();
    let (address, handle) = (bound.local_addr(), bound.handle());
    let serving = std::thread::spawn(|| {
        smol::block_on(bound.serve_on(|connection| smol::spawn(connection).detach()))
    });
    let mut peer = kit::peer::Peer::new(address);
    peer.send(&get_of("/"));
    assert_eq!(peer.response(), (200, "anywhere\n".into()));
    handle.close();
    serving.join().unwrap().unwrap();
}
