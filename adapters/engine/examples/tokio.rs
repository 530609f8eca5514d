//! A runtime of one's own: server and client on tokio, over nothing but the engine.
//!
//!     cargo run -p purlin-engine --features rustls --example engine_tokio 127.0.0.1:8080
//!     curl http://127.0.0.1:8080/hello/gopher
//!     curl --data-binary @README.md http://127.0.0.1:8080/length
//!
//! It serves a mux, in plain text and, with the names of a certificate's and a key's file
//! behind the address, in TLS; it asks itself with a client that has a pool, and goes on
//! serving. What a runtime has to give is here: a wire that tells when it is ready, a timer,
//! and tasks. Everything else is the engine's and the core's.

use purlin_core::exchange::{Error, Request as Asked};
use purlin_core::message::Outcome;
use purlin_core::mux::Mux;
use purlin_core::{Mono, Now, Request, ResponseHead, Status, Values};
use purlin_engine::served::{Driver, Open, Place, Reader, Route, Routes};
use purlin_engine::{
    Agent, Budget, Chore, Line, Moved, Ready, Run, Runtime, ServerContext, ServerSettings,
    Settings, System, Ticks, Timer, Wire, attended,
};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

// ---- The time, and a timer.

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now() -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now::at(Mono::ZERO + ORIGIN.elapsed(), unix.as_secs())
}

fn instant(at: Mono) -> tokio::time::Instant {
    (*ORIGIN + Duration::from_nanos(at.as_nanos())).into()
}

#[derive(Default)]
struct Deadline(Option<Pin<Box<Sleep>>>);

impl Timer for Deadline {
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(instant(at))));
        if sleep.deadline() != instant(at) {
            sleep.as_mut().reset(instant(at));
        }
        sleep.as_mut().poll(cx)
    }
}

// ---- A socket, for both sides.

struct Tcp(TcpStream, Deadline);

impl Wire for Tcp {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        self.0.try_read(room).into()
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        self.0.try_write_vectored(slices).into()
    }

    fn shut_writing(&mut self) {
        // One that is gone has nothing to be shut.
        let _ = socket2::SockRef::from(&self.0).shutdown(std::net::Shutdown::Write);
    }
}

impl Timer for Tcp {
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        self.1.poll_until(at, cx)
    }
}

impl Ready for Tcp {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_read_ready(cx).map(drop)
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_write_ready(cx).map(drop)
    }
}

// ---- The server.

struct Shared {
    routes: Routes,
    context: ServerContext,
}

impl Place for Shared {
    type Service = Routes;

    fn service(&self) -> &Routes {
        &self.routes
    }

    fn now(&self) -> Now {
        now()
    }

    fn budget(&self) -> &Budget {
        &self.context.budget
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        let shared = shared.clone();
        tokio::spawn(async move {
            let (served, _) = shared.context.accept(now());
            let wire = Tcp(stream, Deadline::default());
            Driver::new(&*shared, wire, served, Values::default(), None).await;
        });
    }
}

// ---- The client.

struct Tokio;

impl Runtime for Tokio {
    type Clock = Ticks;
    type Socket = Line<Tcp>;
    type Source = Infallible;
    type Dialer = Infallible;
    type Own = Infallible;
    type Attempt = Pin<Box<dyn Future<Output = io::Result<Line<Tcp>>> + Send>>;

    fn dial(dialer: &Infallible, _: &str, _: u16) -> Infallible {
        *dialer
    }

    fn attempt(address: SocketAddr) -> io::Result<Self::Attempt> {
        Ok(Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Line::new(Tcp(stream, Deadline::default())))
        }))
    }
}

/// Threads that may block, and tasks for what is done now and then.
impl System for Tokio {
    fn now(&self) -> Now {
        now()
    }

    fn spawn(&self, _: &str, work: purlin_engine::Work) -> io::Result<()> {
        tokio::task::spawn_blocking(work);
        Ok(())
    }

    fn attend(&self, _: &str, chore: Chore) -> io::Result<Waker> {
        let (task, waker) = attended(chore, now, Deadline::default());
        tokio::spawn(task);
        Ok(waker)
    }
}

/// Asks, and reads the whole answer.
async fn ask(agent: &Agent<Tokio>, request: Asked<Infallible>) -> Result<String, Error> {
    let (parts, given) = request.into_parts()?;
    let mut run = Run::new(agent, parts, given, Ticks::new(now));
    let answer = run.answered(&mut Deadline::default()).await?;
    let (received, mut body) = run.deliver(answer)?;
    let read = body.bytes().await?;
    Ok(format!("{} {}", received.status(), body.text(read)?))
}

// ---- Handlers, and the program.

/// Reads the body piece by piece.
async fn length(request: Request<Reader>, _: Open) -> Outcome<Infallible> {
    let (mut body, mut length) = (request.into_body(), 0);
    loop {
        match poll_fn(|cx| body.poll_chunk(cx, now())).await {
            Ok(Some(piece)) => length += piece.len(),
            Ok(None) => return Route::answer(format!("{length} bytes\n")),
            Err(error) => return Route::answer(error.status()),
        }
    }
}

/// Writes its response as it comes to its parts.
async fn count(_: Request<Reader>, open: Open) -> Outcome<Infallible> {
    let mut writer = open.writer();
    for number in 1..=3 {
        let line = format!("{number}\n");
        // An end of the connection shows in what follows, too.
        let _ = poll_fn(|cx| writer.poll_write(cx, line.as_bytes(), now())).await;
        let _ = poll_fn(|cx| writer.poll_flush(cx, now())).await;
    }
    let _ = poll_fn(|cx| writer.poll_end(cx, now())).await;
    Outcome::Written
}

/// Leaves HTTP, and gives back what comes.
async fn echo(_: Request<Reader>, open: Open) -> Outcome<Infallible> {
    let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo");
    let Ok(head) = head else { return Route::answer(Status::INTERNAL_SERVER_ERROR) };
    let Ok(mut raw) = open.writer().upgrade(&head, now()) else { return Outcome::Written };
    let mut room = [0; 1024];
    while let Ok(count @ 1..) = poll_fn(|cx| raw.poll_read(cx, &mut room, now())).await {
        let mut rest = &room[..count];
        while let Ok(taken @ 1..) = poll_fn(|cx| raw.poll_write(cx, rest, now())).await {
            rest = &rest[taken..];
        }
    }
    Outcome::Written
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listener =
        TcpListener::bind(arguments.next().as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let here = listener.local_addr()?;

    let mut mux: Mux<Route> = Mux::new();
    mux.handle("GET /hello/{name}", async |request: Request<Reader>, _: Open| {
        Route::answer(format!("hello, {}\n", request.param("name")))
    })?;
    mux.handle("POST /length", length)?;
    mux.handle("GET /count", count)?;
    mux.handle("GET /echo", echo)?;

    let mut server = ServerSettings::new(Duration::from_secs(15));
    let (mut settings, mut scheme) = (Settings::new().no_proxy(), "http");
    if let (Some(chain), Some(key)) = (arguments.next(), arguments.next()) {
        let tls = purlin_tls::ServerTls::from_files(&chain, key)?;
        server.make_machine = Some(Box::new(move |config, now| tls.connection(config, now)));
        settings = settings.tls(purlin_tls::ClientTls::new(purlin_tls::Roots::from_file(chain)?)?);
        scheme = "https";
    }
    println!("listening on {scheme}://{here}");
    let shared = Shared { routes: mux.into(), context: server.context() };
    let serving = tokio::spawn(serve(listener, Arc::new(shared)));

    let agent = Agent::<Tokio>::new(settings, None, Arc::new(Tokio));
    for request in [
        Asked::get(format!("{scheme}://{here}/hello/gopher")),
        Asked::post(format!("{scheme}://{here}/length")).body("twelve bytes"),
        Asked::get(format!("{scheme}://{here}/count")),
        Asked::get(format!("{scheme}://{here}/nowhere")),
    ] {
        println!("{:?}", ask(&agent, request).await?);
    }
    println!("{} connection kept", agent.pool().idle());
    match serving.await?? {}
}
