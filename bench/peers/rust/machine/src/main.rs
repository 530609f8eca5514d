//! GETs through the client's machine alone, in memory: one connection, a small response.
//! Usage: valgrind --tool=callgrind client-machine [ITERATIONS]; two runs, and
//! the difference over the difference of their ITERATIONS is a GET's cost.
use purlin_core::{
    Body, ClientConfig, ClientMachine, Event, Machine, Method, Now, Recv, RequestHead, client,
};
use std::hint::black_box;
use std::io::IoSlice;
use std::sync::Arc;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 13\r\n\r\nHello, World!";

fn main() {
    let n: u64 = std::env::args().nth(1).map_or(10_000, |n| n.parse().unwrap());
    let now = Now::default();
    let mut machine = client::Connection::new(Arc::new(ClientConfig::default()), now);
    let mut head = RequestHead::new(Method::GET, "/plaintext").unwrap();
    head.fields_mut().append("Host", "127.0.0.1:8080").unwrap();
    head.fields_mut().append("User-Agent", "purlin").unwrap();
    let mut bytes = 0;
    for _ in 0..n {
        let id = machine.request(black_box(&head), Body::Empty, now).unwrap();
        let mut slices = [IoSlice::new(&[]); 4];
        let used = machine.output(&mut slices, now);
        let count: usize = slices[..used].iter().map(|slice| black_box(slice).len()).sum();
        machine.wrote(count, now);
        let room = machine.read_buf();
        room[..RESPONSE.len()].copy_from_slice(black_box(RESPONSE));
        machine.filled(RESPONSE.len(), now);
        let Some(Event::Response { head, .. }) = machine.poll_event(now) else { panic!() };
        black_box(head);
        while let Recv::Data(data) = machine.recv(id, now) {
            bytes += black_box(data).len();
        }
        assert!(machine.poll_event(now).is_none());
        black_box(machine.want());
        black_box(machine.deadline());
    }
    println!("{n} GETs, {bytes} bytes");
}
