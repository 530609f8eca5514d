//! A client's socket: each has a timer of its own.
//! What moves, and who is late, says its line.

use crate::link::{Deadline, Reactor};
use purlin_engine::Line;
use purlin_net::Stream;
use std::io;

/// A connected socket.
pub(super) type Socket = Line<Reactor<Deadline>>;

/// A socket, whose calls will not wait from now on.
pub(super) fn socket(stream: Stream) -> io::Result<Socket> {
    stream.set_nonblocking(true)?;
    Ok(Line::new(Reactor::new(stream, Deadline::default())))
}
