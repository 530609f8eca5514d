//! What can be done to a connection, read from any bytes: so that a property
//! test and a fuzzer draw from the same well.
//! It does nothing; `Chaos` does.

use crate::rng::Rng;
use crate::traffic::{self, Mix};
use purlin_core::{Eof, Id};

/// One verb or command, with its arguments.
#[derive(Clone, Debug)]
pub enum Op {
    /// Input by value.
    Receive(Raw),
    /// `read_buf`, then `filled` with this many, which may be more than there is room for.
    Fill(Raw, usize),
    /// `eof`.
    Eof(Eof),
    /// `poll_event` once.
    Poll,
    /// `poll_event` until there is none.
    PollAll,
    /// `output` with so many slices, then `wrote` with so many bytes.
    Write(usize, usize),
    /// Output by value.
    Transmit(usize),
    /// Time passes, in milliseconds, and nobody ticks.
    Pass(u64),
    /// `tick` at the present, or at the deadline if there is one.
    Tick(bool),
    /// `trim`.
    Trim,
    /// `allow_surplus` of so many bytes.
    Allow(usize),
    /// `request` of this method: the client's.
    Request(&'static str, Content, Extra),
    /// `respond`.
    Respond(Which, u16, Content, Extra),
    /// `interim`.
    Interim(Which, u16, Extra),
    /// `send` with so many bytes.
    Send(Which, usize),
    /// `finish`, with a trailer of this name if any.
    Finish(Which, Option<&'static str>),
    /// `recv` once.
    Recv(Which),
    /// `recv` until it gives no data.
    RecvAll(Which),
    /// `prefetch` of so many bytes.
    Prefetch(Which, usize),
    /// `flush`.
    Flush(Which),
    /// `discard`.
    Discard(Which),
    /// `reset`.
    Reset(Which),
    /// `hijack`.
    Hijack(Which),
    /// `follow`: the server's.
    Follow(Which),
    /// `shutdown`.
    Shutdown,
    /// `limit_body`.
    LimitBody(Which, u64),
}

/// Bytes that print as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(pub Vec<u8>);

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.0[..self.0.len().min(300)];
        write!(f, "b\"{}\" ({})", shown.escape_ascii(), self.0.len())
    }
}

/// Which exchange a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The last one that was told.
    Last,
    /// The one before.
    Before,
    /// One that does not exist yet.
    Next,
}

impl Which {
    /// The id, if `last` is the last one's.
    pub(super) fn of(self, last: Id) -> Id {
        match self {
            Which::Last => last,
            Which::Before => last.saturating_sub(1),
            Which::Next => last + 1,
        }
    }
}

/// The body given to `request` or `respond`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// None.
    Empty,
    /// So many bytes.
    Full(usize),
    /// So many bytes to come.
    Length(u64),
    /// Any number of bytes to come.
    Stream,
}

/// A field added to a head: also such as are the machine's to write.
pub type Extra = Option<(&'static str, &'static str)>;

const EXTRAS: &[Extra] = &[
    None,
    None,
    None,
    Some(("Content-Type", "text/plain")),
    Some(("Content-Length", "5")),
    Some(("Content-Length", "0")),
    Some(("Content-Length", "x")),
    Some(("Connection", "close")),
    Some(("Connection", "keep-alive, X-Hop")),
    Some(("Transfer-Encoding", "chunked")),
    Some(("Upgrade", "raw")),
    Some(("Upgrade", "RAW/1, raw")),
    Some(("Upgrade", "other")),
    Some(("Date", "now")),
    Some(("Expect", "100-continue")),
];

const STATUSES: &[u16] =
    &[200, 200, 200, 404, 500, 204, 205, 206, 304, 101, 101, 100, 102, 103, 199, 999];

const PIECES: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    "5;a=b\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nX-T: 1\r\nContent-Length: 3\r\n\r\n",
    "hello",
    "GET /u HTTP/1.1\r\nHost: a\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\nearly",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nearly",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: ",
    "\r\n",
    "\n",
    "HEAD / HTTP/1.1\r\nHost : a\r\n\r\n",
];

const METHODS: &[&str] = &["GET", "GET", "HEAD", "POST", "PUT", "CONNECT", "TRACE"];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nto the end",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\nearly",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nearly",
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
    "5;a=b\r\nhello\r\n",
    "0\r\n\r\n",
    "hello",
    "HTTP/1.1 200 OK\r\nX: ",
    "\r\n",
];

/// Reads a server's operations until the bytes are used up.
pub fn decode(bytes: &[u8]) -> Vec<Op> {
    decode_with(bytes, Source::op)
}

/// Reads a client's operations until the bytes are used up.
pub fn decode_client(bytes: &[u8]) -> Vec<Op> {
    decode_with(bytes, Source::client_op)
}

fn decode_with<'a>(bytes: &'a [u8], op: impl Fn(&mut Source<'a>, u8) -> Op) -> Vec<Op> {
    let mut source = Source(bytes);
    let mut ops = Vec::new();
    while let Some(code) = source.byte() {
        ops.push(op(&mut source, code));
    }
    ops
}

struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte().unwrap_or(0)) % end
    }

    /// A size: mostly small, sometimes at a limit, sometimes huge.
    fn size(&mut self) -> usize {
        let byte = usize::from(self.byte().unwrap_or(0));
        match byte {
            0..=199 => byte,
            200..=239 => (byte - 200) * 300,
            240..=253 => 1 << (byte - 240),
            254 => 200_000,
            _ => usize::MAX,
        }
    }

    fn which(&mut self) -> Which {
        match self.below(16) {
            0 => Which::Before,
            1 => Which::Next,
            _ => Which::Last,
        }
    }

    fn op(&mut self, code: u8) -> Op {
        match code % 64 {
            0..12 => Op::Receive(Raw(self.input())),
            12..14 => Op::Fill(Raw(self.input()), self.size()),
            14 => Op::Eof(self.eof()),
            15..18 => Op::Poll,
            18..27 => Op::PollAll,
            27 => Op::Flush(self.which()),
            28..30 => Op::Write(self.below(6), self.size()),
            30..34 => Op::Transmit(self.size()),
            34..36 => Op::Pass(self.pass()),
            36..38 => Op::Tick(self.below(3) == 0),
            38 => Op::Trim,
            39 => Op::Allow(self.size()),
            40..46 => Op::Respond(self.which(), self.status(), self.content(), self.extra()),
            46 => Op::Interim(self.which(), self.status(), self.extra()),
            47..50 => Op::Send(self.which(), self.size()),
            50..53 => Op::Finish(self.which(), self.trailer()),
            53 => Op::Recv(self.which()),
            54 => Op::Prefetch(self.which(), self.size()),
            55..59 => Op::RecvAll(self.which()),
            59 => Op::Discard(self.which()),
            60 if self.below(4) == 0 => Op::Reset(self.which()),
            61 if self.below(4) == 0 => Op::Shutdown,
            62 => Op::LimitBody(self.which(), self.size() as u64),
            63 => match self.below(4) {
                0 => Op::Hijack(self.which()),
                1 => Op::Follow(self.which()),
                _ => Op::PollAll,
            },
            _ => Op::PollAll,
        }
    }

    /// The same for a client: what a server has in place of `request` is its own.
    fn client_op(&mut self, code: u8) -> Op {
        match code % 64 {
            0..12 => Op::Receive(Raw(self.response())),
            12..14 => Op::Fill(Raw(self.response()), self.size()),
            40..47 | 63 => {
                let method = METHODS[self.below(METHODS.len())];
                Op::Request(method, self.content(), self.extra())
            }
            _ => self.op(code),
        }
    }

    /// A piece of what a server says: whole, cut, or broken; or raw bytes.
    fn response(&mut self) -> Vec<u8> {
        let piece = RESPONSES[self.below(RESPONSES.len())].as_bytes();
        match self.below(8) {
            0..5 => piece.into(),
            5 => piece[..self.below(piece.len() + 1)].to_vec(),
            6 => traffic::mutate(&mut self.rng(), piece),
            _ => vec![b'x'; self.size().min(200_000)],
        }
    }

    /// Input: a piece of valid traffic, whole or cut; a request from the
    /// grammar, whole or broken; or raw bytes.
    fn input(&mut self) -> Vec<u8> {
        let mix = Mix { body: 2000, last: true, expect: true };
        match self.below(16) {
            0..9 => PIECES[self.below(PIECES.len())].into(),
            9 => {
                let piece = PIECES[self.below(PIECES.len())];
                piece.as_bytes()[..self.below(piece.len() + 1)].to_vec()
            }
            10..13 => traffic::request(&mut self.rng(), "r", mix).wire,
            13 => {
                let mut rng = self.rng();
                let wire = traffic::request(&mut rng, "r", mix).wire;
                traffic::mutate(&mut rng, &wire)
            }
            14 => vec![b'x'; self.size().min(200_000)],
            _ => {
                let length = self.below(16).min(self.0.len());
                let (raw, rest) = self.0.split_at(length);
                self.0 = rest;
                raw.to_vec()
            }
        }
    }

    fn rng(&mut self) -> Rng {
        Rng::new(u64::from(self.byte().unwrap_or(0)) << 8 | u64::from(self.byte().unwrap_or(0)))
    }

    fn eof(&mut self) -> Eof {
        [Eof::Clean, Eof::Clean, Eof::Truncated, Eof::Reset][self.below(4)]
    }

    fn pass(&mut self) -> u64 {
        [1, 100, 999, 1000, 5000, 5001, 30_000, 75_000, u64::MAX / 2][self.below(9)]
    }

    fn status(&mut self) -> u16 {
        STATUSES[self.below(STATUSES.len())]
    }

    fn content(&mut self) -> Content {
        match self.below(8) {
            0 | 1 => Content::Empty,
            2..5 => Content::Full(self.size().min(200_000)),
            5 => Content::Length(self.size() as u64),
            _ => Content::Stream,
        }
    }

    fn extra(&mut self) -> Extra {
        EXTRAS[self.below(EXTRAS.len())]
    }

    fn trailer(&mut self) -> Option<&'static str> {
        [None, None, Some("X-Sum"), Some("Content-Length")][self.below(4)]
    }
}
