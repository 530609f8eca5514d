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
    /// Found behind data that had to be handed out first.
    verdict: Option<Result<Option<Fields>, Fault>>,
    /// How far the chunks have been looked at since the last piece was taken.
    scout: Option<Box<Scout>>,
}

/// Looks at chunks and leaves them where they are.
#[derive(Clone, Debug)]
struct Scout {
    decoder: Decoder,
    /// Bytes of input it has passed.
    passed: usize,
    /// Bytes of data among them.
    data: usize,
    /// It met the end, or a fault.
    done: bool,
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
            Framing::UntilClose => Coding::Raw,
        };
        Incoming { coding, taken: 0, verdict: None, scout: None }
    }

    /// Everything that comes, until the input ends.
    pub(crate) fn raw() -> Incoming {
        Incoming::new(Framing::UntilClose)
    }

    /// Bytes of body still to come, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.coding {
            Coding::Length(left) => Some(left),
            Coding::Chunked(_) | Coding::Raw => None,
        }
    }

    /// Whether the end of the input is the body's.
    pub(crate) fn ends_with_input(&self) -> bool {
        matches!(self.coding, Coding::Raw)
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
        if let Some(verdict) = &mut self.verdict {
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
                let piece = input.take(count);
                *left -= piece.len() as u64;
                Ok(self.given(piece))
            }
            Coding::Raw => {
                let piece = input.take(PIECE_MOST);
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
        let mut piece = Vec::new();
        self.scout = None;
        while piece.len() < PIECE_MOST && self.verdict.is_none() {
            let Coding::Chunked(decoder) = &mut self.coding else {
                break;
            };
            match decoder.decode(input.bytes(), limits) {
                Ok(Step::Data { skip, data }) => {
                    if self.taken.saturating_add((piece.len() + data) as u64) > most {
                        self.verdict = Some(Err(Fault::BodyTooLarge));
                        break;
                    }
                    piece.extend_from_slice(&input.bytes()[skip..skip + data]);
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
        if !piece.is_empty() || self.verdict.is_none() {
            return Ok(self.given(Bytes::from(piece)));
        }
        self.take(input, limits, most)
    }

    /// Looks ahead of [`Incoming::take`], which may take `most` bytes over all
    /// calls; says whether all of the body is here, or `wanted` bytes are, or
    /// more input would change nothing. Takes nothing.
    pub(crate) fn prefetch(
        &mut self,
        input: &InBuf,
        limits: &Limits,
        most: u64,
        wanted: usize,
    ) -> bool {
        match self.coding {
            Coding::Length(left) => {
                let left_over = self.taken.saturating_add(left) > most;
                left_over || !input.has_room() || input.len() as u64 >= left.min(wanted as u64)
            }
            Coding::Chunked(_) => self.scout(input, limits, most, wanted) || !input.has_room(),
            Coding::Raw => true,
        }
    }

    /// Looks at the chunks that are there; says whether there is nothing to wait for.
    fn scout(&mut self, input: &InBuf, limits: &Limits, most: u64, wanted: usize) -> bool {
        let Coding::Chunked(decoder) = &self.coding else {
            return true;
        };
        if self.verdict.is_some() {
            return true;
        }
        let scout = self.scout.get_or_insert_with(|| Box::new(Scout::new(decoder.clone())));
        while scout.data < wanted && self.taken.saturating_add(scout.data as u64) <= most {
            if !scout.step(input.bytes(), limits) {
                return scout.done;
            }
        }
        true
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

impl Scout {
    fn new(decoder: Decoder) -> Scout {
        Scout { decoder, passed: 0, data: 0, done: false }
    }

    /// Goes on to the next data; says whether there was any.
    fn step(&mut self, input: &[u8], limits: &Limits) -> bool {
        if self.done {
            return false;
        }
        match self.decoder.decode(&input[self.passed..], limits) {
            Ok(Step::Data { skip, data }) => {
                self.passed += skip + data;
                self.data += data;
                return true;
            }
            Ok(Step::More { skip }) => self.passed += skip,
            Ok(Step::End { .. }) | Err(_) => self.done = true,
        }
        false
    }
}
