//! The end of a `purlin-std` server: what was accepted is answered, and nothing waits for ever.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod std_kit;

use purlin_std::{Request, full_duplex, streaming};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use std_kit::{GET, LONG, start};

#[test]
fn idle_connections_close_and_serving_ends() {
    let server = start(|_: Request| "hello");
    let mut idle = server.connect();
    idle.send(GET).answer();
    let mut untouched = server.connect();
    let mut other = server.connect();
    other.send(GET).answer();
    assert_eq!(server.handle.shutdown(LONG), 0);
    assert_eq!(idle.rest().unwrap(), "");
    assert_eq!(untouched.rest().unwrap_or_else(|rest| rest), "");
    let address = server.address;
    server.wait();
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
}

#[test]
fn a_request_in_progress_is_answered_with_the_news_of_the_close() {
    let (begun, has_begun) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let (begun, wait) = (Mutex::new(begun), Mutex::new(wait));
    let server = start(move |_: Request| {
        begun.lock().unwrap().send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        "done"
    });
    let mut client = server.connect();
    client.send(GET);
    has_begun.recv_timeout(LONG).unwrap();
    let handle = server.handle.clone();
    let ending = std::thread::spawn(move || handle.shutdown(LONG));
    while TcpStream::connect(server.address).is_ok() {
        std::thread::yield_now();
    }
    go.send(()).unwrap();
    let answer = client.answer();
    assert_eq!(answer.body, "done");
    assert!(answer.has("Connection: close"));
    assert_eq!(client.rest().unwrap(), "");
    // The server waits for the client to close too.
    drop(client);
    assert_eq!(ending.join().unwrap(), 0);
}

#[test]
fn an_upload_in_progress_is_read_to_its_end() {
    let server = start(|mut request: Request| request.body_mut().text());
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    std::thread::sleep(Duration::from_millis(50));
    let handle = server.handle.clone();
    let ending = std::thread::spawn(move || handle.shutdown(LONG));
    while TcpStream::connect(server.address).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(client.send("def").answer().body, "abcdef");
    drop(client);
    assert_eq!(ending.join().unwrap(), 0);
}

/// Clients ask as fast as they can while the server ends. Every request that
/// reached a handler is answered whole.
#[test]
fn under_load_every_request_that_was_begun_is_answered() {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let server = start(move |_: Request| {
        count.fetch_add(1, SeqCst);
        "answered"
    });
    let address = server.address;
    let clients: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn(move || {
                let mut answered = 0;
                while let Ok(mut stream) = TcpStream::connect(address) {
                    loop {
                        if stream.write_all(GET.as_bytes()).is_err() {
                            break;
                        }
                        match whole_answer(&mut stream) {
                            Some(goes_on) => {
                                answered += 1;
                                if !goes_on {
                                    break;
                                }
                            }
                            None => break,
                        }
                    }
                }
                answered
            })
        })
        .collect();
    while begun.load(SeqCst) < 2000 {
        std::thread::yield_now();
    }
    assert_eq!(server.handle.shutdown(LONG), 0);
    server.wait();
    let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(answered, begun.load(SeqCst));
}

/// Reads one answer: whether the connection goes on, or nothing if none came.
/// Panics if it came in part.
fn whole_answer(stream: &mut TcpStream) -> Option<bool> {
    use std::io::Read;
    let mut text = String::new();
    let mut room = [0; 1024];
    while !text.ends_with("\r\n\r\nanswered") {
        match stream.read(&mut room) {
            Ok(count @ 1..) => text.push_str(std::str::from_utf8(&room[..count]).unwrap()),
            _ => {
                assert_eq!(text, "", "an answer came in part");
                return None;
            }
        }
    }
    Some(!text.contains("Connection: close"))
}

#[test]
fn after_the_deadline_what_is_left_is_cut() {
    let server = start(full_duplex(streaming(|_, mut writer| {
        writer.write_all(b"begun").unwrap();
        writer.flush().unwrap();
        // Until it is cut off.
        while writer.write(&[b'x'; 10_000]).is_ok() && writer.flush().is_ok() {}
    })));
    let mut client = server.connect();
    client.send(GET).head();
    let mut reader = server.connect();
    reader.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n").head();
    assert_eq!(server.handle.shutdown(Duration::from_millis(100)), 2);
    for mut client in [client, reader] {
        let rest = client.rest().unwrap_or_else(|rest| rest);
        assert!(!rest.ends_with("0\r\n\r\n"));
    }
    server.wait();
}

#[test]
fn close_ends_a_handler_that_reads() {
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = start(full_duplex(move |mut request: Request| {
        tell.lock().unwrap().send(None).unwrap();
        let error = request.body_mut().text().unwrap_err();
        tell.lock().unwrap().send(Some(error)).unwrap();
    }));
    let mut client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    assert!(told.recv_timeout(LONG).unwrap().is_none());
    server.handle.close();
    assert!(told.recv_timeout(LONG).unwrap().is_some());
    client.rest().expect_err("a reset");
    server.wait();
}

#[test]
fn a_writer_that_is_never_finished_does_not_outlive_the_server() {
    let server = start(streaming(|_, writer| std::mem::forget(writer)));
    let mut client = server.connect();
    client.send(GET);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(server.handle.shutdown(Duration::from_millis(50)), 1);
    server.wait();
    let _ = client.rest();
}
