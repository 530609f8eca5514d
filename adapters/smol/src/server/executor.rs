//! The executor of one worker thread: runs the tasks that were woken, in turn.
//! Waits for nothing; `async_io::block_on` polls it, and waits.
//!
//! It does less than `async_executor::LocalExecutor`, which can steal from
//! other queues and be run by many at once, and saves some 900 instructions of
//! a request that needs 10,000.

use async_task::{Runnable, Task};
use futures_lite::future;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How often woken tasks are run before the reactor gets its turn, which costs
/// five system calls also where nothing has happened.
const ROUNDS: usize = 8;

/// What a panic was thrown with.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Tasks of one thread, woken from any.
#[derive(Default)]
pub(crate) struct Executor {
    queue: Arc<Queue>,
    /// What is being run. It changes places with the queue's, so that both keep their room.
    batch: RefCell<VecDeque<Runnable>>,
    ended: Cell<bool>,
}

#[derive(Default)]
struct Queue(Mutex<Woken>);

#[derive(Default)]
struct Woken {
    tasks: VecDeque<Runnable>,
    /// Whoever runs the executor.
    runner: Option<Waker>,
    /// It is running tasks, and will look here again before it sleeps.
    running: bool,
}

impl Executor {
    /// A new task. It runs until its handle is dropped.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + 'static) -> Task<()> {
        let queue = self.queue.clone();
        let schedule = move |runnable| queue.push(runnable);
        let (runnable, task) = async_task::spawn_local(future, schedule);
        runnable.schedule();
        task
    }

    /// Runs tasks until [`Executor::end`]. One that panics is dropped.
    pub(crate) async fn run(&self, panicked: impl Fn(Payload)) {
        future::poll_fn(|cx| {
            self.run_woken(cx, &panicked);
            if self.ended.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    pub(crate) fn end(&self) {
        self.ended.set(true);
    }

    /// Runs those that are woken, and those that they wake.
    fn run_woken(&self, cx: &Context<'_>, panicked: &impl Fn(Payload)) {
        for _ in 0..ROUNDS {
            let mut batch = self.batch.take();
            self.queue.swap(&mut batch, cx);
            let nothing = batch.is_empty();
            while let Some(task) = batch.pop_front() {
                if let Err(payload) = catch_unwind(|| task.run()) {
                    panicked(payload);
                }
            }
            self.batch.replace(batch);
            if nothing {
                return;
            }
        }
        // The rest is run after the reactor had its turn.
        cx.waker().wake_by_ref();
    }

    /// Drops the tasks that are woken, by being cancelled for instance; on this thread.
    pub(crate) fn drop_woken(&self) {
        let woken = std::mem::take(&mut self.queue.lock().tasks);
        drop(woken);
    }
}

impl Queue {
    fn push(&self, task: Runnable) {
        let mut woken = self.lock();
        woken.tasks.push_back(task);
        if woken.tasks.len() == 1 && !woken.running {
            if let Some(runner) = &woken.runner {
                runner.wake_by_ref();
            }
        }
    }

    /// Gives the woken tasks for an empty queue.
    fn swap(&self, batch: &mut VecDeque<Runnable>, cx: &Context<'_>) {
        let mut woken = self.lock();
        std::mem::swap(&mut woken.tasks, batch);
        woken.running = !batch.is_empty();
        if !woken.runner.as_ref().is_some_and(|runner| runner.will_wake(cx.waker())) {
            woken.runner = Some(cx.waker().clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Woken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
