//! Caps, timeouts, rates, and what happens at them, on either adapter.
//! Waits for what the server does; nothing is measured.

use crate::kit::child::{self, Again};
use crate::kit::peer::{Guard, Peer};
use crate::kit::told::{Told, observer};
use crate::kit::{GET, LONG};
use crate::on::{Site, hello, pass, pause, purlin, settle};
use purlin::{Bytes, Rate, Request, ResponseWriter, Result, Server, in_memory, streaming};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// So short that the test need not wait for long.
const SHORT: Duration = Duration::from_millis(50);
/// No bytes need come for that long, and no longer.
const RATE: Rate = Rate { bytes_per_second: 1000, grace: SHORT, burst: SHORT };

fn get(peer: &mut Peer) {
    peer.send(GET);
    assert_eq!(peer.response(), (200, "hello".into()));
}

#[test]
fn at_the_cap_the_connection_that_has_been_idle_longest_is_closed() {
    let site = Site::start(Server::new(hello).connections(3));
    let mut peers: Vec<_> = (0..3).map(|_| site.connect()).collect();
    peers.iter_mut().for_each(get);
    // The first one has just been used: the second is the longest idle.
    get(&mut peers[0]);
    settle();
    let mut fourth = site.connect();
    get(&mut fourth);
    assert!(peers[1].rest().is_empty());
    get(&mut peers[2]);
    settle();
    let mut fifth = site.connect();
    get(&mut fifth);
    assert!(peers[0].rest().is_empty());
    [&mut peers[2], &mut fourth, &mut fifth].into_iter().for_each(get);
}

#[test]
fn where_none_is_idle_a_connection_waits_for_the_first_that_is() {
    let (begin, begun) = mpsc::sync_channel(1);
    let (go, gone) = smol::channel::bounded::<()>(1);
    let handler = handler!(|request: Request| {
        if request.path() == "/wait" {
            begin.send(()).unwrap();
            wait!(pass(&gone));
        }
        "hello"
    });
    let site = Site::start(Server::new(handler).connections(1));
    let mut first = site.connect();
    first.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    begun.recv_timeout(LONG).unwrap();
    let mut second = site.connect();
    second.send(GET);
    go.send_blocking(()).unwrap();
    assert_eq!(first.response(), (200, "hello".into()));
    assert!(first.rest().is_empty(), "it makes room");
    assert_eq!(second.response(), (200, "hello".into()));
}

#[test]
fn connections_that_come_and_go_keep_to_the_cap() {
    let (tells, told) = observer();
    let site = Site::start(Server::new(hello).connections(4).observe(tells));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let address = site.address;
            std::thread::spawn(move || {
                for _ in 0..50 {
                    // It may be closed for another client, but not before its answer.
                    get(&mut Peer::new(address));
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    drop(site);
    let (mut open, mut most) = (0_i32, 0);
    for (_, line) in told.rest() {
        match &*line {
            "New" => open += 1,
            "Closed" => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    assert_eq!(open, 0);
    assert!(most <= 4, "{most} at once");
}

#[test]
fn a_head_has_a_limit_in_bytes_and_in_time() {
    let site = Site::start(Server::new(hello).head_limit(200));
    let mut peer = site.connect();
    peer.send(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(200)));
    assert_eq!(peer.response().0, 431);
    let site = Site::start(Server::new(hello).head_timeout(SHORT));
    let mut slow = site.connect();
    slow.send("GET / HTTP/1.1\r\n");
    assert_eq!(slow.response().0, 408);
    assert!(site.connect().rest().is_empty(), "no byte came, and none goes");
}

/// The length of a body.
macro_rules! length {
    () => {
        handler!(|mut request: Request| -> Result<String> {
            Ok(wait!(request.body_mut().bytes())?.len().to_string())
        })
    };
}

#[test]
fn a_body_that_does_not_come_at_its_rate_fails() {
    let site = Site::start(Server::new(length!()).body_rate(RATE));
    let mut silent = site.connect();
    silent.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    assert_eq!(silent.response().0, 408);
}

#[test]
fn progress_keeps_a_body_alive_for_longer_than_any_stall_may_be() {
    let second = Duration::from_secs(1);
    let rate = Rate { bytes_per_second: 1000, grace: second, burst: second };
    let site = Site::start(Server::new(length!()).body_rate(rate));
    let mut steady = site.connect();
    steady.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    for _ in 0..20 {
        steady.send_bytes(&[b'x'; 500]);
        std::thread::sleep(second / 10);
    }
    assert_eq!(steady.response(), (200, "10000".into()));
}

#[test]
fn a_response_has_to_be_taken_at_its_rate() {
    let (tell, told) = mpsc::sync_channel(1);
    let endless = streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        let _guard = Guard(tell.clone());
        loop {
            wait!(writer.write(&[b'x'; 64 * 1024]))?;
        }
    }));
    let site = Site::start(Server::new(endless).write_rate(RATE));
    let mut peer = site.connect();
    peer.send(GET);
    // Nothing is read: the handler is given up.
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_a_long_stream_is_not() {
    let ticks = streaming(handler!(|_, mut writer: ResponseWriter| -> Result {
        for _ in 0..20 {
            wait!(pause(SHORT / 5));
            wait!(writer.write(b"tick "))?;
            wait!(writer.flush())?;
        }
        Ok(())
    }));
    let site = Site::start(Server::new(ticks).idle_timeout(SHORT));
    let mut peer = site.connect();
    peer.send(GET);
    assert_eq!(peer.response(), (200, "tick ".repeat(20)));
    assert!(peer.rest().is_empty());
}

/// What a child says of itself, until it is killed.
fn tell(site: &Site, told: &Told) -> ! {
    println!("address {}", site.address);
    loop {
        println!("told {}", told.wait().1);
    }
}

#[test]
fn without_descriptors_accepting_waits_longer_each_time_and_goes_on_after() {
    if child::is_child() {
        let (tells, told) = observer();
        tell(&Site::start(Server::new(hello).connections(1000).observe(tells)), &told);
    }
    let name = "both::without_descriptors_accepting_waits_longer_each_time_and_goes_on_after";
    let mut child = Again::start(name, "ulimit -n 30;", Stdio::null(), Stdio::inherit());
    let address = child.address();
    // They have not sent anything, so none of them is idle.
    let crowd: Vec<_> = (0..40).map(|_| Peer::new(address)).collect();
    let waits: Vec<String> = (0..6).map(|_| child.said("accept failed: ")).collect();
    let pauses = waits.iter().map(|wait| wait.split_once("Some(").unwrap().1.to_owned());
    assert!(pauses.eq(["5ms)", "10ms)", "20ms)", "40ms)", "80ms)", "160ms)"]), "{waits:?}");
    drop(crowd);
    get(&mut Peer::new(address));
}

#[test]
fn without_descriptors_idle_connections_make_room() {
    if child::is_child() {
        let (tells, told) = observer();
        tell(&Site::start(Server::new(hello).connections(1000).observe(tells)), &told);
    }
    let name = "both::without_descriptors_idle_connections_make_room";
    let mut child = Again::start(name, "ulimit -n 30;", Stdio::null(), Stdio::inherit());
    let address = child.address();
    let mut all: Vec<_> = (0..60).map(|_| Peer::new(address)).collect();
    all.iter_mut().for_each(get);
    assert!(all[0].rest().is_empty());
}

#[test]
fn the_cap_follows_the_descriptor_limit_which_is_raised() {
    if child::is_child() {
        let (tells, told) = observer();
        tell(&Site::start(Server::new(hello).observe(tells)), &told);
    }
    let name = "both::the_cap_follows_the_descriptor_limit_which_is_raised";
    // 100 without the least spare number of 32.
    let limit = "ulimit -S -n 20; ulimit -H -n 100;";
    let mut child = Again::start(name, limit, Stdio::null(), Stdio::inherit());
    let address = child.address();
    let mut all: Vec<_> = (0..68).map(|_| Peer::new(address)).collect();
    all.iter_mut().for_each(get);
    all.iter_mut().for_each(get);
    settle();
    let mut more = Peer::new(address);
    get(&mut more);
    assert!(all[0].rest().is_empty(), "the 69th is one too many");
    get(&mut all[1]);
}

#[test]
fn a_response_that_nobody_reads_is_not_taken_far_ahead_of_its_handler() {
    static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let handler = streaming(handler!(|_: Request, mut writer: ResponseWriter| {
        while wait!(writer.write_bytes(Bytes::from_static(&PIECE))).is_ok() {
            count.fetch_add(1, SeqCst);
        }
    }));
    let (listener, dialer) = in_memory().unwrap();
    let bound = block!(Server::new(handler).bind("127.0.0.1:0")).unwrap();
    let site = Site::of(bound.and(listener));
    let mut peer = Peer::over(dialer.connect().unwrap());
    peer.send(GET);
    peer.head();
    // It goes on until what the system and the server have is full.
    let (mut before, mut quiet) = (0, 0);
    while quiet < 10 {
        std::thread::sleep(Duration::from_millis(50));
        let now = taken.load(SeqCst);
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
    }
    // Of these, the system has about 200 KiB.
    assert!(before <= 8, "{before} pieces of 64 KiB");
    site.handle().close();
}
