//! From the first connection to the last: what the future of a server waits for.
//! Accepts and serves nothing itself.

use super::common::Common;
use crate::link::Deadline;
use crate::{Error, Result};
use async_io::Timer;
use futures_lite::future;
use purlin_engine::served::Stop;
use purlin_engine::{Failure, Phase, Timer as _};
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

/// How long connections are waited for that have been told to end at once: a
/// handler that blocks its thread must not keep the server from ending.
const PARTING: Duration = Duration::from_millis(100);

/// A server that runs; it ends with this.
pub(crate) struct Serving(pub(crate) Arc<Common>);

impl Serving {
    /// Waits for the end, however it comes; `ended` waits for every connection to leave.
    pub(crate) async fn end<F: Future<Output = ()>>(&self, ended: impl Fn() -> F) -> Result<()> {
        let Common { control, registry, .. } = &*self.0;
        control.reached(Phase::Draining).await;
        if let Some(until) = control.drains_until() {
            // Also those that are accepted after this are told.
            registry.stop_all(Stop::Asked);
            let mut deadline = Deadline::default();
            let late = future::poll_fn(|cx| deadline.poll_until(until, cx));
            future::or(ended(), future::or(late, control.reached(Phase::Closing))).await;
        }
        control.cutting(registry.taken());
        registry.stop_all(Stop::Cut);
        let late = async {
            Timer::after(PARTING).await;
        };
        future::or(ended(), late).await;
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
        self.0.control.advance(Phase::Closing);
        self.0.registry.stop_all(Stop::Cut);
        self.0.control.advance(Phase::Ended);
    }
}
