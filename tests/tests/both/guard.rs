//! Code of the application that fails or panics where no handler runs, on either adapter:
//! what a response is made of, observers, what makes values and the answers to faults.

use crate::kit::GET;
use crate::kit::told::observer;
use crate::on::{Site, hello, pieces, purlin};
use purlin::{
    BoxError, Bytes, ConnState, Content, Error, FaultAnswer, Mux, Observer, Panics, Request,
    Response, ResponseWriter, Result, Server, Status, fallible, streaming,
};
use std::io;

/// What gives pieces, and panics behind so many; dropped by that, it panics again.
struct Faints(usize);

impl Iterator for Faints {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        assert_ne!(self.0, 0, "as asked for");
        self.0 -= 1;
        Some(Ok(Bytes::from(vec![b'x'; 5000])))
    }
}

impl Drop for Faints {
    fn drop(&mut self) {
        assert_ne!(self.0, 0, "once more");
    }
}

#[test]
fn a_source_that_panics_is_answered_with_500_or_breaks_off_and_is_told() {
    let (tells, told) = observer();
    let server = Server::new(handler!(|request: Request| {
        let source = pieces(Faints(if request.path() == "/late" { 2 } else { 0 }));
        if request.query() == Some("length") {
            return Response::new(Status::OK).with_content(Content::Length(20_000, source));
        }
        Response::stream(source)
    }));
    let site = Site::start(server.observe(tells));
    for query in ["", "?length"] {
        let mut peer = site.connect();
        for _ in 0..2 {
            peer.send(&format!("GET /early{query} HTTP/1.1\r\nHost: a\r\n\r\n"));
            assert_eq!(peer.response().0, 500);
        }
        peer.send(&format!("GET /late{query} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(peer.head().starts_with("HTTP/1.1 200"));
        let rest = peer.rest();
        assert!(rest.len() < 20_000 && !rest.ends_with(b"0\r\n\r\n"), "it is cut");
        let lines = told.until("Closed");
        let panics = lines.iter().filter(|(_, line)| line.contains("as asked for")).count();
        assert_eq!(panics, 3, "{lines:?}");
    }
    assert_eq!(site.shutdown(), 0);
}

/// What panics when it is dropped, and gives nothing else.
struct Last(bool);

impl Iterator for Last {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        None
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        assert!(self.0, "as asked for");
    }
}

#[test]
fn a_source_that_panics_when_it_is_dropped_costs_nothing_that_was_sent() {
    let (tells, told) = observer();
    let server = Server::new(handler!(|_: Request| Response::stream(pieces(Last(false)))));
    let site = Site::start(server.observe(tells));
    let mut peer = site.connect();
    for method in ["GET", "HEAD", "GET"] {
        peer.send(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        if head.contains("chunked") && method == "GET" {
            assert_eq!(peer.exactly(5), b"0\r\n\r\n");
        }
    }
    drop(peer);
    let lines = told.until("Closed");
    assert_eq!(lines.iter().filter(|(_, line)| line.contains("as asked for")).count(), 3);
    assert_eq!(site.shutdown(), 0);
}

#[test]
fn a_source_that_panics_ends_the_server_where_panics_propagate() {
    let server = Server::new(handler!(|_: Request| Response::stream(pieces(Faints(0)))));
    let site = Site::start(server.panics(Panics::Propagate));
    let mut peer = site.connect();
    peer.send(GET);
    let payload = site.served().unwrap_err();
    assert!(payload.downcast_ref::<String>().unwrap().contains("as asked for"));
}

#[test]
fn an_error_of_a_handler_is_told_once_with_its_text_and_what_the_client_did_is_not() {
    let (tells, told) = observer();
    let server = Server::new(handler!(|mut request: Request| -> Result<&'static str> {
        match request.path() {
            "/io" => Err(io::Error::other("the disk is on fire"))?,
            "/body" => drop(wait!(request.body_mut().text())?),
            _ => {
                Err(Error::Field(Response::new(Status::OK).with("\n", "").map(drop).unwrap_err()))?;
            }
        }
        Ok("read")
    }));
    let site = Site::start(server.observe(tells));
    let mut peer = site.connect();
    peer.send("GET /io HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response(), (500, "Internal Server Error\n".into()));
    let failed = "failed: reading or writing failed: the disk is on fire";
    told.expect(&["New", "Active", failed, "GET /io by -: 500 in 0 out 22", "Idle"]);
    peer.send("GET /field HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500);
    let lines = told.until("Idle");
    assert!(lines[1].1.starts_with("failed: "), "{lines:?}");
    peer.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\u{1}");
    assert_eq!(peer.response(), (200, "read".into()));
    peer.send("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
    assert_eq!(peer.response().0, 400);
    assert!(!told.until("Closed").iter().any(|(_, line)| line.contains("failed: ")));
}

#[test]
fn an_error_behind_the_first_bytes_is_told_once() {
    let (tells, told) = observer();
    let handler = handler!(|request: Request, mut writer: ResponseWriter| -> Result {
        if request.path() == "/source" {
            let fails = [Ok(Bytes::from_static(b"some")), Err(io::Error::other("no more"))];
            return wait!(writer.respond(Response::stream(pieces(fails))));
        }
        wait!(writer.write(b"some"))?;
        wait!(writer.flush())?;
        Err(io::Error::other("no more").into())
    });
    let site = Site::start(Server::new(streaming(handler)).observe(tells));
    for path in ["/", "/source"] {
        let mut peer = site.connect();
        peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        peer.rest();
        let lines = told.until("Closed");
        let told = lines.iter().filter(|(_, line)| line.contains("no more")).count();
        assert_eq!(told, 1, "{lines:?}");
    }
}

/// Panics whenever it is told something.
struct Breaks;

impl Observer for Breaks {
    fn state(&self, _: &purlin::Peer, _: ConnState) {
        panic!("as asked for");
    }

    fn exchange(&self, _: &purlin::Peer, _: &purlin::observe::Exchange) {
        panic!("as asked for");
    }

    fn closed(&self, _: &purlin::Peer, _: purlin::CloseReason) {
        panic!("as asked for");
    }
}

#[test]
fn an_observer_that_panics_costs_nothing_but_what_it_would_have_told() {
    let (tells, told) = observer();
    let server = Server::new(hello).observe(Breaks).observe(tells).panics(Panics::Propagate);
    let site = Site::start(server);
    let mut peer = site.connect();
    for _ in 0..3 {
        peer.send(GET);
        assert_eq!(peer.response(), (200, "hello".into()));
    }
    drop(peer);
    let lines = told.until("Closed");
    assert_eq!(lines.iter().filter(|(_, line)| line.starts_with("GET")).count(), 3);
    assert_eq!(site.shutdown(), 0);
}

#[test]
fn what_makes_values_and_answers_to_faults_may_panic() {
    let (tells, told) = observer();
    let answer = FaultAnswer::new(|_| panic!("an answer"));
    let server = Server::new(hello).answer_faults(answer).observe(tells);
    let site = Site::start(server.connection_values(|peer, values| {
        assert_ne!(peer.number, 1, "a value");
        values
    }));
    let mut first = site.connect();
    assert!(first.rest().is_empty(), "nobody can serve it");
    let lines = told.until("Closed");
    assert!(lines.iter().any(|(_, line)| line.contains("a value")), "{lines:?}");
    let mut second = site.connect();
    second.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(second.response().0, 400);
    told.all_of(&["panicked: an answer", "fault: MissingHost"]);
    drop(second);
    assert_eq!(site.shutdown(), 0);
}

/// As `anyhow::Error` is: made of any error, and none itself.
struct Report(BoxError);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Report {
    fn from(error: E) -> Report {
        Report(Box::new(error))
    }
}

impl From<Report> for BoxError {
    fn from(report: Report) -> BoxError {
        report.0
    }
}

#[test]
fn any_error_of_a_handler_is_answered_with_500_and_told_and_the_clients_fault_is_not() {
    let (tells, told) = observer();
    let mut mux = Mux::new();
    let boxed = handler!(|r: Request| -> std::result::Result<String, BoxError> {
        let number: u32 = r.param("number").parse()?;
        Ok(format!("{number}"))
    });
    mux.handle("/boxed/{number}", boxed).unwrap();
    let reported = handler!(|r: Request| -> std::result::Result<String, Report> {
        let number: u32 = r.param("number").parse()?;
        Ok(format!("{number}"))
    });
    mux.handle("/reported/{number}", fallible(reported)).unwrap();
    let text = handler!(|_: Request| Err::<(), _>("no word to the client"));
    mux.handle("/text/x", text).unwrap();
    let plain = handler!(|_: Request| Err::<(), _>(io::Error::other("the disk is full")));
    mux.handle("/io/x", plain).unwrap();
    let written =
        handler!(|_: Request, _: ResponseWriter| Err::<(), BoxError>("not written".into()));
    mux.handle("/written/x", streaming(written)).unwrap();
    let large = handler!(|mut r: Request| -> std::result::Result<String, Report> {
        Ok(wait!(r.body_mut().text())?)
    });
    mux.handle("/large/x", fallible(large)).unwrap();
    let site = Site::start(Server::new(mux).observe(tells).body_limit(10));
    for (path, text) in [
        ("/boxed/x", "invalid digit found in string"),
        ("/reported/x", "invalid digit found in string"),
        ("/text/x", "no word to the client"),
        ("/io/x", "the disk is full"),
        ("/written/x", "not written"),
    ] {
        let mut peer = site.connect();
        peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        let answer = String::from_utf8(peer.rest()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 500 ") && !answer.contains(text), "{answer}");
        let lines = told.until("Closed");
        assert!(lines.iter().any(|(_, line)| line.contains(text)), "{path}: {lines:?}");
    }
    let mut peer = site.connect();
    peer.send("POST /large/x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world");
    assert_eq!(peer.response().0, 413);
    drop(peer);
    let lines = told.until("Closed");
    assert!(!lines.iter().any(|(_, line)| line.contains("failed")), "{lines:?}");
}
