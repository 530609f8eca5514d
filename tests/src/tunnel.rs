//! Tries every verb and command on a client's connection behind a proxy, in any
//! order, with a proxy that says what it should or anything else; used by the
//! property tests and by the fuzz target `tunnel`.

use bytes::Bytes;
use purlin_core::policy::proxy::Proxy;
use purlin_core::tunnel::Destination;
use purlin_core::{
    Body, ClientMachine, Eof, Event, Id, Machine, Method, Mono, Now, Recv, RequestHead, Tunnel,
    Url, client,
};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// Proxies, and what each says if all goes well.
const PROXIES: [(&str, &[u8]); 4] = [
    ("http://p", b"HTTP/1.1 200 OK\r\n\r\n"),
    ("http://u:pw@p", b"HTTP/1.1 100 \r\nA: b\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n"),
    ("socks5://p", b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0"),
    ("socks5h://u:pw@p", b"\x05\x02\x01\x00\x05\x00\x00\x03\x01a\0\0"),
];
/// What the server behind it says once it is asked.
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Runs a script: its first byte chooses the proxy, then two bytes each are a
/// step. Gives the body that came through.
///
/// # Panics
/// The contract of a machine does not hold.
pub fn run(script: &[u8]) -> Vec<u8> {
    let Some((kind, steps)) = script.split_first() else { return Vec::new() };
    let mut chaos = Chaos::new(*kind);
    for step in steps.chunks_exact(2) {
        chaos.step(step[0], step[1]);
        chaos.check();
    }
    chaos.finish()
}

struct Chaos {
    tunnel: Tunnel<client::Connection>,
    now: Now,
    good: Vec<u8>,
    id: Option<Id>,
    failed: bool,
    closed: bool,
    ready: bool,
    body: Vec<u8>,
}

impl Chaos {
    fn new(kind: u8) -> Chaos {
        let (url, says) = PROXIES[usize::from(kind) % PROXIES.len()];
        let proxy = Proxy::new(Url::parse(url).expect("a URL")).expect("a proxy");
        let now = Now::default();
        let machine = client::Connection::new(Arc::new(client::Config::default()), now);
        let destination = Destination::new(&proxy, "a.test", 443);
        let tunnel = Tunnel::new(machine, &destination, now).expect("a destination");
        let good = says.to_vec();
        let (failed, closed, ready) = (false, false, false);
        Chaos { tunnel, now, good, id: None, failed, closed, ready, body: Vec::new() }
    }

    fn step(&mut self, step: u8, by: u8) {
        let now = self.now;
        match step % 13 {
            0 => self.hear(usize::from(by % 16) + 1),
            1 => self.hear(usize::MAX),
            2 => drop(self.tunnel.receive(&[by], now)),
            3 => self.write(usize::from(by)),
            4 => self.write(usize::MAX),
            5 => self.poll(),
            6 => self.request(),
            7 => self.recv(),
            8 => {
                self.now = now.later(Duration::from_millis(u64::from(by) * 100));
                self.tunnel.tick(self.now);
                let due = self.tunnel.deadline().map_or(Mono::from_secs(1 << 30), |(at, _)| at);
                assert!(due > self.now.mono, "after a tick no deadline has passed");
            }
            9 if by % 8 == 0 => self.tunnel.eof(Eof::Reset, now),
            9 if by % 8 == 1 => self.tunnel.eof(Eof::Clean, now),
            10 if by % 8 == 0 => self.tunnel.shutdown(now),
            11 => self.give_up(by),
            _ => self.tunnel.trim(now),
        }
    }

    /// The proxy, and the server behind it, say what they should.
    fn hear(&mut self, most: usize) {
        let count = self.good.len().min(most);
        let taken = self.tunnel.receive(&self.good[..count], self.now);
        self.good.drain(..taken);
    }

    fn write(&mut self, most: usize) {
        let ready = self.tunnel.is_ready();
        let mut out = Vec::new();
        self.tunnel.transmit(&mut out, most, self.now);
        let ours = out.windows(3).any(|three| three == b"GET");
        assert!(ready || !ours, "a request goes out only through a tunnel");
        if ours {
            self.good.extend_from_slice(RESPONSE);
        }
    }

    fn poll(&mut self) {
        while let Some(event) = self.tunnel.poll_event(self.now) {
            assert!(!self.closed, "nothing follows Closed: {event:?}");
            match event {
                Event::Failed { .. } => {
                    assert!(!self.failed, "a fault is told once");
                    self.failed = true;
                }
                Event::Closed(_) => self.closed = true,
                _ => {}
            }
        }
    }

    fn request(&mut self) {
        let mut head = RequestHead::new(Method::GET, "/").expect("a target");
        head.fields_mut().append("Host", "a.test").expect("a host");
        if let Ok(id) = self.tunnel.request(&head, Body::Empty, self.now) {
            assert!(!self.closed, "a closed connection takes no request");
            self.id = Some(id);
        }
    }

    fn recv(&mut self) {
        let Some(id) = self.id else { return };
        if let Recv::Data(data) = self.tunnel.recv(id, self.now) {
            assert!(!data.is_empty());
            self.body.extend_from_slice(&data);
            assert!(self.tunnel.is_ready(), "a response comes only through a tunnel");
        }
    }

    fn give_up(&mut self, by: u8) {
        let (id, now) = (self.id.unwrap_or_default(), self.now);
        // Each may be a misuse, which changes nothing.
        let _ = match by % 8 {
            0 => self.tunnel.reset(id, now),
            1 => self.tunnel.discard(id, now),
            2 => self.tunnel.finish(id, None, now),
            3 => self.tunnel.send(id, &mut Bytes::from_static(b"x"), now),
            _ => {
                self.tunnel.prefetch(id, 10, now);
                Ok(())
            }
        };
    }

    /// What must always hold.
    fn check(&mut self) {
        let want = self.tunnel.want();
        let room = self.tunnel.read_buf().len();
        assert_eq!(want.read, room > 0);
        assert!(room == 0 || room >= 4096);
        let mut slices = [IoSlice::new(&[]); 4];
        let used = self.tunnel.output(&mut slices, self.now);
        let bytes: usize = slices[..used].iter().map(|slice| slice.len()).sum();
        assert_eq!(want.write, bytes > 0);
        assert!(!(want.write && want.close.is_some()));
        assert!(self.tunnel.held() < 1 << 20);
        assert!(!self.ready || self.tunnel.is_ready(), "a tunnel that is made stays");
        self.ready = self.tunnel.is_ready();
    }

    fn finish(mut self) -> Vec<u8> {
        self.tunnel.eof(Eof::Reset, self.now);
        self.check();
        self.poll();
        // A response that was there before the end may still be taken.
        self.recv();
        self.give_up(0);
        self.poll();
        assert!(self.closed && self.tunnel.want().close.is_some(), "it ends");
        assert!(!self.tunnel.in_exchange());
        self.body
    }
}
