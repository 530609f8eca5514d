//! Which connections keep their buffers while they wait: the last few of a thread.
//! Gives the others' back; what a buffer is, the machine knows.

use super::{Served, State};
use crate::sync::{Mutex, MutexGuard};
use purlin_core::{Machine, Now};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

/// How many connections of a thread keep buffers.
const MOST: usize = 64;

/// Buffers larger than this are given back at once. With TLS there are four small ones.
const SMALL: usize = 16 * 1024;

/// The connections of one thread that keep their buffers, the longest one first.
///
/// A request on a busy connection costs no allocation of buffers this way, and
/// ten thousand idle ones still hold none: a thread keeps 1 MiB at the most.
#[derive(Debug, Default)]
pub struct Warm(Mutex<VecDeque<Arc<Served>>>);

impl Warm {
    /// This connection is about to wait.
    pub fn wait(&self, served: &Arc<Served>, mut state: MutexGuard<'_, State>, now: Now) {
        if state.machine.held() > SMALL {
            state.trim(now);
        }
        if std::mem::replace(&mut state.warm, true) {
            return;
        }
        drop(state);
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(served.clone());
        let cold = if queue.len() > MOST { queue.pop_front() } else { None };
        drop(queue);
        if let Some(cold) = cold {
            let mut state = cold.lock();
            state.warm = false;
            state.trim(now);
        }
    }
}
