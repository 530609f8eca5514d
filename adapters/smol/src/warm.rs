//! Which connections keep their buffers while they wait: the last few of a thread.
//! Gives the others' back; what a buffer is, the machine knows.

use crate::clock;
use purlin_core::Machine;
use purlin_engine::served::{Served, State};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections of a thread keep buffers.
const MOST: usize = 64;

/// Buffers larger than this are given back at once. With TLS there are four small ones.
const SMALL: usize = 16 * 1024;

/// The connections of one thread that keep their buffers, the longest one first.
///
/// A request on a busy connection costs no allocation of buffers this way, and
/// ten thousand idle ones still hold none: a thread keeps 1 MiB at the most.
#[derive(Default)]
pub(crate) struct Warm(Mutex<VecDeque<Arc<Served>>>);

impl Warm {
    /// This connection is about to wait.
    pub(crate) fn wait(&self, shared: &Arc<Served>, mut inner: MutexGuard<'_, State>) {
        if inner.machine.held() > SMALL {
            inner.machine.trim(clock::now());
        }
        if std::mem::replace(&mut inner.warm, true) {
            return;
        }
        drop(inner);
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(shared.clone());
        let cold = if queue.len() > MOST { queue.pop_front() } else { None };
        drop(queue);
        if let Some(cold) = cold {
            let mut inner = cold.lock();
            inner.warm = false;
            inner.machine.trim(clock::now());
        }
    }
}
