//! `purlin-std` over real sockets: what a client sees of requests and responses.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod std_kit;

use purlin_std::{
    Content, Error, Method, Request, Response, ResponseHead, ResponseWriter, Server, Source,
    Status, full_duplex, streaming,
};
use std::io::{Read, Write, copy};
use std::sync::mpsc;
use std_kit::{GET, LONG, get, post, run, start};

fn echo(mut request: Request) -> Result<String, Error> {
    request.body_mut().text()
}

#[test]
fn a_connection_answers_one_request_after_the_other() {
    let server = start(|request: Request| format!("you asked for {}", request.path()));
    let mut client = server.connect();
    for path in ["/a", "/b", "/c"] {
        let answer = client.send(get(path)).answer();
        assert_eq!((answer.status, answer.body), (200, format!("you asked for {path}")));
        assert!(answer.head.contains("\r\nDate: "));
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = start(|request: Request| request.path().to_owned());
    let mut client = server.connect();
    let all: String = (0..100).map(|n| get(&format!("/{n}"))).collect();
    client.send(all);
    for n in 0..100 {
        assert_eq!(client.answer().body, format!("/{n}"));
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let server = start(echo);
    let mut client = server.connect();
    for byte in post("/", "slow").as_bytes() {
        client.send([*byte]);
    }
    assert_eq!(client.answer().body, "slow");
}

#[test]
fn http_1_0_gets_its_answer_and_the_close() {
    let server = start(streaming(|_, mut writer| {
        writer.write(&[b'x'; 5000]).unwrap();
    }));
    let text = server.connect().send("GET / HTTP/1.0\r\n\r\n").rest().unwrap();
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{text}");
    assert!(!text.to_lowercase().contains("chunked"), "{text}");
    assert_eq!(text.split_once("\r\n\r\n").unwrap().1, "x".repeat(5000));
}

#[test]
fn the_body_is_asked_for_once_the_handler_reads() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = start(move |request: Request| {
        wait.lock().unwrap().recv().unwrap();
        echo(request)
    });
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    go.send(()).unwrap();
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.send("hello").answer().body, "hello");
}

#[test]
fn a_refused_body_is_not_asked_for() {
    let server = start(|_: Request| Status::FORBIDDEN);
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 403);
    assert!(answer.has("Connection: close"));
    client.send_nothing_more();
    assert_eq!(client.rest().unwrap(), "");
}

#[test]
fn chunked_uploads_bring_their_trailers() {
    let server = start(|mut request: Request| -> Result<String, Error> {
        let text = request.body_mut().text()?;
        let sum = request.body().trailers().and_then(|trailers| trailers.get("sum"));
        Ok(format!("{text} {}", sum.unwrap_or("none")))
    });
    let answer = server.ask(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nSum: 5\r\n\r\n",
    );
    assert_eq!(answer.body, "abcde 5");
}

#[test]
fn a_body_over_the_limit_is_413() {
    let server = run(Server::new(echo).body_limit(4));
    assert_eq!(server.ask(&post("/", "1234")).body, "1234");
    assert_eq!(server.ask(&post("/", "12345")).status, 413);
}

#[test]
fn the_limit_of_one_body_can_be_raised() {
    let server = run(Server::new(|mut request: Request| {
        request.body_mut().set_limit(10);
        echo(request)
    })
    .body_limit(4));
    assert_eq!(server.ask(&post("/", "12345")).body, "12345");
}

#[test]
fn a_body_that_is_not_text_is_400() {
    let server = start(echo);
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n").send([0xFF, 0xFE]);
    assert_eq!(client.answer().status, 400);
}

#[test]
fn a_small_streamed_response_tells_its_length() {
    let server = start(streaming(|_, mut writer| {
        writer.status(Status::CREATED).fields_mut().append("X-A", "b").unwrap();
        writer.write_all(b"made ").unwrap();
        writer.write_all(b"here").unwrap();
    }));
    let answer = server.ask(GET);
    assert_eq!((answer.status, &answer.body[..]), (201, "made here"));
    assert!(answer.has("Content-Length: 9") && answer.has("X-A: b"));
}

#[test]
fn a_response_without_a_word_is_an_empty_200() {
    let server = start(streaming(|_, _| {}));
    let answer = server.ask(GET);
    assert_eq!((answer.status, &answer.body[..]), (200, ""));
    assert!(answer.has("Content-Length: 0"));
}

#[test]
fn flush_sends_what_is_there() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = start(streaming(move |_, mut writer| {
        write!(writer, "first").unwrap();
        writer.flush().unwrap();
        wait.lock().unwrap().recv().unwrap();
        write!(writer, "second").unwrap();
        writer.trailers_mut().append("Sum", "2").unwrap();
        writer.finish().unwrap();
    }));
    let mut client = server.connect();
    client.send(GET).head();
    assert_eq!(client.chunk(), "first");
    go.send(()).unwrap();
    assert_eq!(client.chunk(), "second");
    assert_eq!(client.chunk(), "");
    assert_eq!(client.head(), "Sum: 2\r\n\r\n");
}

#[test]
fn a_declared_length_frames_a_streamed_response() {
    let server = start(streaming(|_, mut writer| {
        writer.fields_mut().append("Content-Length", "6").unwrap();
        writer.write_all(b"abc").unwrap();
        writer.flush().unwrap();
        writer.write_all(b"def").unwrap();
    }));
    let answer = server.ask(GET);
    assert!(answer.has("Content-Length: 6"));
    assert_eq!(answer.body, "abcdef");
}

#[test]
fn interim_responses_go_first() {
    let server = start(streaming(|_, mut writer| {
        let hints = ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>").unwrap();
        writer.interim(&hints).unwrap();
        writer.interim(&hints).unwrap();
        writer.write_all(b"page").unwrap();
    }));
    let mut client = server.connect();
    client.send(GET);
    for _ in 0..2 {
        assert_eq!(client.head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    }
    assert_eq!(client.answer().body, "page");
}

#[test]
fn head_requests_get_the_head_alone_and_sources_are_not_read() {
    let server = start(|request: Request| {
        assert_eq!(*request.method(), Method::HEAD);
        let endless = Source::reader(std::io::repeat(1));
        match request.path() {
            "/length" => Response::new(Status::OK).with_content(Content::Length(1 << 40, endless)),
            _ => Response::stream(endless),
        }
    });
    let mut client = server.connect();
    for (path, length) in [("/length", true), ("/stream", false)] {
        let head = client.send(get(path).replace("GET", "HEAD")).head();
        assert_eq!(head.contains("\r\nContent-Length: 1099511627776\r\n"), length, "{head}");
    }
}

#[test]
fn a_source_is_sent_while_it_is_read() {
    let server = start(|request: Request| match request.path() {
        "/known" => {
            let source = Source::reader(std::io::repeat(b'k').take(200_000));
            Response::new(Status::OK).with_content(Content::Length(200_000, source))
        }
        _ => Response::stream(Source::reader(&b"from a source"[..])),
    });
    let mut client = server.connect();
    assert_eq!(client.send(get("/known")).answer().body, "k".repeat(200_000));
    assert_eq!(client.send(get("/unknown")).answer().body, "from a source");
}

#[test]
fn a_request_body_can_be_the_source_of_its_response() {
    let echo = |request: Request| Response::stream(Source::reader(request.into_body()));
    let server = start(full_duplex(echo));
    let mut client = server.connect();
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        .head();
    // The answer begins before the request has ended.
    assert_eq!(client.chunk(), "a");
    client.send("3\r\nbcd\r\n");
    assert_eq!(client.chunk(), "bcd");
    client.send("0\r\n\r\n");
    assert_eq!(client.chunk(), "");
}

#[test]
fn body_and_writer_work_from_other_threads_at_once() {
    let server = start(full_duplex(streaming(|request, mut writer| {
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
    })));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").head();
    // Written while the other thread waits for the body.
    assert_eq!(client.chunk(), "ready\n");
    assert_eq!(client.send("ab").chunk(), "ab");
    assert_eq!(client.send("cd").chunk(), "cd");
    assert_eq!(client.chunk(), "");
    client.head();
    assert_eq!(client.send(post("/", "")).answer().body, "ready\n");
}

fn raw_echo(_: Request, writer: ResponseWriter) {
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo").unwrap();
    let Ok(stream) = writer.upgrade(head) else { return };
    copy(&mut &stream, &mut &stream).unwrap();
    (&stream).write_all(b"bye").unwrap();
    stream.shutdown_write().unwrap();
}

#[test]
fn an_upgrade_gives_a_raw_stream_with_what_came_early() {
    let server = start(streaming(raw_echo));
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly");
    assert!(client.head().starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    assert_eq!(client.bytes(5), "early");
    assert_eq!(client.send("\0raw\r\n").bytes(6), "\0raw\r\n");
    client.send("last").send_nothing_more();
    assert_eq!(client.rest().unwrap(), "lastbye");
}

#[test]
fn an_upgrade_nobody_asked_for_is_500() {
    let server = start(streaming(raw_echo));
    let mut client = server.connect();
    assert_eq!(client.send(GET).answer().status, 500);
    assert_eq!(client.send(GET).answer().status, 500, "and the connection lives");
}

#[test]
fn connect_makes_a_tunnel_that_two_threads_use() {
    let server = start(streaming(|_, writer| {
        let stream = writer.upgrade(ResponseHead::new(Status::OK)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| (&stream).write_all(&vec![b'd'; 1 << 20]).unwrap());
            let mut got = Vec::new();
            (&stream).read_to_end(&mut got).unwrap();
            assert_eq!(got.len(), 1 << 20);
        });
    }));
    let mut client = server.connect();
    client.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert!(client.head().starts_with("HTTP/1.1 200 OK\r\n"));
    // All of it is sent before anything is read: the server must do both at once.
    client.send(vec![b'u'; 1 << 20]).send_nothing_more();
    assert_eq!(client.rest().unwrap().len(), 1 << 20);
}

#[test]
fn a_client_that_ends_with_its_request_is_closed_with_its_answer() {
    // Its end may come with its request, and is told of once.
    let server = run(Server::new(|_: Request| "hello").idle_timeout(LONG * 60));
    for _ in 0..500 {
        let mut client = server.connect();
        client.send(GET);
        client.stream.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    }
}
