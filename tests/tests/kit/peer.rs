//! A client of raw bytes.
//! Reads responses just well enough for the tests.

use super::LONG;
use socket2::Socket;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// Tells that it was dropped.
pub(crate) struct Guard(pub(crate) SyncSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A client's end of a connection.
pub(crate) struct Peer {
    socket: Socket,
    read: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr) -> Peer {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        Peer::over(socket)
    }

    pub(crate) fn over(socket: impl Into<OwnedFd>) -> Peer {
        let socket = Socket::from(socket.into());
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket.set_write_timeout(Some(LONG)).unwrap();
        Peer { socket, read: Vec::new() }
    }

    /// The same connection, to write to it beside reading.
    pub(crate) fn twin(&self) -> Peer {
        Peer { socket: self.socket.try_clone().unwrap(), read: Vec::new() }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    pub(crate) fn try_send(&mut self, text: &str) -> bool {
        self.socket.write_all(text.as_bytes()).is_ok()
    }

    pub(crate) fn half_close(&mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Closes so that the server sees a reset.
    pub(crate) fn reset(self) {
        self.socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Reads more; `None` at the end, or if the server reset the connection.
    fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 65536];
        match self.socket.read(&mut buffer) {
            Ok(0) => None,
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                Some(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}, after {:?}", String::from_utf8_lossy(&self.read)),
        }
    }

    fn try_head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.read.windows(4).position(|end| end == b"\r\n\r\n") {
                let head = self.read.drain(..at + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            self.more()?;
        }
    }

    pub(crate) fn head(&mut self) -> String {
        self.try_head().expect("a head")
    }

    fn try_exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            self.more()?;
        }
        Some(self.read.drain(..count).collect())
    }

    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        self.try_exactly(count).expect("so many bytes")
    }

    /// Status and body of the next final response.
    pub(crate) fn response(&mut self) -> (u16, String) {
        self.try_response().expect("a response")
    }

    pub(crate) fn try_response(&mut self) -> Option<(u16, String)> {
        let head = self.try_head()?;
        let status = head[9..12].parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let body = match length {
            Some(length) => self.try_exactly(length.parse().unwrap())?,
            None if head.contains("Transfer-Encoding: chunked") => self.try_chunks()?,
            None => Vec::new(),
        };
        Some((status, String::from_utf8(body).unwrap()))
    }

    pub(crate) fn line(&mut self) -> String {
        self.try_line().expect("a line")
    }

    fn try_line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.read.windows(2).position(|end| end == b"\r\n") {
                let line = self.read.drain(..at + 2).collect();
                return Some(String::from_utf8(line).unwrap().trim_end().into());
            }
            self.more()?;
        }
    }

    fn try_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.try_line()?, 16).unwrap();
            if size == 0 {
                while !self.try_line()?.is_empty() {}
                return Some(body);
            }
            body.extend(self.try_exactly(size)?);
            assert_eq!(self.try_line()?, "");
        }
    }

    /// Everything until the server closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more().is_some() {}
        std::mem::take(&mut self.read)
    }

    /// Reads `count` bytes without keeping them; says how many came.
    pub(crate) fn skip(&mut self, count: usize) -> usize {
        let mut seen = 0;
        loop {
            seen += self.read.len();
            self.read.clear();
            if seen >= count || self.more().is_none() {
                return seen;
            }
        }
    }
}
