//! What the connections of a server have in common: whether it runs, how many
//! there are, and the handle that ends it.
//! Knows no bytes; what an end means to a connection is its machine's.

use crate::server::alarm::Alarm;
use crate::server::line::Line;
use purlin_net::{Hook, run_aside};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A wait for a shutdown that has no deadline, before it is begun again.
const LONG: Duration = Duration::from_secs(3600);

const RUNNING: u8 = 0;
const STOPPING: u8 = 1;
const ABORTING: u8 = 2;

/// The state of a server that its connections see.
pub(crate) struct Control {
    phase: AtomicU8,
    /// How many connections there are.
    count: AtomicUsize,
    open: Mutex<Open>,
    changed: Condvar,
    /// Wakes the timekeeper, once there is one.
    alarm: OnceLock<Arc<Alarm>>,
}

#[derive(Default)]
struct Open {
    connections: HashMap<u64, Weak<Line>>,
    next: u64,
    hooks: Vec<Hook>,
    /// Connections that had to be cut.
    cut: usize,
    /// The server has ended, or will never begin.
    ended: bool,
    /// What a handler panicked with.
    panic: Option<Box<dyn Any + Send>>,
    /// Why nothing can be accepted any more.
    failure: Option<io::Error>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, count) = (self.phase.load(SeqCst), self.count.load(SeqCst));
        write!(f, "Control(phase {phase}, {count} connections)")
    }
}

impl Control {
    pub(crate) fn new(hooks: Vec<Hook>) -> Control {
        Control {
            phase: AtomicU8::new(RUNNING),
            count: AtomicUsize::new(0),
            open: Mutex::new(Open { hooks, ..Open::default() }),
            changed: Condvar::new(),
            alarm: OnceLock::new(),
        }
    }

    /// Tells how to wake the timekeeper.
    pub(crate) fn woken_by(&self, alarm: &Arc<Alarm>) {
        // A server serves once.
        let _ = self.alarm.set(Arc::clone(alarm));
    }

    fn wake(&self) {
        if let Some(alarm) = self.alarm.get() {
            alarm.ring();
        }
    }

    pub(crate) fn running(&self) -> bool {
        self.phase.load(SeqCst) == RUNNING
    }

    pub(crate) fn aborting(&self) -> bool {
        self.phase.load(SeqCst) == ABORTING
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(SeqCst)
    }

    /// Whether no connection is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Counts a connection; gives its number.
    pub(crate) fn enter(&self, line: &Arc<Line>) -> u64 {
        let mut open = self.lock();
        open.next += 1;
        let number = open.next;
        open.connections.insert(number, Arc::downgrade(line));
        self.count.fetch_add(1, SeqCst);
        number
    }

    /// A connection has ended.
    pub(crate) fn leave(&self, number: u64) {
        let mut open = self.lock();
        open.connections.remove(&number);
        let left = self.count.fetch_sub(1, SeqCst) - 1;
        if left == 0 && !self.running() {
            self.wake();
        }
    }

    /// A handler panicked, and the server's user is to know.
    pub(crate) fn panic(&self, payload: Box<dyn Any + Send>) {
        self.lock().panic.get_or_insert(payload);
    }

    pub(crate) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.lock().panic.take()
    }

    /// Nothing can be accepted any more: the server ends.
    pub(crate) fn fail(&self, error: io::Error) {
        self.lock().failure.get_or_insert(error);
        self.abort();
    }

    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.lock().failure.take()
    }

    /// Accepts nothing more.
    pub(crate) fn stop(&self) {
        let mut open = self.lock();
        if self.phase.compare_exchange(RUNNING, STOPPING, SeqCst, SeqCst).is_err() {
            return;
        }
        let hooks = std::mem::take(&mut open.hooks);
        drop(open);
        self.wake();
        hooks.into_iter().for_each(run_aside);
    }

    /// Ends everything at once; says how many connections were cut.
    pub(crate) fn abort(&self) -> usize {
        self.stop();
        let mut open = self.lock();
        if self.phase.swap(ABORTING, SeqCst) != ABORTING {
            open.cut = open.connections.len();
        }
        let cut = open.cut;
        let connections: Vec<_> = open.connections.values().filter_map(Weak::upgrade).collect();
        drop(open);
        connections.iter().for_each(|line| line.wake_all());
        self.wake();
        cut
    }

    /// Waits until the server has ended, and cuts what is left after this time;
    /// says how many connections that were.
    fn wait(&self, time: Duration) -> usize {
        let end = Instant::now().checked_add(time);
        let mut open = self.lock();
        while !open.ended {
            let left = end.map_or(LONG, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                drop(open);
                return self.abort();
            }
            let waited = self.changed.wait_timeout(open, left);
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        open.cut
    }
}

/// Whoever holds it serves, or will; without it nothing is left to stop.
pub(crate) struct Ending(pub(crate) Arc<Control>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

/// A handle that stops a server, from anywhere; given by [`Bound::handle`](crate::Bound::handle).
///
/// ```
/// # use purlin_std::{Request, Server};
/// let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
/// let (one, other) = (bound.handle(), bound.handle());
/// one.close();
/// other.close(); // once is enough, twice does no harm
/// bound.serve()?;
/// # Ok::<(), purlin_std::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Control>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl Handle {
    /// Stops gracefully: nothing is accepted any more, idle connections close,
    /// requests that have begun are answered. Waits until the server has ended,
    /// at most until `deadline` from now, and cuts the connections that are left
    /// then; says how many those were.
    ///
    /// A connection's own time for this is
    /// [`Timeouts::drain`](purlin_core::Timeouts::drain).
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # use std::time::Duration;
    /// # let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
    /// # let handle = bound.handle();
    /// # let serving = std::thread::spawn(move || bound.serve());
    /// let cut = handle.shutdown(Duration::from_secs(10));
    /// assert_eq!(cut, 0);
    /// # serving.join().expect("no panic")?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn shutdown(&self, deadline: Duration) -> usize {
        self.0.stop();
        self.0.wait(deadline)
    }

    /// Stops at once: connections are cut. A handler that is running finds that
    /// out when it next reads or writes, and one that waits for its client
    /// within a second.
    ///
    /// ```
    /// # use purlin_std::{Request, Server};
    /// # let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
    /// bound.handle().close();
    /// bound.serve()?;
    /// # Ok::<(), purlin_std::Error>(())
    /// ```
    pub fn close(&self) {
        self.0.abort();
    }
}
