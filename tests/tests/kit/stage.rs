//! A server that plays a part: it says what its script says, whatever it is asked.
//! Counts connections and remembers what came.

use super::LONG;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that plays a part on each of its connections.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

/// One connection of it.
pub(crate) struct Scene {
    pub(crate) stream: TcpStream,
    /// Which connection it is, from 0.
    pub(crate) number: usize,
    heard: Arc<Mutex<Vec<String>>>,
    rest: Vec<u8>,
}

impl Stage {
    /// Plays this part on every connection; the connection closes when it returns.
    pub(crate) fn new(part: impl Fn(&mut Scene) + Send + Sync + 'static) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (part, all) = (Arc::new(part), heard.clone());
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                stream.set_read_timeout(Some(LONG)).unwrap();
                stream.set_nodelay(true).unwrap();
                let (part, heard) = (part.clone(), all.clone());
                thread::spawn(move || part(&mut Scene { stream, number, heard, rest: Vec::new() }));
            }
        });
        Stage { address, heard }
    }

    /// A stage on which every request gets this answer, and the connection goes on.
    pub(crate) fn saying(answer: impl Into<String>) -> Stage {
        let answer = answer.into();
        Stage::new(move |scene| while scene.hear().is_some() && scene.say(&answer) {})
    }

    /// A stage that takes up every upgrade, and says again what it hears then.
    pub(crate) fn echo() -> Stage {
        Stage::new(|scene| {
            scene.hear();
            let upgrade = "Connection: upgrade\r\nUpgrade: echo\r\n\r\n";
            scene.say(&format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}"));
            let mut room = vec![0; 100_000];
            while let Ok(count @ 1..) = scene.stream.read(&mut room) {
                scene.stream.write_all(&room[..count]).unwrap();
            }
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads that came, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Scene {
    /// Reads a head; none if the connection ends before.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.rest.drain(..end + 4).collect();
                let head = String::from_utf8(head).unwrap();
                self.heard.lock().unwrap().push(head.clone());
                return Some(head);
            }
            let mut room = [0; 4096];
            match self.stream.read(&mut room) {
                Ok(count) if count > 0 => self.rest.extend_from_slice(&room[..count]),
                _ => return None,
            }
        }
    }

    /// Reads so many bytes of a body.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let mut body = std::mem::take(&mut self.rest);
        let mut room = vec![0; 64 * 1024];
        while body.len() < count {
            match self.stream.read(&mut room) {
                Ok(more) if more > 0 => body.extend_from_slice(&room[..more]),
                _ => break,
            }
        }
        if body.len() > count {
            self.rest = body.split_off(count);
        }
        body
    }

    /// Says this, unless nobody listens any more.
    pub(crate) fn say(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).is_ok()
    }

    /// Waits until the client closes, or has closed.
    pub(crate) fn wait(&mut self) {
        let mut room = [0; 4096];
        while matches!(self.stream.read(&mut room), Ok(count) if count > 0) {}
    }
}
