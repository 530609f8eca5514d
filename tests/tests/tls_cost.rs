//! What TLS costs a server's connection: bytes in a handshake and while it is
//! idle, allocations for a request.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

use allocation_counter::measure;
use bytes::Bytes;
use purlin_core::server::Connection;
use purlin_core::{Body, Event, Machine, Now, ResponseHead, ServerConfig, ServerMachine, Status};
use purlin_tests::tls::Raw;
use purlin_tests::tls::certs::{Authority, Valid};
use purlin_tls::{ClientTls, Roots, ServerTls, Tls};

const NOW: Now = Now::at(purlin_core::Mono::ZERO, 784_111_777);

/// Bytes on the heap, as they were counted.
#[derive(Default)]
struct Heap {
    now: i64,
    most: i64,
    allocations: u64,
}

impl Heap {
    fn count<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let mut done = None;
        let cost = measure(|| done = Some(act()));
        self.most = self.most.max(self.now + i64::try_from(cost.bytes_max).unwrap());
        self.now += cost.bytes_current;
        self.allocations += cost.count_total;
        done.unwrap()
    }
}

/// A server's connection after its handshake, what it cost, and its client.
fn open() -> (Connection, Heap, Tls<Raw>) {
    let authority = Authority::new("cost");
    let pem = authority.issue(&["localhost"], Valid::Now);
    let server = ServerTls::from_pem(pem.chain.as_bytes(), pem.key.as_bytes()).unwrap();
    let roots = Roots::from_pem(authority.pem.as_bytes()).unwrap();
    let client = ClientTls::new(roots).unwrap();
    let mut client = Tls::client(&client, "localhost", Raw::new(1 << 20), NOW).unwrap();
    let config = std::sync::Arc::new(ServerConfig::default());
    // What rustls and ring make once is made before.
    drop(server.connection(config.clone(), NOW));
    let mut heap = Heap::default();
    let mut machine = heap.count(|| server.connection(config, NOW).0);
    while client.want().write || machine.want().write {
        exchange(&mut client, &mut machine, &mut heap);
    }
    (machine, heap, client)
}

/// Moves bytes once each way.
fn exchange(client: &mut Tls<Raw>, machine: &mut Connection, heap: &mut Heap) {
    let mut bytes = Vec::new();
    client.transmit(&mut bytes, usize::MAX, NOW);
    heap.count(|| machine.receive(&bytes, NOW));
    let mut back = Vec::with_capacity(1 << 16);
    heap.count(|| machine.transmit(&mut back, usize::MAX, NOW));
    client.receive(&back, NOW);
}

fn request(client: &mut Tls<Raw>, machine: &mut Connection, heap: &mut Heap) {
    let mut ask = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.send(1, &mut ask, NOW).unwrap();
    exchange(client, machine, heap);
    let head = ResponseHead::new(Status::OK);
    heap.count(|| {
        let Some(Event::Request { id, .. }) = machine.poll_event(NOW) else {
            panic!("a request is there");
        };
        let body = Body::Full(Bytes::from_static(b"hello"));
        machine.respond(id, &head, body, NOW).unwrap();
        assert!(machine.poll_event(NOW).is_none());
    });
    exchange(client, machine, heap);
    client.recv(1, NOW);
}

#[test]
fn an_idle_connection_holds_no_buffers_and_little_else() {
    let (mut machine, mut heap, mut client) = open();
    let handshake = heap.most;
    request(&mut client, &mut machine, &mut heap);
    heap.count(|| machine.trim(NOW));
    assert_eq!(machine.held(), 0);
    println!("a handshake holds {handshake} bytes, an idle connection {} bytes", heap.now);
    assert!(handshake < 24 * 1024, "{handshake} bytes in a handshake");
    assert!(heap.now < 6 * 1024, "{} bytes while idle", heap.now);
}

#[test]
fn a_request_costs_few_allocations_more_than_without_tls() {
    let (mut machine, mut heap, mut client) = open();
    request(&mut client, &mut machine, &mut heap);
    heap = Heap::default();
    for _ in 0..100 {
        request(&mut client, &mut machine, &mut heap);
    }
    println!("{} allocations for 100 requests", heap.allocations);
    assert!(heap.allocations <= 500, "{} for 100 requests", heap.allocations);
    assert_eq!(heap.now, 0, "nothing is left behind");
}
