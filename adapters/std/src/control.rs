//! What the connections of a server have in common: whether it runs, how many
//! there are, and the handle that ends it.
//! Knows no bytes; what an end means to a connection is its machine's.

use crate::shared::Shared;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A wait for a shutdown that has no deadline, before it is begun again.
const LONG: Duration = Duration::from_secs(3600);

const RUNNING: u8 = 0;
const STOPPING: u8 = 1;
const ABORTING: u8 = 2;

/// The state of a server that its connections see.
pub(crate) struct Control {
    phase: AtomicU8,
    origin: Instant,
    address: SocketAddr,
    most: usize,
    open: Mutex<Open>,
    changed: Condvar,
}

#[derive(Default)]
struct Open {
    connections: HashMap<u64, Arc<Shared>>,
    next: u64,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({}, phase {})", self.address, self.phase.load(SeqCst))
    }
}

impl Control {
    pub(crate) fn new(address: SocketAddr, most: usize) -> Control {
        Control {
            phase: AtomicU8::new(RUNNING),
            origin: Instant::now(),
            address,
            most: most.max(1),
            open: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Where the machines' time begins.
    pub(crate) fn origin(&self) -> Instant {
        self.origin
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

    fn wait_for<'a>(&'a self, open: MutexGuard<'a, Open>, time: Duration) -> MutexGuard<'a, Open> {
        self.changed.wait_timeout(open, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until one more connection is allowed; `false` if the server ends.
    pub(crate) fn wait_for_room(&self) -> bool {
        let mut open = self.lock();
        while self.running() && open.connections.len() >= self.most {
            open = self.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
        self.running()
    }

    /// Whether one more connection is allowed.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().connections.len() < self.most
    }

    /// Waits, but not longer than the server runs.
    pub(crate) fn pause(&self, time: Duration) {
        let open = self.lock();
        if self.running() {
            drop(self.wait_for(open, time));
        }
    }

    /// Waits until no connection is left, or the server aborts.
    pub(crate) fn wait_for_end(&self) {
        let mut open = self.lock();
        while !open.connections.is_empty() && !self.aborting() {
            open = self.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Counts a connection, until what it gives is dropped.
    pub(crate) fn enter(self: &Arc<Control>, shared: Arc<Shared>) -> Member {
        let mut open = self.lock();
        let key = open.next;
        open.next += 1;
        open.connections.insert(key, shared);
        Member { control: Arc::clone(self), key }
    }

    /// Accepts nothing more, and wakes what waits.
    pub(crate) fn stop(&self) {
        let open = self.lock();
        if self.phase.compare_exchange(RUNNING, STOPPING, SeqCst, SeqCst).is_ok() {
            open.connections.values().for_each(|shared| shared.wake());
            self.changed.notify_all();
            drop(open);
            self.wake_accept();
        }
    }

    /// The thread that accepts waits for a connection: it gets one. Where the
    /// queue is so full that this is not taken, it does not wait.
    fn wake_accept(&self) {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            });
        }
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(100));
    }

    /// Ends everything at once; says how many connections were cut.
    fn abort(&self) -> usize {
        self.stop();
        self.phase.store(ABORTING, SeqCst);
        let open = self.lock();
        open.connections.values().for_each(|shared| shared.wake_all());
        self.changed.notify_all();
        open.connections.len()
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Member {
    control: Arc<Control>,
    key: u64,
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut open = self.control.lock();
        let full = open.connections.len() >= self.control.most;
        let shared = open.connections.remove(&self.key);
        if full || !self.control.running() {
            self.control.changed.notify_all();
        }
        drop(open);
        // A writer that a handler forgets must not keep the connection open.
        if let Some(shared) = shared.filter(|shared| Arc::strong_count(shared) > 2) {
            shared.socket.shut_both();
        }
    }
}

/// Ends a server from anywhere. Clones end the same one.
///
/// ```
/// use purlin_std::{Request, Server};
/// use std::time::Duration;
///
/// let bound = Server::new(|_: Request| "hello\n").bind("127.0.0.1:0")?;
/// let handle = bound.handle();
/// let serving = std::thread::spawn(move || bound.serve());
/// let cut = handle.shutdown(Duration::from_secs(5));
/// assert_eq!(cut, 0);
/// serving.join().expect("no panic")?;
/// # Ok::<(), purlin_std::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Control>);

impl Handle {
    /// Ends the server gracefully: nothing more is accepted, idle connections
    /// close, requests in progress are answered. Waits for that, at most until
    /// `deadline` from now, and cuts the connections that are left then; says
    /// how many those were.
    ///
    /// A connection's own time for this is
    /// [`Timeouts::drain`](purlin_core::Timeouts::drain).
    pub fn shutdown(&self, deadline: Duration) -> usize {
        self.0.stop();
        let end = Instant::now().checked_add(deadline);
        let mut open = self.0.lock();
        while !open.connections.is_empty() {
            let left = end.map_or(LONG, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                drop(open);
                return self.0.abort();
            }
            open = self.0.wait_for(open, left);
        }
        0
    }

    /// Ends the server at once: connections are reset. A handler that is
    /// running finds that out when it next reads or writes, and one that waits
    /// for its client within a second.
    pub fn close(&self) {
        self.0.abort();
    }
}
