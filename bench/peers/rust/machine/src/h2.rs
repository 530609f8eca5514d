//! GETs to the server's machine alone, over HTTP/2 and in memory: one connection, 32 streams at a
//! time, a small response to each.
//! Usage: valgrind --tool=callgrind server-machine-h2 [ROUNDS]; two runs, and the difference over
//! 32 times the difference of their ROUNDS is a GET's cost.
use bytes::Bytes;
use purlin_core::{
    Body, Event, Id, Machine, Now, ResponseHead, ServerConfig, ServerMachine, Status, server,
};
use std::hint::black_box;
use std::io::IoSlice;
use std::sync::Arc;

const STREAMS: usize = 32;
/// What a client says first: the preface, and empty SETTINGS.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// GET, http, and three fields that are put in the table: authority, path and user-agent.
const FIRST: &[u8] = b"\x82\x86\x41\x0e127.0.0.1:8080\x44\x0a/plaintext\x7a\x06h2load";
/// The same again.
const AGAIN: &[u8] = b"\x82\x86\xc0\xbf\xbe";

fn headers(out: &mut Vec<u8>, id: u32, block: &[u8]) {
    out.extend_from_slice(&[0, 0, u8::try_from(block.len()).unwrap(), 1, 5]);
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(block);
}

/// Has the machine read this, answers what it asks, and counts what it writes.
fn turn(machine: &mut server::Connection, input: &[u8], now: Now) -> (usize, usize) {
    let mut asked: Vec<Id> = Vec::with_capacity(STREAMS);
    let mut given = 0;
    while given < input.len() {
        let room = machine.read_buf();
        let count = room.len().min(input.len() - given);
        room[..count].copy_from_slice(&input[given..given + count]);
        machine.filled(count, now);
        given += count;
        while let Some(event) = machine.poll_event(now) {
            if let Event::Request { id, head, .. } = event {
                black_box(head);
                asked.push(id);
            }
        }
    }
    for id in &asked {
        let head = ResponseHead::new(Status::OK).with_static("Content-Type", "text/plain");
        machine.respond(*id, black_box(&head), Body::Full(Bytes::from_static(b"Hello, World!")), now).unwrap();
    }
    let mut written = 0;
    while machine.want().write {
        let mut slices = [IoSlice::new(&[]); 64];
        let used = machine.output(&mut slices, now);
        let count: usize = slices[..used].iter().map(|slice| black_box(slice).len()).sum();
        machine.wrote(count, now);
        written += count;
    }
    while machine.poll_event(now).is_some() {}
    black_box(machine.deadline());
    (asked.len(), written)
}

fn main() {
    let rounds: u32 = std::env::args().nth(1).map_or(1_000, |n| n.parse().unwrap());
    let now = Now::default();
    let mut machine = server::Connection::new(Arc::new(ServerConfig::default()), now);
    turn(&mut machine, HELLO, now);
    turn(&mut machine, b"\0\0\0\x04\x01\0\0\0\0", now);
    let (mut id, mut input, mut answered, mut bytes) = (1, Vec::new(), 0, 0);
    for _ in 0..rounds {
        input.clear();
        for _ in 0..STREAMS {
            headers(&mut input, id, if id == 1 { FIRST } else { AGAIN });
            id += 2;
        }
        let (requests, written) = turn(&mut machine, black_box(&input), now);
        answered += requests;
        bytes += written;
    }
    assert_eq!(answered, rounds as usize * STREAMS);
    println!("{answered} GETs, {bytes} bytes");
}
