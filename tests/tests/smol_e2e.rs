//! purlin-smol, end to end: real sockets on loopback, raw bytes on the client's side.
//! Asserts what is said, not how long it takes.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;

use kit::GET;
use kit::peer::{Guard, Peer};
use on::Site;
use purlin_smol::{
    Body, Bytes, Content, Error, Exchange, Method, Request, Response, ResponseHead, ResponseWriter,
    Server, ServerConfig, Source, Status, Timeouts, streaming,
};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

async fn hello(request: Request) -> String {
    format!("hello, {}\n", request.path())
}

async fn echo(mut request: Request) -> Result<String, Error> {
    request.body_mut().text().await
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let site = Site::start(Server::new(hello));
    let mut peer = site.connect();
    let all: String = (0..50).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    peer.send(&all);
    for n in 0..50 {
        assert_eq!(peer.response(), (200, format!("hello, /{n}\n")));
    }
}

#[test]
fn a_client_that_sends_a_byte_at_a_time_is_served() {
    let site = Site::start(Server::new(echo));
    let mut peer = site.connect();
    for byte in "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde".bytes() {
        peer.send_bytes(&[byte]);
    }
    assert_eq!(peer.response(), (200, "abcde".into()));
}

#[test]
fn a_malformed_request_is_refused_and_the_connection_closed() {
    let site = Site::start(Server::new(hello));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    assert_eq!(peer.response().0, 400);
    assert!(peer.rest().is_empty());
}

#[test]
fn a_body_over_the_limit_is_413_by_the_question_mark_alone() {
    let site = Site::start(Server::new(echo).body_limit(10));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    assert_eq!(peer.response().0, 413);
}

#[test]
fn a_chunked_body_is_read_with_its_trailers() {
    let site = Site::start(Server::new(async |mut request: Request| {
        let text = request.body_mut().text().await?;
        let sum = request.body().trailers().and_then(|fields| fields.get("sum"));
        Ok::<_, Error>(format!("{text} {sum:?}"))
    }));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("3\r\nabc\r\n2\r\nde\r\n0\r\nSum: 5\r\n\r\n");
    assert_eq!(peer.response(), (200, "abcde Some(\"5\")".into()));
}

#[test]
fn a_body_that_is_not_read_leaves_the_connection_open() {
    let site = Site::start(Server::new(hello));
    let mut peer = site.connect();
    peer.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    peer.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().1, "hello, /1\n");
    assert_eq!(peer.response().1, "hello, /2\n");
}

#[test]
fn continue_is_sent_when_the_body_is_asked_for() {
    let site = Site::start(Server::new(echo));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("hi");
    assert_eq!(peer.response(), (200, "hi".into()));
}

#[test]
fn a_body_may_be_read_on_another_thread() {
    let (tell, told) = mpsc::sync_channel(1);
    let site = Site::start(Server::new(async move |mut request: Request| {
        let tell = tell.clone();
        let reading = smol::spawn(async move {
            let mut first = [0; 3];
            request.body_mut().read_exact(&mut first).await?;
            tell.send(()).unwrap();
            let rest = request.body_mut().text().await?;
            Ok::<_, Error>(format!("{} {rest}", String::from_utf8_lossy(&first)))
        });
        reading.await
    }));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
    peer.send("abc");
    told.recv().unwrap();
    peer.send("def");
    assert_eq!(peer.response(), (200, "abc def".into()));
}

#[test]
fn a_body_is_a_reader() {
    let site = Site::start(Server::new(async |mut request: Request| {
        let mut first = [0; 2];
        request.body_mut().read_exact(&mut first).await?;
        let mut rest = String::new();
        request.body_mut().read_to_string(&mut rest).await?;
        Ok::<_, Error>(format!("{} {rest}", String::from_utf8_lossy(&first)))
    }));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
    assert_eq!(peer.response(), (200, "ab cde".into()));
}

#[test]
fn a_short_streamed_response_has_its_length() {
    let site = Site::start(Server::new(streaming(async |_, mut writer: ResponseWriter| {
        writer.status(Status::CREATED).fields_mut().append("X-A", "b")?;
        writer.write(b"made ").await?;
        writer.write(b"it").await
    })));
    let mut peer = site.connect();
    peer.send(GET);
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 201 Created\r\nX-A: b\r\n"), "{head}");
    assert!(head.contains("Content-Length: 7\r\n"), "{head}");
    assert_eq!(peer.exactly(7), b"made it");
}

#[test]
fn a_streaming_handler_that_writes_nothing_answers_200_without_a_body() {
    let site = Site::start(Server::new(streaming(async |_, _| ())));
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
    let (go, gone) = async_channel::bounded::<()>(1);
    let site = Site::start(Server::new(streaming(async move |_, mut writer: ResponseWriter| {
        writer.write(b"first").await?;
        writer.flush().await?;
        // A closed channel is the signal too.
        let _ = gone.recv().await;
        writer.write(b"second").await?;
        writer.trailers_mut().append("Sum", "11")?;
        writer.finish().await
    })));
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
    let site = Site::start(Server::new(streaming(async |_, mut writer: ResponseWriter| {
        writer.interim(&ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>")?)?;
        writer.respond(Response::text("done")).await
    })));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    assert_eq!(peer.response(), (200, "done".into()));
}

#[test]
fn a_writer_may_finish_on_another_thread_after_the_handler_returned() {
    let site = Site::start(Server::new(streaming(async |_, mut writer: ResponseWriter| {
        std::thread::spawn(move || {
            let data = [b'x'; 200_000];
            smol::block_on(writer.write(&data)).unwrap();
            writer.trailers_mut().append("Last", "1").unwrap();
        });
    })));
    let mut peer = site.connect();
    for _ in 0..3 {
        peer.send(GET);
        let (status, body) = peer.response();
        assert_eq!((status, body.len()), (200, 200_000));
    }
}

#[test]
fn an_error_before_the_head_is_the_answer_and_after_it_an_abort() {
    let site = Site::start(Server::new(streaming(
        async |request: Request, mut writer: ResponseWriter| {
            writer.write(b"half").await?;
            if request.path() == "/late" {
                writer.flush().await?;
            }
            Err::<(), _>(Error::from(purlin_smol::Misuse::WrongStatus))
        },
    )));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 500);
    peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200"));
    assert_eq!(peer.rest(), b"4\r\nhalf\r\n", "no last chunk");
}

#[test]
fn a_source_that_fails_aborts_the_response() {
    let site = Site::start(Server::new(async |_: Request| {
        let failed = std::io::Error::other("disk on fire");
        let pieces = smol::stream::iter([Ok(Bytes::from(vec![b'x'; 5000])), Err(failed)]);
        Response::stream(Source::stream(pieces))
    }));
    let mut peer = site.connect();
    peer.send(GET);
    assert!(peer.head().starts_with("HTTP/1.1 200"));
    let rest = peer.rest();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "no last chunk");
}

#[test]
fn sources_give_their_bytes_and_short_ones_their_length() {
    let site = Site::start(Server::new(async |request: Request| match request.path() {
        "/long" => Response::stream(Source::reader(smol::io::Cursor::new(vec![b'x'; 300_000]))),
        "/declared" => {
            let reader = smol::io::Cursor::new(vec![b'x'; 70_000]);
            Response::new(Status::OK).with_content(Content::Length(70_000, Source::reader(reader)))
        }
        _ => Response::stream(Source::reader(smol::io::Cursor::new("short"))),
    }));
    let mut peer = site.connect();
    peer.send(GET);
    assert!(peer.head().contains("Content-Length: 5\r\n"));
    assert_eq!(peer.exactly(5), b"short");
    peer.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().1.len(), 300_000);
    peer.send("GET /declared HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().contains("Content-Length: 70000\r\n"));
    assert_eq!(peer.exactly(70_000).len(), 70_000);
}

#[test]
fn a_panicking_handler_answers_500_and_the_server_lives() {
    let site = Site::start(Server::new(async |request: Request| {
        assert_ne!(request.path(), "/panic", "as asked for");
        "fine"
    }));
    let mut peer = site.connect();
    peer.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 500);
    let mut other = site.connect();
    other.send(GET);
    assert_eq!(other.response(), (200, "fine".into()));
}

#[test]
fn a_panic_while_streaming_is_500_before_the_head_and_an_abort_after() {
    let site = Site::start(Server::new(streaming(
        async |request: Request, mut writer: ResponseWriter| {
            writer.write(b"half").await?;
            if request.path() == "/late" {
                writer.flush().await?;
            }
            if *request.method() == Method::GET {
                panic!("as asked for");
            }
            Ok::<(), Error>(())
        },
    )));
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
    let site = Site::start(Server::new(async move |mut request: Request| {
        let result = request.body_mut().bytes().await;
        tell.send(matches!(result, Err(Error::Peer(_)))).unwrap();
        result
    }));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    peer.half_close();
    assert!(told.recv().unwrap());
    assert_eq!(peer.response().0, 400);
}

#[test]
fn a_reset_drops_the_handler_where_it_waits() {
    let ((tell, told), (begin, begun)) = (mpsc::sync_channel(1), mpsc::sync_channel(1));
    let site = Site::start(Server::new(async move |_: Request| {
        let _guard = Guard(tell.clone());
        begin.send(()).unwrap();
        std::future::pending::<&str>().await
    }));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv().unwrap();
    peer.reset();
    told.recv().unwrap();
}

#[test]
fn a_half_close_is_advice_and_the_answer_still_arrives() {
    let site = Site::start(Server::new(streaming(async |_, mut writer: ResponseWriter| {
        writer.cancelled().await;
        assert!(writer.is_cancelled());
        writer.write(b"still here").await
    })));
    let mut peer = site.connect();
    peer.send(GET);
    peer.half_close();
    assert_eq!(peer.response(), (200, "still here".into()));
    assert!(peer.rest().is_empty());
}

#[test]
fn a_client_that_reads_nothing_and_resets_frees_the_writer() {
    let (tell, told) = mpsc::sync_channel(1);
    let site = Site::start(Server::new(streaming(async move |_, mut writer: ResponseWriter| {
        let _guard = Guard(tell.clone());
        loop {
            writer.write(&[b'x'; 10_000]).await?;
        }
        #[expect(unreachable_code, reason = "names the type")]
        Ok::<(), Error>(())
    })));
    let mut peer = site.connect();
    peer.send(GET);
    peer.head();
    peer.reset();
    told.recv().unwrap();
}

#[test]
fn an_upgrade_carries_leftover_bytes_and_half_closes() {
    let site = Site::start(Server::new(streaming(async |_, writer: ResponseWriter| {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
        let mut stream = writer.upgrade(head)?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        stream.write_all(&all).await?;
        stream.close().await?;
        Ok::<(), Error>(())
    })));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nleft");
    peer.send("over");
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    peer.half_close();
    assert_eq!(peer.rest(), b"leftover");
}

#[test]
fn a_tunnel_may_live_on_after_its_handler() {
    let site = Site::start(Server::new(streaming(async |_, writer: ResponseWriter| {
        let stream = writer.upgrade(ResponseHead::new(Status::OK))?;
        smol::spawn(async move {
            let (reader, writer) = smol::io::split(stream);
            smol::io::copy(reader, writer).await
        })
        .detach();
        Ok::<(), Error>(())
    })));
    let mut peer = site.connect();
    peer.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200 "));
    for n in 0..10 {
        peer.send(&format!("ping {n}"));
        assert_eq!(peer.exactly(6), format!("ping {n}").as_bytes());
    }
    peer.half_close();
    assert!(peer.rest().is_empty());
}

#[test]
fn an_idle_connection_is_closed_at_its_deadline() {
    let timeouts = Timeouts { idle: Duration::from_millis(50), ..Timeouts::default() };
    let config = ServerConfig { timeouts, ..ServerConfig::default() };
    let site = Site::start(Server::new(hello).config(config));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
    assert!(peer.rest().is_empty());
}

#[test]
fn at_the_cap_a_connection_waits_until_another_ends() {
    let site = Site::start(Server::new(hello).connections(1));
    let mut first = site.connect();
    first.send(GET);
    assert_eq!(first.response().0, 200);
    let mut second = site.connect();
    second.send(GET);
    drop(first);
    assert_eq!(second.response().0, 200);
}

#[test]
fn a_graceful_stop_under_load_finishes_every_request_that_began() {
    let began = Arc::new(AtomicUsize::new(0));
    let counter = began.clone();
    let site = Site::start(Server::new(async move |_: Request| {
        counter.fetch_add(1, SeqCst);
        smol::Timer::after(Duration::from_millis(5)).await;
        "done"
    }));
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let mut peer = site.connect();
            std::thread::spawn(move || {
                let mut answered = 0;
                while peer.try_send(GET) && peer.try_response() == Some((200, "done".into())) {
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    while began.load(SeqCst) < 200 {
        std::thread::yield_now();
    }
    assert_eq!(site.shutdown(), 0);
    let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(answered, began.load(SeqCst));
}

#[test]
fn a_graceful_stop_answers_what_came_before_it() {
    let bound = smol::block_on(Server::new(hello).bind("127.0.0.1:0")).unwrap();
    let mut peers: Vec<_> = (0..10).map(|_| Peer::new(bound.local_addr())).collect();
    peers.iter_mut().for_each(|peer| peer.send(GET));
    let stopped = bound.handle().shutdown(Duration::from_secs(60));
    let serving = smol::spawn(bound.serve());
    for mut peer in peers {
        assert_eq!(peer.response(), (200, "hello, /\n".into()));
        assert!(peer.rest().is_empty());
    }
    assert_eq!(smol::block_on(stopped), 0);
    smol::block_on(serving).unwrap();
}

#[test]
fn a_graceful_stop_cuts_what_is_left_at_the_deadline() {
    let ((tell, told), (begin, begun)) = (mpsc::sync_channel(1), mpsc::sync_channel(1));
    let site = Site::start(Server::new(async move |_: Request| {
        let _guard = Guard(tell.clone());
        begin.send(()).unwrap();
        std::future::pending::<&str>().await
    }));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv().unwrap();
    assert_eq!(site.shutdown_within(Duration::from_millis(50)), 1);
    told.recv().unwrap();
    assert!(peer.try_response().is_none());
}

#[test]
fn dropping_the_serving_future_stops_everything() {
    let bound = smol::block_on(Server::new(hello).bind("127.0.0.1:0")).unwrap();
    let address = bound.local_addr();
    let serving = smol::spawn(bound.serve());
    let mut peer = Peer::new(address);
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
    drop(serving);
    assert!(peer.rest().is_empty());
}

#[test]
fn listening_on_a_taken_address_is_an_error() {
    let site = Site::start(Server::new(hello));
    let second = smol::block_on(Server::new(hello).listen(site.address));
    assert!(matches!(second, Err(Error::Listen { .. })));
}

#[test]
fn a_handler_of_ones_own_may_wrap_another() {
    struct Gate<H>(H, AtomicBool);
    impl<H: purlin_smol::Handler> purlin_smol::Handler for Gate<H> {
        fn call<'h>(
            &'h self,
            request: Request,
            exchange: &Exchange,
        ) -> purlin_smol::HandlerFuture<'h> {
            if self.1.swap(true, SeqCst) {
                return self.0.call(request, exchange);
            }
            Box::pin(async { Response::text("closed").into() })
        }
    }
    let site = Site::start(Server::new(Gate(hello, AtomicBool::new(false))));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().1, "closed");
    peer.send(GET);
    assert_eq!(peer.response().1, "hello, /\n");
}

fn _bodies_and_writers_are_send() {
    fn send<T: Send>() {}
    send::<Request>();
    send::<Body>();
    send::<ResponseWriter>();
    send::<purlin_smol::Upgraded>();
    send::<purlin_smol::Handle>();
}
