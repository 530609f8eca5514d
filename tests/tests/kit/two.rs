//! A client of HTTP/2 on loopback: our own machine over a socket that blocks.
//! Asks, and tells what came; many requests at once.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use crate::kit::LONG;
use bytes::Bytes;
use purlin_core::config::Protocols;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Fields, Id, Machine, Method, Mono, Now, Recv,
    RequestHead, Retry, client,
};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) interims: Vec<u16>,
    pub(crate) status: Option<u16>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<Fields>,
    pub(crate) ended: bool,
    pub(crate) failed: Option<Retry>,
}

impl Came {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client's connection, and what came of its requests.
pub(crate) struct Two {
    machine: client::Connection,
    stream: TcpStream,
    begun: Instant,
    pub(crate) came: BTreeMap<Id, Came>,
    pub(crate) goes: bool,
    pub(crate) closed: bool,
}

impl Two {
    pub(crate) fn connect(addr: SocketAddr) -> Two {
        let config = ClientConfig { protocols: Protocols::Http2, ..ClientConfig::default() };
        let now = Now::at(Mono::ZERO, 0);
        let machine = client::Connection::new(Arc::new(config), now);
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let (begun, came) = (Instant::now(), BTreeMap::new());
        let mut two = Two { machine, stream, begun, came, goes: false, closed: false };
        // The server's settings say how much may be asked at once.
        two.turn();
        two
    }

    fn now(&self) -> Now {
        Now::at(Mono::ZERO + self.begun.elapsed(), 0)
    }

    /// Asks; the body is this.
    pub(crate) fn ask(&mut self, method: Method, path: &str, body: Body) -> Id {
        let mut head = RequestHead::new(method, path).unwrap();
        head.fields_mut().append("Host", "a").unwrap();
        let id = self.machine.request(&head, body, self.now()).unwrap();
        self.came.insert(id, Came::default());
        self.push();
        id
    }

    pub(crate) fn get(&mut self, path: &str) -> Id {
        self.ask(Method::GET, path, Body::Empty)
    }

    /// Gives so much of a request's body as there is room for, and says how much that was.
    pub(crate) fn give(&mut self, id: Id, data: &[u8]) -> usize {
        let mut piece = Bytes::copy_from_slice(data);
        let now = self.now();
        self.machine.send(id, &mut piece, now).unwrap();
        self.push();
        data.len() - piece.len()
    }

    /// Ends a request's body.
    pub(crate) fn end(&mut self, id: Id, trailers: Option<&Fields>) {
        let now = self.now();
        self.machine.finish(id, trailers, now).unwrap();
        self.push();
    }

    /// Gives a request up.
    pub(crate) fn reset(&mut self, id: Id) {
        let now = self.now();
        self.machine.reset(id, now).unwrap();
        self.push();
    }

    /// Writes all there is.
    fn push(&mut self) {
        let now = self.now();
        let mut out = Vec::new();
        self.machine.transmit(&mut out, usize::MAX, now);
        // A server that has gone says so when it is read from.
        let _ = self.stream.write_all(&out);
    }

    /// Reads what comes in a moment, and takes it in.
    pub(crate) fn turn(&mut self) {
        self.push();
        let mut room = vec![0; 256 * 1024];
        match self.stream.read(&mut room) {
            Ok(0) => {
                self.closed = true;
                let now = self.now();
                self.machine.eof(purlin_core::Eof::Clean, now);
            }
            Ok(mut count) => {
                let mut from = 0;
                while count > 0 {
                    let now = self.now();
                    let taken = self.machine.receive(&room[from..from + count], now);
                    (from, count) = (from + taken, count - taken);
                    self.hear();
                    if taken == 0 {
                        self.push();
                        break;
                    }
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.closed = true,
        }
        self.hear();
        self.push();
    }

    fn hear(&mut self) {
        let now = self.now();
        while let Some(event) = self.machine.poll_event(now) {
            match event {
                Event::Interim { id, head } => {
                    self.came.entry(id).or_default().interims.push(head.status().code());
                }
                Event::Response { id, head, .. } => {
                    self.came.entry(id).or_default().status = Some(head.status().code());
                }
                Event::Failed { id: Some(id), error } => {
                    self.came.entry(id).or_default().failed = Some(error.retry);
                }
                Event::GoAway => self.goes = true,
                _ => {}
            }
        }
        for (id, came) in &mut self.came {
            while came.status.is_some() && !came.ended && came.failed.is_none() {
                match self.machine.recv(*id, now) {
                    Recv::Data(data) => came.body.extend_from_slice(&data),
                    Recv::End(trailers) => (came.ended, came.trailers) = (true, trailers),
                    Recv::Failed(error) => came.failed = Some(error.retry),
                    Recv::Pending => break,
                }
            }
        }
    }

    /// Moves bytes until it is so.
    #[track_caller]
    pub(crate) fn until(&mut self, mut so: impl FnMut(&Two) -> bool) {
        let begun = Instant::now();
        while !so(self) {
            assert!(begun.elapsed() < LONG, "it never comes to be: {:?}", self.came);
            self.turn();
        }
    }

    /// The answer to a request, once it is whole.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: Id) -> (u16, String) {
        self.until(|two| two.came[&id].ended || two.came[&id].failed.is_some());
        (self.came[&id].status.unwrap_or(0), self.came[&id].text())
    }
}
