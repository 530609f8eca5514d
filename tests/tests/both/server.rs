//! The knobs and hooks of a server, and what it listens on, on either adapter.

use crate::kit::child::{self, Again};
use crate::kit::peer::Peer;
use crate::kit::site::Stopping;
use crate::kit::told::observer;
use crate::kit::{GET, LONG};
use crate::on::{Site, hello, pass, purlin};
use purlin::{
    Address, Error, FaultAnswer, Listener, Request, ResponseHead, Server, ServerConfig, Values,
    in_memory, inherited,
};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};

/// Where the connection of a request came from, and where it arrived.
macro_rules! ends {
    () => {
        handler!(|request: Request| {
            request
                .peer()
                .map_or("nowhere".into(), |peer| format!("{} {}", peer.remote, peer.local))
        })
    };
}

fn get(peer: &mut Peer) -> String {
    peer.send(GET);
    let (status, body) = peer.response();
    assert_eq!(status, 200);
    body
}

/// A path in the folder for temporary files that nobody else uses.
fn socket_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("purlin-{}-{name}.sock", std::process::id()))
}

#[test]
fn requests_know_both_ends_of_their_connection() {
    let site = Site::start(Server::new(ends!()));
    let client = std::net::TcpStream::connect(site.address).unwrap();
    let expected = format!("{} {}", client.local_addr().unwrap(), site.address);
    assert_eq!(get(&mut Peer::over(client)), expected);
}

#[test]
fn values_of_the_server_and_of_the_connection_reach_every_request() {
    struct Motto(&'static str);
    struct Visits(AtomicUsize);
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let server = Server::new(handler!(|request: Request| {
        let visits = request.value::<Visits>().unwrap().0.fetch_add(1, SeqCst);
        let number = request.peer().unwrap().number;
        format!("{} {number} {visits}", request.value::<Motto>().unwrap().0)
    }));
    let server = server.value(Motto("old")).value(Motto("less is more"));
    let site = Site::start(server.connection_values(move |peer, values| {
        assert_eq!(values.get::<purlin::Peer>(), Some(peer));
        count.fetch_add(1, SeqCst);
        values.with(Visits(AtomicUsize::new(0)))
    }));
    let (mut first, mut second) = (site.connect(), site.connect());
    assert_eq!(get(&mut first), "less is more 1 0");
    assert_eq!(get(&mut first), "less is more 1 1");
    assert_eq!(get(&mut second), "less is more 2 0");
    assert_eq!(made.load(SeqCst), 2, "once a connection");
}

#[test]
fn the_peer_is_found_whatever_the_values_of_the_connection_are() {
    let site =
        Site::start(Server::new(ends!()).connection_values(|_, _| Values::default().with(1)));
    assert!(get(&mut site.connect()).starts_with("127.0.0.1:"));
}

#[test]
fn what_runs_at_the_end_is_told_of_a_graceful_stop_and_not_waited_for() {
    let (tell, told) = mpsc::channel();
    let (hold, held) = mpsc::channel::<()>();
    let other = tell.clone();
    let server = Server::new(hello).on_shutdown(move || {
        tell.send("first").unwrap();
        // Until the test ends.
        let _ = held.recv();
    });
    let site = Site::start(server.on_shutdown(move || other.send("second").unwrap()));
    assert_eq!(get(&mut site.connect()), "hello");
    assert!(told.try_recv().is_err(), "not before the end");
    assert_eq!(site.shutdown(), 0);
    let mut all = [told.recv_timeout(LONG).unwrap(), told.recv_timeout(LONG).unwrap()];
    all.sort_unstable();
    assert_eq!(all, ["first", "second"]);
    drop(hold);
}

#[test]
fn what_runs_at_the_end_can_end_what_a_graceful_stop_waits_for() {
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let (began, begun) = mpsc::channel();
    let server = Server::new(handler!(|_: Request| {
        began.send(()).unwrap();
        // It closes when the server stops.
        wait!(pass(&stopped));
        "was told"
    }));
    let site = Site::start(server.on_shutdown(move || drop(stop)));
    let mut peer = site.connect();
    peer.send(GET);
    begun.recv_timeout(LONG).unwrap();
    let stopping = site.stop();
    assert_eq!(peer.response(), (200, "was told".into()));
    // It lingers until the client has closed, too.
    drop(peer);
    assert_eq!(stopping.cut(), 0);
}

#[test]
fn what_runs_at_the_end_runs_at_an_immediate_one() {
    let (tell, told) = mpsc::channel();
    let site = Site::start(Server::new(hello).on_shutdown(move || tell.send(()).unwrap()));
    assert_eq!(get(&mut site.connect()), "hello");
    drop(site);
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn a_server_that_never_served_runs_nothing_at_its_end() {
    let (tell, told) = mpsc::channel::<()>();
    let server = Server::new(hello).on_shutdown(move || tell.send(()).unwrap());
    drop(block!(server.bind("127.0.0.1:0")).unwrap());
    assert!(told.recv_timeout(LONG).is_err_and(|error| error == RecvTimeoutError::Disconnected));
}

#[test]
fn a_question_about_the_server_is_answered_unless_the_handler_shall_have_it() {
    let options = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
    let site = Site::start(Server::new(hello));
    let mut peer = site.connect();
    peer.send(options);
    assert_eq!(peer.response(), (200, String::new()));
    let site = Site::start(Server::new(hello).general_options(false));
    let mut peer = site.connect();
    peer.send(options);
    assert_eq!(peer.response(), (200, "hello".into()));
}

#[test]
fn faults_are_answered_as_the_application_likes() {
    let site = Site::start(Server::new(hello).answer_faults(FaultAnswer::new(|error| {
        let head = ResponseHead::new(error.answer?).with("X-Rule", error.rule()).ok()?;
        Some((head, format!("no: {}", error.kind).into()))
    })));
    let mut peer = site.connect();
    peer.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 400 ") && head.contains("X-Rule: RFC 9112"), "{head}");
    assert!(peer.rest().starts_with(b"no: "));
}

#[test]
fn a_connection_serves_one_request_where_that_is_told() {
    let site = Site::start(Server::new(hello).keep_alive(false));
    let mut peer = site.connect();
    peer.send(GET);
    let head = peer.head();
    assert!(head.contains("Connection: close\r\n"), "{head}");
    assert_eq!(peer.rest(), b"hello");
}

#[test]
fn tcp_unix_and_memory_are_served_at_once() {
    let path = socket_path("all");
    let (listener, dialer) = in_memory().unwrap();
    let bound = block!(Server::new(ends!()).bind("127.0.0.1:0")).unwrap();
    let bound = bound.and(Listener::bind_unix(&path).unwrap()).and(listener);
    let addresses: Vec<Address> = bound.addresses().cloned().collect();
    let (tcp, unix) = (bound.local_addr(), Address::Unix(Some(path.clone())));
    assert_eq!(addresses, [Address::Tcp(tcp), unix, Address::Memory]);
    let site = Site::of(bound);
    for _ in 0..3 {
        assert!(get(&mut site.connect()).ends_with(&tcp.to_string()));
        let unix = UnixStream::connect(&path).unwrap();
        assert_eq!(get(&mut Peer::over(unix)), format!("unix: unix:{}", path.display()));
        assert_eq!(get(&mut Peer::over(dialer.connect().unwrap())), "memory memory");
    }
    assert_eq!(site.shutdown(), 0);
    assert!(!path.exists(), "removed with its listener");
    assert!(dialer.connect().is_err());
}

#[test]
fn a_server_on_a_unix_socket_alone_has_no_port() {
    let path = socket_path("alone");
    let bound = block!(Server::new(hello).bind_unix(&path)).unwrap();
    assert_eq!(bound.local_addr().to_string(), "0.0.0.0:0");
    let site = Site::of(bound);
    assert_eq!(get(&mut Peer::over(UnixStream::connect(&path).unwrap())), "hello");
    drop(site);
}

#[test]
fn listening_on_a_unix_socket_that_somebody_serves_is_an_error() {
    let path = socket_path("taken");
    let _site = Site::of(block!(Server::new(hello).bind_unix(&path)).unwrap());
    let second = block!(Server::new(hello).listen_unix(&path));
    assert!(matches!(second, Err(Error::Listen { .. })));
}

#[test]
fn serving_nothing_is_an_error() {
    let served = block!(Server::new(hello).with_listeners(Vec::new()).serve());
    assert!(matches!(served, Err(Error::Listen { address: None, .. })), "{served:?}");
}

#[test]
fn inherited_sockets_are_served_beside_others() {
    if child::is_child() {
        let server = Server::new(ends!()).with_listeners(inherited().unwrap());
        let bound = server.and(Listener::bind("127.0.0.1:0").unwrap());
        bound.addresses().for_each(|address| println!("address {address}"));
        return block!(bound.serve()).unwrap();
    }
    let path = socket_path("inherited");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, unix) = (tcp.local_addr().unwrap(), UnixListener::bind(&path).unwrap());
    let mut child = Again::start(
        "both::inherited_sockets_are_served_beside_others",
        "exec 3<&0 4<&2 2>/dev/null; export LISTEN_PID=$$ LISTEN_FDS=2;",
        OwnedFd::from(tcp),
        OwnedFd::from(unix),
    );
    assert_eq!(child.address(), address);
    assert_eq!(child.said("address unix:"), path.display().to_string());
    let own = child.address();
    for address in [address, own] {
        assert!(get(&mut Peer::new(address)).ends_with(&address.to_string()));
    }
    let unix = UnixStream::connect(&path).unwrap();
    assert_eq!(get(&mut Peer::over(unix)), format!("unix: unix:{}", path.display()));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn accepting_that_fails_for_good_ends_the_server_with_its_reason() {
    // What does not listen cannot accept.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&address.into()).unwrap();
    let listener = Listener::try_from(TcpListener::from(socket)).unwrap();
    let served = block!(Server::new(hello).with_listeners(vec![listener]).serve());
    assert!(matches!(served, Err(Error::Accept(_))), "{served:?}");
}

#[test]
fn a_stop_before_serving_begins_is_kept_to_and_answers_what_came_before_it() {
    let bound = block!(Server::new(hello).bind("127.0.0.1:0")).unwrap();
    let mut peers: Vec<_> = (0..10).map(|_| Peer::new(bound.local_addr())).collect();
    peers.iter_mut().for_each(|peer| peer.send(GET));
    let stopping = Stopping::of(bound.handle(), LONG);
    let site = Site::of(bound);
    for mut peer in peers {
        assert_eq!(peer.response(), (200, "hello".into()));
        assert!(peer.rest().is_empty());
    }
    assert_eq!(stopping.cut(), 0);
    site.served().unwrap().unwrap();
}

#[test]
fn limits_that_are_set_after_an_observer_leave_it_be() {
    let (tells, told) = observer();
    let server = Server::new(hello).observe(tells).config(ServerConfig::default());
    let site = Site::start(server);
    assert_eq!(get(&mut site.connect()), "hello");
    told.until("GET / by -: 200 in 0 out 5");
}
