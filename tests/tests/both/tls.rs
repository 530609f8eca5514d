//! TLS on either adapter: with a client of our own, with curl, OpenSSL and Go.

use crate::kit::peer::Peer;
use crate::kit::told::observer;
use crate::kit::until;
use crate::on::{ReadExt, Site, WriteExt, purlin};
use crate::secure::{Papers, Secure, run};
use purlin::tls::{ClientTls, ServerTls};
use purlin::{Error, Request, ResponseHead, ResponseWriter, Result, Server, Status, streaming};
use purlin_core::Eof;
use std::path::Path;
use std::time::Duration;

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const BIG: usize = 5 << 20;

/// What was settled, in words.
fn settled(request: &Request) -> String {
    let Some(tls) = request.tls() else { return "no TLS".into() };
    let alpn = tls.alpn.as_deref().map(String::from_utf8_lossy);
    let (name, shown) = (tls.server_name.as_deref(), tls.peer_certificates.len());
    format!(
        "{} name={} alpn={} shown={shown} resumed={}",
        tls.version,
        name.unwrap_or("-"),
        alpn.as_deref().unwrap_or("-"),
        tls.resumed
    )
}

macro_rules! handler_of_all {
    () => {
        streaming(handler!(|mut request: Request, mut writer: ResponseWriter| -> Result {
            match request.path() {
                "/length" => {
                    let body = wait!(request.body_mut().bytes())?;
                    wait!(writer.write_all(body.len().to_string().as_bytes()))
                }
                "/big" => {
                    writer.fields_mut().append("Content-Length", BIG.to_string())?;
                    for _ in 0..BIG / 65_536 {
                        wait!(writer.write(&[b'x'; 65_536]))?;
                    }
                    Ok(())
                }
                "/echo" => {
                    let head =
                        ResponseHead::new(Status::SWITCHING_PROTOCOLS).with("Upgrade", "echo")?;
                    let mut stream = writer.upgrade(head)?;
                    let mut room = vec![0; 100_000];
                    loop {
                        let count = wait!(stream.read(&mut room))?;
                        if count == 0 {
                            return Ok(());
                        }
                        wait!(stream.write_all(&room[..count]))?;
                    }
                }
                _ => {
                    let text = settled(&request);
                    wait!(writer.write_all(text.as_bytes()))
                }
            }
        }))
    };
}

fn start(tls: ServerTls) -> Site {
    Site::start(Server::new(handler_of_all!()).body_limit(1 << 30).tls(tls))
}

#[test]
fn requests_know_the_tls_they_came_in() {
    let papers = Papers::new("know");
    let site = start(papers.server());
    let mut peer = papers.connect(site.address);
    for _ in 0..3 {
        peer.send(GET);
        let expected = "TLS 1.3 name=localhost alpn=http/1.1 shown=0 resumed=false";
        assert_eq!(peer.response(), (200, expected.into()));
    }
    let plain = Site::start(Server::new(handler_of_all!()));
    let mut peer = plain.connect();
    peer.send(GET);
    assert_eq!(peer.response(), (200, "no TLS".into()));
}

#[test]
fn bodies_go_both_ways() {
    let papers = Papers::new("bodies");
    let site = start(papers.server());
    let mut peer = papers.connect(site.address);
    for size in [0, 1, 70_000, 3_000_000] {
        peer.send(format!("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n"));
        peer.send(vec![b'y'; size]);
        assert_eq!(peer.response(), (200, size.to_string()));
    }
    peer.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(peer.head().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(peer.exactly(BIG).iter().all(|byte| *byte == b'x'));
    peer.send(GET);
    assert_eq!(peer.response().0, 200);
}

#[test]
fn plain_http_on_the_tls_port_is_answered_in_plain_text() {
    let papers = Papers::new("plain");
    let (tells, told) = observer();
    let site = Site::start(Server::new(crate::on::hello).observe(tells).tls(papers.server()));
    let mut peer = Peer::new(site.address);
    peer.send(GET);
    let text = "Client sent an HTTP request to an HTTPS server.\n";
    assert_eq!(peer.response(), (400, text.into()));
    assert!(peer.rest().is_empty(), "and that is all");
    drop(peer);
    told.all_of(&["fault: PlainHttp", "TLS: the client sent plain HTTP", "Closed"]);
}

#[test]
fn what_a_handshake_settled_is_told_once() {
    let papers = Papers::new("settled");
    let (tells, told) = observer();
    let site = Site::start(Server::new(crate::on::hello).observe(tells).tls(papers.server()));
    let mut peer = papers.connect(site.address);
    for _ in 0..2 {
        peer.send(GET);
        assert_eq!(peer.response(), (200, "hello".into()));
    }
    drop(peer);
    let lines = told.until("Closed");
    let settled = lines.iter().filter(|(_, line)| line.starts_with("TLS: TLS 1.3 by X25519"));
    assert_eq!(settled.count(), 1, "{lines:?}");
}

#[test]
fn a_handshake_that_fails_is_told_with_its_reason() {
    let papers = Papers::new("fails");
    let (tells, told) = observer();
    let site = Site::start(Server::new(crate::on::hello).observe(tells).tls(papers.server()));
    let stranger = Papers::new("stranger");
    let peer = stranger.connect(site.address);
    assert!(peer.machine().error().is_some());
    told.all_of(&[
        "fault: TlsAlert",
        "TLS: the peer ended TLS with the alert unknown_ca: the issuer",
    ]);
    drop(peer);
    let mut garbage = Peer::new(site.address);
    garbage.send("SSH-2.0-garbage\r\n");
    assert_eq!(garbage.exactly(1), [21], "an alert");
    told.all_of(&["fault: TlsHandshake", "TLS: "]);
}

#[test]
fn a_handshake_has_its_time_and_no_more() {
    let papers = Papers::new("slow");
    let (tells, told) = observer();
    let hasty = papers.server().with_handshake_timeout(Duration::from_millis(100));
    let site = Site::start(Server::new(crate::on::hello).observe(tells).tls(hasty));
    let mut peer = Peer::new(site.address);
    // The beginning of a record of a handshake, and no more of it.
    peer.send("\x16\x03\x01");
    assert!(peer.rest().is_empty());
    drop(peer);
    told.all_of(&["fault: TlsTimeout", "TLS: the handshake did not end in time", "Closed"]);
}

#[test]
fn a_stop_says_goodbye() {
    let papers = Papers::new("stop");
    let site = start(papers.server());
    let mut idle = papers.connect(site.address);
    idle.send(GET);
    assert_eq!(idle.response().0, 200);
    let stopping = site.stopping();
    assert_eq!(idle.rest(), (Vec::new(), Some(Eof::Clean)), "close_notify");
    drop(idle);
    assert_eq!(stopping.cut(), 0);
}

#[test]
fn an_answer_that_is_the_last_says_goodbye() {
    let papers = Papers::new("last");
    let site = start(papers.server());
    let mut peer = papers.connect(site.address);
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(peer.head().contains("Connection: close\r\n"));
    assert_eq!(peer.rest().1, Some(Eof::Clean));
}

#[test]
fn raw_bytes_go_through_after_an_upgrade() {
    let papers = Papers::new("raw");
    let site = start(papers.server());
    let mut peer = papers.connect(site.address);
    let head = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly";
    peer.send(head);
    assert!(peer.head().starts_with("HTTP/1.1 101 "));
    assert_eq!(peer.exactly(5), b"early");
    for size in [1, 1000, 90_000, 400_000] {
        let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        peer.send(bytes.clone());
        assert!(peer.exactly(size) == bytes, "{size}");
    }
    peer.finish();
    assert_eq!(peer.rest(), (Vec::new(), Some(Eof::Clean)));
}

#[test]
fn certificates_go_by_name_and_are_replaced_while_it_serves() {
    let papers = Papers::new("names");
    let other = papers.identity(&["*.example.com"]);
    let tls = papers.builder().identity(other).build().unwrap();
    let site = start(tls.clone());
    let shown = |name: &str| {
        let peer = Secure::new(site.address, &papers.client().danger_accept_invalid(), name);
        peer.machine().info().unwrap().peer_certificates[0].clone()
    };
    let (first, second) = (shown("localhost"), shown("www.example.com"));
    assert!(first != second && shown("else.where") == first);
    let mut open = papers.connect(site.address);
    tls.replace(&papers.server());
    assert!(shown("localhost") != first && shown("www.example.com") == shown("localhost"));
    open.send(GET);
    assert_eq!(open.response().0, 200, "what is open stays");
}

#[test]
fn clients_certificates_reach_the_handler() {
    let papers = Papers::new("clients");
    let site =
        start(papers.builder().client_certificates_required(papers.roots()).build().unwrap());
    let with: ClientTls = papers.client().identity(papers.identity(&["client"]));
    let mut peer = Secure::new(site.address, &with, "localhost");
    peer.send(GET);
    assert!(peer.response().1.contains("shown=1"));
    let mut without = papers.connect(site.address);
    // By TLS 1.3 the client learns of it after its own handshake.
    assert_eq!(without.rest().1, Some(Eof::Reset));
    assert!(without.machine().error().unwrap().to_string().contains("certificate_required"));
}

#[test]
fn files_that_are_not_there_are_named() {
    let papers = Papers::new("files");
    let [chain, key] = papers.files("server", &["localhost"]);
    let failed = |chain: &Path, key: &Path| {
        let server = Server::new(crate::on::hello);
        block!(server.listen_tls("127.0.0.1:0", chain, key)).unwrap_err().to_string()
    };
    let missing = papers.folder().join("missing.pem");
    assert!(failed(&missing, &key).contains("missing.pem"));
    assert!(failed(&chain, &missing).contains("missing.pem"));
    let error = failed(&chain, &chain);
    assert_eq!(error, "TLS cannot be set up: there is no private key in the key's PEM");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = Server::new(crate::on::hello).listen_tls(taken.local_addr().unwrap(), chain, key);
    assert!(matches!(block!(error), Err(Error::Listen { .. })));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn curl_asks() {
    let papers = Papers::new("curl");
    let site =
        start(papers.builder().client_certificates_optional(papers.roots()).build().unwrap());
    let (ca, cert, key) =
        (papers.path("ca.pem"), papers.path("client.pem"), papers.path("client.key"));
    let url = |path: &str| format!("https://localhost:{}{path}", site.address.port());
    let curl = |args: &[&str]| {
        let common = ["--silent", "--show-error", "--verbose", "--max-time", "60", "--cacert", &ca];
        let output = run("curl", &[&common, args].concat(), "")?;
        assert!(output.status.success(), "{}", text(&output.stderr));
        Some((text(&output.stdout), text(&output.stderr)))
    };
    let Some((body, talk)) = curl(&[&url("/"), &url("/")]) else { return };
    // A curl without HTTP/2 does not offer it.
    let asked = |alpn| format!("TLS 1.3 name=localhost alpn={alpn} shown=0");
    let answers = |alpn| body.matches(&asked(alpn)).count();
    assert_eq!(answers("h2") + answers("http/1.1"), 2, "{body}");
    assert!(talk.to_lowercase().contains("re-using existing"), "{talk}");
    assert!(talk.contains("SSL certificate verify ok"), "{talk}");
    let (body, _) = curl(&["--tls-max", "1.2", "--cert", &cert, "--key", &key, &url("/")]).unwrap();
    assert!(body.starts_with("TLS 1.2 name=localhost alpn=h"), "{body}");
    assert!(!body.contains("shown=0"), "{body}");
    let (body, _) = curl(&[&url("/big")]).unwrap();
    assert_eq!(body.len(), BIG);
    let upload = format!("@{}", std::env::current_exe().unwrap().display());
    let size = std::fs::metadata(std::env::current_exe().unwrap()).unwrap().len();
    let (body, _) = curl(&["--data-binary", &upload, &url("/length")]).unwrap();
    assert_eq!(body, size.to_string());
    let (body, _) =
        curl(&["--resolve", "localhost:1:127.0.0.1", &url("/").replace("https", "http")]).unwrap();
    assert_eq!(body, "Client sent an HTTP request to an HTTPS server.\n");
}

#[test]
fn openssl_asks() {
    let papers = Papers::new("openssl");
    let site =
        start(papers.builder().client_certificates_optional(papers.roots()).build().unwrap());
    let (address, ca) = (site.address.to_string(), papers.path("ca.pem"));
    let (cert, key) = (papers.path("client.pem"), papers.path("client.key"));
    let session = papers.path("session.pem");
    let last = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let s_client = |args: &[&str]| {
        let common = [
            "s_client",
            "-connect",
            &address,
            "-servername",
            "localhost",
            "-CAfile",
            &ca,
            "-verify_return_error",
            "-ign_eof",
            "-alpn",
            "http/1.1",
        ];
        let output = run("openssl", &[&common, args].concat(), last)?;
        assert!(output.status.success(), "{}", text(&output.stderr));
        Some(text(&output.stdout))
    };
    for (version, name) in [("-tls1_3", "TLS 1.3"), ("-tls1_2", "TLS 1.2")] {
        let Some(said) = s_client(&[version, "-sess_out", &session]) else { return };
        let expected = format!("{name} name=localhost alpn=http/1.1 shown=0 resumed=false");
        assert!(said.contains("Verification: OK") && said.contains(&expected), "{said}");
        let said = s_client(&[version, "-sess_in", &session]).unwrap();
        assert!(said.contains("resumed=true"), "{said}");
        let said = s_client(&[version, "-cert", &cert, "-key", &key]).unwrap();
        assert!(!said.contains("shown=0"), "{said}");
    }
}

#[test]
fn go_asks() {
    let papers = Papers::new("go");
    let site =
        start(papers.builder().client_certificates_required(papers.roots()).build().unwrap());
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/both/tls_client.go");
    let url = format!("https://localhost:{}", site.address.port());
    let files = ["ca.pem", "client.pem", "client.key"].map(|name| papers.path(name));
    let [ca, cert, key] = &files;
    let Some(output) = run("go", &["run", program, &url, ca, cert, key], "") else { return };
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let lines: Vec<_> = said.lines().collect();
    // Where clients must show a certificate it is looked at each time.
    let shown = "TLS 1.3 name=localhost alpn=- shown=1 resumed=false";
    assert_eq!(lines, [shown, shown, "3000000", &BIG.to_string(), "goodbye"], "{errors}");
}

#[test]
fn many_connections_come_and_go() {
    let papers = Papers::new("many");
    let (tells, told) = observer();
    let site = Site::start(Server::new(crate::on::hello).observe(tells).tls(papers.server()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for turn in 0..10 {
                    let mut peer = papers.connect(site.address);
                    for _ in 0..turn {
                        peer.send(GET);
                        assert_eq!(peer.response(), (200, "hello".into()));
                    }
                }
            });
        }
    });
    let mut closed = 0;
    until(|| {
        closed += usize::from(told.next().1 == "Closed");
        closed == 80
    });
    assert_eq!(site.shutdown(), 0);
}
