//! The worker threads, seen by the one who starts them.
//! Holds channels; what a worker does is its own affair.

use super::common::Common;
use super::shard::Shard;
use super::worker::{self, Start};
use crate::handler::{Handler, Staying};
use async_channel::Receiver;
use purlin_net::Listener;
use std::io;
use std::sync::Arc;
use std::thread;

pub(crate) struct Crew {
    /// Closes when the last worker has ended.
    ended: Receiver<()>,
}

impl Crew {
    /// Starts the threads, and shares the listeners out to them.
    ///
    /// # Errors
    /// A thread cannot be started; those that were end again.
    pub(crate) fn start<H: Handler>(
        threads: usize,
        handler: &Arc<H>,
        common: &Arc<Common>,
        listeners: Vec<Listener>,
    ) -> io::Result<Crew> {
        let (alive, ended) = async_channel::bounded(1);
        let (deals, dealt): (Vec<_>, Vec<_>) =
            (0..threads).map(|_| async_channel::unbounded()).unzip();
        let mut shares: Vec<Vec<Listener>> = (0..threads).map(|_| Vec::new()).collect();
        for (turn, listener) in listeners.into_iter().enumerate() {
            shares[turn % threads].push(listener);
        }
        for (number, (dealt, listeners)) in dealt.into_iter().zip(shares).enumerate() {
            let deals = if listeners.is_empty() { Vec::new() } else { deals.clone() };
            let (handler, common, alive) = (handler.clone(), common.clone(), alive.clone());
            thread::Builder::new().name(format!("purlin-{number}")).spawn(move || {
                let shard = Shard::new(Staying(handler), common);
                worker::run(Start { shard, listeners, deals, number, dealt });
                drop(alive);
            })?;
        }
        Ok(Crew { ended })
    }

    /// Ends when all workers have.
    pub(crate) async fn ended(&self) {
        while self.ended.recv().await.is_ok() {}
    }
}
