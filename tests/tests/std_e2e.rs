//! purlin-std, end to end: real sockets on loopback, raw bytes on the client's side.
//! Asserts what is said, not how long it takes.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/e2e.rs"]
mod both;
#[path = "both/gone.rs"]
mod gone;

use kit::{GET, LONG};
use on::Site;
use purlin_std::{
    Answer, Body, Content, Exchange, Handler, Request, RequestHead, Response, ResponseHead,
    ResponseWriter, Result, Server, Source, Status, full_duplex, streaming,
};
use std::io::{ErrorKind, Read, Write, copy};
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn http_1_0_gets_its_answer_and_the_close() {
    let site = Site::start(Server::new(streaming(|_, mut writer: ResponseWriter| {
        writer.write_all(&[b'x'; 5000])
    })));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.0\r\n\r\n");
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("chunked"), "{head}");
    assert_eq!(peer.rest(), [b'x'; 5000]);
}

#[test]
fn a_refused_body_is_not_asked_for_if_it_is_more_than_is_taken_in_ahead() {
    let site = Site::start(Server::new(|_: Request| Status::FORBIDDEN));
    let mut peer = site.connect();
    peer.send(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n",
    );
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 403 ") && head.contains("Connection: close"), "{head}");
    peer.half_close();
    assert_eq!(peer.rest(), b"Forbidden\n");
}

#[test]
fn the_limit_of_one_body_can_be_raised() {
    let handler = |mut request: Request| {
        request.body_mut().set_limit(10);
        request.body_mut().text()
    };
    let site = Site::start(Server::new(handler).body_limit(4));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345");
    assert_eq!(peer.response(), (200, "12345".into()));
}

#[test]
fn a_body_that_is_not_text_is_400() {
    let site = Site::start(Server::new(|mut request: Request| request.body_mut().text()));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    peer.send_bytes(&[0xFF, 0xFE]);
    assert_eq!(peer.response().0, 400);
}

#[test]
fn a_source_is_sent_while_it_is_read() {
    let site = Site::start(Server::new(|request: Request| match request.path() {
        "/known" => {
            let source = Source::reader(std::io::repeat(b'k').take(200_000));
            Response::new(Status::OK).with_content(Content::Length(200_000, source))
        }
        _ => Response::stream(Source::reader(&b"from a source"[..])),
    }));
    let mut peer = site.connect();
    peer.send("GET /known HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response(), (200, "k".repeat(200_000)));
    peer.send(GET);
    assert_eq!(peer.response(), (200, "from a source".into()));
}

#[test]
fn a_request_body_can_be_the_source_of_its_response() {
    let echo = |request: Request| Response::stream(Source::reader(request.into_body()));
    let site = Site::start(Server::new(full_duplex(echo)));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    peer.head();
    // The answer begins before the request has ended.
    assert_eq!(peer.exactly(6), b"1\r\na\r\n");
    peer.send("3\r\nbcd\r\n");
    assert_eq!(peer.exactly(8), b"3\r\nbcd\r\n");
    peer.send("0\r\n\r\n");
    assert_eq!(peer.exactly(5), b"0\r\n\r\n");
}

#[test]
fn body_and_writer_work_from_other_threads_at_once() {
    let handler = full_duplex(streaming(|request: Request, mut writer: ResponseWriter| {
        let mut body = request.into_body();
        let (pieces, arrived) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(piece) = body.chunk().unwrap() {
                pieces.send(piece).unwrap();
            }
        });
        std::thread::spawn(move || {
            writer.write_all(b"ready\n").unwrap();
            writer.flush().unwrap();
            for piece in arrived {
                writer.write_all(&piece).unwrap();
                writer.flush().unwrap();
            }
        });
    }));
    let site = Site::start(Server::new(handler));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    peer.head();
    // Written while the other thread waits for the body.
    assert_eq!(peer.exactly(11), b"6\r\nready\n\r\n");
    peer.send("ab");
    assert_eq!(peer.exactly(7), b"2\r\nab\r\n");
    peer.send("cd");
    assert_eq!(peer.exactly(12), b"2\r\ncd\r\n0\r\n\r\n");
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(peer.response(), (200, "ready\n".into()));
}

#[test]
fn a_stream_that_is_shut_for_writing_can_still_be_read() {
    let handler = streaming(|_, writer: ResponseWriter| -> Result {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
        let stream = writer.upgrade(head)?;
        copy(&mut &stream, &mut &stream)?;
        (&stream).write_all(b"bye")?;
        stream.shutdown_write()
    });
    let site = Site::start(Server::new(handler));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly");
    assert!(peer.head().starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    assert_eq!(peer.exactly(5), b"early");
    peer.send("\0raw\r\n");
    assert_eq!(peer.exactly(6), b"\0raw\r\n");
    peer.send("last");
    peer.half_close();
    assert_eq!(peer.rest(), b"lastbye");
}

#[test]
fn a_tunnel_is_used_by_two_threads() {
    let site = Site::start(Server::new(streaming(|_, writer: ResponseWriter| {
        let stream = writer.upgrade(ResponseHead::new(Status::OK)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| (&stream).write_all(&vec![b'd'; 1 << 20]).unwrap());
            let mut got = Vec::new();
            (&stream).read_to_end(&mut got).unwrap();
            assert_eq!(got.len(), 1 << 20);
        });
    })));
    let mut peer = site.connect();
    peer.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200 OK\r\n"));
    // All of it is sent before anything is read: the server must do both at once.
    peer.send_bytes(&vec![b'u'; 1 << 20]);
    peer.half_close();
    assert_eq!(peer.rest().len(), 1 << 20);
}

fn _bodies_and_writers_are_send() {
    fn send<T: Send>() {}
    send::<Request>();
    send::<Body>();
    send::<ResponseWriter>();
    send::<purlin_std::Upgraded>();
    send::<purlin_std::Handle>();
}

#[test]
fn a_client_that_ends_with_its_request_is_closed_with_its_answer() {
    // Its end may come with its request, and is told of once.
    let site = Site::start(Server::new(|_: Request| "hello").idle_timeout(LONG * 60));
    for _ in 0..500 {
        let mut peer = site.connect();
        peer.send(GET);
        peer.half_close();
        assert!(peer.rest().ends_with(b"\r\n\r\nhello"));
    }
}

#[test]
fn a_piece_of_a_known_length_is_not_held_back_by_a_slow_reader() {
    // More than a socket takes at once, and then nothing until the client has all of it.
    const FIRST: usize = 8 << 20;
    struct Slow(usize, mpsc::Receiver<()>);
    impl Read for Slow {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                self.1.recv().map_err(std::io::Error::other)?;
                room[0] = b'.';
                return Ok(1);
            }
            let count = room.len().min(self.0);
            room[..count].fill(b'x');
            self.0 -= count;
            Ok(count)
        }
    }
    let (go, gate) = mpsc::channel();
    let source = std::sync::Mutex::new(Some(Source::reader(Slow(FIRST, gate))));
    let site = Site::start(Server::new(move |_: Request| {
        let source = source.lock().unwrap().take().unwrap();
        Response::new(Status::OK).with_content(Content::Length(FIRST as u64 + 1, source))
    }));
    let mut peer = site.connect();
    peer.send(GET);
    assert!(peer.head().starts_with("HTTP/1.1 200 "));
    assert_eq!(peer.exactly(FIRST).len(), FIRST);
    go.send(()).unwrap();
    assert_eq!(peer.exactly(1), b".");
}

#[test]
fn reads_and_writes_of_a_raw_stream_give_up_when_they_are_told_to() {
    let ((tell, told), (count, counted)) = (mpsc::channel(), mpsc::channel());
    let upgrade = streaming(move |_, writer| -> Result<()> {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x")?;
        let mut stream = writer.upgrade(head)?;
        assert!(stream.set_read_timeout(Some(Duration::ZERO)).is_err());
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        stream.set_write_timeout(Some(Duration::from_millis(50)))?;
        tell.send(stream.read(&mut [0; 9]).unwrap_err().kind()).unwrap();
        // The peer takes nothing: sockets and machine fill up.
        let mut written = 0;
        let failed = loop {
            match stream.write(&[7; 100_000]) {
                Ok(count) => written += count,
                Err(error) => break error.kind(),
            }
        };
        tell.send(failed).unwrap();
        count.send(written).unwrap();
        // What was taken was not lost by that.
        stream.set_write_timeout(None)?;
        stream.set_read_timeout(None)?;
        stream.write_all(b"end")?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    });
    let site = Site::start(Server::new(upgrade));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    peer.head();
    let next = || told.recv_timeout(LONG).unwrap();
    assert_eq!((next(), next()), (ErrorKind::WouldBlock, ErrorKind::WouldBlock));
    peer.exactly(counted.recv_timeout(LONG).unwrap());
    assert_eq!(peer.exactly(3), b"end");
    peer.half_close();
    assert_eq!(site.shutdown(), 0);
}

/// A handler that cannot say whether it waits.
struct Undecided;

impl Handler for Undecided {
    fn call(&self, _: Request, _: &Exchange) -> Answer {
        "called".into()
    }

    fn full_duplex(&self, head: &RequestHead) -> bool {
        assert_eq!(head.path(), "/", "as asked for");
        false
    }
}

#[test]
fn a_handler_that_panics_when_it_is_asked_whether_it_waits_answers_500() {
    let site = Site::start(Server::new(Undecided));
    let mut peer = site.connect();
    let post = |path| format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    for (path, status) in [("/", 200), ("/bad", 500), ("/", 200)] {
        peer.send(&post(path));
        assert_eq!(peer.response().0, status);
    }
}
