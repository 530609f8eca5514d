//! What the sockets cost: constant requests, responses read by their length, a thread each.
use peer_clients::Bench;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

fn main() {
    let mut bench = Bench::new();
    let url = bench.url.clone();
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    let fetch = |count: usize| {
        let mut stream = TcpStream::connect(authority).unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut bytes, mut room) = (0, vec![0; 64 * 1024]);
        for _ in 0..count {
            stream.write_all(request.as_bytes()).unwrap();
            let mut filled = 0;
            let (head, length) = loop {
                filled += stream.read(&mut room[filled..]).unwrap();
                let mut fields = [httparse::EMPTY_HEADER; 32];
                let mut response = httparse::Response::new(&mut fields);
                if let httparse::Status::Complete(head) = response.parse(&room[..filled]).unwrap() {
                    let is_length =
                        |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("content-length");
                    let length = response.headers.iter().find(is_length).unwrap().value;
                    break (head, std::str::from_utf8(length).unwrap().parse::<usize>().unwrap());
                }
            };
            let mut left = length - (filled - head);
            while left > 0 {
                let most = left.min(room.len());
                left -= stream.read(&mut room[..most]).unwrap();
            }
            bytes += length as u64;
        }
        bytes
    };
    bench.start();
    let bytes = if bench.conc == 1 {
        fetch(bench.requests)
    } else {
        let fetch = &fetch;
        thread::scope(|scope| {
            let work = |i| scope.spawn({ let share = bench.share(i); move || fetch(share) });
            let workers: Vec<_> = (0..bench.conc).map(work).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        })
    };
    bench.done(bytes);
}
