//! Connections without a port: both ends are in this process.
//! They are socket pairs, so that whoever serves them notices no difference.

use crate::listener::Listener;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A listener without an address, and what connects to it.
///
/// ```
/// use std::io::Write;
///
/// let (listener, dialer) = purlin_net::in_memory()?;
/// let mut client = dialer.connect()?;
/// let accepted = listener.accept()?;
/// assert_eq!(accepted.remote.to_string(), "memory");
/// client.write_all(b"hi")?;
/// let mut room = [0; 2];
/// assert_eq!(accepted.stream.read(&mut room), purlin_engine::Moved::Bytes(2));
/// assert_eq!(&room, b"hi");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The system gives no more sockets.
pub fn in_memory() -> io::Result<(Listener, Dialer)> {
    // A byte in it says that a connection waits, so that a poller can wait for that.
    let (told, tells) = UnixStream::pair()?;
    told.set_nonblocking(true)?;
    let waiting = Arc::new(Mutex::new(Some(VecDeque::new())));
    let dialer = Dialer { tells: Arc::new(tells), waiting };
    Ok((Listener::memory(Queue { told, dialer: dialer.clone() }), dialer))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_is_gone_refuses() {
        let (listener, dialer) = in_memory().unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(listener);
        assert_eq!(dialer.connect().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn whoever_waits_when_the_listener_goes_is_closed() {
        let (listener, dialer) = in_memory().unwrap();
        let mut client = dialer.connect().unwrap();
        drop(listener);
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn connections_are_accepted_in_their_order() {
        let (listener, dialer) = in_memory().unwrap();
        let clients: Vec<_> = (0..3_u8).map(|_| dialer.connect().unwrap()).collect();
        for (number, mut client) in (0..3_u8).zip(clients) {
            client.write_all(&[number]).unwrap();
            let mut got = [9];
            listener.accept().unwrap().stream.read(&mut got);
            assert_eq!(got, [number]);
        }
    }
}
