//! What a writer and a response that is a value become on the wire, on either adapter.

use crate::kit::told::observer;
use crate::kit::{GET, LONG};
use crate::on::{ReadExt, Site, WriteExt, pieces, purlin};
use purlin::{
    Bytes, Content, Error, Handler, Misuse, Request, Response, ResponseHead, ResponseWriter,
    Result, Server, Source, Status, streaming,
};
use std::io::ErrorKind;
use std::sync::mpsc;

/// The head and the whole rest of one answer.
fn answer(handler: impl Handler) -> (String, String) {
    let site = Site::start(Server::new(handler));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    (peer.head(), String::from_utf8(peer.rest()).unwrap())
}

#[test]
fn the_type_of_what_is_written_is_guessed_unless_that_is_turned_off() {
    let (head, body) = answer(streaming(handler!(|_, mut writer: ResponseWriter| {
        wait!(writer.write_all(b"<html>hi"))
    })));
    assert!(head.contains("Content-Type: text/html; charset=utf-8\r\n"), "{head}");
    assert_eq!(body, "<html>hi");
    let (head, _) = answer(streaming(handler!(|_, mut writer: ResponseWriter| {
        wait!(writer.sniffing(false).write(b"<html>hi"))
    })));
    assert!(!head.contains("Content-Type"), "{head}");
}

#[test]
fn the_first_byte_of_body_settles_the_head() {
    let (head, body) = answer(streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        wait!(writer.status(Status::ACCEPTED).write(b"a"))?;
        writer.status(Status::NOT_FOUND).fields_mut().append("X-Late", "1")?;
        wait!(writer.write_all(b"b"))
    })));
    assert!(head.starts_with("HTTP/1.1 202 Accepted\r\n") && !head.contains("Late"), "{head}");
    assert_eq!(body, "ab");
}

#[test]
fn a_declared_length_is_kept_to() {
    let (tell, told) = mpsc::sync_channel(1);
    let (_, body) = answer(streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        writer.fields_mut().append("Content-Length", "3")?;
        wait!(writer.write(b"abc"))?;
        tell.send(wait!(writer.write_all(b"d"))).unwrap();
        Ok(())
    })));
    let second = told.recv_timeout(LONG).unwrap();
    assert!(matches!(second, Err(Error::Misuse(Misuse::TooMuchBody))), "{second:?}");
    assert_eq!(body, "abc", "what was declared goes out");
}

#[test]
fn less_than_the_declared_length_is_broken_off() {
    let (head, body) = answer(streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        writer.fields_mut().append("Content-Length", "10")?;
        wait!(writer.write_all(b"abc"))
    })));
    assert!(head.contains("Content-Length: 10\r\n"), "{head}");
    assert_eq!(body, "abc");
}

#[test]
fn a_response_that_is_given_up_is_not_answered() {
    for flushes in [false, true] {
        let (tell, told) = mpsc::sync_channel(1);
        let site = Site::start(Server::new(streaming(handler!(|_,
                                                               mut writer: ResponseWriter|
         -> Result {
            wait!(writer.write(b"half"))?;
            if flushes {
                wait!(writer.flush())?;
            }
            writer.abort();
            tell.send(()).unwrap();
            Ok(())
        }))));
        let mut peer = site.connect();
        peer.send(GET);
        told.recv_timeout(LONG).unwrap();
        let rest = String::from_utf8(peer.rest()).unwrap();
        assert_eq!(rest.starts_with("HTTP/1.1 200 "), flushes, "{rest}");
        assert!(!rest.ends_with("0\r\n\r\n"), "{rest}");
    }
}

#[test]
fn a_writer_is_what_its_platform_writes_to() {
    let (head, body) = answer(streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        wait!(WriteExt::write_all(&mut writer, &[b'x'; 100_000]))?;
        wait!(writer.finish())
    })));
    assert!(head.contains("Transfer-Encoding: chunked\r\n"), "{head}");
    assert!(body.ends_with("x\r\n0\r\n\r\n"));
}

#[test]
fn the_fields_of_a_writer_go_with_the_value_it_responds_with() {
    let (head, body) = answer(streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        writer.fields_mut().append("X-Id", "7")?;
        writer.fields_mut().append("Content-Type", "text/plain")?;
        wait!(writer.respond(Response::html("<p>")))
    })));
    assert!(head.contains("Content-Type: text/html") && head.contains("X-Id: 7\r\n"), "{head}");
    assert_eq!(head.matches("Content-Type").count(), 1);
    assert_eq!(body, "<p>");
}

/// Tells when it is read from.
fn endless(read: mpsc::SyncSender<()>) -> Source {
    let piece = Bytes::from_static(&[b'x'; 1000]);
    pieces(std::iter::repeat_with(move || {
        // It is told once, and that is enough.
        let _ = read.try_send(());
        Ok(piece.clone())
    }))
}

#[test]
fn the_source_behind_a_head_is_never_read() {
    let (read, was_read) = mpsc::sync_channel(1);
    let site = Site::start(Server::new(handler!(|request: Request| {
        let source = endless(read.clone());
        match request.path() {
            "/length" => Response::new(Status::OK).with_content(Content::Length(1 << 40, source)),
            _ => Response::stream(source),
        }
    })));
    let mut peer = site.connect();
    peer.send("HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().contains("Content-Length: 1099511627776\r\n"));
    peer.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(!peer.head().contains("Content-Length"));
    assert!(was_read.try_recv().is_err());
    peer.send(GET);
    peer.head();
    assert!(was_read.try_recv().is_ok(), "but behind a GET it is");
}

#[test]
fn a_response_that_contradicts_itself_is_500() {
    let site = Site::start(Server::new(handler!(|request: Request| {
        let response = match request.path() {
            "/whole" => Response::text("hello"),
            _ => Response::stream(Source::reader("hello".as_bytes())),
        };
        response.with("Content-Length", "7")
    })));
    for path in ["/whole", "/stream"] {
        let mut peer = site.connect();
        peer.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = peer.head();
        if path == "/whole" {
            assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        } else {
            assert_eq!(peer.rest(), b"hello", "two bytes too few");
        }
    }
}

/// Takes the connection over, says what came behind the request, and ends.
macro_rules! taken_over {
    () => {
        streaming(handler!(|request: Request, mut writer: ResponseWriter| -> Result {
            if request.path() == "/late" {
                wait!(writer.write(b"written before"))?;
                wait!(writer.flush())?;
            }
            let mut stream = wait!(writer.hijack())?;
            let mut early = [0; 5];
            wait!(stream.read_exact(&mut early))?;
            wait!(stream.write_all(b"raw "))?;
            wait!(stream.write_all(&early))?;
            let mut rest = Vec::new();
            wait!(stream.read_to_end(&mut rest))?;
            wait!(stream.write_all(&rest))?;
            Ok(())
        }))
    };
}

#[test]
fn a_connection_that_is_taken_over_is_raw_and_has_what_came_after_the_head() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(taken_over!()).observe(tells));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nearly");
    assert_eq!(peer.exactly(9), b"raw early", "and no head");
    told.expect(&["New", "Active", "Hijacked"]);
    peer.send(" and late");
    peer.half_close();
    assert_eq!(peer.rest(), b" and late");
}

#[test]
fn a_body_that_was_not_read_is_part_of_the_stream() {
    let site = Site::start(Server::new(taken_over!()));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nearly");
    assert_eq!(peer.exactly(9), b"raw early");
    peer.half_close();
    assert!(peer.rest().is_empty());
}

#[test]
fn a_connection_can_be_taken_over_behind_what_was_written() {
    let site = Site::start(Server::new(taken_over!()));
    let mut peer = site.connect();
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\nearly");
    assert!(peer.head().starts_with("HTTP/1.1 200 "));
    peer.half_close();
    let rest = String::from_utf8(peer.rest()).unwrap();
    assert_eq!(rest, "e\r\nwritten before\r\nraw early");
}

#[test]
fn an_upgrade_that_nobody_asked_for_is_500() {
    let upgrade = streaming(handler!(|_, writer: ResponseWriter| {
        let made = writer.upgrade(ResponseHead::new(Status::SWITCHING_PROTOCOLS));
        assert!(matches!(made, Err(Error::Misuse(_))));
    }));
    let site = Site::start(Server::new(upgrade));
    let mut peer = site.connect();
    for _ in 0..2 {
        peer.send(GET);
        assert_eq!(peer.response().0, 500, "and the connection lives");
    }
}

#[test]
fn an_upgrade_to_what_nobody_asked_for_is_500() {
    let upgrade = streaming(handler!(|_, writer: ResponseWriter| {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "websocket");
        let made = writer.upgrade(head.unwrap());
        assert!(matches!(made, Err(Error::Misuse(Misuse::UnaskedProtocol))));
    }));
    let site = Site::start(Server::new(upgrade));
    let mut peer = site.connect();
    for _ in 0..2 {
        peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n");
        assert_eq!(peer.response().0, 500, "and the connection lives");
    }
}

#[test]
fn an_echo_by_source_asks_for_the_body_and_reports_its_faults() {
    let echo = handler!(|request: Request| Response::stream(Source::from(request.into_body())));
    let site = Site::start(Server::new(echo).body_limit(10));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("hi");
    assert_eq!(peer.response(), (200, "hi".into()));
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    assert_eq!(peer.response().0, 413);
}

#[test]
fn an_echo_of_known_length_asks_for_the_body_too() {
    let site = Site::start(Server::new(handler!(|request: Request| {
        let content = Content::Length(2, Source::from(request.into_body()));
        Response::new(Status::OK).with_content(content)
    })));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("hi");
    assert_eq!(peer.response(), (200, "hi".into()));
}

#[test]
fn a_raw_stream_tells_by_its_error_who_ended_it() {
    let (tell, told) = mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let site =
        Site::start(Server::new(streaming(handler!(|_, writer: ResponseWriter| -> Result {
            let mut stream = wait!(writer.hijack())?;
            wait!(stream.write_all(b"raw"))?;
            let tell = tell.lock().unwrap().clone();
            // Not here: a handler is dropped with its connection, on smol.
            std::thread::spawn(move || {
                let read = block!(stream.read(&mut [0; 10]));
                tell.send(read.map_err(|error| error.kind()))
            });
            Ok(())
        }))));
    let begin = || {
        let mut peer = site.connect();
        peer.send(GET);
        assert_eq!(peer.exactly(3), b"raw");
        peer
    };
    begin().reset();
    assert_eq!(told.recv_timeout(LONG).unwrap(), Err(ErrorKind::ConnectionReset));
    begin().half_close();
    assert_eq!(told.recv_timeout(LONG).unwrap(), Ok(0));
    let _peer = begin();
    site.handle().close();
    assert_eq!(told.recv_timeout(LONG).unwrap(), Err(ErrorKind::ConnectionAborted));
}

#[test]
fn a_body_read_on_behind_its_exchange_says_that_this_is_over() {
    let (tell, told) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let both = std::sync::Mutex::new((tell, gate));
    let both = std::sync::Arc::new(both);
    let site = Site::start(Server::new(handler!(|request: Request| {
        let (mut body, both) = (request.into_body(), both.clone());
        std::thread::spawn(move || {
            let both = both.lock().unwrap();
            both.1.recv_timeout(LONG).unwrap();
            both.0.send(block!(body.text()).map(|all| all.len()))
        });
        "done"
    })));
    let mut peer = site.connect();
    // More than is taken in before a handler runs.
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    peer.send_bytes(&[b'x'; 200_000]);
    assert_eq!(peer.response(), (200, "done".into()));
    open.send(()).unwrap();
    let read = told.recv_timeout(LONG).unwrap();
    assert!(
        matches!(read, Err(Error::Misuse(Misuse::AlreadyFinished) | Error::Closed(_))),
        "{read:?}"
    );
}
