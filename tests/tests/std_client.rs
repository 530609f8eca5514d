//! purlin-std's client, end to end: real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;
#[path = "both/client.rs"]
mod both;
#[path = "both/client_connections.rs"]
mod connections;
#[path = "both/client_many.rs"]
mod many;
#[path = "both/client_policy.rs"]
mod policy;
#[path = "both/client_uploads.rs"]
mod uploads;

use kit::stage::Stage;
use purlin_std::client::{Client, Request, Settings};
use purlin_std::{Bytes, Source};
use std::io::{Read, Write};
use std::sync::{Mutex, mpsc};

#[test]
fn a_body_may_wait_for_what_the_server_makes_of_the_head() {
    let (tells, told) = mpsc::channel();
    let tells = Mutex::new(tells);
    let stage = Stage::new(move |scene| {
        scene.hear();
        tells.lock().unwrap().send(()).unwrap();
        assert_eq!(scene.take(15), b"5\r\nheard\r\n0\r\n\r\n");
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        scene.wait();
    });
    let body = std::iter::once_with(move || {
        told.recv_timeout(kit::LONG).unwrap();
        Ok(Bytes::from("heard"))
    });
    let client = Client::with(Settings::new().no_proxy());
    let request = Request::post(stage.url("/")).stream(Source::pieces(body), None);
    assert_eq!(client.send(request).unwrap().text().unwrap(), "ok");
}

#[test]
fn one_thread_reads_what_was_upgraded_while_another_writes() {
    const SIZE: usize = 20 << 20;
    let stage = Stage::echo();
    let client = Client::with(Settings::new().no_proxy());
    let upgrade = Request::get(stage.url("/")).header("Connection", "upgrade");
    let stream = client.send(upgrade.header("Upgrade", "echo")).unwrap().upgrade().unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
    let late = (&stream).read(&mut [0; 10]).unwrap_err();
    assert_eq!(late.kind(), std::io::ErrorKind::WouldBlock);
    stream.set_read_timeout(None).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let piece = vec![7; 64 * 1024];
            for _ in 0..SIZE / piece.len() {
                (&stream).write_all(&piece).unwrap();
            }
            (&stream).flush().unwrap();
            stream.finish().unwrap();
        });
        let mut room = vec![0; 50_000];
        let mut came = 0;
        while let count @ 1.. = (&stream).read(&mut room).unwrap() {
            assert!(room[..count].iter().all(|byte| *byte == 7));
            came += count;
        }
        assert_eq!(came, SIZE);
    });
    let ended = (&stream).write(b"more").unwrap_err();
    assert_eq!(ended.kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn a_source_that_blocks_hides_neither_an_answer_nor_the_end_of_the_time() {
    let refuses = Stage::new(|scene| {
        scene.hear();
        scene.say("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
        scene.wait();
    });
    let silent = Stage::new(|scene| {
        scene.hear();
        scene.wait();
    });
    let (hold, held) = mpsc::channel::<()>();
    let held = std::sync::Arc::new(Mutex::new(held));
    let blocks = || {
        let held = held.clone();
        // Nothing comes before the test is over.
        Source::pieces(std::iter::from_fn(move || {
            let _ = held.lock().unwrap().recv();
            None
        }))
    };
    let limit = std::time::Duration::from_millis(100);
    for length in [Some(10), None] {
        let client = Client::with(Settings::new().no_proxy());
        let request = Request::post(refuses.url("/")).stream(blocks(), length);
        let mut response = client.send(request).unwrap();
        assert_eq!((response.status().code(), response.text().unwrap()), (403, "no".into()));
        let request = Request::post(silent.url("/")).stream(blocks(), length).timeout(limit);
        assert!(client.send(request).unwrap_err().is_timeout());
    }
    drop(hold);
}
