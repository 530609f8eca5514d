//! purlin-std, as the cases of both adapters see it: a handler is a closure.
//! Serves; what is asked of it, the cases say.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::unwrap_used,
    reason = "each test file uses its part, and all are tests"
)]

pub(crate) use purlin_std as purlin;
pub(crate) use purlin_std::full_duplex as duplex;
pub(crate) use std::io::{Read as ReadExt, Write as WriteExt};

use crate::kit::site::{self, Ends};
use purlin::{Bound, Bytes, Handle, Request, ResponseWriter, Server, Source};
use smol::channel::Receiver;
use std::thread;
use std::time::Duration;

/// A closure that is a handler, or what a handler is made of.
macro_rules! handler {
    ($($closure:tt)*) => { move $($closure)* };
}

/// Waits for something in a handler.
macro_rules! wait {
    ($waited:expr) => {
        $waited
    };
}

/// Waits for something in a test.
macro_rules! block {
    ($waited:expr) => {
        $waited
    };
}

pub(crate) fn hello(_: Request) -> &'static str {
    "hello"
}

/// Waits in a handler until the test lets go, or drops its end.
pub(crate) fn pass(gate: &Receiver<()>) {
    // Both are the signal.
    let _ = gate.recv_blocking();
}

/// Waits until no thread stays with a connection that has nothing to do, as one
/// does for 10 ms: it is not idle so long, and nothing tells when it is.
pub(crate) fn settle() {
    thread::sleep(Duration::from_millis(500));
}

pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// Waits until the client is gone, or sends nothing more.
pub(crate) fn cancelled(writer: &ResponseWriter) {
    while !writer.is_cancelled() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the client of a request is gone, or sends nothing more.
pub(crate) fn gone(cancelled: purlin::Cancelled) {
    while !cancelled.wait(Duration::from_secs(1)) {}
}

pub(crate) fn hijack(writer: ResponseWriter) -> purlin::Result<purlin::Upgraded> {
    writer.hijack()
}

/// Writes so many bytes while it reads as many.
pub(crate) fn both_ways(stream: purlin::Upgraded, size: usize) {
    thread::scope(|scope| {
        scope.spawn(|| (&stream).write_all(&vec![7; size]).unwrap());
        (&stream).read_exact(&mut vec![0; size]).unwrap();
    });
}

/// Waits for what never comes, as long as there is somebody to answer.
pub(crate) fn never(writer: &ResponseWriter) {
    cancelled(writer);
}

/// The same server with few threads, so that what they hold is the same from one time to the next.
pub(crate) fn few(server: Server) -> Server {
    server.workers(16)
}

/// The source of these pieces.
pub(crate) fn pieces<I>(pieces: I) -> Source
where
    I: IntoIterator<Item = std::io::Result<Bytes>>,
    I::IntoIter: Send + 'static,
{
    Source::pieces(pieces)
}

pub(crate) type Site = site::Site<Handle>;

impl Ends for Handle {
    fn close(&self) {
        Handle::close(self);
    }

    fn shutdown(&self, deadline: Duration) -> usize {
        Handle::shutdown(self, deadline)
    }
}

impl Site {
    /// A server on a port of its own.
    pub(crate) fn start(server: Server) -> Site {
        Site::of(server.bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn of(bound: Bound) -> Site {
        Site::new(bound.local_addr(), bound.handle(), move || bound.serve())
    }
}

pub(crate) const NAME: &str = "std";

/// Says that nothing more is written to a stream.
macro_rules! finish {
    ($stream:expr) => {
        $stream.finish().unwrap()
    };
}

/// A dialer that connects by this function.
pub(crate) fn dial(
    connect: impl Fn(&str) -> std::io::Result<std::net::TcpStream> + Send + Sync + 'static,
) -> purlin::client::Dialer {
    purlin::client::Dialer::new(move |host, _| Ok(connect(host)?.into()))
}
