//! purlin-smol, end to end: served on an executor of somebody else's, by several threads.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod kit;
#[macro_use]
#[path = "kit/smol.rs"]
mod on;

use kit::GET;
use kit::peer::{Guard, Peer};
use kit::told::observer;
use purlin_smol::{
    Answer, Content, Error, Exchange, Handle, Handler, HandlerFuture, Listener, Panics, Request,
    Response, ResponseWriter, SendHandler, SendHandlerFuture, SendMux, Server, Source, Status,
    in_memory, streaming,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A server whose connections are tasks of an executor with three threads.
struct Elsewhere {
    address: SocketAddr,
    handle: Handle,
    executor: Arc<smol::Executor<'static>>,
    serving: Option<smol::Task<purlin_smol::Result<()>>>,
    tasks: Arc<AtomicUsize>,
    /// Closed at the end, for the threads.
    running: Option<smol::channel::Sender<()>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

fn start<H: SendHandler>(server: Server<H>) -> Elsewhere {
    let bound = smol::block_on(server.bind("127.0.0.1:0")).unwrap();
    let (address, handle) = (bound.local_addr(), bound.handle());
    let executor = Arc::new(smol::Executor::new());
    let (running, run) = smol::channel::bounded::<()>(1);
    let threads = (0..3).map(|_| {
        let (executor, run) = (executor.clone(), run.clone());
        std::thread::spawn(move || {
            // The channel closes at the end.
            let _ = smol::block_on(executor.run(run.recv()));
        })
    });
    let threads = threads.collect();
    let tasks = Arc::new(AtomicUsize::new(0));
    let (count, spawner) = (tasks.clone(), executor.clone());
    let serving = executor.spawn(bound.serve_on(move |connection| {
        count.fetch_add(1, SeqCst);
        spawner.spawn(connection).detach();
    }));
    let (serving, running) = (Some(serving), Some(running));
    Elsewhere { address, handle, executor, serving, tasks, running, threads }
}

impl Elsewhere {
    fn connect(&self) -> Peer {
        Peer::new(self.address)
    }

    fn served(&mut self) -> purlin_smol::Result<()> {
        smol::block_on(self.serving.take().unwrap())
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.handle.close();
        drop(self.serving.take().map(smol::block_on));
        drop(self.running.take());
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
        // Its tasks hold wakers that hold it.
        assert!(self.executor.is_empty() || std::thread::panicking());
    }
}

#[test]
fn a_task_is_spawned_for_each_connection_and_they_serve_in_parallel() {
    let greeting: Arc<str> = "hello".into();
    let mut site = start(Server::new(move |request: Request| {
        let greeting = greeting.clone();
        async move {
            smol::future::yield_now().await;
            format!("{greeting}, {}", request.path())
        }
    }));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut peer = site.connect();
            std::thread::spawn(move || {
                for n in 0..100 {
                    peer.send(&format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n"));
                    assert_eq!(peer.response(), (200, format!("hello, /{n}")));
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!(site.tasks.load(SeqCst), 8);
    assert_eq!(smol::block_on(site.handle.shutdown(Duration::from_secs(60))), 0);
    site.served().unwrap();
}

#[test]
fn a_mux_streams_and_sources_are_served_elsewhere_too() {
    let mut mux = SendMux::default();
    mux.handle("POST /echo", async |request: Request| {
        Response::new(Status::OK).with_content(Content::Stream(Source::from(request.into_body())))
    })
    .unwrap();
    let lines = async |_: Request, mut writer: ResponseWriter| {
        for _ in 0..3 {
            writer.write(b"line\n").await?;
            writer.flush().await?;
        }
        Ok::<(), Error>(())
    };
    mux.handle("GET /lines", streaming(lines)).unwrap();
    let site = start(Server::new(mux));
    let mut peer = site.connect();
    let body = "x".repeat(300_000);
    peer.send(&format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len()));
    let mut sending = peer.twin();
    let text = body.clone();
    let sending = std::thread::spawn(move || sending.send(&text));
    assert_eq!(peer.response(), (200, body));
    sending.join().unwrap();
    peer.send("GET /lines HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response(), (200, "line\n".repeat(3)));
    peer.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(peer.response().0, 404);
}

#[test]
fn deadlines_are_kept_elsewhere_too() {
    let server = Server::new(async |_: Request| "hello");
    let site = start(server.idle_timeout(Duration::from_millis(50)));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
    assert!(peer.rest().is_empty());
}

#[test]
fn observers_and_panics_are_the_same_elsewhere() {
    let (tells, told) = observer();
    let server = Server::new(async |request: Request| {
        assert_ne!(request.path(), "/panic", "as asked for");
        "fine"
    });
    let mut site = start(server.observe(tells).panics(Panics::Propagate));
    let mut peer = site.connect();
    peer.send(GET);
    told.expect(&["New", "Active", "GET / by -: 200 in 0 out 4", "Idle"]);
    peer.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    told.expect(&["Active"]);
    assert!(told.next().1.starts_with("panicked: "));
    let serving = std::panic::AssertUnwindSafe(|| site.served());
    assert!(std::panic::catch_unwind(serving).is_err());
}

#[test]
fn a_stop_that_is_graceful_answers_and_one_that_is_not_drops_handlers() {
    let (begin, begun) = mpsc::sync_channel(2);
    let (tell, ended) = mpsc::sync_channel(2);
    let (go, gone) = smol::channel::bounded::<()>(1);
    let (tells, told) = observer();
    let server = Server::new(move |request: Request| {
        let (begin, gone, guard) = (begin.clone(), gone.clone(), Guard(tell.clone()));
        async move {
            begin.send(()).unwrap();
            if request.path() == "/" {
                gone.recv().await.unwrap();
            } else {
                std::future::pending::<()>().await;
            }
            drop(guard);
            "done"
        }
    });
    let mut site = start(server.observe(tells));
    let (mut first, mut second) = (site.connect(), site.connect());
    first.send(GET);
    second.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    begun.recv().unwrap();
    begun.recv().unwrap();
    let stopped = site.handle.shutdown(Duration::from_secs(60));
    go.send_blocking(()).unwrap();
    assert_eq!(first.response(), (200, "done".into()));
    drop(first);
    ended.recv().unwrap();
    told.until("Closed");
    site.handle.close();
    ended.recv().unwrap();
    assert!(second.try_response().is_none());
    // The first one's place may not have been given back yet.
    assert!((1..=2).contains(&smol::block_on(stopped)));
    site.served().unwrap();
}

#[test]
fn dropping_the_future_stops_everything_elsewhere() {
    let mut site = start(Server::new(async |_: Request| "hello"));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
    drop(site.serving.take());
    assert!(peer.rest().is_empty());
}

#[test]
fn an_executor_that_is_dropped_ends_its_connections() {
    let (listener, dialer) = in_memory().unwrap();
    let server = Server::new(async |_: Request| "hello").with_listeners(vec![listener]);
    let server = server.and(Listener::bind("127.0.0.1:0").unwrap());
    let executor = smol::LocalExecutor::new();
    let mut peer = Peer::over(dialer.connect().unwrap());
    peer.send(GET);
    let (spawn, spawned) = smol::channel::unbounded();
    let serving = server.serve_on(move |connection| spawn.try_send(connection).unwrap());
    smol::block_on(executor.run(smol::future::or(async { serving.await.unwrap() }, async {
        let connection = executor.spawn(spawned.recv().await.unwrap());
        let peer = smol::unblock(move || (peer.response(), peer));
        let (answer, mut peer) = peer.await;
        assert_eq!(answer, (200, "hello".into()));
        drop(connection);
        assert!(smol::unblock(move || peer.rest()).await.is_empty());
    })));
}

/// What is written by hand.
struct Own;

impl Handler for Own {
    fn call<'h>(&'h self, request: Request, exchange: &Exchange) -> HandlerFuture<'h> {
        self.call_send(request, exchange)
    }
}

impl SendHandler for Own {
    fn call_send<'h>(&'h self, _: Request, _: &Exchange) -> SendHandlerFuture<'h> {
        Box::pin(async { Answer::from(Response::text("own")) })
    }
}

#[test]
fn a_handler_for_any_executor_is_served_on_threads_too() {
    let site = on::Site::start(Server::new(Own));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().1, "own");
    let site = start(Server::new(Own));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response().1, "own");
}

fn _what_handlers_give_is_send() {
    fn send<T: Send>() {}
    send::<Response>();
    send::<Answer>();
    send::<Source>();
}
