//! Undoes gzip as bytes come: pushed in, pulled out, without waiting.
//! Never holds more than a piece of either kind, whatever the content claims to be.

use bytes::{Buf, Bytes, BytesMut};
use flate2::bufread::GzDecoder;
use purlin_core::exchange::{Answer, Cause};
use purlin_core::policy::coding::{Allowance, Decoding};
use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

/// The most that is given at once.
const PIECE: usize = 64 * 1024;

/// Undoes gzip (RFC 1952): one member after the other, and zero bytes behind the
/// last, with which tapes and some servers fill up, are nothing.
pub struct Inflate {
    at: At,
    allowance: Allowance,
    room: BytesMut,
    size: usize,
}

/// Where in the coded content.
enum At {
    /// Before the first member; no content at all is no content, in whatever coding.
    Start(Feed),
    /// In a member.
    Member(Box<GzDecoder<Feed>>),
    /// Behind a member: another may follow.
    Behind(Feed),
    /// Behind a zero byte behind a member: nothing else may follow.
    Padding(Feed),
}

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

/// What was pushed and is not used yet.
#[derive(Default)]
struct Feed {
    rest: Bytes,
    ended: bool,
}

impl Inflate {
    /// Nothing was pushed yet; content beyond the allowance is an error.
    pub fn new(allowance: Allowance) -> Inflate {
        Inflate { at: At::Start(Feed::default()), allowance, room: BytesMut::new(), size: 8 * 1024 }
    }

    /// What undoes the coding of this answer, if it is to be undone.
    pub fn of(answer: &Answer) -> Option<Box<Inflate>> {
        match answer.decoding {
            Decoding::AsIs => None,
            Decoding::Gzip => Some(Box::new(Inflate::new(Allowance::of(answer.most)))),
        }
    }

    fn feed(&mut self) -> &mut Feed {
        match &mut self.at {
            At::Start(feed) | At::Behind(feed) | At::Padding(feed) => feed,
            At::Member(decoder) => decoder.get_mut(),
        }
    }

    /// More of what is to be decoded; to be called when [`Pulled::More`] was given.
    pub fn push(&mut self, piece: Bytes) {
        self.feed().rest = piece;
    }

    /// No more of it will come.
    pub fn end(&mut self) {
        self.feed().ended = true;
    }

    /// The next piece of the content.
    ///
    /// # Errors
    /// What was pushed is not gzip, or not all of it ([`Cause::Decode`]), or more
    /// than is allowed ([`Cause::Peer`]). All that came before it was given.
    pub fn pull(&mut self) -> Result<Pulled, Cause> {
        loop {
            if let At::Member(_) = &self.at {
                if let Some(pulled) = self.pull_member().map_err(Cause::Decode)? {
                    if let Pulled::Data(piece) = &pulled {
                        self.allowance.spend(piece.len())?;
                    }
                    return Ok(pulled);
                }
                self.leave_member();
            }
            let feed = self.feed();
            let Some(next) = feed.rest.first().copied() else {
                return Ok(if feed.ended { Pulled::End } else { Pulled::More });
            };
            let feed = std::mem::take(feed);
            self.at = match &self.at {
                At::Behind(_) if next == 0 => At::Padding(feed),
                At::Padding(_) if next == 0 => At::Padding(feed.after_zeros()),
                At::Padding(_) => {
                    let text = "something follows the zero bytes behind the content";
                    return Err(Cause::Decode(io::Error::new(ErrorKind::InvalidData, text)));
                }
                _ => At::Member(Box::new(GzDecoder::new(feed))),
            };
        }
    }

    /// The next piece of this member; none at its end.
    fn pull_member(&mut self) -> io::Result<Option<Pulled>> {
        let At::Member(decoder) = &mut self.at else { return Ok(None) };
        if !self.room.try_reclaim(self.size) {
            self.room = BytesMut::with_capacity(self.size);
        }
        self.room.resize(self.size, 0);
        match decoder.read(&mut self.room) {
            Ok(0) => Ok(None),
            Ok(count) => {
                if count == self.size {
                    self.size = (self.size * 2).min(PIECE);
                }
                let piece = self.room.split_to(count).freeze();
                self.room.clear();
                Ok(Some(Pulled::Data(piece)))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Some(Pulled::More)),
            Err(error) => Err(error),
        }
    }

    fn leave_member(&mut self) {
        let feed = std::mem::take(self.feed());
        self.at = At::Behind(feed);
    }
}

impl Feed {
    fn after_zeros(mut self) -> Feed {
        let zeros = self.rest.iter().take_while(|byte| **byte == 0).count();
        self.rest.advance(zeros);
        self
    }
}

impl Read for Feed {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let here = self.fill_buf()?;
        let count = here.len().min(room.len());
        room[..count].copy_from_slice(&here[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(&self.rest)
    }

    fn consume(&mut self, count: usize) {
        self.rest.advance(count);
    }
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inflate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use purlin_core::Fault;
    use std::io::Write;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// Pushes pieces of that length and gathers what comes out.
    fn undo(coded: &[u8], step: usize) -> Result<Vec<u8>, Cause> {
        let mut content = Vec::new();
        undo_into(&mut content, coded, step, None)?;
        Ok(content)
    }

    fn undo_into(
        content: &mut Vec<u8>,
        coded: &[u8],
        step: usize,
        most: Option<u64>,
    ) -> Result<(), Cause> {
        let mut inflate = Inflate::new(Allowance::of(most));
        let mut pieces = coded.chunks(step);
        loop {
            match inflate.pull()? {
                Pulled::Data(piece) => {
                    assert!(!piece.is_empty() && piece.len() <= PIECE);
                    content.extend_from_slice(&piece);
                }
                Pulled::More => match pieces.next() {
                    Some(piece) => inflate.push(Bytes::copy_from_slice(piece)),
                    None => inflate.end(),
                },
                Pulled::End => return Ok(()),
            }
        }
    }

    #[test]
    fn content_comes_back_however_it_is_cut() {
        let content: Vec<u8> =
            (0..300_000_u32).map(|n| (n % 251 * (n / 7919)).to_le_bytes()[0]).collect();
        let coded = gzip(&content);
        let two = [gzip(b"one, "), gzip(b"two")].concat();
        for step in [1, 7, 4096, usize::MAX] {
            assert!(undo(&coded, step).unwrap() == content);
            assert_eq!(undo(&two, step).unwrap(), b"one, two");
            assert_eq!(undo(&gzip(b""), step).unwrap(), b"");
        }
        assert_eq!(undo(b"", 1).unwrap(), b"");
    }

    #[test]
    fn zeros_behind_the_content_are_nothing_and_anything_else_is_an_error_behind_it() {
        let coded = gzip(b"content");
        let two = [&coded[..], &coded].concat();
        for step in [1, 7, 64, usize::MAX] {
            for zeros in [1, 9, 511, 100_000] {
                let padded = [&two[..], &vec![0; zeros]].concat();
                assert_eq!(undo(&padded, step).unwrap(), b"contentcontent", "{zeros} by {step}");
            }
            for behind in [
                &b"x"[..],
                b"\0\0x",
                b"\x1f\x8b",
                b"\0\x1f\x8b\x08\0",
                b"plain text of some length",
            ] {
                let mut content = Vec::new();
                let all = [&coded[..], behind].concat();
                let error = undo_into(&mut content, &all, step, None).unwrap_err();
                assert!(matches!(error, Cause::Decode(_)), "{behind:?}");
                assert_eq!(content, b"content", "what came before was given, by {step}");
            }
        }
        assert!(undo(&[&[0][..], &coded].concat(), 3).is_err(), "they do not stand before it");
    }

    #[test]
    fn content_is_counted_as_it_comes_out() {
        let coded = [gzip(&[0; 600_000]), gzip(&[1; 400_000])].concat();
        for most in [0, 1, 999_999] {
            let mut content = Vec::new();
            let error = undo_into(&mut content, &coded, 500, Some(most)).unwrap_err();
            assert!(matches!(error, Cause::Peer(error) if error.kind == Fault::BodyTooLarge));
            assert!(content.len() as u64 <= most);
        }
        undo_into(&mut Vec::new(), &coded, 500, Some(1_000_000)).unwrap();
    }

    #[test]
    fn what_is_cut_or_no_gzip_is_an_error() {
        let coded = gzip(b"some content that is not long");
        for end in 1..coded.len() {
            assert!(undo(&coded[..end], 3).is_err(), "cut at {end}");
        }
        assert!(undo(b"plain text", 100).is_err());
        let mut wrong = coded.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert!(undo(&wrong, 100).is_err(), "the checksum counts");
    }
}
