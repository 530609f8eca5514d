//! A draft in any hands. Whatever is called in whatever order, what the peer
//! reads is the response that was written, or one that it can tell is cut.

use super::{NOW, Numbers, REQUESTS, body, connection, given};
use crate::peer::response::{self, Found, Framing, Response};
use purlin_core::message::{Outlet, PendingResponse};
use purlin_core::server::Connection;
use purlin_core::{
    Body, Close, Event, Machine, Method, Misuse, ResponseHead, ServerMachine, Status,
};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Not yet.
    Open,
    /// The draft says that the response is complete.
    Whole,
    /// It was given up, or is one that cannot be sent.
    Broken,
    /// What follows is the application's.
    Raw,
}

struct Bench {
    machine: Connection,
    id: u64,
    method: &'static str,
    draft: PendingResponse,
    /// The status as it was when the head was fixed.
    status: Status,
    fixed: bool,
    /// Bytes of body that were taken.
    taken: usize,
    /// What the peer has read.
    sent: Vec<u8>,
    end: End,
}

/// Plays the calls that these bytes say.
///
/// # Panics
/// What the peer reads is not what was written.
pub fn play(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let (method, text) = numbers.pick(REQUESTS);
    let (machine, event) = connection(text, numbers.pick(&[1, 100, 3000, 100_000]));
    let Some(Event::Request { id, .. }) = event else { panic!("{text:?} is no request") };
    let draft = PendingResponse::new(&Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET));
    let mut bench = Bench {
        machine,
        id,
        method,
        draft,
        status: Status::OK,
        fixed: false,
        taken: 0,
        sent: Vec::new(),
        end: End::Open,
    };
    for _ in 0..200 {
        let Some(code) = numbers.next() else { break };
        bench.step(code, &mut numbers);
    }
    bench.finish();
    bench.check();
}

impl Bench {
    fn step(&mut self, code: u8, numbers: &mut Numbers<'_>) {
        match code % 32 {
            0..2 => self.set_status(numbers.status()),
            2..4 => {
                let (name, value) = numbers.field();
                self.draft.fields_mut().append(name, value).unwrap_or_default();
            }
            4 => self.draft.trailers_mut().append("X-Sum", "1").unwrap_or_default(),
            5 => self.draft.set_sniffing(numbers.below(2) == 0),
            6..9 => self.gather(numbers.size() + 1),
            9..14 => self.write(numbers.size() + 1),
            14..18 => self.write_bytes(numbers.size() + 1),
            18..20 => {
                self.fixed |= self.end == End::Open;
                let flushed = self.call(PendingResponse::flush).map(|_| ());
                self.note(flushed);
            }
            20 => self.end_it(),
            21 => {
                let head = numbers.head();
                let status = head.status();
                if self.draft.adopt(head).is_ok() && !self.fixed {
                    self.status = status;
                }
            }
            22 => self.respond(numbers.head(), given(numbers)),
            23 => self.upgrade(numbers.head()),
            24 if numbers.below(4) == 0 => {
                if self.call(PendingResponse::hijack) == Ok(true) {
                    self.end = End::Raw;
                }
            }
            25 if numbers.below(4) == 0 => self.fail(),
            _ => self.drain(numbers.size()),
        }
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut PendingResponse, &mut Outlet<'_>) -> T) -> T {
        let mut to = Outlet { machine: &mut self.machine, id: self.id, now: NOW };
        call(&mut self.draft, &mut to)
    }

    fn set_status(&mut self, status: Status) {
        self.draft.set_status(status);
        if !self.fixed {
            self.status = status;
        }
    }

    /// What a call came to that gives something to the machine.
    fn note(&mut self, result: Result<(), Misuse>) {
        if result.is_err() && self.end == End::Open && !self.machine.in_exchange() {
            self.end = End::Broken;
        }
    }

    fn gather(&mut self, size: usize) {
        let data = body(self.taken, size);
        self.fixed |= self.end == End::Open;
        if let Ok(true) = self.draft.gather(&data) {
            self.taken += size;
        }
    }

    fn write(&mut self, size: usize) {
        let data = body(self.taken, size);
        self.fixed |= self.end == End::Open;
        let result = self.call(|draft, to| draft.write(to, &data));
        self.taken += result.unwrap_or(0);
        self.note(result.map(|_| ()));
    }

    fn write_bytes(&mut self, size: usize) {
        let mut data = body(self.taken, size);
        self.fixed |= self.end == End::Open;
        let result = self.call(|draft, to| draft.write_bytes(to, &mut data));
        self.taken += size - data.len();
        self.note(result);
    }

    fn respond(&mut self, head: ResponseHead, (content, size): (Body, usize)) {
        let status = head.status();
        if self.call(|draft, to| draft.respond(to, head, content)).is_ok() {
            (self.status, self.fixed, self.taken) = (status, true, size);
            if self.draft.is_done() {
                self.end = End::Whole;
            }
            if self.machine.respond(self.id, &ResponseHead::new(Status::OK), Body::Empty, NOW)
                == Ok(())
            {
                panic!("a second response is taken");
            }
        }
    }

    fn upgrade(&mut self, head: ResponseHead) {
        let status = head.status();
        if self.call(|draft, to| draft.upgrade(to, &head)).is_ok() {
            (self.status, self.fixed, self.end) = (status, true, End::Raw);
        }
    }

    fn end_it(&mut self) {
        if self.end != End::Open {
            assert_eq!(self.call(PendingResponse::finish), Ok(true), "it is over, and goes on");
            return;
        }
        self.fixed = true;
        match self.call(PendingResponse::finish) {
            Ok(true) => self.end = End::Whole,
            Ok(false) => {}
            Err(_) if self.machine.in_exchange() => self.fail(),
            Err(_) => self.end = End::Broken,
        }
    }

    fn fail(&mut self) {
        let begun = self.draft.is_begun();
        let head = ResponseHead::new(Status::INTERNAL_SERVER_ERROR);
        self.call(|draft, to| draft.fail(to, &head, Body::Empty));
        if self.end == End::Open {
            self.end = if begun { End::Broken } else { End::Whole };
            if !begun {
                (self.status, self.fixed, self.taken) = (head.status(), true, 0);
            }
        }
    }

    /// The peer reads some.
    fn drain(&mut self, most: usize) {
        self.machine.transmit(&mut self.sent, most, NOW);
        while self.machine.poll_event(NOW).is_some() {}
    }

    /// Ends it as an adapter does: what cannot be sent is given up.
    fn finish(&mut self) {
        for _ in 0..20_000 {
            if self.end != End::Open {
                break;
            }
            self.end_it();
            self.drain(usize::MAX);
        }
        assert_ne!(self.end, End::Open, "it comes to no end");
        self.drain(usize::MAX);
    }

    fn check(&self) {
        if self.end == End::Raw && self.sent.is_empty() {
            return;
        }
        let close = self.machine.want().close;
        let ended = matches!(close, Some(Close::Graceful | Close::Linger));
        let text = self.sent.escape_ascii().to_string();
        match response::read(self.method, &self.sent, ended) {
            Err(why) => panic!("the peer saw {why} in {text}"),
            Ok(Found::Partial) => assert_ne!(self.end, End::Whole, "cut: {text}"),
            Ok(Found::Whole(read, used)) => {
                self.check_read(&read, &self.sent[used..], &text);
            }
        }
    }

    fn check_read(&self, read: &Response, rest: &[u8], text: &str) {
        assert_eq!(read.status, self.status.code(), "{text}");
        let written = body(0, self.taken);
        match read.framing {
            // What follows 2xx to CONNECT is the tunnel's.
            Framing::Tunnel => return assert!(written.starts_with(rest), "{text}"),
            Framing::Bodiless => {}
            // One that is given up in the middle can be told from a whole one.
            Framing::Chunked | Framing::Close => assert_ne!(self.end, End::Broken, "{text}"),
            Framing::Length => {}
        }
        assert!(rest.is_empty() || self.end == End::Raw, "more: {text}");
        let same = match read.framing {
            Framing::Bodiless => true,
            // More may have been written than was declared.
            _ if self.end == End::Broken => written.starts_with(&read.body),
            _ => read.body == written,
        };
        assert!(same, "not what was written: {text}");
    }
}
