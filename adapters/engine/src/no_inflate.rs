//! Stands for decoding where the feature `gzip` is off: nothing asks for it then.

use bytes::Bytes;
use purlin_core::exchange::{Answer, Cause};

/// Undoes nothing.
#[derive(Debug, Default)]
pub struct Inflate(Option<Bytes>, bool);

/// What [`Inflate::pull`] gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Content.
    Data(Bytes),
    /// More has to be pushed first.
    More,
    /// All of it was given.
    End,
}

impl Inflate {
    /// Nothing is to be undone.
    pub fn of(_answer: &Answer) -> Option<Box<Inflate>> {
        None
    }

    /// More of what is to be decoded.
    pub fn push(&mut self, piece: Bytes) {
        self.0 = Some(piece);
    }

    /// No more of it will come.
    pub fn end(&mut self) {
        self.1 = true;
    }

    /// The next piece, as it was pushed.
    ///
    /// # Errors
    /// None.
    pub fn pull(&mut self) -> Result<Pulled, Cause> {
        Ok(match self.0.take() {
            Some(piece) => Pulled::Data(piece),
            None if self.1 => Pulled::End,
            None => Pulled::More,
        })
    }
}
