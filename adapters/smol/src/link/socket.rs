//! A socket that the reactor learns of when it has to be waited for, and not before.
//! Many a connection is served and closed without.

use async_io::Async;
use purlin_net::Stream;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll};

pub(super) enum Socket {
    /// Nothing had to be waited for yet.
    Fresh(Stream),
    /// The reactor knows it.
    Watched(Async<Stream>),
    Closed,
}

impl Socket {
    /// The socket, unless it is closed.
    pub(super) fn stream(&self) -> Option<&Stream> {
        match self {
            Socket::Fresh(stream) => Some(stream),
            Socket::Watched(watched) => Some(watched.get_ref()),
            Socket::Closed => None,
        }
    }

    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch()?.poll_readable(cx)
    }

    pub(super) fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch()?.poll_writable(cx)
    }

    fn watch(&mut self) -> io::Result<&Async<Stream>> {
        if let Socket::Fresh(_) = self {
            if let Socket::Fresh(stream) = std::mem::replace(self, Socket::Closed) {
                *self = Socket::Watched(Async::new_nonblocking(stream)?);
            }
        }
        match self {
            Socket::Watched(watched) => Ok(watched),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }
}
