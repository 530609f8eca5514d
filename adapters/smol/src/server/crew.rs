//! The worker threads, seen by the one who deals connections out to them.
//! Holds channels; what a worker does with a connection is its own affair.

use super::gate::Permit;
use super::worker;
use crate::handler::Handler;
use async_channel::{Receiver, Sender};
use async_io::{Async, Timer};
use futures_lite::future;
use purlin_core::ServerConfig;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long workers are waited for once everything has been cut: a handler
/// that blocks its thread must not keep the server from ending.
const PARTING: Duration = Duration::from_millis(100);

/// What a worker is sent. A closed channel means: drop everything.
pub(crate) enum Deal {
    Connection(Async<TcpStream>, Permit),
    /// Nothing more comes: end what has begun.
    Drain,
}

pub(crate) struct Crew {
    workers: Vec<Sender<Deal>>,
    /// Whose turn it is.
    next: usize,
    /// Closes when the last worker has ended.
    ended: Receiver<()>,
}

impl Crew {
    /// Starts the threads.
    ///
    /// # Errors
    /// A thread cannot be started; those that were end again.
    pub(crate) fn start<H: Handler>(
        threads: usize,
        handler: &Arc<H>,
        config: &Arc<ServerConfig>,
    ) -> io::Result<Crew> {
        let (alive, ended) = async_channel::bounded(1);
        let mut workers = Vec::with_capacity(threads);
        for number in 0..threads {
            let (deals, dealt) = async_channel::unbounded();
            let (handler, config, alive) = (handler.clone(), config.clone(), alive.clone());
            thread::Builder::new().name(format!("purlin-{number}")).spawn(move || {
                worker::run(handler, config, dealt);
                drop(alive);
            })?;
            workers.push(deals);
        }
        Ok(Crew { workers, next: 0, ended })
    }

    /// Gives a connection to the next worker.
    ///
    /// # Errors
    /// No worker is left: each has been ended by a panic outside of any handler.
    pub(crate) fn deal(&mut self, socket: Async<TcpStream>, permit: Permit) -> io::Result<()> {
        let mut deal = Deal::Connection(socket, permit);
        for _ in 0..self.workers.len() {
            self.next = (self.next + 1) % self.workers.len();
            match self.workers[self.next].try_send(deal) {
                Ok(()) => return Ok(()),
                Err(refused) => deal = refused.into_inner(),
            }
        }
        Err(io::Error::other("no worker thread is left"))
    }

    /// Has every connection end what it has begun.
    pub(crate) fn drain(&self) {
        for worker in &self.workers {
            // One that has ended has nothing to drain.
            let _ = worker.try_send(Deal::Drain);
        }
    }

    /// Ends when all workers have.
    pub(crate) async fn ended(&self) {
        while self.ended.recv().await.is_ok() {}
    }

    /// Drops everything, and waits a moment for it.
    pub(crate) async fn close(mut self) {
        self.workers.clear();
        let late = async {
            Timer::after(PARTING).await;
        };
        future::or(self.ended(), late).await;
    }
}
