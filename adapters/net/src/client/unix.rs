//! Connecting to a Unix socket whose server is busy.
//!
//! Such a socket knows no "in progress": as many as its backlog holds wait to be
//! accepted, and whoever comes then and does not block is told EAGAIN at once.

use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Connects to a Unix socket, and waits for a place in its backlog for so long.
pub fn connect_unix(path: &Path, limit: Option<Duration>) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A connect that blocks heeds the limit for sending; none at all would be for ever.
    socket.set_write_timeout(limit.map(|limit| limit.max(Duration::from_millis(1))))?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
        Err(error) => Err(error),
        Ok(()) => {
            socket.set_write_timeout(None)?;
            Ok(OwnedFd::from(socket).into())
        }
    }
}

/// Connects to a Unix socket without waiting; nothing if its backlog is full.
pub fn try_connect_unix(path: &Path) -> io::Result<Option<UnixStream>> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
        Ok(()) => Ok(Some(OwnedFd::from(socket).into())),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
