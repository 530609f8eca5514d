//! purlin-smol, end to end: what observers are told, in which order.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

#[path = "smol_e2e/peer.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod peer;
#[path = "smol_e2e/told.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod told;

use peer::Site;
use purlin_smol::{
    Bytes, Content, Error, Handler, Mux, Panics, Request, Response, ResponseHead, ResponseWriter,
    Server, Source, Status, streaming,
};
use smol::io::AsyncReadExt;
use smol::stream::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use told::{Told, observer};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async fn hello(_: Request) -> &'static str {
    "hello"
}

fn watched<H: Handler>(server: Server<H>) -> (Site, Told) {
    let (tells, told) = observer();
    (Site::start(server.observe(tells)), told)
}

#[test]
fn a_connection_is_new_then_active_and_idle_in_turn_then_closed() {
    let (site, told) = watched(Server::new(hello));
    let mut peer = site.connect();
    told.expect(&["New"]);
    peer.send("G");
    told.expect(&["Active"]);
    peer.send(&GET[1..]);
    told.expect(&["GET / by -: 200 in 0 out 5", "Idle"]);
    peer.send(LAST);
    told.expect(&["Active", "GET /last by -: 200 in 0 out 5", "closed: PeerAsked", "Closed"]);
    assert_eq!(peer.response().0, 200);
}

#[test]
fn a_client_that_goes_between_requests_closes_an_idle_connection() {
    let (site, told) = watched(Server::new(hello));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
    drop(peer);
    let all = told.until("Closed");
    let states: Vec<_> = all.iter().map(|(_, line)| &**line).collect();
    let expected =
        ["New", "Active", "GET / by -: 200 in 0 out 5", "Idle", "closed: PeerClosed", "Closed"];
    assert_eq!(states, expected);
}

#[test]
fn a_connection_without_a_byte_is_never_active() {
    let (site, told) = watched(Server::new(hello));
    drop(site.connect());
    told.expect(&["New", "closed: PeerClosed", "Closed"]);
}

#[test]
fn a_fault_is_told_with_its_kind() {
    let (site, told) = watched(Server::new(hello));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    assert_eq!(peer.response().0, 400);
    drop(peer);
    let fault = "SpaceBeforeColon";
    told.expect(&["New", "Active", &format!("fault: {fault}")]);
    told.expect(&[&format!("closed: Fault({fault})"), "Closed"]);
}

#[test]
fn an_upgraded_connection_is_hijacked_and_nothing_follows() {
    let server = Server::new(streaming(async |_, writer: ResponseWriter| {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
        let mut stream = writer.upgrade(head)?;
        stream.read_to_end(&mut Vec::new()).await?;
        Ok::<(), Error>(())
    }));
    let (site, told) = watched(server);
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    told.expect(&["New", "Active", "Hijacked"]);
    peer.head();
    peer.half_close();
    assert_eq!(peer.rest(), b"");
    assert_eq!(site.shutdown(), 0);
    drop(site);
    let rest = told.rest();
    assert!(!rest.iter().any(|(_, line)| line == "Closed" || line == "Idle"), "{rest:?}");
}

#[test]
fn an_exchange_is_told_with_its_pattern_and_its_bytes() {
    let mut mux = Mux::new();
    mux.handle("POST /items/{id}", async |mut request: Request| request.body_mut().bytes().await)
        .unwrap();
    let (site, told) = watched(Server::new(mux));
    let mut peer = site.connect();
    peer.send("POST /items/7?x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    told.expect(&["New", "Active"]);
    told.expect(&["POST /items/7?x by POST /items/{id}: 200 in 3 out 3", "Idle"]);
    peer.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active", "GET /nowhere by -: 404 in 0 out 19", "Idle"]);
}

#[test]
fn a_panic_is_told_with_its_message_also_when_nobody_waits_for_the_answer() {
    let (go, gone) = smol::channel::bounded::<()>(1);
    let server = Server::new(streaming(async move |request: Request, writer: ResponseWriter| {
        if request.path() == "/late" {
            writer.finish().await.unwrap();
            let _ = gone.recv().await;
        }
        assert_eq!(request.method().as_str(), "PUT", "as asked for");
    }));
    let (site, told) = watched(server);
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 500);
    told.expect(&["New", "Active"]);
    assert!(told.next().1.starts_with("panicked: "));
    told.expect(&["GET / by -: 500 in 0 out 0", "Idle"]);
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(peer.response().0, 200);
    drop(peer);
    told.until("Closed");
    go.send_blocking(()).unwrap();
    assert!(told.next().1.contains("as asked for"));
}

#[test]
fn a_response_that_contradicts_itself_is_told() {
    let server = Server::new(async |request: Request| {
        let reader = smol::io::Cursor::new("hello");
        let response = match request.path() {
            "/stream" => {
                Response::new(Status::OK).with_content(Content::Length(7, Source::reader(reader)))
            }
            _ => Response::text("hello"),
        };
        response.with("Content-Length", "7")
    });
    let (site, told) = watched(server);
    let mut peer = site.connect();
    peer.send(GET);
    told.expect(&["New", "Active", "misused: LengthMismatch"]);
    told.expect(&["GET / by -: 500 in 0 out 0", "Idle"]);
    peer.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active", "misused: TooLittleBody"]);
    told.expect(&["GET /stream by -: 200 in 0 out 5", "closed: Aborted", "Closed"]);
}

#[test]
fn a_source_that_fails_is_told_with_its_reason() {
    let server = Server::new(async |request: Request| {
        let fails = smol::stream::once(Err(std::io::Error::other("the disk is on fire")));
        let first = smol::stream::iter(match request.path() {
            "/late" => vec![Ok(Bytes::from_static(b"some"))],
            _ => Vec::new(),
        });
        Response::new(Status::OK)
            .with_content(Content::Length(9, Source::stream(first.chain(fails))))
    });
    let (site, told) = watched(server);
    let mut peer = site.connect();
    peer.send(GET);
    let failed = "failed: reading or writing failed: the disk is on fire";
    told.expect(&["New", "Active", failed, "GET / by -: 500 in 0 out 0", "Idle"]);
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active", failed, "GET /late by -: 200 in 0 out 0", "closed: Aborted", "Closed"]);
}

#[test]
fn what_is_cut_off_is_told_too() {
    let server = Server::new(async |_: Request| std::future::pending::<&str>().await);
    let (site, told) = watched(server);
    let mut peer = site.connect();
    peer.send(GET);
    told.expect(&["New", "Active"]);
    // The handler may not run yet.
    let handle = site.handle();
    handle.close();
    assert!(peer.try_response().is_none());
    let all = told.until("Closed");
    assert!(all.iter().any(|(_, line)| line.starts_with("closed: ")), "{all:?}");
}

#[test]
fn everybody_who_observes_is_told_and_connections_are_numbered() {
    let ((one, told_one), (other, told_other)) = (observer(), observer());
    let site = Site::start(Server::new(hello).observe(one).observe(Arc::new(other)));
    for number in 1..=3 {
        drop(site.connect());
        for told in [&told_one, &told_other] {
            assert_eq!(told.until("Closed").last().unwrap().0, number);
        }
    }
}

#[test]
fn a_panic_that_propagates_ends_the_server_with_its_own_message() {
    let server = Server::new(async |request: Request| {
        assert_ne!(request.path(), "/panic", "as asked for");
        std::future::pending::<&str>().await
    });
    let (tells, told) = observer();
    let site = Site::start(server.panics(Panics::Propagate).observe(tells));
    let mut waiting = site.connect();
    waiting.send(GET);
    told.expect(&["New", "Active"]);
    let mut peer = site.connect();
    peer.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    let payload = site.served().unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.contains("as asked for"), "{message}");
    assert!(waiting.try_response().is_none(), "everything is cut off");
    let all = told.rest();
    assert!(all.iter().any(|(_, line)| line.contains("as asked for")), "{all:?}");
}

#[test]
fn a_panic_of_an_observer_costs_its_connection_and_no_other() {
    struct Panics;
    impl purlin_smol::Observer for Panics {
        fn state(&self, peer: &purlin_smol::Peer, state: purlin_smol::ConnState) {
            let idle = state == purlin_smol::ConnState::Idle;
            assert!(!idle || peer.number != 1, "as asked for");
        }
    }
    let site = Site::start(Server::new(hello).observe(Panics));
    let mut first = site.connect();
    let mut second = site.connect();
    first.send(GET);
    first.rest();
    second.send(GET);
    assert_eq!(second.response().0, 200);
    assert_eq!(site.shutdown_within(Duration::from_secs(60)), 0);
}
