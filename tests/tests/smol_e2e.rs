//! purlin-smol, end to end: real sockets on loopback, raw bytes on the client's side.
//! Asserts what is said, not how long it takes.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;
#[path = "both/e2e.rs"]
mod both;
#[path = "both/gone.rs"]
mod gone;

use kit::peer::{Guard, Peer};
use kit::{GET, LONG};
use on::Site;
use purlin_smol::{
    Body, Content, Error, Exchange, Request, Response, ResponseHead, ResponseWriter, Server,
    Source, Status, streaming,
};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

async fn hello(request: Request) -> String {
    format!("hello, {}\n", request.path())
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

#[test]
fn a_handler_is_dropped_that_has_nothing_for_a_client_that_ended_its_half() {
    let (tell, told) = mpsc::sync_channel(1);
    let server = Server::new(async move |_: Request| {
        let _guard = Guard(tell.clone());
        std::future::pending::<()>().await;
    });
    let site = Site::start(server.half_closed_timeout(Duration::from_millis(50)));
    let mut peer = site.connect();
    peer.send(GET);
    peer.half_close();
    told.recv_timeout(LONG).unwrap();
    assert!(peer.rest().is_empty());
}

/// A server whose handlers never answer, and who is told when one is dropped.
fn waiting() -> (Server<impl purlin_smol::Handler>, mpsc::Receiver<()>, mpsc::Receiver<()>) {
    let ((begin, begun), (drops, dropped)) = (mpsc::sync_channel(4), mpsc::sync_channel(4));
    let server = Server::new(async move |request: Request| {
        let _guard = (Guard(drops.clone()), request);
        begin.send(()).unwrap();
        std::future::pending::<&str>().await
    });
    (server, begun, dropped)
}

#[test]
fn a_reset_behind_a_half_close_drops_the_handler() {
    let (server, begun, dropped) = waiting();
    let site = Site::start(server);
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv_timeout(LONG).unwrap();
    peer.half_close();
    // Such a client may still read: its handler lives on.
    assert!(dropped.recv_timeout(Duration::from_millis(200)).is_err());
    peer.reset();
    dropped.recv_timeout(LONG).unwrap();
}

#[test]
fn a_reset_behind_more_body_than_is_read_drops_the_handler() {
    let (server, begun, dropped) = waiting();
    let site = Site::start(server);
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    peer.send(&"x".repeat(700_000));
    begun.recv_timeout(LONG).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    peer.reset();
    dropped.recv_timeout(LONG).unwrap();
}

#[test]
fn a_close_of_a_unix_socket_behind_a_half_close_drops_the_handler() {
    let (server, begun, dropped) = waiting();
    let path = std::env::temp_dir().join(format!("purlin-gone-{}.sock", std::process::id()));
    let _site = Site::of(smol::block_on(server.bind_unix(&path)).unwrap());
    for half in [true, false] {
        let mut peer = Peer::over(std::os::unix::net::UnixStream::connect(&path).unwrap());
        peer.send(GET);
        begun.recv_timeout(LONG).unwrap();
        if half {
            peer.half_close();
            assert!(dropped.recv_timeout(Duration::from_millis(200)).is_err());
        }
        drop(peer);
        dropped.recv_timeout(LONG).unwrap();
    }
}
