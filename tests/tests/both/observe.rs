//! What observers are told, in which order, on either adapter.

use crate::kit::GET;
use crate::kit::told::observer;
use crate::on::{ReadExt, Site, hello, pass, pieces, purlin};
use purlin::{
    Bytes, Content, Mux, Panics, Request, Response, ResponseHead, ResponseWriter, Result, Server,
    Source, Status, streaming,
};
use std::sync::Arc;

const LAST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn a_connection_is_new_then_active_and_idle_in_turn_then_closed() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
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
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
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
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
    drop(site.connect());
    told.expect(&["New", "closed: PeerClosed", "Closed"]);
}

#[test]
fn a_fault_is_told_with_its_kind() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).observe(tells));
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
    let (tells, told) = observer();
    let server = Server::new(streaming(handler!(|_, writer: ResponseWriter| -> Result {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
        let mut stream = writer.upgrade(head)?;
        wait!(stream.read_to_end(&mut Vec::new()))?;
        Ok(())
    })));
    let site = Site::start(server.observe(tells));
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
    let (tells, told) = observer();
    let mut mux = Mux::new();
    let echo = handler!(|mut request: Request| wait!(request.body_mut().bytes()));
    mux.handle("POST /items/{id}", echo).unwrap();
    let site = Site::start(Server::new(mux).observe(tells));
    let mut peer = site.connect();
    peer.send("POST /items/7?x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    told.expect(&["New", "Active"]);
    told.expect(&["POST /items/7?x by POST /items/{id}: 200 in 3 out 3", "Idle"]);
    peer.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active", "GET /nowhere by -: 404 in 0 out 19", "Idle"]);
}

#[test]
fn a_panic_is_told_with_its_message_also_when_nobody_waits_for_the_answer() {
    let (tells, told) = observer();
    let (go, gone) = smol::channel::bounded::<()>(1);
    let server = Server::new(streaming(handler!(|request: Request, writer: ResponseWriter| {
        if request.path() == "/late" {
            wait!(writer.finish()).unwrap();
            wait!(pass(&gone));
        }
        assert_eq!(request.method().as_str(), "PUT", "as asked for");
    })));
    let site = Site::start(server.observe(tells));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 500);
    told.expect(&["New", "Active"]);
    // A thread tells it once it has the connection back.
    told.all_of(&["panicked: ", "GET / by -: 500 in 0 out 0", "Idle"]);
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(peer.response().0, 200);
    drop(peer);
    go.send_blocking(()).unwrap();
    told.all_of(&["as asked for", "Closed"]);
}

#[test]
fn a_response_that_contradicts_itself_is_told() {
    let (tells, told) = observer();
    let server = Server::new(handler!(|request: Request| {
        let reader = Source::reader("hello".as_bytes());
        let response = match request.path() {
            "/stream" => Response::new(Status::OK).with_content(Content::Length(7, reader)),
            _ => Response::text("hello"),
        };
        response.with("Content-Length", "7")
    }));
    let site = Site::start(server.observe(tells));
    let mut peer = site.connect();
    peer.send(GET);
    told.expect(&["New", "Active", "misused: LengthMismatch"]);
    told.expect(&["GET / by -: 500 in 0 out 0", "Idle"]);
    peer.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active", "misused: TooLittleBody"]);
    told.expect(&["GET /stream by -: 200 in 0 out 5", "closed: Aborted", "Closed"]);
}

#[test]
fn what_is_cut_off_is_told_too() {
    let (tells, told) = observer();
    let (go, gone) = smol::channel::bounded::<()>(1);
    let server = Server::new(handler!(|_: Request| {
        wait!(pass(&gone));
        "late"
    }));
    let site = Site::start(server.observe(tells));
    let mut peer = site.connect();
    peer.send(GET);
    told.expect(&["New", "Active"]);
    // The handler may not run yet.
    site.handle().close();
    assert!(peer.try_response().is_none());
    drop(go);
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
    let (tells, told) = observer();
    let (go, gone) = smol::channel::bounded::<()>(1);
    let server = Server::new(handler!(|request: Request| {
        assert_ne!(request.path(), "/panic", "as asked for");
        wait!(pass(&gone));
        "late"
    }));
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
    drop(go);
    let all = told.rest();
    assert!(all.iter().any(|(_, line)| line.contains("as asked for")), "{all:?}");
}

#[test]
fn a_source_that_fails_is_told_with_its_reason() {
    let (tells, told) = observer();
    let server = Server::new(handler!(|request: Request| {
        let first = (request.path() == "/late").then(|| Ok(Bytes::from_static(b"some")));
        let fails = Err(std::io::Error::other("the disk is on fire"));
        let source = pieces(first.into_iter().chain([fails]));
        Response::new(Status::OK).with_content(Content::Length(9, source))
    }));
    let site = Site::start(server.observe(tells));
    let mut peer = site.connect();
    peer.send(GET);
    let failed = "failed: reading or writing failed: the disk is on fire";
    told.expect(&["New", "Active", failed, "GET / by -: 500 in 0 out 0", "Idle"]);
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active", failed]);
    // Whether the piece before is sent at once is the adapter's.
    let rest = told.until("Closed");
    let lines: Vec<_> = rest.iter().map(|(_, line)| &**line).collect();
    assert!(lines[0].starts_with("GET /late by -: 200 in 0 out "), "{lines:?}");
    assert_eq!(lines[1..], ["closed: Aborted", "Closed"]);
}
