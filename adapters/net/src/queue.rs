//! Connections that wait to be accepted in this process, and what brings more of them.
//! Each is half of a socket pair.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that wait to be accepted, as long as somebody may accept them.
type Waiting = Mutex<Option<VecDeque<UnixStream>>>;

fn lock(waiting: &Waiting) -> MutexGuard<'_, Option<VecDeque<UnixStream>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The listener's side.
#[derive(Debug)]
pub(crate) struct Queue {
    told: UnixStream,
    /// Keeps the other end open when nobody else does.
    dialer: Dialer,
}

impl Queue {
    /// A queue, and what connects to it.
    pub(crate) fn new(told: UnixStream, tells: UnixStream) -> (Queue, Dialer) {
        let waiting = Arc::new(Mutex::new(Some(VecDeque::new())));
        let dialer = Dialer { tells: Arc::new(tells), waiting };
        (Queue { told, dialer: dialer.clone() }, dialer)
    }

    pub(crate) fn accept(&self) -> io::Result<UnixStream> {
        (&self.told).read_exact(&mut [0])?;
        let next = lock(&self.dialer.waiting).as_mut().and_then(VecDeque::pop_front);
        next.ok_or_else(|| ErrorKind::WouldBlock.into())
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}

/// Nobody will accept those who wait: they are closed.
impl Drop for Queue {
    fn drop(&mut self) {
        let waiting = lock(&self.dialer.waiting).take();
        drop(waiting);
    }
}

/// A dialer of a listener in memory; its clones connect to the same one.
#[derive(Clone, Debug)]
pub struct Dialer {
    tells: Arc<UnixStream>,
    waiting: Arc<Waiting>,
}

impl Dialer {
    /// Connects; reading and writing the connection waits.
    ///
    /// # Errors
    /// The listener is gone, or the system gives no more sockets.
    pub fn connect(&self) -> io::Result<UnixStream> {
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        let (client, server) = UnixStream::pair()?;
        lock(&self.waiting).as_mut().ok_or_else(refused)?.push_back(server);
        (&*self.tells).write_all(&[0]).map_err(|_| refused())?;
        Ok(client)
    }
}
