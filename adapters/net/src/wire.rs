//! A socket as what a line moves bytes through.

use crate::stream::Stream;
use crate::untaken::untaken;
use purlin_engine::{Moved, Wire};
use std::io::IoSlice;

/// As with [`TcpStream`](std::net::TcpStream), many can use one.
impl Wire for &Stream {
    fn read(&mut self, room: &mut [u8]) -> Moved {
        self.read_ready(room)
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Moved {
        self.write_ready(slices)
    }

    fn shut_writing(&mut self) {
        Stream::shut_writing(self);
    }

    fn untaken(&self) -> Option<usize> {
        untaken(self)
    }
}
