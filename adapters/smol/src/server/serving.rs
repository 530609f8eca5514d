//! From the first connection to the last: what the future of a server waits for.
//! Accepts and serves nothing itself.

use super::control::Failure;
use super::place::Common;
use crate::{Error, Result};
use async_io::Timer;
use futures_lite::future;
use purlin_engine::served::Stop;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long connections are waited for that have been told to end at once: a
/// handler that blocks its thread must not keep the server from ending.
const PARTING: Duration = Duration::from_millis(100);

/// A server that runs; it ends with this.
pub(crate) struct Serving(pub(crate) Arc<Common>);

impl Serving {
    /// Waits for the end, however it comes; `ended` waits for every connection to leave.
    pub(crate) async fn end<F: Future<Output = ()>>(&self, ended: impl Fn() -> F) -> Result<()> {
        let Common { control, registry, .. } = &*self.0;
        control.stopped().await;
        if let Some(until) = control.drains_until() {
            // Also those that are accepted after this are told.
            registry.stop_all(Stop::Asked);
            future::or(ended(), future::or(sleep_until(until), control.closed())).await;
        }
        control.cutting(registry.taken());
        registry.stop_all(Stop::Cut);
        future::or(ended(), sleep(PARTING)).await;
        match control.failure() {
            None => Ok(()),
            Some(Failure::Accept(error)) => Err(Error::Accept(error)),
            Some(Failure::Panic(payload)) => resume_unwind(payload),
        }
    }
}

/// A server whose future is dropped stops at once.
impl Drop for Serving {
    fn drop(&mut self) {
        self.0.control.close();
        self.0.registry.stop_all(Stop::Cut);
        self.0.control.end();
    }
}

async fn sleep(time: Duration) {
    Timer::after(time).await;
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => {
            Timer::at(at).await;
        }
        None => future::pending().await,
    }
}
