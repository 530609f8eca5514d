//! Who was late, the peer or only the server or client itself, on either adapter:
//! processes that rest, and peers that are slow and never rest.

use crate::kit::GET;
use crate::kit::child::{self, Again};
use crate::kit::peer::Peer;
use crate::kit::stage::Stage;
use crate::on::{Site, purlin};
use purlin::client::{Client, Settings};
use purlin::{Rate, Request, Server};
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a peer may take, and how long the process rests.
const LIMIT: Duration = Duration::from_secs(3);
const REST: Duration = Duration::from_secs(5);
const RATE: Rate = Rate { bytes_per_second: 240, grace: LIMIT, burst: LIMIT };
const LARGE: usize = 40 << 20;

/// A server in a process of its own, which can be put to rest.
fn serve() -> ! {
    let handler = handler!(|mut request: Request| {
        match request.path() {
            "/large" => vec![b'x'; LARGE],
            _ => wait!(request.body_mut().bytes()).unwrap().to_vec(),
        }
    });
    let server = Server::new(handler).head_timeout(LIMIT).idle_timeout(LIMIT);
    let site = Site::start(server.body_rate(RATE).write_rate(RATE));
    println!("address {}", site.address);
    loop {
        thread::park();
    }
}

fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn who_was_in_time_is_not_late_because_the_server_rested() {
    if child::is_child() {
        serve();
    }
    let name = "late::who_was_in_time_is_not_late_because_the_server_rested";
    let mut child = Again::start(name, "", Stdio::null(), Stdio::inherit());
    let address = child.address();
    let [mut idle, mut head, mut long, mut upload, mut download] =
        [(); 5].map(|()| Peer::new(address));
    download.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    download.head();
    upload.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    idle.send(GET);
    assert_eq!(idle.response().0, 200);
    head.send("GET / HTTP/1.1\r\nHost: a\r\n");
    long.send("GET / HTTP/1.1\r\nHost: a\r\n");
    thread::sleep(Duration::from_millis(100));
    signal("-STOP", child.id());
    let downloaded = thread::spawn(move || download.skip(LARGE));
    head.send("\r\n");
    long.send(&format!("X: {}\r\n\r\n", "x".repeat(30_000)));
    idle.send(GET);
    upload.send("67890");
    thread::sleep(REST);
    signal("-CONT", child.id());
    assert_eq!(head.response().0, 200, "its last line came in time");
    assert_eq!(long.response().0, 200, "however much that is");
    assert_eq!(idle.try_response(), Some((200, String::new())), "it was not idle");
    assert_eq!(upload.response(), (200, "1234567890".into()));
    assert_eq!(downloaded.join().unwrap(), LARGE, "it took what there was");
}

/// Takes a little, again and again, for so long.
fn sip(from: &mut impl Read) -> usize {
    let (begun, mut taken, mut room) = (Instant::now(), 0, [0; 20_000]);
    while begun.elapsed() < 2 * LIMIT {
        taken += from.read(&mut room).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    taken
}

#[test]
fn a_client_that_reads_slowly_and_never_rests_is_not_reset() {
    let handler = handler!(|_: Request| vec![b'x'; LARGE]);
    let rate = Rate { burst: LIMIT / 2, ..RATE };
    let site = Site::start(Server::new(handler).write_rate(rate));
    let mut stream = std::net::TcpStream::connect(site.address).unwrap();
    std::io::Write::write_all(&mut stream, GET.as_bytes()).unwrap();
    let sipped = sip(&mut stream);
    assert!(sipped > 0);
    let mut peer = Peer::over(stream);
    assert!(peer.skip(LARGE - sipped) >= LARGE - sipped, "and has all in the end");
}

#[test]
fn a_server_that_reads_slowly_and_never_rests_gets_its_upload() {
    let stage = Stage::new(|scene| {
        scene.hear();
        sip(&mut scene.stream);
        let mut room = vec![0; 1 << 20];
        let mut last = [0; 1];
        while last != *b"." {
            let count = scene.stream.read(&mut room).unwrap();
            last = [room[count - 1]];
        }
        scene.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let rate = Rate { burst: LIMIT / 2, ..RATE };
    let client = Client::with(Settings::new().no_proxy().send_rate(rate));
    let mut body = vec![b'x'; LARGE];
    body.push(b'.');
    let request = purlin::client::Request::post(stage.url("/")).body(body);
    let response = block!(client.send(request)).unwrap();
    assert_eq!(response.status().code(), 200);
}
