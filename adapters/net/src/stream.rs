//! A connected socket, TCP or Unix, moved with waiting or without.
//! Knows waiting and errors; what the bytes mean is the machine's.

use purlin_engine::Moved;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, connect_unspec, recv, send, sendmsg,
    shutdown,
};
use std::io::{self, ErrorKind, IoSlice};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// So many bytes the system takes of what a peer has no room for yet, once that is seen to
/// take what it is sent. With a smaller limit each write is smaller, and costs a wait.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const MORE_UNSENT: u32 = 1024 * 1024;

/// A connected socket.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix socket, or one half of a pair.
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Stream {
        Stream::Tcp(stream)
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Stream {
        Stream::Unix(stream)
    }
}

impl Stream {
    /// Reads; waits as long as the socket is set to.
    pub fn read(&self, room: &mut [u8]) -> Moved {
        self.read_with(room, RecvFlags::empty())
    }

    /// Reads what is there.
    pub fn read_ready(&self, room: &mut [u8]) -> Moved {
        self.read_with(room, RecvFlags::DONTWAIT)
    }

    fn read_with(&self, room: &mut [u8], flags: RecvFlags) -> Moved {
        moved(|| Ok(recv(self, &mut *room, flags)?.1))
    }

    /// Writes; waits as long as the socket is set to.
    pub fn write(&self, slices: &[IoSlice<'_>]) -> Moved {
        self.write_with(slices, SendFlags::NOSIGNAL)
    }

    /// Writes what the socket takes now.
    pub fn write_ready(&self, slices: &[IoSlice<'_>]) -> Moved {
        self.write_with(slices, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
    }

    fn write_with(&self, slices: &[IoSlice<'_>], flags: SendFlags) -> Moved {
        moved(|| match slices {
            [one] => Ok(send(self, one, flags)?),
            _ => Ok(sendmsg(self, slices, &mut SendAncillaryBuffer::default(), flags)?),
        })
    }

    /// Has reads give up after this time; without one they wait without end.
    ///
    /// # Errors
    /// The socket cannot be set.
    pub fn set_read_timeout(&self, time: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_read_timeout(time),
            Stream::Unix(stream) => stream.set_read_timeout(time),
        }
    }

    /// Has writes give up after this time; without one they wait without end.
    ///
    /// # Errors
    /// The socket cannot be set.
    pub fn set_write_timeout(&self, time: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_write_timeout(time),
            Stream::Unix(stream) => stream.set_write_timeout(time),
        }
    }

    /// Whether the peer has gone or sends nothing more, whatever of it is unread; waits for
    /// that as long as it may.
    ///
    /// # Errors
    /// The system cannot tell.
    pub fn has_left(&self, wait: Duration) -> io::Result<bool> {
        left::has_left(self, wait)
    }

    /// Has calls wait, or not.
    ///
    /// # Errors
    /// The socket cannot be set.
    pub fn set_nonblocking(&self, ready_only: bool) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_nonblocking(ready_only),
            Stream::Unix(stream) => stream.set_nonblocking(ready_only),
        }
    }

    /// Whether it is of no use any more, as the system knows without a read or a
    /// write: it was reset, or, on a Unix socket, the peer has closed it. So is one
    /// whose two directions have both ended in order.
    pub fn is_lost(&self) -> bool {
        let mut polled = [PollFd::new(self, PollFlags::empty())];
        let at_once = Some(&Timespec { tv_sec: 0, tv_nsec: 0 });
        let told = poll(&mut polled, at_once);
        told.is_ok() && polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
    }

    /// The peer takes what it is sent: the system may take more ahead of it than it does
    /// for everybody, up to 1 MiB. That costs a system call.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn expect_more(&self) {
        if let Stream::Tcp(stream) = self {
            // Where it cannot be set, it costs a little more.
            let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(MORE_UNSENT);
        }
    }

    /// The peer takes what it is sent; the system decides itself what it takes ahead of it.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub fn expect_more(&self) {}

    /// Sends nothing more.
    pub fn shut_writing(&self) {
        // An error says that the peer is gone, which the next read tells as well.
        let _ = shutdown(self, Shutdown::Write);
    }

    /// Ends a read that waits; what has arrived can still be read.
    pub fn shut_reading(&self) {
        let _ = shutdown(self, Shutdown::Read);
    }

    /// Ends the connection although somebody still holds the socket; whoever waits for it wakes.
    pub fn shut_both(&self) {
        let _ = shutdown(self, Shutdown::Both);
    }

    /// Ends the connection so that the peer sees that something went wrong,
    /// although somebody still holds the socket; whoever waits for it wakes.
    pub fn reset(&self) {
        let reset = match self {
            // Dissolving a connection resets it.
            Stream::Tcp(stream) => connect_unspec(stream).is_ok(),
            Stream::Unix(_) => false,
        };
        if !reset {
            self.shut_both();
        }
    }

    /// Has the close of the socket tell the peer that something went wrong.
    pub fn reset_on_close(&self) {
        // Without it the peer sees an ordinary close.
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod left {
    use super::Stream;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use std::io;
    use std::time::{Duration, Instant};

    /// The system tells of the end apart from what is to be read before it.
    pub(super) fn has_left(stream: &Stream, wait: Duration) -> io::Result<bool> {
        let until = Instant::now().checked_add(wait);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let time = left.and_then(|left| Timespec::try_from(left).ok());
            let mut polled = [PollFd::new(stream, PollFlags::RDHUP)];
            match poll(&mut polled, time.as_ref()) {
                Err(Errno::INTR) => {}
                polled => return Ok(polled? > 0),
            }
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod left {
    use super::Stream;
    use rustix::net::RecvFlags;
    use std::io;
    use std::thread;
    use std::time::{Duration, Instant};

    /// How often it is looked for the end.
    const AGAIN: Duration = Duration::from_millis(50);

    /// An end is seen once nothing is to be read before it.
    pub(super) fn has_left(stream: &Stream, wait: Duration) -> io::Result<bool> {
        let until = Instant::now().checked_add(wait);
        loop {
            match stream.read_with(&mut [0], RecvFlags::DONTWAIT | RecvFlags::PEEK) {
                Moved::End | Moved::Lost => return Ok(true),
                Moved::Bytes(_) | Moved::Nothing => {}
            }
            match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Ok(false),
                Some(left) => thread::sleep(left.min(AGAIN)),
                None => thread::sleep(AGAIN),
            }
        }
    }
}

/// Tries, again after each signal.
fn moved(mut attempt: impl FnMut() -> io::Result<usize>) -> Moved {
    loop {
        match attempt() {
            Ok(0) => return Moved::End,
            Ok(count) => return Moved::Bytes(count),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                // EAGAIN, also where the socket's own time limit has passed. ETIMEDOUT is
                // something else: the network has given up, and the next read would say
                // "end" as if the peer had.
                ErrorKind::WouldBlock => return Moved::Nothing,
                _ => return Moved::Lost,
            },
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_eagain_is_nothing_yet_and_a_signal_is_nothing_at_all() {
        use rustix::io::Errno;
        for (errno, is) in [
            (Errno::AGAIN, Moved::Nothing),
            (Errno::TIMEDOUT, Moved::Lost),
            (Errno::CONNRESET, Moved::Lost),
            (Errno::HOSTUNREACH, Moved::Lost),
            (Errno::NETUNREACH, Moved::Lost),
            (Errno::NETDOWN, Moved::Lost),
            (Errno::PIPE, Moved::Lost),
            (Errno::NOBUFS, Moved::Lost),
        ] {
            assert_eq!(moved(|| Err(errno.into())), is, "{errno}");
        }
        let mut attempts = vec![Ok(0), Err(ErrorKind::Interrupted.into())];
        assert_eq!(moved(|| attempts.pop().unwrap_or(Ok(1))), Moved::End);
    }

    #[test]
    fn what_is_ready_moves_without_waiting() {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, other) = (Stream::Unix(one), Stream::Unix(other));
        let mut room = [0; 16];
        assert_eq!(one.read_ready(&mut room), Moved::Nothing);
        let pieces = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        assert_eq!(other.write_ready(&pieces), Moved::Bytes(4));
        assert_eq!(one.read_ready(&mut room), Moved::Bytes(4));
        assert_eq!(&room[..4], b"abcd");
        one.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(one.read(&mut room), Moved::Nothing);
        other.shut_writing();
        assert_eq!(one.read(&mut room), Moved::End);
    }

    #[test]
    fn a_reset_wakes_who_waits_and_reaches_the_peer() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = Stream::Tcp(listener.accept().unwrap().0);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| server.read(&mut [0]));
            server.reset();
            assert_ne!(waits.join().unwrap(), Moved::Nothing);
        });
        assert_eq!(Stream::Tcp(client).read(&mut [0]), Moved::Lost);
    }

    /// A peer that takes nothing, and a limit for that, stand for a network that is dead:
    /// TCP gives up with ETIMEDOUT, which is told once.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_that_tcp_gives_up_is_lost() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = listener.accept().unwrap().0;
        rustix::net::sockopt::set_tcp_user_timeout(&server, 50).unwrap();
        let server = Stream::Tcp(server);
        while server.write_ready(&[IoSlice::new(&[0; 64 * 1024])]) != Moved::Nothing {}
        server.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        assert_eq!(server.read(&mut [0]), Moved::Lost);
        drop(client);
    }

    #[test]
    fn an_end_is_seen_behind_what_is_unread() {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, other) = (Stream::Unix(one), Stream::Unix(other));
        let moment = Duration::from_millis(1);
        assert!(!one.has_left(Duration::ZERO).unwrap());
        assert_eq!(other.write(&[IoSlice::new(b"unread")]), Moved::Bytes(6));
        assert!(!one.has_left(moment).unwrap());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| one.has_left(Duration::MAX).unwrap());
            assert_eq!(one.read(&mut [0; 6]), Moved::Bytes(6));
            other.shut_writing();
            assert!(waits.join().unwrap());
        });
        drop(other);
        assert!(one.has_left(Duration::ZERO).unwrap());
    }

    #[test]
    fn a_peer_that_is_gone_is_a_loss_and_no_signal() {
        let (one, other) = UnixStream::pair().unwrap();
        drop(other);
        assert_eq!(Stream::Unix(one).write(&[IoSlice::new(b"x")]), Moved::Lost);
    }
}
