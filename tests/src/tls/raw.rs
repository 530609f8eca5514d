//! A machine that speaks nothing: bytes in, bytes out, for the inside of TLS.

use bytes::Bytes;
use purlin_core::{
    Close, Eof, Event, Fault, Fields, Id, Machine, Misuse, Mono, Now, PeerError, Recv, Retry, Want,
    Why,
};
use std::io::IoSlice;

/// Raw bytes both ways; every id is that of its one exchange.
#[derive(Debug)]
pub struct Raw {
    room: Vec<u8>,
    input: Vec<u8>,
    /// So much input is held while nobody takes it.
    most: usize,
    output: Vec<u8>,
    /// Nothing more will be sent.
    finished: bool,
    /// How the input ended.
    pub eof: Option<Eof>,
    closes: Option<Close>,
}

impl Raw {
    /// Holds at most so much input.
    pub fn new(most: usize) -> Raw {
        Raw {
            room: vec![0; 4096],
            input: Vec::new(),
            most,
            output: Vec::new(),
            finished: false,
            eof: None,
            closes: None,
        }
    }

    /// What has come and was not taken.
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// Wants the connection to be closed.
    pub fn close(&mut self) {
        self.closes = Some(Close::Graceful);
    }

    /// How many bytes have not been written.
    pub fn unwritten(&self) -> usize {
        self.output.len()
    }
}

impl Machine for Raw {
    fn read_buf(&mut self) -> &mut [u8] {
        if self.want().read { &mut self.room } else { &mut [] }
    }

    fn filled(&mut self, n: usize, _: Now) {
        self.input.extend_from_slice(&self.room[..n]);
    }

    fn eof(&mut self, how: Eof, _: Now) {
        if how == Eof::Reset {
            self.output.clear();
            self.closes = Some(Close::Abort);
        }
        self.eof = self.eof.filter(|known| *known == Eof::Reset).or(Some(how));
    }

    fn poll_event(&mut self, _: Now) -> Option<Event> {
        None
    }

    fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>], _: Now) -> usize {
        // Pieces of many sizes, as a machine has heads and bodies.
        let mut used = 0;
        let mut rest = self.output.as_slice();
        for slice in slices.iter_mut() {
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(rest.len().min(if used == 0 { 100 } else { 40_000 }));
            *slice = IoSlice::new(piece);
            rest = more;
            used += 1;
        }
        used
    }

    fn wrote(&mut self, n: usize, _: Now) {
        self.output.drain(..n.min(self.output.len()));
    }

    fn deadline(&self) -> Option<(Mono, Why)> {
        None
    }

    fn tick(&mut self, _: Now) {}

    fn want(&self) -> Want {
        let write = !self.output.is_empty();
        let ends = self.finished.then_some(match self.eof {
            None => Close::Linger,
            Some(_) => Close::Graceful,
        });
        let read = self.eof.is_none() && self.input.len() + 4096 <= self.most;
        Want { read, write, close: self.closes.or(ends).filter(|_| !write) }
    }

    fn trim(&mut self, _: Now) {}

    fn in_exchange(&self) -> bool {
        self.closes.is_none()
    }

    fn held(&self) -> usize {
        self.input.len() + self.output.len()
    }

    fn send(&mut self, _: Id, data: &mut Bytes, _: Now) -> Result<(), Misuse> {
        self.output.extend_from_slice(&std::mem::take(data));
        Ok(())
    }

    fn finish(&mut self, _: Id, _: Option<&Fields>, _: Now) -> Result<(), Misuse> {
        self.finished = true;
        Ok(())
    }

    fn recv(&mut self, _: Id, _: Now) -> Recv {
        if !self.input.is_empty() {
            return Recv::Data(std::mem::take(&mut self.input).into());
        }
        match self.eof {
            None => Recv::Pending,
            Some(Eof::Clean) => Recv::End(None),
            Some(_) => Recv::Failed(PeerError::new(
                Fault::Truncated,
                None,
                Retry::Never,
                purlin_core::Phase::Receive,
            )),
        }
    }

    fn prefetch(&mut self, _: Id, most: usize, _: Now) -> bool {
        self.input.len() >= most.min(self.most) || self.eof.is_some()
    }

    fn discard(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        self.input.clear();
        Ok(())
    }

    fn reset(&mut self, _: Id, _: Now) -> Result<(), Misuse> {
        self.closes = Some(Close::Abort);
        Ok(())
    }

    fn shutdown(&mut self, _: Now) {
        self.close();
    }

    fn limit_body(&mut self, _: Id, _: u64) -> Result<(), Misuse> {
        Ok(())
    }
}
