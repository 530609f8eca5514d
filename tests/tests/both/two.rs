//! Connections that carry many exchanges at once (HTTP/2), on either adapter. Tools that are
//! not installed are named, and their tests pass.

use crate::kit::until;
use crate::on::{Site, pass, purlin};
use crate::two::Two;
use purlin::{Request, ResponseHead, ResponseWriter, Result, Server, Status, streaming};
use purlin_core::config::Protocols;
use purlin_core::{Body, Fields, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Counts those that are there, and those that have been.
#[derive(Clone, Default)]
struct Count(Arc<[AtomicUsize; 2]>);

struct Counted(Count);

impl Count {
    fn one(&self) -> Counted {
        self.0[0].fetch_add(1, SeqCst);
        self.0[1].fetch_add(1, SeqCst);
        Counted(self.clone())
    }

    fn now(&self) -> usize {
        self.0[0].load(SeqCst)
    }

    fn ever(&self) -> usize {
        self.0[1].load(SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0[0].fetch_sub(1, SeqCst);
    }
}

/// A server that answers at once, but at `/gate`.
macro_rules! gated {
    ($gate:ident, $count:ident) => {
        handler!(|request: Request| {
            let _here = $count.one();
            if request.path() == "/gate" {
                wait!(pass(&$gate));
            }
            if request.path() == "/panic" {
                panic!("a handler's");
            }
            "hello"
        })
    };
}

macro_rules! both {
    ($server:expr) => {
        $server.protocols(Protocols::Both)
    };
}

#[test]
fn slow_handlers_stall_nobody_beside_them() {
    let (open, gate) = smol::channel::unbounded::<()>();
    let count = Count::default();
    let its = count.clone();
    let site = Site::start(both!(Server::new(gated!(gate, its))));
    let mut two = Two::connect(site.address);
    let slow: Vec<_> = (0..20).map(|_| two.get("/gate")).collect();
    two.until(|_| count.now() == 20);
    for _ in 0..20 {
        let quick = two.get("/");
        assert_eq!(two.answer(quick), (200, "hello".into()));
    }
    assert!(slow.iter().all(|id| two.came[id].status.is_none()));
    drop(open);
    for id in slow {
        assert_eq!(two.answer(id), (200, "hello".into()));
    }
}

#[test]
fn a_panic_ends_its_own_exchange() {
    let (open, gate) = smol::channel::unbounded::<()>();
    let count = Count::default();
    let its = count.clone();
    let site = Site::start(both!(Server::new(gated!(gate, its))));
    let mut two = Two::connect(site.address);
    let slow = two.get("/gate");
    let panics: Vec<_> = (0..3).map(|_| two.get("/panic")).collect();
    for id in panics {
        assert_eq!(two.answer(id).0, 500);
    }
    drop(open);
    assert_eq!(two.answer(slow), (200, "hello".into()));
}

#[test]
fn a_request_that_is_given_up_lets_go_of_its_place() {
    let (open, gate) = smol::channel::unbounded::<()>();
    let count = Count::default();
    let its = count.clone();
    let site = Site::start(both!(Server::new(gated!(gate, its))));
    let mut two = Two::connect(site.address);
    for _ in 0..3 {
        let some: Vec<_> = (0..50).map(|_| two.get("/gate")).collect();
        let before = count.ever();
        two.until(|_| count.ever() >= before.max(1));
        some.into_iter().for_each(|id| two.reset(id));
        let quick = two.get("/");
        // Where handlers cannot be dropped they count until they return.
        for _ in 0..50 {
            let _ = open.try_send(());
        }
        two.answer(quick);
        let again = two.get("/");
        assert_eq!(two.answer(again), (200, "hello".into()));
    }
    drop(open);
    until(|| count.now() == 0);
}

/// An echo of bodies, trailers and interim responses.
macro_rules! echo {
    () => {
        crate::on::duplex(streaming(handler!(|mut request: Request,
                                              mut writer: ResponseWriter|
         -> Result {
            if request.path() == "/hints" {
                writer.interim(&ResponseHead::new(Status::EARLY_HINTS))?;
            }
            while let Some(piece) = wait!(request.body_mut().chunk())? {
                wait!(writer.write_bytes(piece))?;
                wait!(writer.flush())?;
            }
            if let Some(sum) = request.body().trailers().and_then(|t| t.get("x-sum")) {
                let sum = sum.to_owned();
                writer.trailers_mut().append("x-sum", &sum)?;
            }
            wait!(writer.finish())
        })))
    };
}

#[test]
fn bodies_stream_both_ways_with_their_trailers() {
    let site = Site::start(both!(Server::new(echo!())));
    let mut two = Two::connect(site.address);
    let all: Vec<_> = (0..10).map(|_| two.ask(Method::POST, "/hints", Body::Stream)).collect();
    for round in 1..=3_usize {
        for id in &all {
            assert_eq!(two.give(*id, &[b'x'; 1000]), 1000);
        }
        two.until(|two| all.iter().all(|id| two.came[id].body.len() == 1000 * round));
    }
    let sum = Fields::from_pairs([("x-sum", "3000")]).unwrap();
    all.iter().for_each(|id| two.end(*id, Some(&sum)));
    for id in all {
        two.answer(id);
        let came = &two.came[&id];
        assert_eq!((came.interims.as_slice(), came.status), (&[103][..], Some(200)));
        assert_eq!(came.trailers.as_ref().and_then(|t| t.get("x-sum")), Some("3000"));
    }
}

#[test]
fn large_bodies_both_ways_are_not_lost_in_the_windows() {
    const SIZE: usize = 1 << 20;
    let site = Site::start(both!(Server::new(echo!())));
    let mut two = Two::connect(site.address);
    let all: Vec<_> =
        (0..8).map(|_| two.ask(Method::POST, "/", Body::Length(SIZE as u64))).collect();
    let mut left = vec![SIZE; all.len()];
    while left.iter().any(|left| *left > 0) {
        for (id, left) in all.iter().zip(&mut left).filter(|(_, left)| **left > 0) {
            *left -= two.give(*id, &vec![b'y'; (*left).min(30_000)]);
        }
        two.turn();
    }
    for id in all {
        two.until(|two| two.came[&id].ended);
        assert_eq!(two.came[&id].body.len(), SIZE);
    }
}

#[test]
fn a_graceful_stop_finishes_what_has_begun_and_refuses_what_comes_later() {
    let (open, gate) = smol::channel::unbounded::<()>();
    let count = Count::default();
    let its = count.clone();
    let site = Site::start(both!(Server::new(gated!(gate, its))));
    let mut two = Two::connect(site.address);
    let slow: Vec<_> = (0..5).map(|_| two.get("/gate")).collect();
    two.until(|_| count.now() == 5);
    let stops = site.stop();
    two.until(|two| two.goes);
    drop(open);
    for id in slow {
        assert_eq!(two.answer(id), (200, "hello".into()));
    }
    two.until(|two| two.closed);
    drop(two);
    assert_eq!(stops.cut(), 0);
}

#[test]
fn http_1_is_still_spoken_on_the_same_port_and_alone_if_that_is_said() {
    let site = Site::start(both!(Server::new(handler!(|_: Request| "hello"))));
    let mut peer = site.connect();
    peer.send(crate::kit::GET);
    assert_eq!(peer.response(), (200, "hello".into()));
    let alone = Server::new(handler!(|_: Request| "hello")).protocols(Protocols::Http1);
    let site = Site::start(alone);
    let mut peer = site.connect();
    peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 "));
}

/// What this program prints; `None` without it, which is said.
fn run(program: &str, args: &[&str]) -> Option<String> {
    let Ok(output) = std::process::Command::new(program).args(args).output() else {
        eprintln!("SKIPPED: {program} is not installed");
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program} {args:?}: {out}{errors}");
    Some(out)
}

#[test]
fn h2load_loads_many_connections_with_many_requests() {
    let site = Site::start(both!(Server::new(handler!(|_: Request| "hello"))));
    let url = format!("http://{}/", site.address);
    let args = ["-n", "2000", "-c", "8", "-m", "32", &url];
    let Some(text) = run("h2load", &args) else { return };
    assert!(text.contains("2000 done, 2000 succeeded, 0 failed, 0 errored"), "{text}");
}

#[test]
fn nghttp_uploads_and_curl_asks_with_prior_knowledge() {
    let site = Site::start(both!(Server::new(handler!(|mut request: Request| {
        let body = wait!(request.body_mut().bytes());
        format!("{} {}", request.version(), body.map_or(0, |body| body.len()))
    }))));
    let url = format!("http://{}/", site.address);
    let file = std::env::current_exe().unwrap();
    let data = file.with_extension("two-upload");
    std::fs::write(&data, vec![b'z'; 300_000]).unwrap();
    let data = data.to_str().unwrap();
    if let Some(text) = run("nghttp", &["-d", data, &url]) {
        assert_eq!(text, "HTTP/2.0 300000");
    }
    let at = format!("@{data}");
    let args = ["-sS", "--noproxy", "*", "--http2-prior-knowledge", "--data-binary", &at, &url];
    if let Some(text) = run("curl", &args) {
        assert_eq!(text, "HTTP/2.0 300000");
    }
}
