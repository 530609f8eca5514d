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
    /// Everything, until the input ends: a body, which has a limit.
    UntilClose,
    /// The same, of a tunnel or another protocol, which has none.
    Raw,
}

/// A body being read.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    coding: Coding,
    /// Bytes handed out or skipped so far.
    taken: u64,
    /// Found behind data that had to be handed out first.
    verdict: Option<Result<Option<Box<Fields>>, Fault>>,
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
            Framing::UntilClose => Coding::UntilClose,
        };
        Incoming::of(coding)
    }

    /// Everything that comes, until the input ends: no body, and without its limits.
    pub(crate) fn raw() -> Incoming {
        Incoming::of(Coding::Raw)
    }

    fn of(coding: Coding) -> Incoming {
        Incoming { coding, taken: 0, verdict: None, scout: None }
    }

    /// Bytes of body still to come, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.coding {
            Coding::Length(left) => Some(left),
            Coding::Chunked(_) | Coding::UntilClose | Coding::Raw => None,
        }
    }

    /// Whether the end of the input is the body's.
    pub(crate) fn ends_with_input(&self) -> bool {
        matches!(self.coding, Coding::UntilClose | Coding::Raw)
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
                Ok(trailers) => Ok(Taken::End(trailers.take().map(|fields| *fields))),
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
            Coding::UntilClose => {
                let room = most.saturating_sub(self.taken);
                if room == 0 && !input.is_empty() {
                    return Err(Fault::BodyTooLarge);
                }
                let count = usize::try_from(room).unwrap_or(usize::MAX).min(PIECE_MOST);
                let piece = input.take(count);
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
                    self.verdict = Some(Ok(trailers.map(Box::new)));
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
            Coding::UntilClose | Coding::Raw => true,
        }
    }

    /// Whether the input has all that is left of the body, as far as its framing
    /// tells; broken chunks count as all.
    pub(crate) fn is_here(&mut self, input: &InBuf, limits: &Limits) -> bool {
        match self.coding {
            Coding::Length(left) => input.len() as u64 >= left,
            Coding::Chunked(_) => self.scout(input, limits, u64::MAX, usize::MAX),
            Coding::UntilClose | Coding::Raw => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &[u8]) -> InBuf {
        let mut input = InBuf::new(64 * 1024);
        input.spare()[..text.len()].copy_from_slice(text);
        input.filled(text.len());
        input
    }

    /// What a body of this framing gives if it may have so many bytes, and how it fails.
    fn read(framing: Framing, text: &[u8], most: u64) -> (Vec<u8>, Option<Fault>) {
        let (mut body, mut input) = (Incoming::new(framing), input(text));
        let mut all = Vec::new();
        loop {
            match body.take(&mut input, &Limits::CLIENT, most) {
                Ok(Taken::Data(piece)) => all.extend_from_slice(&piece),
                Ok(Taken::End(_) | Taken::More) => return (all, None),
                Err(fault) => return (all, Some(fault)),
            }
        }
    }

    #[test]
    fn each_framing_keeps_the_limit() {
        const CHUNKS: &[u8] = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let whole = (b"abcde".to_vec(), None);
        let cut = |text: &str| (text.as_bytes().to_vec(), Some(Fault::BodyTooLarge));
        for (framing, text, most, verdict) in [
            (Framing::Length(5), &b"abcde"[..], 5, whole.clone()),
            (Framing::Length(5), b"abcde", 4, cut("")),
            (Framing::Length(0), b"", 0, (Vec::new(), None)),
            (Framing::Length(u64::MAX), b"abcde", u64::MAX - 1, cut("")),
            (Framing::Chunked, CHUNKS, 5, whole.clone()),
            (Framing::Chunked, CHUNKS, 4, cut("abc")),
            (Framing::Chunked, b"0\r\n\r\n", 0, (Vec::new(), None)),
            (Framing::Chunked, CHUNKS, 0, cut("")),
            (Framing::UntilClose, b"abcde", 5, whole.clone()),
            (Framing::UntilClose, b"abcde", u64::MAX, whole.clone()),
            (Framing::UntilClose, b"abcde", 4, cut("abcd")),
            (Framing::UntilClose, b"abcde", 0, cut("")),
            (Framing::UntilClose, b"", 0, (Vec::new(), None)),
        ] {
            assert_eq!(read(framing, text, most), verdict, "{framing:?} {most}");
        }
    }

    #[test]
    fn a_limit_that_is_met_stays_met_and_a_raw_stream_has_none() {
        let (mut body, mut input) = (Incoming::new(Framing::UntilClose), input(b"abc"));
        assert!(matches!(body.take(&mut input, &Limits::CLIENT, 2), Ok(Taken::Data(_))));
        for _ in 0..3 {
            let again = body.take(&mut input, &Limits::CLIENT, 2);
            assert_eq!(again.unwrap_err(), Fault::BodyTooLarge);
        }
        assert!(matches!(body.take(&mut input, &Limits::CLIENT, 3), Ok(Taken::Data(_))), "raised");
        let mut raw = Incoming::raw();
        let mut input = self::input(b"abc");
        assert!(matches!(raw.take(&mut input, &Limits::CLIENT, 0), Ok(Taken::Data(_))));
    }

    #[test]
    fn looking_ahead_begins_anew_behind_what_was_taken() {
        let limits = Limits::SERVER;
        let mut body = Incoming::new(Framing::Chunked);
        let mut first = input(b"3\r\nabc\r\n");
        assert!(!body.prefetch(&first, &limits, 100, 4));
        assert!(body.prefetch(&first, &limits, 100, 3));
        assert!(matches!(body.take(&mut first, &limits, 100), Ok(Taken::Data(_))));
        assert!(!body.prefetch(&input(b"3\r\nde"), &limits, 100, 3));
        let mut rest = input(b"3\r\ndef\r\n0\r\n\r\n");
        assert!(body.prefetch(&rest, &limits, 100, 3));
        assert!(matches!(body.take(&mut rest, &limits, 100), Ok(Taken::Data(_))));
        // Its end was found behind the data.
        assert!(body.prefetch(&input(b""), &limits, 100, 1));

        // Where there is no more room, nothing is waited for.
        for framing in [Framing::Length(90_000), Framing::Chunked] {
            let mut full = InBuf::new(4096);
            full.spare()[..6].copy_from_slice(b"8000\r\n");
            while full.has_room() {
                let room = full.spare().len();
                full.filled(room);
            }
            assert!(
                Incoming::new(framing).prefetch(&full, &limits, 100_000, 80_000),
                "{framing:?}"
            );
        }
        let mut body = Incoming::new(Framing::Length(3));
        assert_eq!(body.skip(&mut input(b"ab"), &limits), Ok(false));
        assert_eq!(body.skip(&mut input(b"c"), &limits), Ok(true));
    }

    #[test]
    fn a_body_is_here_once_its_end_is() {
        for (framing, text, here) in [
            (Framing::Length(3), &b"ab"[..], false),
            (Framing::Length(3), b"abc", true),
            (Framing::Length(3), b"abcGET", true),
            (Framing::Chunked, b"", false),
            (Framing::Chunked, b"1\r\na\r\n0\r\n", false),
            (Framing::Chunked, b"1\r\na\r\n0\r\n\r\n", true),
            (Framing::Chunked, b"x\r\n", true),
        ] {
            let mut body = Incoming::new(framing);
            assert_eq!(body.is_here(&input(text), &Limits::SERVER), here, "{framing:?} {text:?}");
        }
    }
}
