//! What connections are accepted from: TCP, a Unix socket, a descriptor that was
//! inherited, or memory.
//! Accepts one at a time, without waiting; when to, and what with, the adapters decide.

use crate::queue::Queue;
use crate::socket_file::{self, SocketFile};
use crate::stream::Stream;
use listenfd::ListenFd;
use purlin_core::message::Error;
use purlin_core::observe::Address;
use rustix::net::SocketFlags;
use socket2::TcpKeepalive;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 4096;

/// How long a peer may be silent before the system asks whether it is still
/// there, and how long the system then waits before it asks again: Go's number.
pub const PROBE: Duration = Duration::from_secs(15);

/// So many times it asks; then the connection is lost.
const PROBES: u32 = 3;
/// So many bytes the system takes beyond what the peer has room for. Without a limit
/// one that reads nothing has it take four megabytes over loopback; and who is slow is
/// seen to be slow sooner. Who is seen to take much has more ([`Stream::expect_more`]).
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 * 1024;

/// A socket that accepts connections; it never waits for one.
///
/// A listener of the standard library becomes one with `try_from`.
///
/// ```
/// use purlin_net::Listener;
/// let listener = Listener::bind("127.0.0.1:0")?;
/// assert_ne!(listener.address().socket_addr().unwrap().port(), 0);
/// let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let taken_over = Listener::try_from(own);
/// # let _ = taken_over;
/// # Ok::<(), purlin_core::message::Error>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    /// The file of a Unix socket that was made here. It stands before the socket, which
    /// is still open then when the file goes.
    #[expect(dead_code, reason = "it is there to be dropped")]
    made: Option<SocketFile>,
    kind: Kind,
    address: Address,
    /// Every address of the machine: which one a connection has must be asked for.
    wildcard: bool,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
    Memory(Queue),
}

/// A connection that was accepted, and its two ends.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// The connection; reading and writing it waits.
    pub stream: Stream,
    /// The peer's end.
    pub remote: Address,
    /// This end.
    pub local: Address,
}

impl Accepted {
    /// A connection between these two ends.
    pub fn new(stream: Stream, remote: Address, local: Address) -> Accepted {
        Accepted { stream, remote, local }
    }
}

impl Listener {
    /// Listens on the first of these TCP addresses that is free.
    ///
    /// A host name is looked up at once, which takes its time.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub fn bind(addresses: impl ToSocketAddrs) -> Result<Listener, Error> {
        let unnamed = |cause| Error::Listen { address: None, cause };
        let mut failed = unnamed(ErrorKind::AddrNotAvailable.into());
        for address in addresses.to_socket_addrs().map_err(unnamed)? {
            match listen_at(address).and_then(Listener::try_from) {
                Ok(listener) => return Ok(listener),
                Err(cause) => {
                    failed = Error::Listen { address: Some(Address::Tcp(address)), cause };
                }
            }
        }
        Err(failed)
    }

    /// Listens on a Unix socket. The socket of a server that does not run any more is
    /// replaced, and nothing else: any other file, a link too, is left alone, and the
    /// address is in use then. The listener removes the file that it has made, unless
    /// another lies in its place by then, as it does where a new server has moved its own there.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub fn bind_unix(path: impl AsRef<Path>) -> Result<Listener, Error> {
        let path = path.as_ref();
        let bound = socket_file::bind(path).and_then(|(listener, made)| {
            let listener = Listener::try_from(listener)?;
            Ok(Listener { made, ..listener })
        });
        bound.map_err(|cause| Error::Listen {
            address: Some(Address::Unix(Some(path.to_owned()))),
            cause,
        })
    }

    pub(crate) fn memory(queue: Queue) -> Listener {
        Listener {
            kind: Kind::Memory(queue),
            address: Address::Memory,
            wildcard: false,
            made: None,
        }
    }

    /// Has the system ask peers that are silent for so long whether they are still
    /// there, or has it not ask; [`PROBE`] unless this is called. It holds for what
    /// connects from now on. There is nothing to ask on Unix sockets: their ends are told.
    ///
    /// # Errors
    /// The socket cannot be set.
    pub fn set_tcp_keepalive(&self, silent: Option<Duration>) -> io::Result<()> {
        let Kind::Tcp(listener) = &self.kind else { return Ok(()) };
        let socket = socket2::SockRef::from(listener);
        let Some(silent) = silent else { return socket.set_keepalive(false) };
        // Whole seconds, and one at least, is what systems know.
        let silent = Duration::from_secs(silent.as_secs().clamp(1, 32_767));
        let often = TcpKeepalive::new().with_time(silent).with_interval(silent);
        socket.set_tcp_keepalive(&often.with_retries(PROBES))
    }

    /// Has the system take so little ahead of what it can send, on connections that are
    /// accepted from here on.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn limit_unsent(&self) {
        if let Kind::Tcp(listener) = &self.kind {
            // Where it is not known, the system holds more, and all else is as it should be.
            let _ = socket2::SockRef::from(listener).set_tcp_notsent_lowat(UNSENT);
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn limit_unsent(&self) {}

    /// Where it listens, with the port the system chose if that was 0.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Accepts a connection.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if none is there, and what the system says;
    /// [`Backoff`](crate::Backoff) tells how long to wait then.
    pub fn accept(&self) -> io::Result<Accepted> {
        self.accept_with(SocketFlags::CLOEXEC)
    }

    /// Accepts a connection that never waits.
    ///
    /// # Errors
    /// As [`Listener::accept`].
    pub fn accept_nonblocking(&self) -> io::Result<Accepted> {
        self.accept_with(SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)
    }

    fn accept_with(&self, flags: SocketFlags) -> io::Result<Accepted> {
        let (stream, remote) = match &self.kind {
            Kind::Tcp(listener) => {
                let (socket, remote) = accept_socket(listener.as_fd(), flags)?;
                let remote = remote.and_then(|remote| SocketAddr::try_from(remote).ok());
                (Stream::Tcp(socket.into()), remote.map_or(Address::Memory, Address::Tcp))
            }
            Kind::Unix(listener) => {
                let (socket, _) = accept_socket(listener.as_fd(), flags)?;
                (Stream::Unix(socket.into()), Address::Unix(None))
            }
            Kind::Memory(queue) => {
                let socket = queue.accept()?;
                socket.set_nonblocking(flags.contains(SocketFlags::NONBLOCK))?;
                (Stream::Unix(socket), Address::Memory)
            }
        };
        let local = match &stream {
            Stream::Tcp(stream) if self.wildcard => Address::Tcp(stream.local_addr()?),
            _ => self.address.clone(),
        };
        Ok(Accepted { stream, remote, local })
    }
}

/// Accepts a socket with these flags, in one system call where there is one for that.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn accept_socket(
    listener: BorrowedFd<'_>,
    flags: SocketFlags,
) -> io::Result<(OwnedFd, Option<rustix::net::SocketAddrAny>)> {
    Ok(rustix::net::acceptfrom_with(listener, flags)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn accept_socket(
    listener: BorrowedFd<'_>,
    flags: SocketFlags,
) -> io::Result<(OwnedFd, Option<rustix::net::SocketAddrAny>)> {
    let (socket, remote) = rustix::net::acceptfrom(listener)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let waits = !flags.contains(SocketFlags::NONBLOCK);
    socket2::SockRef::from(&socket).set_nonblocking(!waits)?;
    Ok((socket, remote))
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    // A restarted server takes over from its own old connections.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl TryFrom<TcpListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: TcpListener) -> io::Result<Listener> {
        listener.set_nonblocking(true)?;
        // Small answers leave at once; connections inherit it from here.
        socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
        let address = listener.local_addr()?;
        let listener = Listener {
            kind: Kind::Tcp(listener),
            address: Address::Tcp(address),
            wildcard: address.ip().is_unspecified(),
            made: None,
        };
        // The same holds for this: who vanishes without a word is noticed.
        listener.set_tcp_keepalive(Some(PROBE))?;
        listener.limit_unsent();
        Ok(listener)
    }
}

impl TryFrom<UnixListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: UnixListener) -> io::Result<Listener> {
        listener.set_nonblocking(true)?;
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
        let address = Address::Unix(path);
        Ok(Listener { kind: Kind::Unix(listener), address, wildcard: false, made: None })
    }
}

/// The listeners that this process was started with: systemd's socket
/// activation, and what follows its protocol (`LISTEN_FDS`).
///
/// None is an empty list: a program may bind its own address then.
///
/// # Errors
/// A descriptor is neither a TCP nor a Unix stream socket.
pub fn inherited() -> io::Result<Vec<Listener>> {
    let mut from = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..from.len() {
        if let Ok(Some(tcp)) = from.take_tcp_listener(index) {
            listeners.push(tcp.try_into()?);
        } else if let Some(unix) = from.take_unix_listener(index)? {
            listeners.push(unix.try_into()?);
        }
    }
    Ok(listeners)
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.kind {
            Kind::Tcp(listener) => listener.as_fd(),
            Kind::Unix(listener) => listener.as_fd(),
            Kind::Memory(queue) => queue.as_fd(),
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purlin_engine::Moved;
    use std::net::TcpStream;

    /// Accepts what is on its way.
    fn accept(listener: &Listener) -> Accepted {
        loop {
            match listener.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                accepted => return accepted.unwrap(),
            }
        }
    }

    #[test]
    fn both_ends_of_a_connection_are_known() {
        let listener = Listener::bind("0.0.0.0:0").unwrap();
        let port = listener.address().socket_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let accepted = accept(&listener);
        assert_eq!(accepted.remote, Address::Tcp(client.local_addr().unwrap()));
        assert_eq!(accepted.local, Address::Tcp(client.peer_addr().unwrap()));
        let Stream::Tcp(server) = &accepted.stream else { panic!("TCP") };
        assert!(server.nodelay().unwrap(), "it is inherited");
        let server = socket2::SockRef::from(server);
        assert!(server.keepalive().unwrap(), "so is this");
        assert_eq!(server.tcp_keepalive_time().unwrap(), PROBE);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            assert_eq!(server.tcp_notsent_lowat().unwrap(), UNSENT, "and this");
            accepted.stream.expect_more();
            assert_eq!(server.tcp_notsent_lowat().unwrap(), crate::stream::MORE_UNSENT);
        }
        listener.set_tcp_keepalive(Some(Duration::from_millis(100))).unwrap();
        assert_eq!(keepalive(&listener), Some(Duration::from_secs(1)));
        listener.set_tcp_keepalive(None).unwrap();
        assert_eq!(keepalive(&listener), None);
    }

    /// What holds for a new connection.
    fn keepalive(listener: &Listener) -> Option<Duration> {
        let port = listener.address().socket_addr().unwrap().port();
        let _client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let accepted = accept(listener).stream;
        let socket = socket2::SockRef::from(&accepted);
        socket.keepalive().unwrap().then(|| socket.tcp_keepalive_time().unwrap())
    }

    #[test]
    fn accepting_never_waits() {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        let _client = TcpStream::connect(listener.address().socket_addr().unwrap()).unwrap();
        loop {
            match listener.accept_nonblocking() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                accepted => {
                    assert_eq!(accepted.unwrap().stream.read(&mut [0]), Moved::Nothing);
                    return;
                }
            }
        }
    }

    #[test]
    fn an_address_in_use_is_named() {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let address = listener.address().socket_addr().unwrap();
        let error = Listener::bind(address).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    }
}
