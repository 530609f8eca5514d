//! The worker threads: a bounded pool that grows as it is needed.
//! Hands connections to threads; what a thread does with one is the driver's.

use crate::conn::Conn;
use crate::driver;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// A thread that had nothing to do for so long ends.
const BOREDOM: Duration = Duration::from_secs(10);

/// The worker threads of a server.
#[derive(Debug)]
pub(crate) struct Pool {
    most: usize,
    state: Mutex<State>,
    /// Nothing is queued, and one more connection would find a thread.
    spare: AtomicBool,
    /// A thread waits for work.
    idle: AtomicBool,
    queued: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Box<Conn>>,
    /// Who waits for work; the last one to come is the first to go, its memory is warm.
    idle: Vec<Arc<Seat>>,
    workers: usize,
    ended: bool,
}

/// Where a waiting thread finds its next connection.
#[derive(Debug)]
struct Seat {
    thread: Thread,
    given: Mutex<Option<Box<Conn>>>,
}

/// What came of waiting for work.
enum Wait {
    Work(Box<Conn>),
    Nothing,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A pool of at most so many threads, and none so far.
    pub(crate) fn new(most: usize) -> Pool {
        Pool {
            most: most.max(1),
            state: Mutex::default(),
            spare: AtomicBool::new(true),
            idle: AtomicBool::new(false),
            queued: AtomicUsize::new(0),
        }
    }

    /// Whether a thread may stay with a connection that has nothing to do just
    /// now: nobody waits for one, and another is free, or can be made.
    pub(crate) fn has_spare(&self) -> bool {
        self.spare.load(Relaxed)
    }

    /// Whether a thread has nothing to do.
    pub(crate) fn has_idle(&self) -> bool {
        self.idle.load(Relaxed)
    }

    /// How many connections wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Relaxed)
    }

    /// The most threads there are.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    fn note(&self, state: &State) {
        self.queued.store(state.queue.len(), Relaxed);
        self.idle.store(!state.idle.is_empty(), Relaxed);
        let free = !state.idle.is_empty() || state.workers < self.most;
        self.spare.store(state.queue.is_empty() && free, Relaxed);
    }

    /// Has a thread serve this connection, as soon as one is free.
    pub(crate) fn submit(self: &Arc<Pool>, conn: Box<Conn>) {
        let mut state = lock(&self.state);
        if let Some(seat) = state.idle.pop() {
            self.note(&state);
            *lock(&seat.given) = Some(conn);
            drop(state);
            seat.thread.unpark();
        } else if state.workers < self.most {
            state.workers += 1;
            self.note(&state);
            drop(state);
            self.grow(conn);
        } else {
            state.queue.push_back(conn);
            self.note(&state);
        }
    }

    /// Starts a thread. Where the system has none to give, those that are there
    /// do the work.
    fn grow(self: &Arc<Pool>, conn: Box<Conn>) {
        let pool = Arc::clone(self);
        let first = Arc::new(Mutex::new(Some(conn)));
        let given = Arc::clone(&first);
        let started = thread::Builder::new().name("purlin".into()).spawn(move || {
            let first = lock(&given).take();
            pool.work(first);
        });
        if started.is_ok() {
            return;
        }
        let mut state = lock(&self.state);
        state.workers -= 1;
        if let Some(conn) = lock(&first).take() {
            if state.workers > 0 {
                state.queue.push_back(conn);
            }
            // With no thread at all the connection is closed: nobody could serve it.
        }
        self.note(&state);
    }

    /// A thread's life.
    fn work(self: Arc<Pool>, mut next: Option<Box<Conn>>) {
        let seat = Arc::new(Seat { thread: thread::current(), given: Mutex::default() });
        loop {
            if let Some(conn) = next.take() {
                driver::serve(conn);
            }
            match self.next(&seat) {
                Wait::Work(conn) => next = Some(conn),
                Wait::Nothing => return,
            }
        }
    }

    /// What this thread does next, once there is something.
    fn next(&self, seat: &Arc<Seat>) -> Wait {
        {
            let mut state = lock(&self.state);
            if let Some(conn) = state.queue.pop_front() {
                self.note(&state);
                return Wait::Work(conn);
            }
            if state.ended {
                state.workers -= 1;
                return Wait::Nothing;
            }
            state.idle.push(Arc::clone(seat));
            self.note(&state);
        }
        loop {
            thread::park_timeout(BOREDOM);
            if let Some(conn) = lock(&seat.given).take() {
                return Wait::Work(conn);
            }
            let mut state = lock(&self.state);
            match state.idle.iter().position(|other| Arc::ptr_eq(other, seat)) {
                // Woken by nobody, it is bored.
                Some(place) => {
                    state.idle.remove(place);
                    state.workers -= 1;
                    self.note(&state);
                    return Wait::Nothing;
                }
                None if state.ended => return Wait::Nothing,
                // It was given something in this moment.
                None => {}
            }
        }
    }

    /// Ends the threads that have nothing to do, and each other once it has.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        state.ended = true;
        let idle = std::mem::take(&mut state.idle);
        state.workers -= idle.len();
        drop(state);
        idle.iter().for_each(|seat| seat.thread.unpark());
    }
}
