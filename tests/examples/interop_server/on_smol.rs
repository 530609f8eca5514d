//! The server on smol.

use purlin::{Server, Source, Upgraded};
use purlin_smol as purlin;
use smol::io::{AsyncWriteExt, copy, split};
use smol::net::TcpStream;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A closure that is a handler.
macro_rules! handler {
    ($($closure:tt)*) => { async move $($closure)* };
}

/// A function that a handler waits for.
macro_rules! function {
    ($(#[$meta:meta])* $visible:vis fn $($rest:tt)*) => {
        $(#[$meta])* $visible async fn $($rest)*
    };
}

/// Waits for something in a handler.
macro_rules! wait {
    ($waited:expr) => {
        $waited.await
    };
}

#[path = "both.rs"]
mod both;

pub(crate) fn serve(address: &str, folder: PathBuf) -> crate::Result<()> {
    let server = Server::new(both::site(&folder)?).observe(crate::log::Lines).forward_proxy(true);
    smol::block_on(async {
        let bound = server.threads(2).bind(address).await?;
        println!("listening on {}", bound.local_addr());
        Ok(bound.serve().await?)
    })
}

async fn pause(time: Duration) {
    smol::Timer::after(time).await;
}

/// What blocks, and must not here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    smol::unblock(work).await
}

/// The same handler: each may write while its client still sends.
fn duplex<H>(handler: H) -> H {
    handler
}

/// The bytes of a response that was had from somebody else.
fn source(body: purlin::client::Body) -> Source {
    Source::reader(body)
}

async fn connect(authority: &str) -> io::Result<TcpStream> {
    TcpStream::connect(authority).await
}

/// Carries bytes both ways until both have ended, or one is gone.
async fn carry(client: Upgraded, server: TcpStream) {
    let (from_client, mut to_client) = split(client);
    let (from_server, mut to_server) = split(server);
    let up = async {
        let _ = copy(from_client, &mut to_server).await;
        let _ = to_server.close().await;
    };
    let down = async {
        let _ = copy(from_server, &mut to_client).await;
        let _ = to_client.close().await;
    };
    smol::future::zip(up, down).await;
}
