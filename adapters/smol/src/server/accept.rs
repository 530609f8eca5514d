//! The accept loop: takes connections and deals them out.
//! Serves none, and gives up only on errors that will not go away.

use super::backoff::Backoff;
use super::crew::Crew;
use super::gate::Gate;
use async_io::{Async, Timer};
use futures_lite::future;
use std::io;
use std::net::TcpListener;
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
                    // Small answers leave at once; without it they only leave later.
                    let _ = socket.get_ref().set_nodelay(true);
                    if let Err(error) = crew.deal(socket, permit) {
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
