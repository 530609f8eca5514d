//! Connections without a port: both ends are in this process.
//! They are socket pairs, so that whoever serves them notices no difference.

use crate::listener::Listener;
use crate::queue::{Dialer, Queue};
use std::io;
use std::os::unix::net::UnixStream;

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
    let (queue, dialer) = Queue::new(told, tells);
    Ok((Listener::memory(queue), dialer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};

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
