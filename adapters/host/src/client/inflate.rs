//! Undoes gzip as bytes come: pushed in, pulled out, without waiting.
//! Never holds more than a piece of either kind, whatever the content claims to be.

use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

/// The most that is given at once.
const PIECE: usize = 64 * 1024;

/// Undoes gzip (RFC 1952).
pub struct Inflate {
    decoder: MultiGzDecoder<Feed>,
    room: BytesMut,
    size: usize,
    begun: bool,
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
struct Feed {
    rest: Bytes,
    ended: bool,
}

impl Inflate {
    /// Nothing was pushed yet.
    pub fn new() -> Inflate {
        let feed = Feed { rest: Bytes::new(), ended: false };
        Inflate {
            decoder: MultiGzDecoder::new(feed),
            room: BytesMut::new(),
            size: 8 * 1024,
            begun: false,
        }
    }

    /// More of what is to be decoded; to be called when [`Pulled::More`] was given.
    pub fn push(&mut self, piece: Bytes) {
        self.begun = true;
        self.decoder.get_mut().rest = piece;
    }

    /// No more of it will come.
    pub fn end(&mut self) {
        self.decoder.get_mut().ended = true;
    }

    /// The next piece of the content.
    ///
    /// # Errors
    /// What was pushed is not gzip, or not all of it.
    pub fn pull(&mut self) -> io::Result<Pulled> {
        if self.decoder.get_ref().ended && !self.begun {
            // No content at all is no content, in whatever coding.
            return Ok(Pulled::End);
        }
        if !self.room.try_reclaim(self.size) {
            self.room = BytesMut::with_capacity(self.size);
        }
        self.room.resize(self.size, 0);
        match self.decoder.read(&mut self.room) {
            Ok(0) => Ok(Pulled::End),
            Ok(count) => {
                if count == self.size {
                    self.size = (self.size * 2).min(PIECE);
                }
                let piece = self.room.split_to(count).freeze();
                self.room.clear();
                Ok(Pulled::Data(piece))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Pulled::More),
            Err(error) => Err(error),
        }
    }
}

impl Default for Inflate {
    fn default() -> Inflate {
        Inflate::new()
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
        bytes::Buf::advance(&mut self.rest, count);
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
    use std::io::Write;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// Pushes pieces of that length and gathers what comes out.
    fn undo(coded: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut inflate = Inflate::new();
        let mut pieces = coded.chunks(step);
        let mut content = Vec::new();
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
                Pulled::End => return Ok(content),
            }
        }
    }

    #[test]
    fn content_comes_back_however_it_is_cut() {
        let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251 * (n / 7919)) as u8).collect();
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
