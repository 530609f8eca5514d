//! Where a client that speaks HTTP/2 needs HTTP/1.1, or a connection of its own: upgrades, what a
//! server refuses, connections outside any pool.

use super::*;

/// Switches to an echo where that is asked for, and says what is spoken elsewhere.
macro_rules! switching {
    () => {
        crate::on::duplex(streaming(handler!(|request: Request,
                                              writer: ResponseWriter|
         -> Result {
            if request.field("Upgrade").is_none() {
                return wait!(writer.respond(Response::text(request.version().to_string())));
            }
            let head = ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
            let mut stream = writer.upgrade(head)?;
            let mut room = [0; 5];
            wait!(stream.read_exact(&mut room))?;
            wait!(stream.write_all(&room))?;
            wait!(stream.flush())?;
            Ok(())
        })))
    };
}

fn upgrade_of(url: String) -> Ask {
    Ask::get(url).header("Connection", "upgrade").header("Upgrade", "echo")
}

macro_rules! is_echo {
    ($response:expr) => {{
        let response = $response;
        assert_eq!((response.status(), response.version()), SWITCHED);
        let mut stream = response.upgrade().unwrap();
        block!(stream.write_all(b"hello")).unwrap();
        block!(stream.flush()).unwrap();
        let mut room = [0; 5];
        block!(stream.read_exact(&mut room)).unwrap();
        assert_eq!(&room, b"hello");
    }};
}

const SWITCHED: (Status, Version) = (Status::SWITCHING_PROTOCOLS, Version::Http11);

#[test]
fn a_request_for_an_upgrade_has_a_connection_of_http_1_beside_the_shared_one() {
    let papers = papers("upgrade");
    let site = Site::start(Server::new(switching!()).tls(papers.server()));
    let gate = Gate::before(&site, true);
    for most in [None, Some(1)] {
        let before = gate.came();
        let mut settings = settings(&papers);
        if let Some(most) = most {
            settings = settings.max_per_host(most);
        }
        let client = Client::with(settings);
        for _ in 0..2 {
            assert_eq!(fetch(&client, &gate.url("/")).0, Version::Http2);
            is_echo!(block!(client.send(upgrade_of(gate.url("/")))).unwrap());
            assert_eq!(fetch(&client, &gate.url("/")).0, Version::Http2);
        }
        // Where there may be one alone, each goes in place of the other.
        assert_eq!(gate.came() - before, if most.is_none() { 3 } else { 5 });
    }
    let alone = Client::with(settings(&papers).protocols(Protocols::Http2));
    let error = block!(alone.send(upgrade_of(gate.url("/")))).unwrap_err();
    assert!(matches!(error.cause(), Cause::Misuse(Misuse::NotUpgradable)), "{error}");
}

#[test]
fn one_connection_outside_any_pool_speaks_what_was_agreed_on() {
    let papers = papers("single");
    let site = Site::start(Server::new(switching!()).tls(papers.server()));
    let url = url(&site, "/");
    let mut one = block!(Connection::connect(&url, settings(&papers))).unwrap();
    for _ in 0..3 {
        let mut response = block!(one.send(Ask::get(url.clone()))).unwrap();
        assert_eq!(block!(response.text()).unwrap(), "HTTP/2.0");
        drop(response);
        assert!(one.is_free());
    }
    let error = block!(one.send(upgrade_of(url.clone()))).unwrap_err();
    assert!(matches!(error.cause(), Cause::Misuse(Misuse::NotUpgradable)), "{error}");
    let older = settings(&papers).protocols(Protocols::Http1);
    let mut one = block!(Connection::connect(&url, older)).unwrap();
    is_echo!(block!(one.send(upgrade_of(url.clone()))).unwrap());
}

#[test]
fn a_connection_that_is_not_used_again_carries_one_request() {
    let papers = papers("once");
    let says = handler!(|request: Request| request.version().to_string());
    let site = Site::start(Server::new(says).tls(papers.server()));
    let gate = Gate::before(&site, true);
    let client = Client::with(settings(&papers).reuse(false));
    for one in crowd(&client, &gate.url("/"), 8) {
        assert_eq!(one.join().unwrap().0, Version::Http2);
    }
    assert_eq!((gate.came(), client.idle()), (8, 0));
}

/// What a scripted server does with requests over HTTP/2.
#[derive(Clone, Copy, Debug)]
enum Refuses {
    /// The first stream of a connection is reset with this code.
    First(u8),
    /// Every stream is reset with this code.
    Stream(u8),
    /// The connection goes away with this code, and has looked at nothing.
    Connection(u8),
}

/// REFUSED_STREAM and HTTP_1_1_REQUIRED (RFC 9113 §7).
const REFUSED: u8 = 7;
const OLDER: u8 = 13;

/// A server inside TLS that refuses requests over HTTP/2 and answers those over HTTP/1.1; what
/// it was asked, by the connection and the stream.
fn refusing(tls: ServerTls, refuses: Refuses) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let all = heard.clone();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(std::io::Result::ok).enumerate() {
            let machine = Tls::server(&tls, Raw::new(1 << 20), Now::default());
            let all = all.clone();
            thread::spawn(move || refuse(stream, machine, refuses, number, &all));
        }
    });
    (address, heard)
}

fn refuse(
    mut stream: TcpStream,
    mut machine: Tls<Raw>,
    refuses: Refuses,
    number: usize,
    all: &Mutex<Vec<String>>,
) {
    let (now, mut came, mut begun) = (Now::default(), Vec::new(), false);
    loop {
        let mut out = Vec::new();
        machine.transmit(&mut out, usize::MAX, now);
        if std::io::Write::write_all(&mut stream, &out).is_err() {
            return;
        }
        let mut room = [0; 4096];
        let Ok(count @ 1..) = std::io::Read::read(&mut stream, &mut room) else { return };
        assert_eq!(machine.receive(&room[..count], now), count);
        while let Recv::Data(data) = machine.recv(1, now) {
            came.extend_from_slice(&data);
        }
        let mut say = |bytes: &[u8]| {
            machine.send(1, &mut Bytes::copy_from_slice(bytes), now).unwrap();
        };
        if came.starts_with(b"GET ") && came.ends_with(b"\r\n\r\n") {
            came.clear();
            all.lock().unwrap().push(format!("{number} HTTP/1.1"));
            say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        } else if !begun && came.starts_with(b"PRI ") && came.len() >= 24 {
            begun = true;
            came.drain(..24);
            say(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
        }
        while begun && came.len() >= 9 && came.len() >= 9 + usize::from(came[2]) {
            let frame: Vec<u8> = came.drain(..9 + usize::from(came[2])).collect();
            let id = frame[8];
            match (frame[3], frame[4]) {
                (4, 0) => say(&[0, 0, 0, 4, 1, 0, 0, 0, 0]),
                (1, _) => {
                    all.lock().unwrap().push(format!("{number} {id}"));
                    say(&match refuses {
                        Refuses::First(_) if id > 1 => vec![0, 0, 1, 1, 5, 0, 0, 0, id, 0x88],
                        Refuses::First(code) | Refuses::Stream(code) => {
                            vec![0, 0, 4, 3, 0, 0, 0, 0, id, 0, 0, 0, code]
                        }
                        Refuses::Connection(code) => {
                            [&[0, 0, 8, 7][..], &[0; 12], &[code]].concat()
                        }
                    });
                }
                _ => {}
            }
        }
    }
}

#[test]
fn what_a_server_refuses_is_sent_again_and_over_http_1_if_it_asks_for_that() {
    let papers = papers("refuses");
    let tls = || papers.builder().alpn(&[b"h2", b"http/1.1"]).build().unwrap();
    for (refuses, version, expected) in [
        (Refuses::First(REFUSED), Version::Http2, &["0 1", "0 3", "0 5"][..]),
        (Refuses::Stream(OLDER), Version::Http11, &["0 1", "1 HTTP/1.1", "1 HTTP/1.1"]),
        (Refuses::Connection(OLDER), Version::Http11, &["0 1", "1 HTTP/1.1", "1 HTTP/1.1"]),
    ] {
        let (address, heard) = refusing(tls(), refuses);
        let client = Client::with(settings(&papers));
        for _ in 0..2 {
            let url = format!("https://localhost:{}/", address.port());
            let sent = block!(client.get(url));
            let response = sent.unwrap_or_else(|error| panic!("{refuses:?}: {error} {heard:?}"));
            assert_eq!((response.status().code(), response.version()), (200, version));
        }
        assert_eq!(*heard.lock().unwrap(), expected, "{refuses:?}");
    }
    // One that always refuses is asked no more than so often.
    let (address, heard) = refusing(tls(), Refuses::Stream(REFUSED));
    let client = Client::with(settings(&papers));
    let error = block!(client.get(format!("https://localhost:{}/", address.port()))).unwrap_err();
    assert!(matches!(error.cause(), Cause::Peer(_)), "{error}");
    assert_eq!(heard.lock().unwrap().len(), 3);
}
