//! Answers made by calls in any order, held against a plain model of what may
//! come of them: `draft` on the wire, `direct` without one.
//!
//! Every sequence of calls is read from bytes, so that a property test and a
//! fuzzer draw from the same well.

pub mod direct;
pub mod draft;

use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{Body, Event, Limits, Machine, Now, ResponseHead, ServerConfig, Status};
use std::sync::Arc;

/// Numbers read from bytes, 0 behind their end.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.next().unwrap_or(0)) % end
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Mostly small, sometimes around a buffer's size.
    fn size(&mut self) -> usize {
        let byte = self.below(256);
        match byte {
            0..=150 => byte % 16,
            151..=220 => byte * 4,
            221..=250 => 2030 + byte - 221,
            _ => 5000,
        }
    }

    fn status(&mut self) -> Status {
        let codes = [200, 200, 200, 404, 204, 205, 304, 101, 100, 500];
        Status::from_code(self.pick(&codes)).unwrap_or(Status::OK)
    }

    /// A field, mostly one that rules the connection.
    fn field(&mut self) -> (&'static str, &'static str) {
        self.pick(&[
            ("Content-Length", "5"),
            ("Content-Length", "0"),
            ("Content-Length", "2048"),
            ("Content-Length", "x"),
            ("Content-Type", "text/plain"),
            ("Connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "raw"),
            ("Trailer", "X-Sum"),
        ])
    }

    fn head(&mut self) -> ResponseHead {
        let mut head = ResponseHead::new(self.status());
        if self.below(3) == 0 {
            let (name, value) = self.field();
            head.fields_mut().append(name, value).unwrap_or_default();
        }
        head
    }
}

/// A request that is answered: its method, and its text.
const REQUESTS: &[(&str, &str)] = &[
    ("GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    ("GET", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\n"),
    ("GET", "GET / HTTP/1.0\r\n\r\n"),
];

const NOW: Now = Now::at(purlin_core::Mono::ZERO, 784_111_777);

/// A connection that this request came over, and its event.
fn connection(text: &str, output_bytes: usize) -> (Connection, Option<Event>) {
    let limits = Limits { output_bytes, ..Limits::default() };
    let config = ServerConfig { limits, ..ServerConfig::default() };
    let mut machine = Connection::new(Arc::new(config), NOW);
    machine.receive(text.as_bytes(), NOW);
    let event = machine.poll_event(NOW);
    (machine, event)
}

/// Body bytes of which each tells its place.
fn body(from: usize, count: usize) -> Bytes {
    (from..from + count).map(|place| u8::try_from(place % 251).unwrap_or(0)).collect()
}

/// A body to go with a head, and how many bytes of it are given at once.
fn given(numbers: &mut Numbers<'_>) -> (Body, usize) {
    match numbers.below(4) {
        0 => (Body::Empty, 0),
        1 => {
            let size = numbers.size();
            (Body::Full(body(0, size)), size)
        }
        2 => (Body::Length(numbers.size() as u64), 0),
        _ => (Body::Stream, 0),
    }
}
