//! How much of what was written the system still has, since the peer has not taken it.
//! Asks the system; what follows from it, a machine decides.
//!
//! It is what `SIOCOUTQ` tells. That is a call for unsafe code, so the system is
//! asked in another way: by a message of its socket diagnostics (`sock_diag(7)`).
//! That costs five system calls, and is asked where a deadline has come only.

use crate::stream::Stream;

/// Bytes that were written to this socket and that its peer has not taken:
/// has not acknowledged over TCP, has not read from a Unix socket (where it is
/// the memory that they take). Nothing where the system does not say.
pub fn untaken(stream: &Stream) -> Option<usize> {
    let bytes = match stream {
        Stream::Tcp(stream) => {
            let (local, remote) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
            system::of_tcp(local, remote)
        }
        Stream::Unix(stream) => system::of_unix(stream),
    }?;
    usize::try_from(bytes).ok()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send,
        socket_with,
    };
    use std::net::{IpAddr, SocketAddr};
    use std::os::unix::net::UnixStream;

    /// `SOCK_DIAG_BY_FAMILY`.
    const BY_FAMILY: u16 = 20;
    /// `NLM_F_REQUEST`.
    const REQUEST: u16 = 1;
    const HEADER: usize = 16;
    const AF_UNIX: u8 = 1;
    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    const TCP: u8 = 6;
    /// Of sockets in every state, with any cookie, on any interface.
    const ANY: [u8; 4] = [0xff; 4];

    /// `idiag_wqueue` of the socket between these ends.
    pub(super) fn of_tcp(local: SocketAddr, remote: SocketAddr) -> Option<u32> {
        // `struct inet_diag_req_v2`
        let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
        let mut question = vec![family, TCP, 0, 0];
        question.extend(ANY);
        question.extend(local.port().to_be_bytes());
        question.extend(remote.port().to_be_bytes());
        question.extend(sixteen(local.ip()));
        question.extend(sixteen(remote.ip()));
        let scope = if let SocketAddr::V6(local) = local { local.scope_id() } else { 0 };
        question.extend(scope.to_ne_bytes());
        question.extend([ANY, ANY].concat());
        let answer = ask(&question)?;
        // `struct inet_diag_msg`: 4 bytes, an id of 48, and three numbers of 4 each.
        number(&answer, 4 + 48 + 8)
    }

    /// `udiag_wqueue` of this socket.
    pub(super) fn of_unix(stream: &UnixStream) -> Option<u32> {
        const SHOW_QUEUES: u32 = 0x10;
        const QUEUES: u16 = 4;
        let inode = u32::try_from(rustix::fs::fstat(stream).ok()?.st_ino).ok()?;
        // `struct unix_diag_req`
        let mut question = vec![AF_UNIX, 0, 0, 0];
        question.extend(ANY);
        question.extend(inode.to_ne_bytes());
        question.extend(SHOW_QUEUES.to_ne_bytes());
        question.extend([ANY, ANY].concat());
        let answer = ask(&question)?;
        // Behind `struct unix_diag_msg`, attributes: length, kind, and what they say.
        let mut attributes = answer.get(16..)?;
        loop {
            let (length, kind) = (half(attributes, 0)?, half(attributes, 2)?);
            if kind == QUEUES {
                return number(attributes, 8);
            }
            attributes = attributes.get(usize::from(length).max(4).next_multiple_of(4)..)?;
        }
    }

    /// Asks about a socket; what is answered, if it is that socket.
    fn ask(question: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(HEADER + question.len()).ok()?;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(BY_FAMILY.to_ne_bytes());
        message.extend(REQUEST.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(question);
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let kind = Some(netlink::SOCK_DIAG);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, kind).ok()?;
        send(&socket, &message, SendFlags::empty()).ok()?;
        let mut answer = vec![0; 1024];
        // It has been answered by now, or never will be.
        let (_, count) = recv(&socket, &mut *answer, RecvFlags::empty()).ok()?;
        answer.truncate(count.min(number(&answer, 0)? as usize));
        let told = half(&answer, 4)? == BY_FAMILY;
        told.then(|| answer.split_off(HEADER))
    }

    fn sixteen(address: IpAddr) -> [u8; 16] {
        match address {
            IpAddr::V6(address) => address.octets(),
            IpAddr::V4(address) => {
                let mut all = [0; 16];
                all[..4].copy_from_slice(&address.octets());
                all
            }
        }
    }

    fn number(bytes: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    }

    fn half(bytes: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use std::net::SocketAddr;
    use std::os::unix::net::UnixStream;

    pub(super) fn of_tcp(_local: SocketAddr, _remote: SocketAddr) -> Option<u32> {
        None
    }

    pub(super) fn of_unix(_stream: &UnixStream) -> Option<u32> {
        None
    }
}

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests {
    use super::*;
    use purlin_engine::Moved;
    use std::io::{IoSlice, Read};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    /// Writes until the system takes no more; says how much that was.
    fn fill(stream: &Stream) -> usize {
        let piece = vec![b'x'; 64 * 1024];
        let mut all = 0;
        while let Moved::Bytes(count) = stream.write_ready(&[IoSlice::new(&piece)]) {
            all += count;
        }
        all
    }

    fn what_is_read_is_taken(stream: &Stream, mut peer: impl Read) {
        assert_eq!(untaken(stream), Some(0));
        let written = fill(stream);
        let first = untaken(stream).unwrap();
        assert!(first > 0, "of {written}");
        peer.read_exact(&mut vec![0; written]).unwrap();
        // An acknowledgement takes its time.
        let begun = Instant::now();
        while untaken(stream) != Some(0) {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", untaken(stream));
        }
    }

    #[test]
    fn what_the_peer_has_read_it_has_taken() {
        let (one, other) = UnixStream::pair().unwrap();
        what_is_read_is_taken(&one.into(), other);
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // Not every machine has both.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            what_is_read_is_taken(&listener.accept().unwrap().0.into(), other);
        }
    }

    #[test]
    fn of_a_connection_that_is_gone_nothing_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = Stream::from(listener.accept().unwrap().0);
        stream.reset();
        drop(other);
        assert_eq!(untaken(&stream), None);
    }
}
