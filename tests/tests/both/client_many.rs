//! Exchanges of a client that share a connection, over real sockets, on either adapter: with
//! a server of our own machine that speaks HTTP/2.

use crate::on::purlin;
use purlin::Bytes;
use purlin::client::{Client, Request as Ask, Settings};
use purlin_core::config::{Http2, Protocols};
use purlin_core::server::Connection;
use purlin_core::{
    Body, Event, Id, Machine, Mono, Now, ResponseHead, ServerConfig, ServerMachine, Status, Version,
};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What is asked for by `/big`: more than any window.
const BIG: usize = 3 << 20;

/// A server, each of whose connections takes so many requests at once and goes away behind
/// so many.
pub(crate) struct Peer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// How many there were at once on one connection, at the most.
    most: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Peer {
    pub(crate) fn new(at_once: u32, behind: usize) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Peer {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            most: Arc::default(),
            open: Arc::default(),
        };
        let (connections, most, open) =
            (peer.connections.clone(), peer.most.clone(), peer.open.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, SeqCst);
                open.lock().unwrap().push(stream.try_clone().unwrap());
                let most = most.clone();
                thread::spawn(move || serve(stream, at_once, behind, &most));
            }
        });
        peer
    }

    /// How many requests it has had at once.
    pub(crate) fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        for stream in self.open.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn serve(mut stream: TcpStream, at_once: u32, behind: usize, most: &AtomicUsize) {
    let began = Instant::now();
    let now = || Now::at(Mono::ZERO + began.elapsed(), 784_111_777);
    let http2 = Http2 { max_concurrent: at_once, ..Http2::default() };
    let config = ServerConfig { protocols: Protocols::Http2, http2, ..ServerConfig::default() };
    let mut machine = Connection::new(Arc::new(config), now());
    let (mut room, mut out, mut count) = (vec![0; 64 * 1024], Vec::new(), 0);
    let mut asked: Vec<(Id, String)> = Vec::new();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    loop {
        match stream.read(&mut room) {
            Ok(0) => return,
            Ok(size) => assert_eq!(machine.receive(&room[..size], now()), size),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        machine.tick(now());
        while let Some(event) = machine.poll_event(now()) {
            match event {
                Event::Request { id, head, .. } => asked.push((id, head.target().to_owned())),
                Event::Reset { id, .. } => {
                    asked.retain(|(one, _)| *one != id);
                    // It may be over.
                    let _ = machine.discard(id, now());
                }
                Event::Closed(_) => return,
                _ => {}
            }
        }
        most.fetch_max(asked.len(), SeqCst);
        // The last first, but one that waits for others.
        while let Some(at) = asked.iter().rposition(|(_, target)| target != "/never") {
            let (id, target) = asked.remove(at);
            let content =
                if target == "/big" { vec![b'x'; BIG].into() } else { Bytes::from(target) };
            let head = ResponseHead::new(Status::OK);
            machine.respond(id, &head, Body::Full(content), now()).unwrap();
            count += 1;
            if count == behind {
                machine.shutdown(now());
            }
        }
        machine.transmit(&mut out, usize::MAX, now());
        if stream.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
}

fn client() -> Client {
    Client::with(Settings::new().no_proxy().protocols(Protocols::Http2))
}

fn fetch(client: &Client, url: &str) -> (Version, String) {
    let mut response = block!(client.get(url)).unwrap();
    (response.version(), block!(response.text()).unwrap())
}

/// So many threads ask for so much each.
fn crowd(client: &Client, peer: &Peer, threads: usize, each: usize) {
    let ask = |name: usize| {
        let (client, url) = (client.clone(), peer.url(""));
        thread::spawn(move || {
            for number in 0..each {
                let path = format!("/{name}/{number}");
                let told = fetch(&client, &format!("{url}{path}"));
                assert_eq!(told, (Version::Http2, path));
            }
        })
    };
    let all: Vec<_> = (0..threads).map(ask).collect();
    all.into_iter().for_each(|one| one.join().unwrap());
}

#[test]
fn many_threads_share_one_connection() {
    let (peer, client) = (Peer::new(100, usize::MAX), client());
    crowd(&client, &peer, 16, 20);
    assert_eq!((peer.connections.load(SeqCst), client.idle()), (1, 1));
}

#[test]
fn a_server_that_takes_one_at_a_time_is_not_asked_for_more() {
    let peer = Peer::new(1, usize::MAX);
    let settings = Settings::new().no_proxy().protocols(Protocols::Http2).max_per_host(1);
    let client = Client::with(settings);
    // It says so in its first answer.
    fetch(&client, &peer.url("/first"));
    crowd(&client, &peer, 8, 5);
    assert_eq!((peer.connections.load(SeqCst), peer.most()), (1, 1));
}

#[test]
fn a_server_that_goes_away_now_and_then_loses_no_request() {
    let (peer, client) = (Peer::new(100, 7), client());
    crowd(&client, &peer, 6, 15);
    assert!(peer.connections.load(SeqCst) >= 90 / 16, "it goes away behind seven");
}

#[test]
fn who_does_not_read_keeps_nobody_waiting_and_may_read_later() {
    let (peer, client) = (Peer::new(100, usize::MAX), client());
    let mut big = block!(client.get(peer.url("/big"))).unwrap();
    crowd(&client, &peer, 4, 10);
    assert_eq!(block!(big.bytes()).unwrap().len(), BIG);
    assert_eq!(peer.connections.load(SeqCst), 1);
}

#[test]
fn a_request_whose_time_is_over_ends_alone() {
    let (peer, client) = (Peer::new(100, usize::MAX), client());
    let (waits, url) = (client.clone(), peer.url("/never"));
    let never = thread::spawn(move || {
        let request = Ask::get(url).timeout(Duration::from_millis(300));
        block!(waits.send(request)).unwrap_err()
    });
    crowd(&client, &peer, 4, 10);
    assert!(never.join().unwrap().is_timeout());
    crowd(&client, &peer, 2, 2);
    assert_eq!(peer.connections.load(SeqCst), 1);
}

#[test]
fn a_body_is_sent_beside_other_exchanges() {
    let (peer, client) = (Peer::new(100, usize::MAX), client());
    let (sends, url) = (client.clone(), peer.url("/sent"));
    let sent = thread::spawn(move || {
        let mut response = block!(sends.send(Ask::post(url).body(vec![7; 40_000]))).unwrap();
        block!(response.text()).unwrap()
    });
    crowd(&client, &peer, 4, 5);
    assert_eq!(sent.join().unwrap(), "/sent");
}
