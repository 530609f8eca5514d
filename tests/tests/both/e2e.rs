//! Requests, bodies, writers and faults over real sockets, on either adapter.
//! Asserts what is said, not how long it takes.

use crate::kit::peer::Guard;
use crate::kit::{GET, LONG};
use crate::on::{ReadExt, Site, cancelled, pass, pieces, purlin};
use purlin::{
    Bytes, Error, Method, Request, Response, ResponseHead, ResponseWriter, Server, ServerConfig,
    Status, Timeouts, streaming,
};
use std::sync::mpsc;
use std::time::Duration;

/// Greets.
macro_rules! hello {
    () => {
        handler!(|request: Request| format!("hello, {}\n", request.path()))
    };
}

/// Answers with the body.
macro_rules! echo {
    () => {
        handler!(|mut request: Request| wait!(request.body_mut().text()))
    };
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let site = Site::start(Server::new(hello!()));
    let mut peer = site.connect();
    let all: String = (0..50).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    peer.send(&all);
    for n in 0..50 {
        assert_eq!(peer.response(), (200, format!("hello, /{n}\n")));
    }
}

#[test]
fn a_client_that_sends_a_byte_at_a_time_is_served() {
    let site = Site::start(Server::new(echo!()));
    let mut peer = site.connect();
    for byte in "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde".bytes() {
        peer.send_bytes(&[byte]);
    }
    assert_eq!(peer.response(), (200, "abcde".into()));
}

#[test]
fn a_malformed_request_is_refused_and_the_connection_closed() {
    let site = Site::start(Server::new(hello!()));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    assert_eq!(peer.response().0, 400);
    assert!(peer.rest().is_empty());
}

#[test]
fn a_body_over_the_limit_is_413_by_the_question_mark_alone() {
    let site = Site::start(Server::new(echo!()).body_limit(10));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    assert_eq!(peer.response().0, 413);
}

#[test]
fn a_chunked_body_is_read_with_its_trailers() {
    let site = Site::start(Server::new(handler!(|mut request: Request| {
        let text = wait!(request.body_mut().text())?;
        let sum = request.body().trailers().and_then(|fields| fields.get("sum"));
        Ok::<_, Error>(format!("{text} {sum:?}"))
    })));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("3\r\nabc\r\n2\r\nde\r\n0\r\nSum: 5\r\n\r\n");
    assert_eq!(peer.response(), (200, "abcde Some(\"5\")".into()));
}

#[test]
fn a_body_that_is_not_read_leaves_the_connection_open() {
    let site = Site::start(Server::new(hello!()));
    let mut peer = site.connect();
    peer.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    peer.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().1, "hello, /1\n");
    assert_eq!(peer.response().1, "hello, /2\n");
}

#[test]
fn continue_is_sent_when_the_body_is_asked_for() {
    let site = Site::start(Server::new(echo!()));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("hi");
    assert_eq!(peer.response(), (200, "hi".into()));
}

#[test]
fn a_body_is_a_reader() {
    let site = Site::start(Server::new(handler!(|mut request: Request| {
        let mut first = [0; 2];
        wait!(request.body_mut().read_exact(&mut first))?;
        let mut rest = String::new();
        wait!(request.body_mut().read_to_string(&mut rest))?;
        Ok::<_, Error>(format!("{} {rest}", String::from_utf8_lossy(&first)))
    })));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
    assert_eq!(peer.response(), (200, "ab cde".into()));
}

#[test]
fn a_short_streamed_response_has_its_length() {
    let site = Site::start(Server::new(streaming(handler!(|_, mut writer: ResponseWriter| {
        writer.status(Status::CREATED).fields_mut().append("X-A", "b")?;
        wait!(writer.write(b"made "))?;
        wait!(writer.write_all(b"it"))
    }))));
    let mut peer = site.connect();
    peer.send(GET);
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 201 Created\r\nX-A: b\r\n"), "{head}");
    assert!(head.contains("Content-Length: 7\r\n"), "{head}");
    assert_eq!(peer.exactly(7), b"made it");
}

#[test]
fn a_streaming_handler_that_writes_nothing_answers_200_without_a_body() {
    let site = Site::start(Server::new(streaming(handler!(|_, _| ()))));
    let mut peer = site.connect();
    for _ in 0..2 {
        peer.send(GET);
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("Content-Length: 0\r\n"), "{head}");
    }
}

#[test]
fn a_flush_reaches_the_client_before_the_handler_returns() {
    let (go, gone) = smol::channel::bounded::<()>(1);
    let site = Site::start(Server::new(streaming(handler!(|_, mut writer: ResponseWriter| {
        wait!(writer.write(b"first"))?;
        wait!(writer.flush())?;
        wait!(pass(&gone));
        wait!(writer.write(b"second"))?;
        writer.trailers_mut().append("Sum", "11")?;
        wait!(writer.finish())
    }))));
    let mut peer = site.connect();
    peer.send(GET);
    assert!(peer.head().contains("Transfer-Encoding: chunked\r\n"));
    assert_eq!(peer.exactly(10), b"5\r\nfirst\r\n");
    go.send_blocking(()).unwrap();
    let rest = b"6\r\nsecond\r\n0\r\nSum: 11\r\n\r\n";
    assert_eq!(peer.exactly(rest.len()), rest);
    peer.send(GET);
    go.send_blocking(()).unwrap();
    assert!(peer.head().starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn interim_responses_come_before_the_final_one() {
    let site = Site::start(Server::new(streaming(handler!(|_, mut writer: ResponseWriter| {
        writer.interim(&ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>")?)?;
        wait!(writer.respond(Response::text("done")))
    }))));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    assert_eq!(peer.response(), (200, "done".into()));
}

#[test]
fn a_writer_may_finish_on_another_thread_after_the_handler_returned() {
    let site = Site::start(Server::new(streaming(handler!(|_, mut writer: ResponseWriter| {
        std::thread::spawn(move || {
            let data = [b'x'; 200_000];
            block!(writer.write_all(&data)).unwrap();
            writer.trailers_mut().append("Last", "1").unwrap();
        });
    }))));
    let mut peer = site.connect();
    for _ in 0..3 {
        peer.send(GET);
        let (status, body) = peer.response();
        assert_eq!((status, body.len()), (200, 200_000));
    }
}

#[test]
fn an_error_before_the_head_is_the_answer_and_after_it_an_abort() {
    let site = Site::start(Server::new(streaming(handler!(
        |request: Request, mut writer: ResponseWriter| {
            wait!(writer.write(b"half"))?;
            if request.path() == "/late" {
                wait!(writer.flush())?;
            }
            Err::<(), _>(Error::from(purlin::Misuse::WrongStatus))
        }
    ))));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 500);
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200"));
    assert_eq!(peer.rest(), b"4\r\nhalf\r\n", "no last chunk");
}

#[test]
fn a_source_that_fails_aborts_the_response() {
    let site = Site::start(Server::new(handler!(|_: Request| {
        let failed = std::io::Error::other("disk on fire");
        Response::stream(pieces([Ok(Bytes::from(vec![b'x'; 5000])), Err(failed)]))
    })));
    let mut peer = site.connect();
    peer.send(GET);
    assert!(peer.head().starts_with("HTTP/1.1 200"));
    let rest = peer.rest();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "no last chunk");
}

#[test]
fn a_panicking_handler_answers_500_and_the_server_lives() {
    let site = Site::start(Server::new(handler!(|request: Request| {
        assert_ne!(request.path(), "/panic", "as asked for");
        "fine"
    })));
    let mut peer = site.connect();
    peer.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500);
    let mut other = site.connect();
    other.send(GET);
    assert_eq!(other.response(), (200, "fine".into()));
}

#[test]
fn a_panic_while_streaming_is_500_before_the_head_and_an_abort_after() {
    let site = Site::start(Server::new(streaming(handler!(
        |request: Request, mut writer: ResponseWriter| {
            wait!(writer.write(b"half"))?;
            if request.path() == "/late" {
                wait!(writer.flush())?;
            }
            if *request.method() == Method::GET {
                panic!("as asked for");
            }
            Ok::<(), Error>(())
        }
    ))));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 500);
    let mut peer = site.connect();
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200"));
    assert!(!peer.rest().ends_with(b"0\r\n\r\n"), "no last chunk");
}

#[test]
fn a_client_that_ends_inside_its_body_is_told_to_the_handler() {
    let (tell, told) = mpsc::sync_channel(1);
    let site = Site::start(Server::new(handler!(|mut request: Request| {
        let result = wait!(request.body_mut().bytes());
        tell.send(matches!(result, Err(Error::Peer(_)))).unwrap();
        result
    })));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    peer.half_close();
    assert!(told.recv_timeout(LONG).unwrap());
    assert_eq!(peer.response().0, 400);
}

#[test]
fn a_half_close_is_advice_and_the_answer_still_arrives() {
    let site = Site::start(Server::new(streaming(handler!(|_, mut writer: ResponseWriter| {
        wait!(cancelled(&writer));
        assert!(writer.is_cancelled());
        wait!(writer.write_all(b"still here"))
    }))));
    let mut peer = site.connect();
    peer.send(GET);
    peer.half_close();
    assert_eq!(peer.response(), (200, "still here".into()));
    assert!(peer.rest().is_empty());
}

#[test]
fn a_client_that_reads_nothing_and_resets_frees_the_writer() {
    let (tell, told) = mpsc::sync_channel(1);
    let site = Site::start(Server::new(streaming(handler!(|_, mut writer: ResponseWriter| {
        let _guard = Guard(tell.clone());
        loop {
            wait!(writer.write(&[b'x'; 10_000]))?;
        }
        #[expect(unreachable_code, reason = "names the type")]
        Ok::<(), Error>(())
    }))));
    let mut peer = site.connect();
    peer.send(GET);
    peer.head();
    peer.reset();
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn an_idle_connection_is_closed_at_its_deadline() {
    let timeouts = Timeouts { idle: Duration::from_millis(50), ..Timeouts::default() };
    let config = ServerConfig { timeouts, ..ServerConfig::default() };
    let site = Site::start(Server::new(hello!()).config(config));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
    assert!(peer.rest().is_empty());
}

#[test]
fn listening_on_a_taken_address_is_an_error() {
    let site = Site::start(Server::new(hello!()));
    let second = block!(Server::new(hello!()).listen(site.address));
    assert!(matches!(second, Err(Error::Listen { .. })));
}

#[test]
fn a_tunnel_that_nobody_takes_ends_at_once() {
    fn check(site: Site) {
        let mut peer = site.connect();
        peer.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nfor nobody");
        assert!(peer.head().starts_with("HTTP/1.1 200 "));
        assert_eq!(peer.rest(), b"");
        drop(peer);
        assert_eq!(site.shutdown(), 0);
    }
    check(Site::start(Server::new(handler!(|_: Request| Response::new(Status::OK)))));
    let streams = handler!(|_, mut writer: ResponseWriter| { wait!(writer.flush()) });
    check(Site::start(Server::new(streaming(streams))));
}
