//! A socket whose other end is a script.

use purlin_core::Eof;
use std::collections::VecDeque;
use std::io::IoSlice;

/// A socket.
#[derive(Debug, Default)]
pub(super) struct Socket {
    /// What the server said and nobody has read yet.
    down: VecDeque<u8>,
    /// How the server ended it, behind that.
    ended: Option<Eof>,
    /// After so many bytes more, writes fail.
    writes: Option<usize>,
    /// One has failed.
    failed: bool,
}

/// What reading came to.
pub(super) enum Moved {
    Bytes(usize),
    Nothing,
    End(Eof),
}

impl Socket {
    /// The server says this.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.ended.is_none() {
            self.down.extend(bytes);
        }
    }

    /// The server ends it.
    pub(super) fn end(&mut self, how: Eof) {
        self.ended.get_or_insert(how);
    }

    /// How the server ended it.
    pub(super) fn ended(&self) -> Option<Eof> {
        self.ended
    }

    /// Writes fail after so many bytes more.
    pub(super) fn break_write(&mut self, after: usize) {
        self.writes = Some(after);
    }

    /// Whether a write has failed.
    pub(super) fn write_failed(&self) -> bool {
        self.failed
    }

    /// Takes what it can; nothing if it is lost.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Option<Vec<u8>> {
        let mut all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        if let Some(left) = &mut self.writes {
            all.truncate(*left);
            *left -= all.len();
        }
        self.failed = all.is_empty() || self.ended.is_some();
        (!self.failed).then_some(all)
    }

    /// Gives what has come, as much as there is room for.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Moved {
        let count = room.len().min(self.down.len());
        for (place, byte) in room.iter_mut().zip(self.down.drain(..count)) {
            *place = byte;
        }
        match self.ended {
            _ if count > 0 => Moved::Bytes(count),
            Some(how) => Moved::End(how),
            None => Moved::Nothing,
        }
    }
}
