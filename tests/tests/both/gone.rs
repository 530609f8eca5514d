//! Clients that send nothing more, want no more, or have gone, and streams that HTTP has
//! left behind, on either adapter.

use crate::kit::{GET, LONG};
use crate::on::{Site, WriteExt, pass, pause, purlin};
use purlin::{
    Error, Rate, Request, ResponseHead, ResponseWriter, Result, Server, Status, streaming,
};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A handler that writes without end.
macro_rules! ticks {
    () => {
        handler!(|request: Request, mut writer: ResponseWriter| -> Result {
            if request.path() == "/next" {
                return wait!(writer.finish());
            }
            let asks = request.path() == "/asks";
            while !(asks && writer.is_cancelled()) {
                wait!(writer.write(b"data: tick\n\n"))?;
                wait!(writer.flush())?;
                wait!(pause(Duration::from_millis(1)));
            }
            Ok(())
        })
    };
}

/// The connection goes on behind the head of a HEAD, whatever its handler writes.
fn goes_on(site: &Site, path: &str) {
    let mut peer = site.connect();
    peer.send(&format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    peer.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200"));
    assert_eq!(peer.response(), (200, String::new()));
}

#[test]
fn a_handler_that_asks_is_told_that_nobody_reads_behind_a_head() {
    goes_on(&Site::start(Server::new(streaming(ticks!()))), "/asks");
}

#[test]
fn a_handler_that_only_writes_is_told_by_an_error_that_it_may_pass_on() {
    goes_on(&Site::start(Server::new(streaming(ticks!()))), "/writes");
}

#[test]
fn a_long_answer_to_head_is_written_in_vain_and_does_no_harm() {
    let (tell, told) = mpsc::channel();
    let handler = handler!(|request: Request, mut writer: ResponseWriter| -> Result {
        if request.path() == "/next" {
            return wait!(writer.finish());
        }
        // The first piece may be part of a response that tells its length.
        wait!(writer.write(&[b'x'; 5000]))?;
        let second = wait!(writer.write_all(&[b'x'; 5000]));
        tell.send(matches!(second, Err(Error::Unwanted))).unwrap();
        second
    });
    goes_on(&Site::start(Server::new(streaming(handler))), "/");
    assert_eq!(told.recv(), Ok(true));
}

#[test]
fn a_request_tells_that_its_client_has_ended_its_half_and_the_answer_still_arrives() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(Server::new(handler!(|request: Request| {
        tell.send(request.is_cancelled()).unwrap();
        let cancelled = request.cancelled();
        wait!(crate::on::gone(cancelled));
        assert!(request.is_cancelled());
        "still here"
    })));
    let mut peer = site.connect();
    peer.send(GET);
    assert!(!told.recv_timeout(LONG).unwrap());
    peer.half_close();
    assert_eq!(peer.response(), (200, "still here".into()));
}

#[test]
fn a_request_tells_that_its_client_has_gone() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(Server::new(handler!(|request: Request| {
        tell.send(()).unwrap();
        wait!(crate::on::gone(request.cancelled()));
        tell.send(()).unwrap();
    })));
    let mut peer = site.connect();
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    peer.send_bytes(&[b'x'; 90_000]);
    told.recv_timeout(LONG).unwrap();
    peer.reset();
    if crate::on::NAME == "std" {
        // On smol the handler of a client that has gone is dropped where it waits.
        told.recv_timeout(LONG).unwrap();
    }
    assert_eq!(site.shutdown(), 0);
}

#[test]
fn a_shutdown_does_not_wait_for_a_client_that_keeps_its_socket() {
    let (begin, begun) = mpsc::sync_channel(1);
    let (go, gone) = smol::channel::bounded::<()>(1);
    let mut server = purlin::ServerConfig::default();
    // It would be waited for.
    server.timeouts.linger = LONG;
    let handler = handler!(|_: Request| {
        begin.send(()).unwrap();
        wait!(pass(&gone));
        "late"
    });
    let site = Site::start(Server::new(handler).config(server));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv_timeout(LONG).unwrap();
    let stopping = site.stopping();
    go.send_blocking(()).unwrap();
    assert_eq!(peer.response(), (200, "late".into()));
    let asked = Instant::now();
    assert_eq!(stopping.cut(), 0);
    assert!(asked.elapsed() < LONG / 2);
    drop(peer);
}

/// Much more than sockets hold.
const SIZE: usize = 20_000_000;
const SHORT: Duration = Duration::from_millis(50);
const RATE: Rate = Rate { bytes_per_second: 1_000_000, grace: SHORT, burst: SHORT };

#[test]
fn the_rates_of_http_end_with_http() {
    let handler = handler!(|request: Request, writer: ResponseWriter| -> Result {
        let mut stream = match request.path() {
            "/hijack" => wait!(crate::on::hijack(writer))?,
            _ => {
                let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x")?;
                writer.upgrade(head)?
            }
        };
        wait!(stream.write_all(b"\r\n\r\n"))?;
        wait!(stream.write_all(&vec![7; SIZE]))?;
        wait!(stream.flush())?;
        Ok(())
    });
    let site = Site::start(Server::new(streaming(handler)).write_rate(RATE));
    for path in ["/", "/hijack"] {
        let mut peer = site.connect();
        peer.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        ));
        if path == "/" {
            assert!(peer.head().starts_with("HTTP/1.1 101"));
        }
        peer.exactly(4);
        // It rests for longer than the rate would allow.
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(peer.exactly(SIZE).len(), SIZE);
    }
}

#[test]
fn two_that_both_write_before_they_read_get_on_with_a_thread_for_each() {
    let handler = handler!(|_: Request, writer: ResponseWriter| -> Result {
        let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "x")?;
        let stream = writer.upgrade(head)?;
        wait!(crate::on::both_ways(stream, SIZE));
        Ok(())
    });
    let site = Site::start(Server::new(streaming(handler)));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    peer.head();
    let mut twin = peer.twin();
    let writes = std::thread::spawn(move || twin.send_bytes(&vec![1; SIZE]));
    // It reads nothing before the other side has read all.
    writes.join().unwrap();
    assert_eq!(peer.exactly(SIZE).len(), SIZE);
}
