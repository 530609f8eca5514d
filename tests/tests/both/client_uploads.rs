//! Uploads beside their responses, and what is read when writing fails, on either
//! adapter: sources here wait for a signal, never for a time.

use crate::kit::LONG;
use crate::kit::stage::Stage;
use crate::on::{ReadExt, Site, WriteExt, pieces, purlin};
use purlin::client::{Cause, Client, Request as Ask, Settings};
use purlin::{Bytes, Content, Fault, Request, Response, Server, Source, Status};
use std::io::ErrorKind;
#[allow(unused_imports, reason = "on threads, ReadExt and WriteExt are these")]
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

fn client() -> Client {
    Client::with(Settings::new().no_proxy())
}

/// Plays this part on one connection, and says when it has been closed.
fn once(part: impl FnOnce(&mut TcpStream) + Send + 'static) -> (SocketAddr, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        part(&mut stream);
        drop(stream);
        // Who does not wait for it does not care.
        let _ = tell.send(());
    });
    (address, told)
}

fn head_of(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A source that gives these and then waits, as long as the sender is there.
fn lingering(all: Vec<Bytes>) -> (Source, Sender<()>) {
    let (hold, held) = channel::<()>();
    let end = std::iter::from_fn(move || {
        // Both are its end.
        let _ = held.recv();
        None
    });
    (pieces(all.into_iter().map(Ok).chain(end)), hold)
}

#[test]
fn an_upload_goes_on_beside_its_response() {
    const PIECE: usize = 64 * 1024;
    const COUNT: usize = 128;
    for fields in ["Content-Length: 8388608\r\n", ""] {
        for length in [Some((PIECE * COUNT) as u64), None] {
            let (address, _) = once(move |stream| {
                head_of(stream);
                let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
                stream.write_all(head.as_bytes()).unwrap();
                let (mut room, mut left) = (vec![0; PIECE], PIECE * COUNT);
                while left > 0 {
                    let count = stream.read(&mut room).unwrap();
                    assert!(count > 0, "{left} bytes did not come");
                    let count = count.min(left);
                    left -= count;
                    stream.write_all(&room[..count]).unwrap();
                }
                if length.is_none() {
                    // The frames of the chunks have been sent back for data.
                    std::io::copy(stream, &mut std::io::sink()).unwrap();
                }
            });
            let each = std::iter::repeat_n(Bytes::from(vec![b'x'; PIECE]), COUNT).map(Ok);
            let request = Ask::post(format!("http://{address}/")).stream(pieces(each), length);
            let mut response = block!(client().send(request)).unwrap();
            let mut came = 0;
            while let Some(piece) = block!(response.body_mut().chunk()).unwrap() {
                came += piece.len();
                if came >= PIECE * COUNT {
                    break;
                }
            }
            assert!(came >= PIECE * COUNT, "{came}");
        }
    }
}

#[test]
fn what_is_answered_early_is_still_sent_whole() {
    for answer in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    ] {
        let (tell, told) = channel();
        let (address, _) = once(move |stream| {
            head_of(stream);
            stream.write_all(answer.as_bytes()).unwrap();
            let mut body = vec![0; 4 << 20];
            stream.read_exact(&mut body).unwrap();
            tell.send(body.iter().all(|byte| *byte == b'x')).unwrap();
        });
        let each = std::iter::repeat_n(Bytes::from(vec![b'x'; 64 * 1024]), 64).map(Ok);
        let request = Ask::put(format!("http://{address}/")).stream(pieces(each), Some(4 << 20));
        let mut response = block!(client().send(request)).unwrap();
        let text = block!(response.text()).unwrap();
        assert!(answer.ends_with(&text));
        assert_eq!(told.recv_timeout(LONG), Ok(true));
    }
}

#[test]
fn a_response_that_was_whole_before_its_request_ends_with_that() {
    const SIZE: usize = 4 << 20;
    // Where the length is not known, it is all there once the last chunk is.
    for length in [Some(SIZE as u64), None] {
        let stage = Stage::new(move |scene| {
            while scene.hear().is_some() {
                scene.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                if length.is_some() {
                    scene.take(SIZE);
                } else {
                    // Each piece, its length and two line ends; and the last chunk.
                    scene.take(SIZE + 64 * (5 + 4) + 5);
                }
            }
        });
        let client = client();
        let each = std::iter::repeat_n(Bytes::from(vec![b'x'; 64 * 1024]), 64).map(Ok);
        let request = Ask::put(stage.url("/")).stream(pieces(each), length);
        let mut response = block!(client.send(request)).unwrap();
        // The server says nothing more, and keeps the connection.
        assert_eq!(block!(response.text()).unwrap(), "ok");
        assert_eq!(client.idle(), 1);
    }
}

#[test]
fn a_body_of_known_length_needs_no_end_of_its_source() {
    let stage = Stage::new(|scene| {
        while scene.hear().is_some() {
            assert_eq!(scene.take(4), b"abcd");
            scene.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let client = client();
    let mut held = Vec::new();
    for _ in 0..3 {
        let (source, hold) = lingering(vec!["ab".into(), "cd".into()]);
        held.push(hold);
        let request = Ask::put(stage.url("/")).stream(source, Some(4));
        let mut response = block!(client.send(request)).unwrap();
        assert_eq!(block!(response.text()).unwrap(), "ok");
        assert_eq!(client.idle(), 1);
    }
    let (nothing, _hold) = lingering(Vec::new());
    let stage = Stage::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    block!(client.send(Ask::put(stage.url("/")).stream(nothing, Some(0)))).unwrap();
}

#[test]
fn a_response_of_known_length_needs_no_end_of_its_source() {
    let (keep, kept) = channel();
    let keep = std::sync::Mutex::new(keep);
    let site = Site::start(Server::new(handler!(|_: Request| {
        let (source, hold) = lingering(vec!["ab".into(), "cd".into()]);
        keep.lock().unwrap().send(hold).unwrap();
        Response::new(Status::OK).with_content(Content::Length(4, source))
    })));
    let mut peer = site.connect();
    for _ in 0..3 {
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(peer.response(), (200, "abcd".into()));
    }
    drop(kept);
}

#[test]
fn an_answer_behind_a_reset_arrives_whole() {
    const REST: usize = 60_000;
    let (address, closed) = once(|stream| {
        head_of(stream);
        stream.read_exact(&mut [0]).unwrap();
        let head = format!("HTTP/1.1 413 Content Too Large\r\nContent-Length: {REST}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&[b'e'; REST]).unwrap();
        // What is unread makes the close a reset.
    });
    let mut first = true;
    let piece = move || {
        if !std::mem::take(&mut first) {
            // Each but the first finds the connection closed, and told once.
            let _ = closed.recv();
        }
        Ok(Bytes::from(vec![b'x'; 16 * 1024]))
    };
    let source = pieces(std::iter::repeat_with(piece).take(100));
    let request = Ask::post(format!("http://{address}/")).stream(source, None);
    let mut response = block!(client().send(request)).unwrap();
    assert_eq!(response.status().code(), 413);
    assert_eq!(block!(response.bytes()).unwrap().len(), REST);
}

const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n";

fn upgrade_of(address: SocketAddr) -> Ask {
    let request = Ask::get(format!("http://{address}/"));
    request.header("Connection", "upgrade").header("Upgrade", "raw")
}

#[test]
fn what_nobody_reads_of_a_raw_stream_does_not_keep_it_from_being_written() {
    const SIZE: usize = 16 << 20;
    let (tell, told) = channel();
    let (address, _) = once(move |stream| {
        head_of(stream);
        stream.write_all(SWITCH.as_bytes()).unwrap();
        let mut other = stream.try_clone().unwrap();
        // More than is taken by anybody; it ends with the connection.
        thread::spawn(move || other.write_all(&vec![1; 64 << 20]));
        let mut left = SIZE;
        let mut room = vec![0; 1 << 20];
        while left > 0 {
            let count = stream.read(&mut room).unwrap();
            assert!(count > 0, "{left} bytes did not come");
            left -= count;
        }
        tell.send(()).unwrap();
    });
    let mut stream = block!(client().send(upgrade_of(address))).unwrap().upgrade().unwrap();
    // Some of it has come, so that more is on its way than there is room for.
    block!(stream.read_exact(&mut [0; 1000])).unwrap();
    let piece = vec![7; 64 * 1024];
    for _ in 0..SIZE / piece.len() {
        block!(stream.write_all(&piece)).unwrap();
    }
    block!(stream.flush()).unwrap();
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn a_raw_stream_behind_a_reset_is_read_to_where_it_was_cut() {
    const SIZE: usize = 60_000;
    let (address, closed) = once(|stream| {
        head_of(stream);
        stream.write_all(SWITCH.as_bytes()).unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(&[5; SIZE]).unwrap();
    });
    let mut stream = block!(client().send(upgrade_of(address))).unwrap().upgrade().unwrap();
    block!(stream.write_all(b"two bytes and more")).unwrap();
    block!(stream.flush()).unwrap();
    closed.recv_timeout(LONG).unwrap();
    while block!(stream.write_all(b"more")).is_ok() {}
    let mut all = Vec::new();
    let error = block!(stream.read_to_end(&mut all)).unwrap_err();
    assert_eq!((all.len(), error.kind()), (SIZE, ErrorKind::ConnectionReset), "{error}");
}

#[test]
fn a_limit_counts_what_is_decoded_however_it_is_read() {
    let coded = {
        let level = flate2::Compression::best();
        let mut coder = flate2::write::GzEncoder::new(Vec::new(), level);
        coder.write_all(&vec![0; 4 << 20]).unwrap();
        coder.finish().unwrap()
    };
    let gzip = "Content-Encoding: gzip\r\n";
    let length = coded.len();
    let head = format!("HTTP/1.1 200 OK\r\n{gzip}Content-Length: {length}\r\n\r\n");
    let stage = Stage::new(move |scene| {
        while scene.hear().is_some() {
            scene.say(&head);
            let _ = scene.stream.write_all(&coded);
        }
    });
    let limited = Client::with(Settings::new().no_proxy().max_response(1_000_000));
    let is_too_large = |error: &purlin::client::Error| matches!(error.cause(), Cause::Peer(peer) if peer.kind == Fault::BodyTooLarge);
    let mut response = block!(limited.get(stage.url("/"))).unwrap();
    assert!(is_too_large(&block!(response.bytes()).unwrap_err()));
    let mut response = block!(limited.get(stage.url("/"))).unwrap();
    let mut count = 0;
    let error = loop {
        match block!(response.body_mut().chunk()) {
            Ok(piece) => count += piece.expect("no end").len(),
            Err(error) => break error,
        }
    };
    assert!(is_too_large(&error) && count <= 1_000_000, "{count} bytes, {error}");
    let mut body = block!(limited.get(stage.url("/"))).unwrap().into_body();
    let mut all = Vec::new();
    block!(body.read_to_end(&mut all)).unwrap_err();
    assert!(all.len() <= 1_000_000);
    // A request's own limit stands instead, and is kept to the byte.
    let request = Ask::get(stage.url("/")).max_response(4 << 20);
    let mut response = block!(limited.send(request)).unwrap();
    assert_eq!(block!(response.bytes()).unwrap().len(), 4 << 20);
}
