//! `purlin-std` among peers and handlers that misbehave: nothing hangs, nothing
//! lies, and the server lives on.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod std_kit;

use purlin_std::observe::{Observer, Peer};
use purlin_std::{
    Body, Content, Error, Fault, Rate, Request, Response, ResponseWriter, Server, ServerConfig,
    Source, Status, full_duplex, streaming,
};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use std_kit::{GET, LONG, get, post, run, start};

/// A handler that tells the test what happened to it.
fn told<T>() -> (impl Fn(T), mpsc::Receiver<T>) {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    (move |what| tell.lock().unwrap().send(what).unwrap(), told)
}

#[test]
fn a_panicking_handler_answers_500_and_the_connection_goes_on() {
    let server = start(|request: Request| match request.path() {
        "/panic" => panic!("on purpose"),
        _ => "fine",
    });
    let mut client = server.connect();
    assert_eq!(client.send(get("/panic")).answer().status, 500);
    assert_eq!(client.send(GET).answer().body, "fine");
    assert_eq!(server.ask(GET).body, "fine");
}

#[test]
fn a_source_that_fails_is_answered_500_and_told_with_its_reason() {
    struct Failures<F>(F);
    impl<F: Fn(String) + Send + Sync> Observer for Failures<F> {
        fn failed(&self, _: &Peer, message: &str) {
            (self.0)(message.to_owned());
        }
    }
    let (tell, failures) = told();
    let server = run(Server::new(|_: Request| {
        Response::stream(Source::pieces([Err(io::Error::other("the disk is on fire"))]))
    })
    .observe(Failures(tell)));
    assert_eq!(server.ask(GET).status, 500);
    let message = failures.recv_timeout(LONG).unwrap();
    assert_eq!(message, "reading or writing failed: the disk is on fire");
}

#[test]
fn a_panic_behind_the_head_breaks_the_response_off() {
    let server = start(streaming(|request, mut writer| {
        writer.write_all(b"part").unwrap();
        writer.flush().unwrap();
        assert_ne!(request.path(), "/", "on purpose");
    }));
    let mut client = server.connect();
    client.send(GET).head();
    assert_eq!(client.chunk(), "part");
    let rest = client.rest().unwrap_or_else(|rest| rest);
    assert!(!rest.contains("0\r\n"), "no last chunk: {rest:?}");
}

#[test]
fn an_error_of_a_streaming_handler_is_its_answer_until_the_head_is_out() {
    let server = start(streaming(|mut request, mut writer| -> Result<(), Error> {
        writer.write(b"part")?;
        if request.path() == "/flushed" {
            writer.flush()?;
        }
        let text = request.body_mut().text()?;
        writer.write_all(text.as_bytes())
    }));
    let mut client = server.connect();
    assert_eq!(client.send(post("/", "ial")).answer().body, "partial");
    let not_text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
    let answer = client.send(not_text).send([0xFF]).answer();
    assert_eq!((answer.status, answer.body.contains("part")), (400, false));
    client.send(not_text.replace("/ ", "/flushed ")).send([0xFF]).head();
    assert_eq!(client.chunk(), "part");
    let rest = client.rest().unwrap_or_else(|rest| rest);
    assert!(!rest.contains("0\r\n"), "no last chunk: {rest:?}");
}

#[test]
fn a_body_that_only_the_close_ends_is_broken_off_by_a_reset() {
    let server = start(streaming(|_, mut writer| {
        writer.write_all(b"part").unwrap();
        writer.flush().unwrap();
        writer.abort();
    }));
    let mut client = server.connect();
    client.send("GET / HTTP/1.0\r\n\r\n").rest().expect_err("a close would look like the end");
}

#[test]
fn a_response_that_contradicts_itself_is_500() {
    let server = start(|request: Request| match request.path() {
        "/204" => Response::text("content").with_status(Status::NO_CONTENT),
        _ => Response::text("content").with("Content-Length", "3").unwrap(),
    });
    assert_eq!(server.ask(&get("/204")).status, 500);
    assert_eq!(server.ask(&get("/length")).status, 500);
}

#[test]
fn more_body_than_declared_is_refused_and_less_breaks_off() {
    let (tell, told) = told();
    let server = start(streaming(move |request, mut writer| {
        writer.fields_mut().append("Content-Length", "6").unwrap();
        writer.write_all(b"abc").unwrap();
        writer.flush().unwrap();
        if request.path() == "/more" {
            tell(writer.write_all(b"defg"));
        } else {
            tell(writer.finish());
        }
    }));
    for path in ["/more", "/less"] {
        let mut client = server.connect();
        client.send(get(path)).head();
        let misuse = told.recv_timeout(LONG).unwrap().unwrap_err();
        assert!(matches!(misuse, Error::Misuse(_)), "{misuse}");
        assert_eq!(client.rest().unwrap_or_else(|rest| rest), "abc", "{path}");
    }
}

#[test]
fn a_source_that_fails_at_once_is_500_and_later_breaks_off() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("on purpose"))?;
            room[0] = b'x';
            Ok(1)
        }
    }
    let server = start(|request: Request| {
        let pieces = usize::from(request.path() == "/later");
        Response::new(Status::OK).with_content(Content::Length(9, Source::reader(Failing(pieces))))
    });
    assert_eq!(server.ask(&get("/now")).status, 500);
    let mut client = server.connect();
    client.send(get("/later")).head();
    assert_eq!(client.rest().unwrap_or_else(|rest| rest), "x");
}

#[test]
fn malformed_requests_are_answered_and_lingered_on() {
    let server = start(|_: Request| "never");
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n").send(vec![b'x'; 100_000]);
    let text = client.rest().unwrap();
    assert!(text.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{text}");
}

#[test]
fn a_body_that_is_cut_is_an_error_and_not_an_end() {
    let (tell, told) = told();
    let server = start(move |mut request: Request| tell(request.body_mut().bytes()));
    let part = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart";
    let mut client = server.connect();
    client.send(part).send_nothing_more();
    let error = told.recv_timeout(LONG).unwrap().unwrap_err();
    assert!(matches!(error, Error::Peer(error) if error.kind == Fault::Truncated), "{error}");

    let mut client = server.connect();
    client.send(part);
    SockRef::from(client.socket()).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    let error = told.recv_timeout(LONG).unwrap().unwrap_err();
    assert!(matches!(error, Error::Peer(error) if error.kind == Fault::Reset), "{error}");
}

#[test]
fn a_client_that_vanishes_ends_the_writing() {
    let (tell, told) = told();
    let server = start(streaming(move |_, mut writer| {
        let error = loop {
            if let Err(error) = writer.write_all(&[b'x'; 100_000]) {
                break error;
            }
        };
        tell((error, writer.is_cancelled()));
    }));
    for half_close in [false, true] {
        let mut client = server.connect();
        client.send(GET).head();
        if half_close {
            client.send_nothing_more();
        }
        SockRef::from(client.socket()).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        let (error, cancelled) = told.recv_timeout(LONG).unwrap();
        assert!(matches!(error, Error::Closed(_) | Error::Misuse(_)), "{error:?}");
        assert!(cancelled);
    }
}

#[test]
fn a_half_close_is_advice_and_the_answer_is_still_sent() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let server = start(streaming(move |_, mut writer| {
        assert!(!writer.is_cancelled());
        wait.lock().unwrap().recv().unwrap();
        while !writer.is_cancelled() {
            std::thread::yield_now();
        }
        writer.write_all(b"still here").unwrap();
    }));
    let mut client = server.connect();
    client.send(GET);
    std::thread::sleep(Duration::from_millis(10));
    client.send_nothing_more();
    go.send(()).unwrap();
    assert!(client.rest().unwrap().ends_with("\r\n\r\nstill here"));
}

#[test]
fn a_slow_reader_gets_everything() {
    let server = start(|_: Request| vec![b'x'; 8 << 20]);
    let mut client = server.connect();
    client.send(GET).head();
    std::thread::sleep(Duration::from_millis(500));
    for _ in 0..8 {
        client.bytes(1 << 20);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(client.send(GET).answer().body.len(), 8 << 20);
}

fn impatient() -> ServerConfig {
    let rate = Rate {
        grace: Duration::from_millis(200),
        burst: Duration::from_millis(300),
        ..Rate::DEFAULT
    };
    let mut config = ServerConfig::default();
    config.timeouts.head = Duration::from_millis(200);
    config.timeouts.idle = Duration::from_millis(300);
    config.timeouts.body = rate;
    config.timeouts.write = rate;
    config.timeouts.linger = Duration::from_millis(200);
    config
}

#[test]
fn a_reader_that_stops_is_cut() {
    let (tell, told) = told();
    let server = run(Server::new(streaming(move |_, mut writer| {
        let error = loop {
            if let Err(error) = writer.write_all(&[b'x'; 100_000]) {
                break error;
            }
        };
        tell(error);
    }))
    .config(impatient()));
    let mut client = server.connect();
    client.send(GET);
    let error = told.recv_timeout(LONG).unwrap();
    assert!(matches!(error, Error::Closed(_)), "{error:?}");
    client.rest().expect_err("a reset");
}

#[test]
fn a_sender_that_stops_is_answered_408_and_a_silent_one_is_closed() {
    let server =
        run(Server::new(|mut request: Request| request.body_mut().text()).config(impatient()));
    let mut silent = server.connect();
    let mut head = server.connect();
    head.send("GET / HT");
    let mut body = server.connect();
    body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart");
    let mut idle = server.connect();
    assert_eq!(idle.send(post("/", "x")).answer().body, "x");
    assert_eq!(silent.rest().unwrap(), "");
    assert_eq!(idle.rest().unwrap(), "");
    for mut client in [head, body] {
        assert!(client.rest().unwrap().starts_with("HTTP/1.1 408 "));
    }
}

/// A thread waits for the rest of a body when the response has been given: the
/// response does not wait for that thread.
#[test]
fn a_response_does_not_wait_for_a_body_that_is_read_elsewhere() {
    let (tell, told) = told();
    let tell = Arc::new(tell);
    let server = start(full_duplex(move |request: Request| {
        let (mut body, tell) = (request.into_body(), Arc::clone(&tell));
        std::thread::spawn(move || tell((body.chunk(), body.chunk())));
        std::thread::sleep(Duration::from_millis(50));
        Response::text("early").with("Connection", "close").unwrap()
    }));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart");
    let answer = client.answer();
    assert!(answer.has("Connection: close"));
    assert_eq!(client.send("123456").rest().unwrap(), "");
    let (first, second) = told.recv_timeout(LONG).unwrap();
    assert_eq!(first.unwrap().unwrap(), "part");
    assert!(matches!(second, Err(Error::Misuse(_) | Error::Closed(_))), "{second:?}");
}

#[test]
fn disconnects_and_panics_by_the_hundred_leave_no_descriptor_behind() {
    let descriptors = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let server = start(streaming(move |request, mut writer| match request.path() {
        "/panic" => panic!("on purpose"),
        // What a handler keeps must not keep the socket.
        "/keep" => keep.lock().unwrap().push(request.into_body()),
        _ => drop(writer.write(&[b'x'; 3000])),
    }));
    for round in 0..300 {
        let mut client = server.connect();
        match round % 3 {
            0 => drop(client.send(get("/panic")).answer()),
            1 => drop(client.send(post("/keep", "unread").as_str()).answer()),
            _ => drop(client.send(GET).socket()),
        }
    }
    server.handle.shutdown(LONG);
    // Other tests run in this process: what is left is theirs, and no multiple of 100.
    assert!(descriptors() < 100, "{}", descriptors());
    assert_eq!(kept.lock().unwrap().len(), 100);
}

/// The socket may be in the middle of a read for a body when the exchange it
/// belongs to is given up.
#[test]
fn a_response_is_given_up_while_another_thread_reads_the_body() {
    let reader_panicked = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&reader_panicked);
    let handler = streaming(move |mut request: Request, mut writer: ResponseWriter| {
        let mut body = std::mem::replace(request.body_mut(), Body::empty());
        let reader = std::thread::spawn(move || while let Ok(Some(_)) = body.chunk() {});
        let _ = writer.write(b"x");
        let _ = writer.flush();
        std::thread::sleep(Duration::from_millis(2));
        writer.abort();
        told.fetch_or(reader.join().is_err(), SeqCst);
    });
    let bound = Server::new(handler).body_limit(1 << 40).bind("127.0.0.1:0").unwrap();
    let (address, handle) = (bound.local_addr(), bound.handle());
    let serving = std::thread::spawn(move || bound.serve());
    for _ in 0..40 {
        let mut client = TcpStream::connect(address).unwrap();
        client.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n";
        client.write_all(head).unwrap();
        while client.write_all(&[0; 1000]).is_ok() {}
    }
    handle.close();
    serving.join().unwrap().unwrap();
    assert!(!reader_panicked.load(SeqCst));
}
