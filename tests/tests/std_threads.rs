//! purlin-std, end to end: few threads, many connections. Nobody starves, and
//! who is slow holds up nobody else.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod kit;
#[macro_use]
#[path = "kit/std.rs"]
mod on;

use kit::peer::Peer;
use kit::{GET, LONG};
use on::{Site, hello};
use purlin_std::{
    Error, Rate, Request, ResponseHead, ResponseWriter, Result, Server, Status, full_duplex,
    streaming,
};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

const WORKERS: usize = 8;
/// What is taken of a body before its handler is called.
const AHEAD: usize = 64 * 1024;
/// So short that the test need not wait for long.
const SHORT: Duration = Duration::from_millis(100);
const RATE: Rate = Rate { bytes_per_second: 1000, grace: SHORT, burst: SHORT };

/// The length of the body.
fn length(mut request: Request) -> Result<String> {
    let mut length = 0;
    while let Some(piece) = request.body_mut().chunk()? {
        length += piece.len();
    }
    Ok(length.to_string())
}

fn post(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

/// A client that asks, again and again.
fn served(address: std::net::SocketAddr, times: usize) {
    let mut peer = Peer::new(address);
    for _ in 0..times {
        peer.send(GET);
        assert_eq!(peer.response().0, 200);
    }
}

#[test]
fn of_64_busy_connections_on_8_threads_none_starves() {
    for slow in [false, true] {
        let site = Site::start(
            Server::new(move |_: Request| {
                if slow {
                    thread::sleep(Duration::from_millis(1));
                }
                "done"
            })
            .workers(WORKERS),
        );
        let address = site.address;
        let clients: Vec<_> =
            (0..64).map(|_| thread::spawn(move || served(address, 100))).collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        assert_eq!(site.shutdown(), 0);
    }
}

/// It is answered, and the connection ends: what told of the request told of
/// the end, too, and nothing tells of it again.
#[test]
fn a_client_that_ends_with_its_request_is_not_waited_for() {
    let bound = Server::new(hello).workers(1).bind("127.0.0.1:0").unwrap();
    let mut peers: Vec<_> = (0..8).map(|_| Peer::new(bound.local_addr())).collect();
    for peer in &mut peers {
        peer.send(GET);
        peer.half_close();
    }
    let _site = Site::of(bound);
    for peer in &mut peers {
        assert_eq!(peer.response(), (200, "hello".into()));
        assert!(peer.rest().is_empty());
    }
}

#[test]
fn connections_that_are_never_quiet_leave_threads_to_others() {
    let site = Site::start(Server::new(hello).workers(WORKERS));
    let address = site.address;
    let (stop, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let busy: Vec<_> = (0..2 * WORKERS)
        .map(|_| {
            let (stop, stopped) = (Arc::clone(&stop), Arc::clone(&stopped));
            thread::spawn(move || {
                let mut peer = Peer::new(address);
                // The next requests are there before the first is answered.
                peer.send(&GET.repeat(32));
                while stop.load(SeqCst) == 0 {
                    peer.send(GET);
                    assert_eq!(peer.response().0, 200);
                }
                (0..32).for_each(|_| assert_eq!(peer.response().0, 200));
                stopped.fetch_add(1, SeqCst);
            })
        })
        .collect();
    (0..20).for_each(|_| served(address, 10));
    stop.store(1, SeqCst);
    busy.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!(stopped.load(SeqCst), 2 * WORKERS);
}

#[test]
fn slow_senders_of_heads_and_of_small_bodies_hold_no_thread() {
    let name = "slow_senders_of_heads_and_of_small_bodies_hold_no_thread";
    // Both ends are in this process, and other tests run beside.
    if purlin_net::raise_descriptor_limit().is_some_and(|most| most < 2000) {
        eprintln!("SKIPPED {name}: too few descriptors");
        return;
    }
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let site = Site::start(
        Server::new(move |request: Request| {
            count.fetch_add(1, SeqCst);
            length(request)
        })
        .workers(WORKERS)
        .connections(1000)
        .head_timeout(LONG)
        .body_rate(Rate::UNLIMITED),
    );
    let mut heads: Vec<_> = (0..250).map(|_| site.connect()).collect();
    heads.iter_mut().for_each(|peer| peer.send(&GET[..20]));
    let mut bodies: Vec<_> = (0..250).map(|_| site.connect()).collect();
    for (number, peer) in bodies.iter_mut().enumerate() {
        peer.send(&post(if number % 2 == 0 { AHEAD } else { 10 }));
        peer.send_bytes(&[b'x'; 9]);
    }
    served(site.address, 100);
    assert_eq!(called.load(SeqCst), 100, "theirs are not called yet");
    for peer in &mut heads {
        peer.send(&GET[20..]);
        assert_eq!(peer.response(), (200, "0".into()));
    }
    for (number, peer) in bodies.iter_mut().enumerate() {
        let length = if number % 2 == 0 { AHEAD } else { 10 };
        peer.send_bytes(&vec![b'x'; length - 9]);
        assert_eq!(peer.response(), (200, length.to_string()));
    }
    assert_eq!(called.load(SeqCst), 600);
}

#[test]
fn clients_that_wait_to_be_asked_for_small_bodies_hold_no_thread() {
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    let site = Site::start(
        Server::new(move |request: Request| {
            count.fetch_add(1, SeqCst);
            length(request)
        })
        .workers(WORKERS)
        .body_rate(Rate::UNLIMITED),
    );
    let expect = format!("Host: a\r\nExpect: 100-continue\r\nContent-Length: {AHEAD}\r\n");
    let mut peers: Vec<_> = (0..3 * WORKERS).map(|_| site.connect()).collect();
    for peer in &mut peers {
        peer.send(&format!("POST / HTTP/1.1\r\n{expect}\r\n"));
    }
    for peer in &mut peers {
        assert_eq!(peer.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    }
    served(site.address, 100);
    assert_eq!(called.load(SeqCst), 100, "theirs are not called yet");
    for peer in &mut peers {
        peer.send_bytes(&vec![b'x'; AHEAD]);
        assert_eq!(peer.response(), (200, AHEAD.to_string()));
    }
}

#[test]
fn a_handler_that_waits_for_a_large_body_holds_one_thread() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(
        Server::new(move |request: Request| {
            if request.field("Content-Length").is_some() {
                tell.send(()).unwrap();
            }
            length(request)
        })
        .workers(WORKERS)
        .body_rate(Rate::UNLIMITED),
    );
    let large = 4 * AHEAD;
    let mut uploads: Vec<_> = (1..WORKERS).map(|_| site.connect()).collect();
    for peer in &mut uploads {
        peer.send(&post(large));
        peer.send_bytes(&vec![b'x'; 2 * AHEAD]);
        // The handler has begun to read what is too much to be taken before.
        told.recv_timeout(LONG).unwrap();
    }
    // One thread is left, and it is enough for all the rest.
    let address = site.address;
    let others: Vec<_> = (0..16).map(|_| thread::spawn(move || served(address, 50))).collect();
    others.into_iter().for_each(|client| client.join().unwrap());
    for peer in &mut uploads {
        peer.send_bytes(&vec![b'x'; large - 2 * AHEAD]);
        assert_eq!(peer.response(), (200, large.to_string()));
    }
}

/// Writes until that fails, on a thread of its own, and says why it did.
fn write_elsewhere(mut writer: ResponseWriter, pause: Duration, tell: mpsc::Sender<Error>) {
    thread::spawn(move || {
        let failed = loop {
            if let Err(error) = writer.write_all(&[b'x'; 5000]).and_then(|()| writer.flush()) {
                break error;
            }
            thread::sleep(pause);
        };
        // The test may have seen enough.
        let _ = tell.send(failed);
    });
}

#[test]
fn a_reader_that_stops_is_cut_while_another_thread_writes() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(
        Server::new(streaming(move |_, writer| {
            write_elsewhere(writer, Duration::ZERO, tell.clone());
        }))
        .write_rate(RATE),
    );
    let mut peer = site.connect();
    peer.send(GET);
    let error = told.recv_timeout(LONG).unwrap();
    assert!(matches!(error, Error::Closed(_)), "{error}");
}

#[test]
fn a_body_that_stops_fails_while_another_thread_writes() {
    let ((tell, told), (tells, failed)) = (mpsc::channel(), mpsc::channel());
    let site = Site::start(
        Server::new(full_duplex(streaming(move |mut request: Request, writer| {
            write_elsewhere(writer, Duration::from_millis(1), tell.clone());
            tells.send(request.body_mut().bytes().unwrap_err()).unwrap();
        })))
        .body_rate(RATE),
    );
    let mut peer = site.connect();
    peer.send(&post(10));
    let mut twin = peer.twin();
    let reading = thread::spawn(move || twin.skip(usize::MAX));
    let error = failed.recv_timeout(LONG).unwrap();
    assert!(matches!(error, Error::Peer(_)), "{error}");
    drop(peer);
    // What was written went out all the while.
    site.handle().close();
    assert!(reading.join().unwrap() > 0);
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn a_drain_ends_in_time_while_another_thread_writes() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(
        Server::new(streaming(move |_, writer| {
            write_elsewhere(writer, Duration::from_millis(1), tell.clone());
        }))
        .drain_timeout(SHORT),
    );
    let mut peer = site.connect();
    peer.send(GET);
    peer.head();
    let reading = thread::spawn(move || peer.skip(usize::MAX));
    // It has no deadline of its own that could come.
    assert_eq!(site.shutdown(), 0);
    let error = told.recv_timeout(LONG).unwrap();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    reading.join().unwrap();
}

#[test]
fn handlers_that_wait_for_one_another_all_get_a_thread() {
    const MANY: usize = 64;
    let all = Arc::new(std::sync::Barrier::new(MANY));
    let site = Site::start(
        Server::new(move |_: Request| {
            // Each waits until the last one has been called.
            all.wait();
            "all"
        })
        .workers(MANY),
    );
    let mut peers: Vec<_> = (0..MANY).map(|_| site.connect()).collect();
    for _ in 0..3 {
        peers.iter_mut().for_each(|peer| peer.send(GET));
        peers.iter_mut().for_each(|peer| assert_eq!(peer.response(), (200, "all".into())));
    }
}

/// Asks as many clients at once as there may be, each of them this often.
fn in_turns(site: &Site, clients: usize, ask: impl Fn(&mut Peer) + Sync) {
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| ask(&mut site.connect()));
        }
    });
}

#[test]
fn a_body_and_a_writer_go_on_elsewhere_for_many_exchanges_and_each_ends() {
    let site = Site::start(Server::new(full_duplex(streaming(|request: Request, mut writer| {
        let (mut body, (pieces, arrived)) = (request.into_body(), mpsc::channel());
        thread::spawn(move || {
            while let Ok(Some(piece)) = body.chunk() {
                pieces.send(piece).unwrap();
            }
        });
        // The handler returns before, meanwhile, or after; a writer that is dropped ends its
        // response.
        thread::spawn(move || {
            for piece in arrived {
                writer.write_all(&piece).and_then(|()| writer.flush()).unwrap();
            }
        });
    }))));
    in_turns(&site, 4, |peer| {
        for round in 0..300 {
            peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
            if round % 2 == 0 {
                peer.head();
                assert_eq!(peer.exactly(7), b"2\r\nab\r\n");
                peer.send("cd");
                assert_eq!(peer.exactly(12), b"2\r\ncd\r\n0\r\n\r\n");
            } else {
                peer.send("cd");
                assert_eq!(peer.response(), (200, "abcd".into()));
            }
        }
    });
}

#[test]
fn two_threads_read_and_write_one_stream_for_many_rounds() {
    let site = Site::start(Server::new(streaming(|_, writer: ResponseWriter| {
        let stream = writer.upgrade(ResponseHead::new(Status::OK)).unwrap();
        let (pass, passed) = mpsc::channel::<Vec<u8>>();
        thread::scope(|scope| {
            let stream = &stream;
            scope.spawn(move || {
                for piece in passed {
                    (&*stream).write_all(&piece).unwrap();
                }
            });
            let mut room = [0; 4096];
            while let Ok(count @ 1..) = (&*stream).read(&mut room) {
                pass.send(room[..count].to_vec()).unwrap();
            }
            drop(pass);
        });
    })));
    in_turns(&site, 4, |peer| {
        peer.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
        peer.head();
        for round in 0..1000 {
            // More than one read takes, and several pieces on their way at once.
            let piece = vec![b'x'; [1, 5000, 100_000][round % 3]];
            peer.send_bytes(&piece);
            peer.send_bytes(b".");
            assert_eq!(peer.exactly(piece.len() + 1).last(), Some(&b'.'));
        }
        peer.half_close();
        assert_eq!(peer.rest(), b"");
    });
}
