//! A body being read out of an input queue, whatever delimits it.
//! Counts against the limit it is given; keeps no bytes of its own.

use super::chunked::{Decoder, Step};
use super::framing::Framing;
use crate::buf::InBuf;
use crate::config::Limits;
use crate::error::Fault;
use crate::head::Fields;
use bytes::Bytes;

/// The most that is handed out in one piece.
const PIECE_MOST: usize = 512 * 1024;

#[derive(Clone, Debug)]
enum Coding {
    /// So many bytes are left.
    Length(u64),
    Chunked(Decoder),
    /// Everything, until the input ends.
    Raw,
}

/// A body being read.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    coding: Coding,
    /// Bytes handed out or skipped so far.
    taken: u64,
    /// Read out of chunks, and not handed out yet.
    ahead: Vec<u8>,
    /// Found behind data that had to be handed out first.
    verdict: Option<Result<Option<Fields>, Fault>>,
}

/// What [`Incoming::take`] found.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Data; never empty.
    Data(Bytes),
    /// The end, with trailers.
    End(Option<Fields>),
    /// More input is needed.
    More,
}

impl Incoming {
    pub(crate) fn new(framing: Framing) -> Incoming {
        let coding = match framing {
            Framing::None => Coding::Length(0),
            Framing::Length(length) => Coding::Length(length),
            Framing::Chunked => Coding::Chunked(Decoder::new()),
        };
        Incoming { coding, taken: 0, ahead: Vec::new(), verdict: None }
    }

    /// Everything that comes, until the input ends.
    pub(crate) fn raw() -> Incoming {
        Incoming { coding: Coding::Raw, taken: 0, ahead: Vec::new(), verdict: None }
    }

    /// Bytes of body still to come, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.coding {
            Coding::Length(left) => Some(left),
            Coding::Chunked(_) | Coding::Raw => None,
        }
    }

    /// Bytes handed out or skipped so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes what the input has of the body, at most `most` bytes over all calls.
    ///
    /// # Errors
    /// The body breaks its coding or is longer than `most`.
    pub(crate) fn take(
        &mut self,
        input: &mut InBuf,
        limits: &Limits,
        most: u64,
    ) -> Result<Taken, Fault> {
        if let Some(verdict) = self.verdict.as_mut().filter(|_| self.ahead.is_empty()) {
            return match verdict {
                Ok(trailers) => Ok(Taken::End(trailers.take())),
                Err(fault) => Err(*fault),
            };
        }
        match &mut self.coding {
            Coding::Length(0) => Ok(Taken::End(None)),
            Coding::Length(left) if self.taken.saturating_add(*left) > most => {
                Err(Fault::BodyTooLarge)
            }
            Coding::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(PIECE_MOST);
                let piece = take_front(input, count);
                *left -= piece.len() as u64;
                Ok(self.given(piece))
            }
            Coding::Raw => {
                let piece = take_front(input, PIECE_MOST);
                Ok(self.given(piece))
            }
            Coding::Chunked(_) => self.take_chunks(input, limits, most),
        }
    }

    fn given(&mut self, piece: Bytes) -> Taken {
        self.taken += piece.len() as u64;
        if piece.is_empty() { Taken::More } else { Taken::Data(piece) }
    }

    /// Gathers the data of all chunks that are there, so that small chunks make no small pieces.
    fn take_chunks(
        &mut self,
        input: &mut InBuf,
        limits: &Limits,
        most: u64,
    ) -> Result<Taken, Fault> {
        if !self.read_chunks(input, limits, most, PIECE_MOST) {
            self.verdict = Some(Err(Fault::BodyTooLarge));
        }
        if !self.ahead.is_empty() || self.verdict.is_none() {
            let piece = Bytes::from(std::mem::take(&mut self.ahead));
            return Ok(self.given(piece));
        }
        self.take(input, limits, most)
    }

    /// Reads data out of the chunks that are there, until `wanted` bytes are; says
    /// whether that went without meeting `most`.
    fn read_chunks(
        &mut self,
        input: &mut InBuf,
        limits: &Limits,
        most: u64,
        wanted: usize,
    ) -> bool {
        while self.ahead.len() < wanted && self.verdict.is_none() {
            let Coding::Chunked(decoder) = &mut self.coding else {
                break;
            };
            let before = decoder.clone();
            match decoder.decode(input.bytes(), limits) {
                Ok(Step::Data { skip, data }) => {
                    if self.taken.saturating_add((self.ahead.len() + data) as u64) > most {
                        // Whoever reads may allow more yet.
                        *decoder = before;
                        return false;
                    }
                    self.ahead.extend_from_slice(&input.bytes()[skip..skip + data]);
                    input.consume(skip + data);
                }
                Ok(Step::End { skip, trailers }) => {
                    input.consume(skip);
                    self.verdict = Some(Ok(trailers));
                }
                Ok(Step::More { skip }) => {
                    input.consume(skip);
                    break;
                }
                Err(fault) => self.verdict = Some(Err(fault)),
            }
        }
        true
    }

    /// Takes in body ahead of [`Incoming::take`], which may take `most` bytes over
    /// all calls; says whether all of it is here, or `wanted` bytes are, or more
    /// input would change nothing.
    pub(crate) fn prefetch(
        &mut self,
        input: &mut InBuf,
        limits: &Limits,
        most: u64,
        wanted: usize,
    ) -> bool {
        match self.coding {
            Coding::Length(left) => {
                let left_over = self.taken.saturating_add(left) > most;
                left_over || !input.has_room() || input.len() as u64 >= left.min(wanted as u64)
            }
            Coding::Chunked(_) => {
                !self.read_chunks(input, limits, most, wanted)
                    || self.verdict.is_some()
                    || self.ahead.len() >= wanted
                    || !input.has_room()
            }
            Coding::Raw => true,
        }
    }

    /// Bytes of memory held for what was read ahead.
    pub(crate) fn held(&self) -> usize {
        self.ahead.capacity()
    }

    /// Throws away what the input has of the body; says whether it ended.
    ///
    /// # Errors
    /// The body breaks its coding.
    pub(crate) fn skip(&mut self, input: &mut InBuf, limits: &Limits) -> Result<bool, Fault> {
        if let Coding::Length(left) = &mut self.coding {
            let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
            input.consume(count);
            *left -= count as u64;
            self.taken += count as u64;
            return Ok(*left == 0);
        }
        loop {
            match self.take(input, limits, u64::MAX)? {
                Taken::Data(_) => {}
                Taken::End(_) => return Ok(true),
                Taken::More => return Ok(false),
            }
        }
    }
}

fn take_front(input: &mut InBuf, most: usize) -> Bytes {
    let count = input.len().min(most);
    let piece = Bytes::copy_from_slice(&input.bytes()[..count]);
    input.consume(count);
    piece
}
