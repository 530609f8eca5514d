//! An exchange without a wire allows what a connection allows: the same calls
//! on both have the same results, and give the same answer.

use super::{NOW, Numbers, REQUESTS, body, connection, given};
use crate::peer::response::{self, Found, Framing};
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{
    BodyLength, Close, Event, Fault, Fields, InMemory, Machine, Misuse, Recv, ResponseHead,
    ServerMachine,
};

/// What was asked for with a body that is supplied meanwhile.
const UPLOAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

struct Pair {
    wire: Connection,
    direct: InMemory,
    method: &'static str,
    supplied: usize,
    /// What the wire's machine has no room for until its body is asked for.
    backlog: Vec<u8>,
    ended: bool,
    given: usize,
    /// What came over the wire, and out of the other one.
    sent: Vec<u8>,
    head: Option<ResponseHead>,
    taken: Vec<u8>,
    /// The end of the answer, with its trailers.
    end: Option<Option<Fields>>,
    interims: Vec<u16>,
    gave_up: bool,
    raw: bool,
}

/// Plays the calls that these bytes say, on both.
///
/// # Panics
/// They differ.
pub fn play(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let upload = numbers.below(2) == 0;
    let (method, text) = if upload { ("POST", UPLOAD) } else { numbers.pick(&REQUESTS[..5]) };
    let (wire, event) = connection(text, 1 << 30);
    let Some(Event::Request { head, .. }) = event else { panic!("{text:?} is no request") };
    let length = if upload { BodyLength::Unknown } else { BodyLength::Empty };
    let mut direct = InMemory::new(head, length).with_unlimited_room();
    assert!(matches!(direct.poll_event(NOW), Some(Event::Request { id: 1, .. })));
    let mut pair = Pair {
        wire,
        direct,
        method,
        supplied: 0,
        backlog: Vec::new(),
        ended: !upload,
        given: 0,
        sent: Vec::new(),
        head: None,
        taken: Vec::new(),
        end: None,
        interims: Vec::new(),
        gave_up: false,
        raw: false,
    };
    for _ in 0..100 {
        let Some(code) = numbers.next() else { break };
        pair.step(code, &mut numbers);
        while pair.wire.poll_event(NOW).is_some() {}
        while pair.direct.poll_event(NOW).is_some() {}
        pair.take();
    }
    pair.check();
}

impl Pair {
    /// The same command to both.
    fn both(
        &mut self,
        mut command: impl FnMut(&mut dyn ServerMachine) -> Result<(), Misuse>,
    ) -> Result<(), Misuse> {
        let over = !self.direct.in_exchange();
        let (wire, direct) = (command(&mut self.wire), command(&mut self.direct));
        // Over a wire, an answered request may still be thrown away.
        let same = wire == direct || (over && wire.is_err() && direct.is_err());
        assert!(same, "{wire:?} over the wire, and {direct:?} without");
        direct
    }

    fn step(&mut self, code: u8, numbers: &mut Numbers<'_>) {
        match code % 16 {
            0..3 => self.supply(numbers.size()),
            3 => self.supply_end(numbers.below(2) == 0),
            4..6 => self.recv(),
            6 => {
                let head = numbers.head();
                _ = self.both(|machine| machine.interim(1, &head, NOW));
            }
            7..9 => {
                let (head, (content, size)) = (numbers.head(), given(numbers));
                let taken = self.both(|machine| machine.respond(1, &head, content.clone(), NOW));
                if taken.is_ok() {
                    self.given = size;
                    self.raw =
                        self.direct.answer_length().is_none() && is_tunnel(&head, self.method);
                }
            }
            9..13 => {
                let size = numbers.size();
                let data = body(self.given, size);
                let mut left = 0;
                let sent = self.both(|machine| {
                    let mut data = data.clone();
                    let sent = machine.send(1, &mut data, NOW);
                    left = data.len();
                    sent
                });
                if sent.is_ok() {
                    assert_eq!(left, 0, "there is room for everything");
                    self.given += size;
                }
            }
            13 => {
                let mut trailers = Fields::new();
                if numbers.below(2) == 0 {
                    trailers
                        .append(numbers.pick(&["X-Sum", "Content-Length"]), "1")
                        .unwrap_or_default();
                }
                _ = self.both(|machine| machine.finish(1, Some(&trailers), NOW));
            }
            14 if numbers.below(4) == 0 && self.direct.in_exchange() => {
                self.gave_up |= self.both(|machine| machine.reset(1, NOW)).is_ok();
            }
            _ => self.take(),
        }
    }

    fn supply(&mut self, size: usize) {
        if self.ended || size == 0 {
            return;
        }
        let data = body(self.supplied, size);
        let mut text = format!("{size:x}\r\n").into_bytes();
        text.extend_from_slice(&data);
        text.extend_from_slice(b"\r\n");
        self.backlog.append(&mut text);
        self.feed();
        self.direct.supply(data);
        self.supplied += size;
    }

    /// Gives the wire's machine what it has room for; says whether that was anything.
    fn feed(&mut self) -> bool {
        let taken = self.wire.receive(&self.backlog, NOW);
        self.backlog.drain(..taken);
        taken > 0
    }

    fn supply_end(&mut self, whole: bool) {
        if self.ended {
            return;
        }
        self.ended = true;
        if !self.backlog.is_empty() {
            self.recv();
        }
        if whole {
            self.backlog.extend_from_slice(b"0\r\n\r\n");
            self.feed();
            self.direct.supply_end(None);
        } else {
            self.wire.eof(purlin_core::Eof::Clean, NOW);
            self.direct.cut(Fault::Truncated);
        }
    }

    /// Both have the same body to give, and the same end of it.
    fn recv(&mut self) {
        if !self.direct.in_exchange() || self.raw {
            return;
        }
        let mut wire = all(&mut self.wire);
        while wire.1 == Recv::Pending && self.feed() {
            let (more, end) = all(&mut self.wire);
            wire.0.extend(more);
            wire.1 = end;
        }
        let direct = all(&mut self.direct);
        assert!(wire == direct, "the bodies differ: {} and {} bytes", wire.0.len(), direct.0.len());
    }

    /// Takes what has been answered so far.
    fn take(&mut self) {
        self.wire.transmit(&mut self.sent, usize::MAX, NOW);
        while let Some(head) = self.direct.take_interim() {
            self.interims.push(head.status().code());
        }
        self.head = self.direct.take_head().or(self.head.take());
        loop {
            match self.direct.take() {
                Recv::Data(data) => self.taken.extend_from_slice(&data),
                Recv::End(trailers) => break self.end = self.end.take().or(Some(trailers)),
                _ => break,
            }
        }
    }

    fn check(&mut self) {
        self.take();
        let ended = matches!(self.wire.want().close, Some(Close::Graceful | Close::Linger));
        let (mut interims, mut rest) = (Vec::new(), &self.sent[..]);
        let text = self.sent.escape_ascii().to_string();
        let read = loop {
            match response::read(self.method, rest, ended && !self.gave_up) {
                Err(why) => panic!("the peer saw {why} in {text}"),
                Ok(Found::Partial) => break None,
                Ok(Found::Whole(read, used)) => {
                    rest = &rest[used..];
                    if read.status >= 200 || read.framing == Framing::Tunnel {
                        break Some(read);
                    }
                    interims.push(read.status);
                }
            }
        };
        assert_eq!(interims, self.interims, "{text}");
        let status = self.head.as_ref().map(|head| head.status().code());
        let Some(read) = read else {
            // A length that has been sent whole is read as whole before `finish`, and no other.
            return assert!(self.end.is_none(), "{status:?} is cut: {text}");
        };
        assert_eq!(status, Some(read.status), "{text}");
        let read_body = if self.raw { rest } else { &read.body[..] };
        assert_eq!(Bytes::copy_from_slice(read_body), self.taken, "{text}");
        if let Some(trailers) = &self.end {
            let same = trailers.as_ref().map_or(0, Fields::len) == read.trailers.len();
            assert!(same || read.framing != Framing::Chunked, "the trailers differ: {text}");
        }
    }
}

/// All of a body that is there, and what comes then.
fn all(machine: &mut dyn ServerMachine) -> (Vec<u8>, Recv) {
    let mut got = Vec::new();
    loop {
        match machine.recv(1, NOW) {
            Recv::Data(data) => got.extend_from_slice(&data),
            end => return (got, end),
        }
    }
}

fn is_tunnel(head: &ResponseHead, method: &str) -> bool {
    head.status().code() == 101 || (method == "CONNECT" && head.status().is_success())
}
