//! What a connection's bytes move through: a socket, a pipe in memory, a simulated network.
//! It never waits; whoever has a line to move does, and [`Ready`] tells a task when to go on.

use purlin_core::{ClientMachine, Mono, Now};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};

/// How an attempt to read or write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes moved, at least one.
    Bytes(usize),
    /// The peer sends nothing more.
    End,
    /// Nothing moved now, or in the time the socket was given to wait.
    Nothing,
    /// The connection is lost.
    Lost,
}

/// What a call came to that does not wait, and to which 0 bytes are the end.
impl From<io::Result<usize>> for Moved {
    fn from(result: io::Result<usize>) -> Moved {
        match result {
            Ok(0) => Moved::End,
            Ok(count) => Moved::Bytes(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Nothing,
            Err(_) => Moved::Lost,
        }
    }
}

/// What a line moves bytes through, never waiting.
pub trait Wire {
    /// Reads what is there.
    fn read(&mut self, room: &mut [u8]) -> Moved;

    /// Writes what is taken now.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved;

    /// Says that nothing more is written.
    fn shut_writing(&mut self);

    /// Bytes that were written and that the peer has not taken, if that can be known.
    fn untaken(&self) -> Option<usize> {
        None
    }
}

/// What wakes a task at an instant.
pub trait Timer {
    /// Ready once this instant has come; else the task is woken then, or earlier in vain.
    /// It replaces the one that was asked for before.
    fn poll_until(&mut self, at: Mono, cx: &mut Context<'_>) -> Poll<()>;
}

/// A wire with a timer, both of which wake a task: all that a runtime gives a connection,
/// on either side.
///
/// Each of these functions has the task woken if it is `Pending`, and may have it woken in
/// vain. A wire that cannot be waited for is `Ready`: reading and writing then tell why.
pub trait Ready: Wire + Timer {
    /// Ready once there may be something to read.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Ready once there may be room to write.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Ready once the connection is lost, and not only ended by the peer in order; asked
    /// where neither input nor room is awaited. Without it the next write tells.
    fn poll_lost(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    /// From now on it is this task that is woken, whatever it waits for already.
    fn set_waker(&mut self, _cx: &mut Context<'_>) {}

    /// The peer takes what it is sent: the system may take more ahead of it.
    fn expect_more(&mut self) {}

    /// Dropping it is to tell the peer that something went wrong.
    fn reset_on_drop(&mut self) {}
}

/// What many can use is shared.
impl<W> Wire for Arc<W>
where
    for<'a> &'a W: Wire,
{
    fn read(&mut self, room: &mut [u8]) -> Moved {
        (&**self).read(room)
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        (&**self).write(slices)
    }

    fn shut_writing(&mut self) {
        (&**self).shut_writing();
    }

    fn untaken(&self) -> Option<usize> {
        (&**self).untaken()
    }
}

/// A socket as far as it is used without waiting.
pub trait ReadReady {
    /// Whether who waits for it blocks a thread, and is not woken by it.
    const BLOCKS: bool = false;

    /// Gives the machine what has come already.
    fn read_ready(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now);

    /// Writes what there is, as far as the socket takes it, and says that nothing more is
    /// written if the machine wants to close so.
    fn flush(&mut self, machine: &mut (dyn ClientMachine + Send), now: Now);

    /// Whether a write has failed.
    fn is_lost(&self) -> bool;
}
