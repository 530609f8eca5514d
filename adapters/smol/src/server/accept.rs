//! The accept loop: takes connections and deals them out.
//! Serves none, and gives up only on errors that will not go away.

use super::crew::Crew;
use super::gate::{Gate, Permit};
use async_io::{Async, Timer};
use futures_lite::future;
use purlin_host::Backoff;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// Connections taken before others get their turn.
const BURST: usize = 64;

/// Accepts until that fails for good.
pub(crate) async fn accept(
    listener: &Async<TcpListener>,
    gate: &Arc<Gate>,
    crew: &mut Crew,
) -> io::Error {
    let mut backoff = Backoff::default();
    loop {
        for _ in 0..BURST {
            let permit = gate.enter().await;
            match listener.accept().await {
                Ok((socket, _)) => {
                    backoff.reset();
                    if let Err(error) = deal(socket, permit, crew) {
                        return error;
                    }
                }
                Err(error) => match backoff.wait(&error) {
                    Some(wait) => {
                        drop(permit);
                        Timer::after(wait).await;
                    }
                    None => return error,
                },
            }
        }
        future::yield_now().await;
    }
}

/// Accepts what the system had accepted before a graceful stop, as far as there
/// is room, so that it is answered or closed in order.
pub(crate) async fn accept_rest(listener: &Async<TcpListener>, gate: &Arc<Gate>, crew: &mut Crew) {
    while let Some(permit) = future::poll_once(gate.enter()).await {
        let accepted = future::poll_once(listener.accept()).await;
        let Some(Ok((socket, _))) = accepted else { return };
        if deal(socket, permit, crew).is_err() {
            return;
        }
    }
}

fn deal(socket: Async<TcpStream>, permit: Permit, crew: &mut Crew) -> io::Result<()> {
    // Small answers leave at once; without it they only leave later.
    let _ = socket.get_ref().set_nodelay(true);
    crew.deal(socket, permit)
}
