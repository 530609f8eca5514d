//! A runtime of one's own: server and client on tokio, over nothing but the engine.
//!
//!     cargo run -p purlin-engine --example engine_tokio 127.0.0.1:8080
//!     curl http://127.0.0.1:8080/hello/gopher
//!     curl --data-binary @README.md http://127.0.0.1:8080/length
//!
//! It serves a mux, asks itself with a client that has a pool, and goes on serving. What a
//! runtime has to give is here: a wire, its readiness, a timer, and tasks. Everything else,
//! bodies, keep-alive, limits, upgrades, retries, redirects, is the engine's and the core's.

use bytes::Bytes;
use purlin_core::exchange::{Error, Request as Asked};
use purlin_core::message::Outcome;
use purlin_core::mux::{FromHandler, Mux};
use purlin_core::server::{Config, Connection};
use purlin_core::{
    ClientMachine, Close, Machine, Mono, Now, Request, Response, ResponseHead, Status, Values,
};
use purlin_engine::served::{self, Open, Reader, Served, Service, Work, Writer};
use purlin_engine::{
    Agent, Beside, Chore, Clock, Leaving, Line, Moved, Pieces, Progress, ReadReady, Run, Runtime,
    Settings, System, Turn, Wire,
};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Sleep;

type Anything = Box<dyn std::error::Error>;

// ---- The time.

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now() -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now::at(Mono::ZERO + ORIGIN.elapsed(), unix.as_secs())
}

fn instant(at: Mono) -> tokio::time::Instant {
    (*ORIGIN + Duration::from_nanos(at.as_nanos())).into()
}

/// One timer for all deadlines of a connection.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn poll(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(instant(at))));
        if sleep.deadline() != instant(at) {
            sleep.as_mut().reset(instant(at));
        }
        sleep.as_mut().poll(cx)
    }
}

// ---- A socket as a wire.

struct Tcp(TcpStream);

fn moved(attempt: io::Result<usize>, nothing: Moved) -> Moved {
    match attempt {
        Ok(0) => nothing,
        Ok(count) => Moved::Bytes(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Nothing,
        Err(_) => Moved::Lost,
    }
}

impl Wire for Tcp {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        moved(self.0.try_read(room), Moved::End)
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        moved(self.0.try_write_vectored(slices), Moved::Lost)
    }

    fn shut_writing(&mut self) {
        // One that is gone has nothing to be shut.
        let _ = socket2::SockRef::from(&self.0).shutdown(std::net::Shutdown::Write);
    }

    fn untaken(&self) -> Option<usize> {
        None
    }
}

// ---- The server.

/// Serves one connection to its end.
async fn serve_one<S: Service>(stream: TcpStream, service: &S, config: Arc<Config>) {
    let served = Served::over(Connection::new(config, now()), now());
    let mut work = Work::new(service, served.clone(), Values::default(), None);
    let (mut line, mut timer) = (Line::new(Tcp(stream)), Timer::default());
    poll_fn(|cx| poll_connection(&served, &mut work, &mut line, &mut timer, cx)).await;
}

/// The six steps of the contract, as far as they go without waiting.
fn poll_connection<S: Service>(
    served: &Served,
    work: &mut Work<'_, S>,
    line: &mut Line<Tcp>,
    timer: &mut Timer,
    cx: &mut Context<'_>,
) -> Poll<()> {
    work.woken();
    loop {
        let mut at = now();
        let mut state = served.lock();
        state.driver = Some(cx.waker().clone());
        let read = line.read(&mut state.machine, at);
        state = served::serve(&drop, served, state, work, cx, &mut at, &mut now);
        let writes = state.machine.want().write;
        let full = line.write(&mut state.machine, at);
        if line.is_lost() {
            state.machine.eof(purlin_core::Eof::Reset, at);
        }
        let want = state.machine.want();
        match want.close {
            Some(Close::Graceful | Close::Abort) => {
                work.cancel();
                return Poll::Ready(());
            }
            linger => line.half_close(linger),
        }
        let stream = &line.wire().0;
        if read != Moved::Nothing
            || work.is_due()
            // Who waited for what has gone is to be told.
            || (writes && !full)
            || (want.read && stream.poll_read_ready(cx).is_ready())
            || (full && stream.poll_write_ready(cx).is_ready())
        {
            continue;
        }
        match state.machine.deadline() {
            Some((due, _)) if timer.poll(due, cx).is_ready() => {
                line.time_up(&mut state.machine, None, now());
            }
            _ => return Poll::Pending,
        }
    }
}

/// The futures of handlers, here all of one kind.
type Answering<'h> = Pin<Box<dyn Future<Output = Outcome<Infallible>> + Send + 'h>>;

type Handler = Arc<dyn Fn(Request<Reader>, Writer) -> Answering<'static> + Send + Sync>;

/// A mux of such handlers.
struct Routes(Mux<Boxed>);

#[derive(Clone)]
struct Boxed(Handler);

impl<F, T> FromHandler<F> for Boxed
where
    F: Fn(Request<Reader>, Writer) -> T + Send + Sync + 'static,
    T: Future<Output = Outcome<Infallible>> + Send + 'static,
{
    fn from_handler(handler: F) -> Boxed {
        Boxed(Arc::new(move |request, writer| Box::pin(handler(request, writer))))
    }
}

impl Service for Routes {
    type Body = Reader;
    type Exchange = Open;
    type Source = Infallible;
    type Answer = Outcome<Infallible>;
    type Future<'h> = Answering<'h>;

    fn body(reader: Reader) -> Reader {
        reader
    }

    fn exchange(open: Open) -> Open {
        open
    }

    fn open(exchange: &mut Open) -> &mut Open {
        exchange
    }

    fn outcome(answer: Outcome<Infallible>) -> Outcome<Infallible> {
        answer
    }

    fn call<'h>(&'h self, mut request: Request<Reader>, exchange: &Open) -> Answering<'h> {
        match self.0.dispatch::<_, Infallible>(&mut request) {
            Ok(handler) => (handler.0)(request, exchange.writer()),
            Err(refused) => Box::pin(async { Outcome::Response(refused) }),
        }
    }

    /// No response here comes in pieces: handlers write such by themselves.
    fn send<'h>(_: Writer, response: Response<Infallible>) -> Answering<'h> {
        Box::pin(async { Outcome::Response(response) })
    }
}

// ---- The client.

/// What gives the bodies of requests: here there are none but those that are whole.
struct Nothing;

impl Pieces for Nothing {
    fn poll_piece(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        Poll::Ready(Ok(None))
    }
}

#[derive(Clone)]
struct Ticks(Now);

impl Clock for Ticks {
    fn look(&mut self) -> Now {
        self.0 = now();
        self.0
    }

    fn last(&self) -> Now {
        self.0
    }
}

struct Socket {
    line: Line<Tcp>,
    timer: Timer,
}

impl ReadReady for Socket {
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.line.read(machine, now);
    }
}

impl purlin_engine::Socket<Ticks> for Socket {
    fn poll_turn(
        &mut self,
        machine: &mut (dyn ClientMachine + Send),
        beside: Beside,
        until: Option<Mono>,
        clock: &mut Ticks,
        cx: &mut Context<'_>,
    ) -> Poll<Turn> {
        let wait = match self.line.advance(machine, beside == Beside::More, until, clock.look()) {
            Progress::Over(turn) => return Poll::Ready(turn),
            Progress::Waits(wait) => wait,
        };
        if !wait.read && !wait.write && beside != Beside::Comes {
            return Poll::Ready(Turn::Stuck);
        }
        while wait.read && self.line.wire().0.poll_read_ready(cx).is_ready() {
            if self.line.read(machine, clock.last()) != Moved::Nothing {
                return Poll::Ready(self.line.heard(machine, true, until, clock.last()));
            }
        }
        if wait.write && self.line.wire().0.poll_write_ready(cx).is_ready() {
            return Poll::Ready(Turn::Moved);
        }
        match wait.until {
            Some(at) if self.timer.poll(at, cx).is_ready() => {
                Poll::Ready(self.line.time_up(machine, until, clock.look()))
            }
            _ => Poll::Pending,
        }
    }

    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now) {
        self.line.write(machine, now);
        self.line.half_close(machine.want().close);
    }

    fn is_lost(&self) -> bool {
        self.line.is_lost()
    }
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

struct Tokio;

impl Runtime for Tokio {
    type Clock = Ticks;
    type Socket = Socket;
    type Source = Nothing;
    type Dialer = Infallible;
    type Own = Infallible;
    type Attempt = (Connecting, Option<io::Result<TcpStream>>);

    fn dial(dialer: &Infallible, _: &str, _: u16) -> Infallible {
        *dialer
    }

    fn poll_own(
        own: &mut Infallible,
        _: Option<Mono>,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<Socket>> {
        match *own {}
    }

    fn attempt(address: SocketAddr) -> io::Result<Self::Attempt> {
        Ok((Box::pin(TcpStream::connect(address)), None))
    }

    fn poll_attempt((connecting, done): &mut Self::Attempt, cx: &mut Context<'_>) -> Poll<()> {
        connecting.as_mut().poll(cx).map(|stream| *done = Some(stream))
    }

    fn connected((_, done): Self::Attempt) -> io::Result<Socket> {
        let stream = done.unwrap_or_else(|| Err(ErrorKind::NotConnected.into()))?;
        stream.set_nodelay(true)?;
        Ok(Socket { line: Line::new(Tcp(stream)), timer: Timer::default() })
    }

    /// What nobody reads out is closed.
    fn leave(_: Leaving<Tokio>, _: &mut Ticks) {}
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

    fn attend(&self, _: &str, mut chore: Chore) -> io::Result<Waker> {
        struct Bell(Notify);
        impl Wake for Bell {
            fn wake(self: Arc<Bell>) {
                self.0.notify_one();
            }
        }
        let bell = Arc::new(Bell(Notify::new()));
        let rung = bell.clone();
        tokio::spawn(async move {
            while let Some(at) = chore(now()) {
                // Whichever comes first.
                let _ = tokio::time::timeout_at(instant(at), rung.0.notified()).await;
            }
        });
        Ok(bell.into())
    }
}

/// Asks, and reads the whole answer.
async fn ask(agent: &Agent<Tokio>, request: Asked<Nothing>) -> Result<(Status, String), Error> {
    let (order, given) = request.into_order()?;
    let mut run = Run::new(agent, order, given, Ticks(now()));
    let mut timer = Timer::default();
    let answer = poll_fn(|cx| {
        loop {
            if let Poll::Ready(answer) = run.poll(cx) {
                return Poll::Ready(answer);
            }
            match run.until() {
                Some(at) if timer.poll(at, cx).is_ready() => {}
                _ => return Poll::Pending,
            }
        }
    });
    let answer = answer.await?;
    let (received, mut body) = run.deliver(answer)?;
    let mut text = Vec::new();
    while let Some(piece) = poll_fn(|cx| body.poll_chunk(cx)).await? {
        text.extend_from_slice(&piece);
    }
    Ok((received.status(), String::from_utf8_lossy(&text).into_owned()))
}

// ---- Handlers, and the program.

/// Reads the body piece by piece.
async fn length(request: Request<Reader>, _: Writer) -> Outcome<Infallible> {
    let (mut body, mut length) = (request.into_body(), 0);
    loop {
        match poll_fn(|cx| body.poll_chunk(cx, now())).await {
            Ok(Some(piece)) => length += piece.len(),
            Ok(None) => return Outcome::Response(Response::text(format!("{length} bytes\n"))),
            Err(error) => return Outcome::Response(Response::new(error.status())),
        }
    }
}

/// Writes its response as it comes to its parts.
async fn count(_: Request<Reader>, mut writer: Writer) -> Outcome<Infallible> {
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
async fn echo(_: Request<Reader>, mut writer: Writer) -> Outcome<Infallible> {
    let mut head = ResponseHead::new(Status::SWITCHING_PROTOCOLS);
    if head.fields_mut().append("Upgrade", "echo").is_err() {
        return Outcome::Response(Response::new(Status::INTERNAL_SERVER_ERROR));
    }
    let Ok(mut raw) = writer.upgrade(&head, now()) else { return Outcome::Written };
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
async fn main() -> Result<(), Anything> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let listener = TcpListener::bind(address).await?;
    let here = listener.local_addr()?;

    let mut mux = Mux::new();
    mux.handle("GET /hello/{name}", async |request: Request<Reader>, _: Writer| {
        Outcome::Response(Response::text(format!("hello, {}\n", request.param("name"))))
    })?;
    mux.handle("POST /length", length)?;
    mux.handle("GET /count", count)?;
    mux.handle("GET /echo", echo)?;
    let (routes, config) = (Arc::new(Routes(mux)), Arc::new(Config::default()));
    println!("listening on http://{here}");
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await?;
            let (routes, config) = (routes.clone(), config.clone());
            tokio::spawn(async move { serve_one(stream, &*routes, config).await });
        }
        #[expect(unreachable_code, reason = "it says what the task gives")]
        io::Result::Ok(())
    });

    let agent = Agent::<Tokio>::new(Settings::new(), None, Arc::new(Tokio));
    let asked = [
        Asked::get(format!("http://{here}/hello/gopher")),
        Asked::post(format!("http://{here}/length")).body("twelve bytes"),
        Asked::get(format!("http://{here}/count")),
        Asked::get(format!("http://{here}/nowhere")),
    ];
    for request in asked {
        let (status, text) = ask(&agent, request).await?;
        println!("{status} {text:?}");
    }
    println!("{} connection kept", agent.keep().idle());
    Ok(serving.await??)
}
