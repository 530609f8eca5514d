//! Clients that speak TLS, and that go through proxies, on either adapter.

use crate::kit::stage::Stage;
use crate::on::{Site, purlin};
use crate::secure::Papers;
use purlin::client::{Cause, Client, Error, Request as Ask, Settings};
use purlin::tls::{ClientTls, ServerTls};
use purlin::{Request, Server, Status};
use purlin_core::Phase;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::thread;

const BIG: usize = 8 << 20;

fn start(tls: ServerTls) -> Site {
    let handler = handler!(|mut request: Request| {
        let shown = request.tls().map_or(0, |tls| tls.peer_certificates.len());
        let length = wait!(request.body_mut().bytes())?.len();
        let text = format!("{} {shown} {length}", request.path());
        Ok::<_, purlin::Error>(if request.path() == "/big" { "x".repeat(BIG) } else { text })
    });
    Site::start(Server::new(handler).body_limit(1 << 30).tls(tls))
}

fn trusting(tls: ClientTls) -> Client {
    Client::with(Settings::new().no_proxy().tls(tls))
}

fn fetch(client: &Client, url: &str) -> Result<String, Error> {
    let mut response = block!(client.get(url))?;
    block!(response.text())
}

fn url_of(site: &Site, host: &str, path: &str) -> String {
    format!("https://{host}:{}{path}", site.address.port())
}

#[test]
fn https_is_spoken_kept_and_resumed() {
    let papers = Papers::new(&format!("client-{}", crate::on::NAME));
    let site = start(papers.server());
    let client = trusting(papers.client());
    let url = url_of(&site, "localhost", "/x");
    let mut response = block!(client.get(&url)).unwrap();
    let tls = response.tls().unwrap().clone();
    assert_eq!((tls.version, tls.resumed), ("TLS 1.3", false));
    assert!(response.trace().setup.is_some() && !response.trace().reused);
    assert_eq!(response.trace().key_exchange, tls.key_exchange);
    assert!(!tls.key_exchange.is_empty() && !tls.hello_retried);
    assert_eq!(block!(response.text()).unwrap(), "/x 0 0");
    let again = block!(client.get(&url)).unwrap();
    assert!(again.trace().reused);
    assert_eq!(again.trace().key_exchange, tls.key_exchange);
    drop(again);
    client.close_idle();
    let resumed = block!(client.get(&url)).unwrap();
    assert!(resumed.tls().unwrap().resumed);
    drop(resumed);
    assert_eq!(fetch(&client, &url_of(&site, "127.0.0.1", "/ip")).unwrap(), "/ip 0 0");
    assert_eq!(fetch(&client, &url_of(&site, "localhost", "/big")).unwrap().len(), BIG);
    let upload = Ask::post(url_of(&site, "localhost", "/up")).body(vec![1; BIG]);
    let mut response = block!(client.send(upload)).unwrap();
    assert_eq!(block!(response.text()).unwrap(), format!("/up 0 {BIG}"));
}

#[test]
fn a_server_that_is_not_who_it_should_be_is_not_talked_to() {
    let papers = Papers::new(&format!("wrong-{}", crate::on::NAME));
    let site = start(papers.server());
    let url = url_of(&site, "localhost", "/");
    let unknown = Client::with(Settings::new().no_proxy());
    let error = fetch(&unknown, &url).unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Tls), "{error}");
    assert!(matches!(error.cause(), Cause::Layer(_)) && error.is_connect(), "{error}");
    assert!(error.to_string().to_lowercase().contains("issuer"), "{error}");

    let resolver = purlin::client::Resolver::new(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
    let settings = Settings::new().no_proxy().tls(papers.client()).resolver(resolver);
    let error = fetch(&Client::with(settings), &url_of(&site, "other.test", "/")).unwrap_err();
    assert!(error.to_string().contains("other.test"), "{error}");

    let careless = trusting(papers.client().danger_accept_invalid());
    assert_eq!(fetch(&careless, &url).unwrap(), "/ 0 0");

    // Plain HTTP where TLS is expected, and the other way round.
    let plain = Stage::new(|scene| {
        scene.take(1);
        scene.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let url = format!("https://{}/", plain.address);
    let error = fetch(&trusting(papers.client()), &url).unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Tls), "{error}");
    let response = block!(unknown.get(format!("http://{}/", site.address))).unwrap();
    assert_eq!(response.status(), Status::BAD_REQUEST);
}

#[test]
fn a_client_shows_its_certificate_where_one_is_wanted() {
    let papers = Papers::new(&format!("shown-{}", crate::on::NAME));
    let server = papers.builder().client_certificates_required(papers.roots()).build().unwrap();
    let site = start(server);
    let url = url_of(&site, "localhost", "/");
    let shows = papers.client().identity(papers.identity(&["client"]));
    assert_eq!(fetch(&trusting(shows), &url).unwrap(), "/ 1 0");
    let error = fetch(&trusting(papers.client()), &url).unwrap_err();
    assert!(error.to_string().to_lowercase().contains("certificate"), "{error}");
}

/// Copies both ways until both have ended.
fn splice(one: &TcpStream, other: &TcpStream) {
    fn copy(mut from: &TcpStream, mut to: &TcpStream) {
        // One that fails has ended.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    }
    thread::scope(|scope| {
        scope.spawn(|| copy(one, other));
        copy(other, one);
    });
}

/// A SOCKS5 proxy that wants a user and a password (RFC 1928, RFC 1929).
fn socks() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut read = |count| {
                    let mut room = vec![0; count];
                    stream.read_exact(&mut room).map(|()| room)
                };
                let methods = read(2)?[1];
                read(usize::from(methods))?;
                std::io::Write::write_all(&mut stream, &[5, 2])?;
                let mut read = |count: u8| {
                    let mut room = vec![0; usize::from(count)];
                    stream.read_exact(&mut room).map(|()| room)
                };
                let user = read(2)?[1];
                let user = read(user)?;
                let password = read(1)?[0];
                let password = read(password)?;
                let right = user == b"me" && password == b"secret";
                std::io::Write::write_all(&mut stream, &[1, u8::from(!right)])?;
                let mut read = |count: u8| {
                    let mut room = vec![0; usize::from(count)];
                    stream.read_exact(&mut room).map(|()| room)
                };
                let kind = read(4)?[3];
                let host = match kind {
                    3 => {
                        let length = read(1)?[0];
                        String::from_utf8(read(length)?).unwrap()
                    }
                    _ => read(4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
                };
                let port = read(2)?;
                let port = u16::from_be_bytes([port[0], port[1]]);
                let far = TcpStream::connect((&*host, port))?;
                std::io::Write::write_all(&mut stream, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
                splice(&stream, &far);
                Ok::<_, std::io::Error>(())
            });
        }
    });
    address.to_string()
}

/// A proxy that makes tunnels by CONNECT, for who knows the password.
fn tunnels() -> Stage {
    Stage::new(|scene| {
        let head = scene.hear().unwrap();
        let far = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
        if !head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n") {
            scene.say("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        let far = TcpStream::connect(far.unwrap()).unwrap();
        scene.say("HTTP/1.1 200 Connected\r\n\r\n");
        splice(&scene.stream, &far);
    })
}

#[test]
fn tunnels_lead_through_proxies() {
    let papers = Papers::new(&format!("proxied-{}", crate::on::NAME));
    let site = start(papers.server());
    let (connect, socks) = (tunnels(), socks());
    let through = |proxy: String| {
        let settings = Settings::new().tls(papers.client()).proxy(&proxy).unwrap();
        Client::with(settings)
    };
    for proxy in
        [format!("http://me:secret@{}", connect.address), format!("socks5://me:secret@{socks}")]
    {
        let client = through(proxy);
        for _ in 0..2 {
            let url = url_of(&site, "localhost", "/far");
            assert_eq!(fetch(&client, &url).unwrap(), "/far 0 0");
        }
        assert_eq!(client.idle(), 1);
    }
    assert_eq!(connect.heard().len(), 1, "a tunnel is kept");
    let plain = Stage::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let client = through(format!("socks5h://me:secret@{socks}"));
    assert_eq!(fetch(&client, &plain.url("/")).unwrap(), "ok");
    for proxy in
        [format!("http://me:wrong@{}", connect.address), format!("socks5://me:wrong@{socks}")]
    {
        let error = fetch(&through(proxy), &url_of(&site, "localhost", "/")).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("407") || told.contains("user and password"), "{told}");
        assert!(!told.contains("wrong") && error.is_connect(), "{told}");
    }
}

#[test]
fn a_proxy_from_a_package_is_gone_through() {
    let name = format!("tinyproxy-{}", crate::on::NAME);
    let papers = Papers::new(&name);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = papers.folder().join("tinyproxy.conf");
    let text =
        format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Error\n");
    std::fs::write(&config, text).unwrap();
    let mut command = std::process::Command::new("tinyproxy");
    let Ok(mut proxy) = command.args(["-d", "-c"]).arg(&config).spawn() else {
        eprintln!("SKIPPED: tinyproxy is not installed");
        return;
    };
    crate::kit::until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let site = start(papers.server());
    let plain = Stage::saying("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let settings = Settings::new().tls(papers.client());
    let client = Client::with(settings.proxy(&format!("http://127.0.0.1:{port}")).unwrap());
    let tunnelled = fetch(&client, &url_of(&site, "localhost", "/far"));
    let forwarded = fetch(&client, &plain.url("/"));
    // It may have ended by itself, which the answers tell.
    let _ = proxy.kill();
    proxy.wait().unwrap();
    // Where nothing but well-known ports may be tunnelled to, it says so.
    match tunnelled {
        Ok(text) => assert_eq!(text, "/far 0 0"),
        Err(error) => assert!(error.to_string().contains("403"), "{error}"),
    }
    assert_eq!(forwarded.unwrap(), "ok");
    assert!(plain.heard()[0].contains("Via: "), "{:?}", plain.heard());
}
