//! What the connections of a server have in common: whether it runs, how many
//! there are, and the handle that ends it.
//! Knows no bytes; what an end means to a connection is its machine's.

use crate::server::alarm::Alarm;
use crate::server::line::Line;
use purlin_core::Mono;
use purlin_engine::{Failure, Phase};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A wait for a shutdown that has no deadline, before it is begun again.
const LONG: Duration = Duration::from_secs(3600);

/// The state of a server that its connections see.
pub(crate) struct Control {
    shared: purlin_engine::Control,
    /// How many connections there are.
    count: AtomicUsize,
    open: Mutex<Open>,
    /// Wakes the timekeeper.
    alarm: Arc<Alarm>,
}

#[derive(Default)]
struct Open {
    connections: HashMap<u64, Weak<Line>>,
    next: u64,
}

impl Deref for Control {
    type Target = purlin_engine::Control;

    fn deref(&self) -> &purlin_engine::Control {
        &self.shared
    }
}

impl AsRef<purlin_engine::Control> for Control {
    fn as_ref(&self) -> &purlin_engine::Control {
        &self.shared
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:?}, {} connections)", self.phase(), self.count())
    }
}

impl Control {
    pub(crate) fn new(shared: purlin_engine::Control) -> Control {
        let (count, open) = (AtomicUsize::new(0), Mutex::default());
        Control { shared, count, open, alarm: Arc::default() }
    }

    /// What wakes the timekeeper.
    pub(crate) fn alarm(&self) -> &Arc<Alarm> {
        &self.alarm
    }

    pub(crate) fn running(&self) -> bool {
        !self.has_come_to(Phase::Draining)
    }

    pub(crate) fn aborting(&self) -> bool {
        self.has_come_to(Phase::Closing)
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
            self.alarm.ring();
        }
    }

    /// Ends everything at once, for this if there is something.
    pub(crate) fn abort(&self, why: Option<Failure>) {
        let open = self.lock();
        if !self.aborting() {
            self.cutting(open.connections.len());
        }
        let connections: Vec<_> = open.connections.values().filter_map(Weak::upgrade).collect();
        drop(open);
        match why {
            Some(failure) => self.fail(failure),
            None => self.advance(Phase::Closing),
        }
        connections.iter().for_each(|line| line.wake_all());
        self.alarm.ring();
    }
}

/// Wakes a thread that parks.
struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Parked>) {
        self.0.unpark();
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
        let end = Instant::now().checked_add(deadline);
        // When this gives up, it says so itself.
        self.0.drain(Mono::ZERO + Duration::MAX);
        self.0.alarm.ring();
        let waker = Waker::from(Arc::new(Parked(thread::current())));
        while self.0.poll_phase(Phase::Ended, &Context::from_waker(&waker)).is_pending() {
            let left = end.map_or(LONG, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                self.0.abort(None);
                break;
            }
            thread::park_timeout(left);
        }
        self.0.cut()
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
        self.0.abort(None);
    }
}
