//! The server on threads.

use purlin::{Server, Source, Upgraded};
use purlin_std as purlin;
use purlin_std::full_duplex as duplex;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

/// A closure that is a handler.
macro_rules! handler {
    ($($closure:tt)*) => { move $($closure)* };
}

/// A function that a handler waits for.
macro_rules! function {
    ($(#[$meta:meta])* $visible:vis fn $($rest:tt)*) => {
        $(#[$meta])* $visible fn $($rest)*
    };
}

/// Waits for something in a handler.
macro_rules! wait {
    ($waited:expr) => {
        $waited
    };
}

#[path = "both.rs"]
mod both;

pub(crate) fn serve(address: &str, folder: PathBuf) -> crate::Result<()> {
    let server = Server::new(both::site(&folder)?).observe(crate::log::Lines).forward_proxy(true);
    let bound = server.bind(address)?;
    println!("listening on {}", bound.local_addr());
    Ok(bound.serve()?)
}

fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// What blocks, and may here.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// The bytes of a response that was had from somebody else.
fn source(body: purlin::client::Body) -> Source {
    Source::reader(body)
}

fn connect(authority: &str) -> io::Result<TcpStream> {
    TcpStream::connect(authority)
}

/// Carries bytes both ways until both have ended.
fn carry(client: Upgraded, server: TcpStream) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            copy(&client, &server);
            // It may be gone already.
            let _ = server.shutdown(std::net::Shutdown::Write);
        });
        copy(&server, &client);
        let _ = client.shutdown_write();
    });
}

/// Until either is gone, which is how tunnels end.
fn copy(mut from: impl Read, mut to: impl Write) {
    let _ = io::copy(&mut from, &mut to);
}
