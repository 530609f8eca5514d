//! purlin-smol, as the cases of both adapters see it: a handler is an async closure.
//! Serves; what is asked of it, the cases say.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::unwrap_used,
    reason = "each test file uses its part, and all are tests"
)]

pub(crate) use purlin_smol as purlin;
pub(crate) use smol::io::{AsyncReadExt as ReadExt, AsyncWriteExt as WriteExt};

use crate::kit::site::{self, Ends};
use purlin::{Bound, Bytes, Handle, Handler, Request, ResponseWriter, Server, Source};
use smol::channel::Receiver;
use std::time::Duration;

/// A closure that is a handler, or what a handler is made of.
macro_rules! handler {
    ($($closure:tt)*) => { async move $($closure)* };
}

/// Waits for something in a handler.
macro_rules! wait {
    ($waited:expr) => {
        $waited.await
    };
}

/// Waits for something in a test.
macro_rules! block {
    ($waited:expr) => {
        smol::block_on($waited)
    };
}

pub(crate) async fn hello(_: Request) -> &'static str {
    "hello"
}

/// Waits in a handler until the test lets go, or drops its end.
pub(crate) async fn pass(gate: &Receiver<()>) {
    // Both are the signal.
    let _ = gate.recv().await;
}

/// A connection that has nothing to do is idle at once.
pub(crate) fn settle() {}

pub(crate) async fn pause(time: Duration) {
    smol::Timer::after(time).await;
}

/// Waits until the client is gone, or sends nothing more.
pub(crate) async fn cancelled(writer: &ResponseWriter) {
    writer.cancelled().await;
}

/// Waits until the client of a request is gone, or sends nothing more.
pub(crate) async fn gone(cancelled: purlin::Cancelled) {
    cancelled.await;
}

pub(crate) async fn hijack(writer: ResponseWriter) -> purlin::Result<purlin::Upgraded> {
    writer.hijack().await
}

/// Writes so many bytes while it reads as many.
pub(crate) async fn both_ways(stream: purlin::Upgraded, size: usize) {
    let (mut reader, mut writer) = smol::io::split(stream);
    let (bytes, mut room) = (vec![7; size], vec![0; size]);
    let writes = async {
        writer.write_all(&bytes).await.unwrap();
        writer.flush().await.unwrap();
    };
    let reads = async { reader.read_exact(&mut room).await.unwrap() };
    smol::future::zip(writes, reads).await;
}

/// Waits for what never comes, as long as there is somebody to answer.
pub(crate) async fn never(_: &ResponseWriter) {
    std::future::pending::<()>().await;
}

/// The same handler: each may write while its client still sends.
pub(crate) fn duplex<H>(handler: H) -> H {
    handler
}

/// The same server: it has few threads.
pub(crate) fn few<H>(server: Server<H>) -> Server<H> {
    server
}

/// The source of these pieces.
pub(crate) fn pieces<I>(pieces: I) -> Source
where
    I: IntoIterator<Item = std::io::Result<Bytes>>,
    I::IntoIter: Send + 'static,
{
    Source::stream(smol::stream::iter(pieces))
}

pub(crate) type Site = site::Site<Handle>;

impl Ends for Handle {
    fn close(&self) {
        Handle::close(self);
    }

    fn shutdown(&self, deadline: Duration) -> usize {
        smol::block_on(Handle::shutdown(self, deadline))
    }
}

impl Site {
    /// A server on a port of its own.
    pub(crate) fn start<H: Handler>(server: Server<H>) -> Site {
        Site::of(smol::block_on(server.threads(2).bind("127.0.0.1:0")).unwrap())
    }

    pub(crate) fn of<H: Handler>(bound: Bound<H>) -> Site {
        Site::new(bound.local_addr(), bound.handle(), move || smol::block_on(bound.serve()))
    }
}

pub(crate) const NAME: &str = "smol";

/// Says that nothing more is written to a stream.
macro_rules! finish {
    ($stream:expr) => {
        smol::block_on($stream.close()).unwrap()
    };
}

/// A dialer that connects by this function.
pub(crate) fn dial(
    connect: impl Fn(&str) -> std::io::Result<std::net::TcpStream> + Send + Sync + 'static,
) -> purlin::client::Dialer {
    purlin::client::Dialer::new(move |host, _| {
        let stream = connect(&host);
        async move { Ok(stream?.into()) }
    })
}
