//! Clients that agree on HTTP/2 inside TLS, or on HTTP/1.1, on either adapter: against servers
//! of ours, which speak both.

#[path = "client_two_older.rs"]
mod older;

use crate::kit::told::observer;
use crate::kit::until;
use crate::on::{ReadExt, Site, WriteExt, cancelled, pass, pieces, purlin};
use crate::secure::Papers;
use purlin::client::{Cause, Client, Connection, Error, Request as Ask, Settings};
use purlin::{
    Bytes, Request, Response, ResponseHead, ResponseWriter, Result, Server, Status, streaming,
};
use purlin_core::config::Protocols;
use purlin_core::{Machine, Misuse, Now, Phase, Recv, Version};
use purlin_tests::tls::Raw;
use purlin_tls::{ServerTls, Tls};
use std::collections::HashSet;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

fn papers(name: &str) -> Papers {
    Papers::new(&format!("two-{name}-{}", crate::on::NAME))
}

fn settings(papers: &Papers) -> Settings {
    Settings::new().no_proxy().tls(papers.client())
}

fn url(site: &Site, path: &str) -> String {
    format!("https://localhost:{}{path}", site.address.port())
}

/// Version and text of what a request comes to.
fn send(client: &Client, request: Ask) -> std::result::Result<(Version, String), Error> {
    let mut response = block!(client.send(request))?;
    Ok((response.version(), block!(response.text())?))
}

fn fetch(client: &Client, url: &str) -> (Version, String) {
    send(client, Ask::get(url)).unwrap()
}

/// What leads to a server, once its gate is open; counts who comes.
struct Gate {
    address: SocketAddr,
    came: Arc<AtomicUsize>,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    fn before(site: &Site, open: bool) -> Gate {
        let (listener, far) = (TcpListener::bind("127.0.0.1:0").unwrap(), site.address);
        let address = listener.local_addr().unwrap();
        let gate = Gate {
            address,
            came: Arc::default(),
            open: Arc::new((Mutex::new(open), Condvar::new())),
        };
        let (came, open) = (gate.came.clone(), gate.open.clone());
        thread::spawn(move || {
            for near in listener.incoming().map_while(std::io::Result::ok) {
                came.fetch_add(1, SeqCst);
                let open = open.clone();
                thread::spawn(move || {
                    let is_open = open.0.lock().unwrap();
                    drop(open.1.wait_while(is_open, |open| !*open).unwrap());
                    let far = TcpStream::connect(far).unwrap();
                    [&near, &far].iter().for_each(|stream| stream.set_nodelay(true).unwrap());
                    thread::scope(|scope| {
                        scope.spawn(|| copy(&near, &far));
                        copy(&far, &near);
                    });
                });
            }
        });
        gate
    }

    fn set(&self, open: bool) {
        *self.open.0.lock().unwrap() = open;
        self.open.1.notify_all();
    }

    fn came(&self) -> usize {
        self.came.load(SeqCst)
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    // One that fails has ended.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// So many threads ask at once, for this.
fn crowd(client: &Client, url: &str, threads: usize) -> Vec<JoinHandle<(Version, String)>> {
    let ask = |_| {
        let (client, url) = (client.clone(), url.to_owned());
        thread::spawn(move || fetch(&client, &url))
    };
    (0..threads).map(ask).collect()
}

#[test]
fn the_two_sides_agree_on_the_newest_that_both_speak() {
    let papers = papers("agree");
    let says = || handler!(|request: Request| request.version().to_string());
    let plain = Site::start(Server::new(says()));
    for (theirs, ours, agreed) in [
        (Protocols::Both, None, Some(Version::Http2)),
        (Protocols::Both, Some(Protocols::Http1), Some(Version::Http11)),
        (Protocols::Both, Some(Protocols::Http2), Some(Version::Http2)),
        (Protocols::Http1, None, Some(Version::Http11)),
        (Protocols::Http2, None, Some(Version::Http2)),
        (Protocols::Http2, Some(Protocols::Http1), None),
        (Protocols::Http1, Some(Protocols::Http2), None),
    ] {
        let site = Site::start(Server::new(says()).protocols(theirs).tls(papers.server()));
        let mut client = settings(&papers);
        if let Some(ours) = ours {
            client = client.protocols(ours);
        }
        let client = Client::with(client);
        for again in [false, true] {
            match (block!(client.get(url(&site, "/"))), agreed) {
                (Ok(mut response), Some(version)) => {
                    assert_eq!(response.version(), version);
                    let alpn = response.tls().unwrap().alpn.clone().unwrap();
                    let two = version == Version::Http2;
                    assert_eq!(alpn, if two { &b"h2"[..] } else { b"http/1.1" });
                    assert_eq!(block!(response.text()).unwrap(), version.to_string());
                    assert_eq!(response.trace().reused, again);
                }
                (Err(error), None) => assert_eq!(error.phase(), Some(Phase::Tls), "{error}"),
                (other, agreed) => panic!("{other:?} for {agreed:?}, {theirs:?}, {ours:?}"),
            }
        }
        // Where nobody says so, HTTP/1.1 is spoken.
        if ours.is_none() {
            assert_eq!(fetch(&client, &format!("http://{}/", plain.address)).0, Version::Http11);
        }
    }
}

#[test]
fn requests_at_once_share_the_connection_whose_handshake_is_not_over() {
    let papers = papers("at-once");
    let says = handler!(|request: Request| request.version().to_string());
    let site = Site::start(Server::new(says).tls(papers.server()));
    let gate = Gate::before(&site, true);
    let client = Client::with(settings(&papers));
    // From now on it is known what is spoken there.
    assert_eq!(fetch(&client, &gate.url("/")).0, Version::Http2);
    client.close_idle();
    gate.set(false);
    let all = crowd(&client, &gate.url("/"), 16);
    until(|| gate.came() == 2);
    gate.set(true);
    for one in all {
        assert_eq!(one.join().unwrap().0, Version::Http2);
    }
    assert_eq!((gate.came(), client.idle()), (2, 1));
}

#[test]
fn a_server_that_speaks_http_1_has_no_more_connections_than_requests() {
    let papers = papers("herd");
    let (open, waits) = smol::channel::unbounded::<()>();
    let here = Arc::new(AtomicUsize::new(0));
    let its = here.clone();
    let says = handler!(|request: Request| {
        its.fetch_add(1, SeqCst);
        wait!(pass(&waits));
        request.version().to_string()
    });
    let server = Server::new(says).protocols(Protocols::Http1).tls(papers.server());
    let site = Site::start(server);
    let gate = Gate::before(&site, true);
    let client = Client::with(settings(&papers));
    let all = crowd(&client, &gate.url("/"), 10);
    until(|| here.load(SeqCst) == 10);
    drop(open);
    for one in all {
        assert_eq!(one.join().unwrap().0, Version::Http11);
    }
    assert_eq!((gate.came(), client.idle()), (10, 10));
    // And none at all as long as there are idle ones.
    for one in crowd(&client, &gate.url("/"), 10) {
        one.join().unwrap();
    }
    assert_eq!(gate.came(), 10);
}

/// An echo of bodies, with what belongs around them.
macro_rules! echo {
    () => {
        crate::on::duplex(streaming(handler!(|mut request: Request,
                                              mut writer: ResponseWriter|
         -> Result {
            writer.interim(&ResponseHead::new(Status::EARLY_HINTS).with("Link", "</a.css>")?)?;
            let mut length = 0;
            while let Some(piece) = wait!(request.body_mut().chunk())? {
                length += piece.len();
                wait!(writer.write_bytes(piece))?;
            }
            writer.trailers_mut().append("Length", length.to_string())?;
            wait!(writer.finish())
        })))
    };
}

#[test]
fn bodies_go_up_and_down_with_what_belongs_around_them() {
    const SIZE: usize = 3 << 20;
    let papers = papers("bodies");
    let site = Site::start(Server::new(echo!()).body_limit(1 << 30).tls(papers.server()));
    let client = Client::with(settings(&papers));
    let send = |stream: bool| {
        let (client, to) = (client.clone(), url(&site, "/"));
        thread::spawn(move || {
            let post = Ask::post(to);
            let all = vec![if stream { b's' } else { b'f' }; SIZE];
            let cut: Vec<_> =
                all.chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let post = if stream { post.stream(pieces(cut), None) } else { post.body(all.clone()) };
            let mut response = block!(client.send(post)).unwrap();
            assert_eq!(response.version(), Version::Http2);
            assert_eq!(response.interims()[0].fields().get("Link"), Some("</a.css>"));
            assert!(block!(response.bytes()).unwrap() == all);
            assert_eq!(
                response.body_mut().trailers().unwrap().get("Length"),
                Some(&*SIZE.to_string())
            );
        })
    };
    let all: Vec<_> = (0..6).map(|number| send(number % 2 == 0)).collect();
    all.into_iter().for_each(|one| one.join().unwrap());
}

#[test]
fn redirects_and_cookies_are_followed_on_the_connection_that_is_there() {
    let papers = papers("redirects");
    let peers = Arc::new(Mutex::new(HashSet::new()));
    let seen = peers.clone();
    let site = Site::start(
        Server::new(handler!(|mut request: Request| {
            seen.lock().unwrap().insert(format!("{:?}", request.peer()));
            let body = wait!(request.body_mut().text())?;
            let text = format!("{} {body} {:?}", request.method(), request.field("Cookie"));
            Ok::<_, purlin::Error>(match request.path() {
                "/old" => Response::new(Status::TEMPORARY_REDIRECT)
                    .with("Location", "/new")?
                    .with("Set-Cookie", "a=1; Secure")?,
                _ => Response::text(text).with("Set-Cookie", "b=2; Secure")?,
            })
        }))
        .tls(papers.server()),
    );
    let client = Client::with(settings(&papers).cookies());
    let post = || Ask::post(url(&site, "/old")).body("body");
    let first = (Version::Http2, "POST body Some(\"a=1\")".to_owned());
    assert_eq!(send(&client, post()).unwrap(), first);
    let second = (Version::Http2, "POST body Some(\"a=1; b=2\")".to_owned());
    let cookies =
        |(version, text): (Version, String)| (version, text.replace("b=2; a=1", "a=1; b=2"));
    assert_eq!(cookies(send(&client, post()).unwrap()), second);
    assert_eq!(peers.lock().unwrap().len(), 1);
}

#[test]
fn observers_and_traces_tell_of_each_exchange() {
    let papers = papers("observed");
    let (tells, told) = observer();
    let says = handler!(|_: Request| "hello");
    let site = Site::start(Server::new(says).observe(tells).tls(papers.server()));
    let client = Client::with(settings(&papers));
    for again in [false, true] {
        let mut response = block!(client.get(url(&site, "/"))).unwrap();
        assert_eq!(block!(response.text()).unwrap(), "hello");
        let trace = response.trace();
        assert_eq!((trace.reused, trace.setup.is_some()), (again, !again));
        assert!(trace.connected <= trace.sent && trace.sent <= trace.head, "{trace:?}");
        assert!(trace.sent.is_some() && trace.head.is_some() && trace.end.is_some(), "{trace:?}");
        assert!(!trace.key_exchange.is_empty());
    }
    client.close_idle();
    let all = told.until("Closed");
    let all: Vec<_> = all.iter().map(|(_, line)| &**line).collect();
    let hello = "GET / by -: 200 in 0 out 5";
    assert_eq!(all[0], "New");
    assert!(all[1].starts_with("TLS: TLS 1.3") || all[2].starts_with("TLS: TLS 1.3"), "{all:?}");
    assert_eq!(all.iter().filter(|line| **line == hello).count(), 2, "{all:?}");
}

#[test]
fn who_gives_up_or_has_no_more_time_ends_its_own_exchange() {
    let papers = papers("gives-up");
    let (begun, given_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (its, gone) = (begun.clone(), given_up.clone());
    let handler = streaming(handler!(|request: Request, mut writer: ResponseWriter| {
        /// Counts when it is dropped.
        struct Gone(Arc<AtomicUsize>);
        impl Drop for Gone {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        if request.path() == "/" {
            return wait!(writer.respond(Response::text(request.version().to_string())));
        }
        let _here = Gone(gone.clone());
        its.fetch_add(1, SeqCst);
        if request.path() == "/begins" {
            wait!(writer.write(b"one"))?;
            wait!(writer.flush())?;
        }
        wait!(cancelled(&writer));
        Ok::<_, purlin::Error>(())
    }));
    let site = Site::start(Server::new(handler).tls(papers.server()));
    let gate = Gate::before(&site, true);
    let client = Client::with(settings(&papers));
    let late = Ask::get(gate.url("/never")).timeout(Duration::from_millis(200));
    assert!(send(&client, late).unwrap_err().is_timeout());
    let late = Ask::get(gate.url("/never")).response_timeout(Duration::from_millis(200));
    assert!(send(&client, late).unwrap_err().is_timeout());
    let mut begins = block!(client.get(gate.url("/begins"))).unwrap();
    assert_eq!(block!(begins.body_mut().chunk()).unwrap().unwrap(), "one");
    let other = block!(client.get(gate.url("/begins"))).unwrap();
    drop(begins);
    assert_eq!(fetch(&client, &gate.url("/")).0, Version::Http2);
    until(|| given_up.load(SeqCst) == 3);
    assert_eq!(begun.load(SeqCst), 4);
    drop(other);
    until(|| given_up.load(SeqCst) == 4);
    assert_eq!(fetch(&client, &gate.url("/")).0, Version::Http2);
    assert_eq!(gate.came(), 1);
}
