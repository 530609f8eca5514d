//! What a connection's bytes move through: a socket, a pipe in memory, a simulated network.
//! It never waits; whoever has a line to move does.

use std::io::IoSlice;
use std::sync::Arc;

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

/// What a line moves bytes through, never waiting.
pub trait Wire {
    /// Reads what is there.
    fn read(&mut self, room: &mut [u8]) -> Moved;

    /// Writes what is taken now.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved;

    /// Says that nothing more is written.
    fn shut_writing(&mut self);

    /// Bytes that were written and that the peer has not taken, if that can be known.
    fn untaken(&self) -> Option<usize>;
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
