//! Sockets that are connecting, and waiting for several at once.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// A TCP socket that is connecting.
#[derive(Debug)]
pub struct Connecting {
    socket: Socket,
    address: SocketAddr,
}

impl Connecting {
    /// Begins to connect, without waiting.
    ///
    /// # Errors
    /// The socket cannot be made, or the address is refused at once.
    pub fn begin(address: SocketAddr) -> io::Result<Connecting> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&SockAddr::from(address)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        Ok(Connecting { socket, address })
    }

    /// Where to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes the connected socket once it is writable; its calls wait again if `waits`.
    ///
    /// # Errors
    /// It could not connect.
    pub fn finish(self, waits: bool) -> io::Result<TcpStream> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        self.socket.set_nonblocking(!waits)?;
        let stream = TcpStream::from(self.socket);
        prepare(&stream)?;
        Ok(stream)
    }
}

/// Small requests go out at once, and a peer that vanished is noticed, as in Go's dialer.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let alive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(30));
    socket2::SockRef::from(stream).set_tcp_keepalive(&alive)
}

impl AsFd for Connecting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Waits until one of these can be read or, where the flag is set, written, or
/// for so long; says of each whether it is ready.
///
/// # Errors
/// The system refuses to wait.
pub fn wait_for(
    sockets: &[(BorrowedFd<'_>, Idle)],
    time: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let mut polled: Vec<_> = sockets
        .iter()
        .map(|(socket, until)| PollFd::from_borrowed_fd(*socket, until.flags()))
        .collect();
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match poll(&mut polled, time.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(polled.iter().map(|polled| !polled.revents().is_empty()).collect())
}

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It can be read.
    Reads,
    /// It can be written.
    Writes,
    /// Either.
    Both,
}

impl Idle {
    fn flags(self) -> PollFlags {
        match self {
            Idle::Reads => PollFlags::IN,
            Idle::Writes => PollFlags::OUT,
            Idle::Both => PollFlags::IN | PollFlags::OUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;
    use purlin_engine::Moved;
    use std::net::TcpListener;

    #[test]
    fn a_socket_connects_without_waiting_and_a_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connecting = Connecting::begin(address).unwrap();
        let ready = wait_for(&[(connecting.as_fd(), Idle::Writes)], Some(Duration::from_secs(10)));
        assert_eq!(ready.unwrap(), [true]);
        let stream = connecting.finish(true).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        drop(listener);
        let refused = Connecting::begin(address).and_then(|connecting| {
            wait_for(&[(connecting.as_fd(), Idle::Writes)], Some(Duration::from_secs(10)))?;
            connecting.finish(true)
        });
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn what_is_not_ready_is_not_said_to_be() {
        let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
        let (one, other) = (Stream::Unix(one), Stream::Unix(other));
        let both = [(one.as_fd(), Idle::Reads), (other.as_fd(), Idle::Both)];
        assert_eq!(wait_for(&both, Some(Duration::from_millis(1))).unwrap(), [false, true]);
        assert_eq!(other.write(&[io::IoSlice::new(b"x")]), Moved::Bytes(1));
        assert_eq!(wait_for(&both, None).unwrap(), [true, true]);
    }
}
