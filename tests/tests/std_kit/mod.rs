//! What the end-to-end tests of `purlin-std` share: a server on a free port
//! and a client that knows no HTTP but lengths, written for these tests alone.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part, and all are tests"
)]

use purlin_std::{Handle, Handler, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than anything here takes: a test that meets it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A server that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    serving: Option<JoinHandle<purlin_std::Result<()>>>,
}

pub(crate) fn start(handler: impl Handler) -> Running {
    run(Server::new(handler))
}

pub(crate) fn run(server: Server) -> Running {
    let bound = server.bind("127.0.0.1:0").unwrap();
    let (address, handle) = (bound.local_addr(), bound.handle());
    Running { address, handle, serving: Some(std::thread::spawn(|| bound.serve())) }
}

impl Running {
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// Waits until the server has ended.
    pub(crate) fn wait(mut self) {
        self.serving.take().unwrap().join().unwrap().unwrap();
    }

    /// What one request on a new connection is answered with.
    pub(crate) fn ask(&self, text: &str) -> Answer {
        self.connect().send(text).answer()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            self.handle.close();
            let ended = serving.join();
            if !std::thread::panicking() {
                ended.unwrap().unwrap();
            }
        }
    }
}

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

pub(crate) fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

/// A response, as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) trailers: String,
}

impl Answer {
    pub(crate) fn has(&self, field: &str) -> bool {
        self.head.contains(&format!("\r\n{field}\r\n"))
    }
}

impl Client {
    pub(crate) fn socket(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    pub(crate) fn send(&mut self, text: impl AsRef<[u8]>) -> &mut Client {
        self.socket().write_all(text.as_ref()).unwrap();
        self
    }

    pub(crate) fn send_nothing_more(&mut self) -> &mut Client {
        self.socket().shutdown(Shutdown::Write).unwrap();
        self
    }

    /// The lines up to the empty one, with it.
    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && head != "\r\n" {
            assert_ne!(self.stream.read_line(&mut head).unwrap(), 0, "cut after {head:?}");
        }
        head
    }

    pub(crate) fn bytes(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// One chunk; empty is the last.
    pub(crate) fn chunk(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim_end(), 16)
            .unwrap_or_else(|_| panic!("no chunk size: {line:?}"));
        if size == 0 {
            return String::new();
        }
        let data = self.bytes(size);
        assert_eq!(self.bytes(2), "\r\n");
        data
    }

    /// A whole response to a request that was no HEAD.
    pub(crate) fn answer(&mut self) -> Answer {
        let head = self.head();
        let lower = head.to_lowercase();
        let (mut body, mut trailers) = (String::new(), String::new());
        if lower.contains("\r\ntransfer-encoding: chunked\r\n") {
            loop {
                let chunk = self.chunk();
                if chunk.is_empty() {
                    break;
                }
                body += &chunk;
            }
            trailers = self.head();
        } else if let Some((_, rest)) = lower.split_once("\r\ncontent-length: ") {
            let length = rest.split("\r\n").next().unwrap().parse().unwrap();
            body = self.bytes(length);
        }
        let status = head[9..12].parse().unwrap();
        Answer { status, head, body, trailers }
    }

    /// Everything up to the end; `Err` with it if the connection was reset.
    pub(crate) fn rest(&mut self) -> Result<String, String> {
        let mut rest = Vec::new();
        let end = self.stream.read_to_end(&mut rest);
        let rest = String::from_utf8_lossy(&rest).into_owned();
        end.map(|_| rest.clone()).map_err(|error| {
            let reset = error.kind() == std::io::ErrorKind::ConnectionReset;
            assert!(reset, "{error} after {rest:?}");
            rest
        })
    }
}
