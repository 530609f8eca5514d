//! Large bodies through `purlin-std` in flat memory: 1 GiB up and 1 GiB down.
//! Alone in its file, because it measures the memory of the whole process.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod std_kit;

use purlin_std::{Content, Error, Request, Response, Server, Source, Status};
use std::io::{Read, Write};
use std_kit::{get, run};

const GIB: u64 = 1 << 30;

/// The most memory this process ever had resident, in KiB.
fn most_resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn serve(mut request: Request) -> Result<Response, Error> {
    if request.path() == "/down" {
        let source = Source::reader(std::io::repeat(b'd').take(GIB));
        return Ok(Response::new(Status::OK).with_content(Content::Length(GIB, source)));
    }
    let mut count = 0;
    while let Some(piece) = request.body_mut().chunk()? {
        count += piece.len() as u64;
    }
    Ok(Response::text(count.to_string()))
}

#[test]
fn a_gibibyte_each_way_takes_no_memory() {
    let server = run(Server::new(serve).body_limit(2 * GIB));
    let mut client = server.connect();
    let mut piece = vec![b'u'; 256 * 1024];
    let before = most_resident();

    client.send(format!("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {GIB}\r\n\r\n"));
    for _ in 0..GIB / piece.len() as u64 {
        client.socket().write_all(&piece).unwrap();
    }
    assert_eq!(client.answer().body, GIB.to_string());

    client.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..256 {
        client.send("40000\r\n").send(&piece).send("\r\n");
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.answer().body, (256 * piece.len()).to_string());

    client.send(get("/down")).head();
    let mut left = GIB;
    while left > 0 {
        let count = client.stream.read(&mut piece).unwrap();
        assert_ne!(count, 0);
        left -= count as u64;
    }
    let grown = most_resident() - before;
    assert!(grown < 4096, "{grown} KiB more than before");
}
